/* Walks the body's map and stops once it has enough for a line. */
#include "cli/print/summary.h"

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/kinds/kind.h"

#define SORTED_MAX 64 /* fields sorted at a time */

/* Cuts a long text, between characters. */
static struct bytes cut(struct bytes text) {
    size_t n = text.n;
    if (n > SUMMARY_MAX) {
        n = SUMMARY_MAX;
        while (n > 0 && (text.p[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    return (struct bytes){text.p, n};
}

static void put_value(const struct kind_field *field, struct bytes value, struct buf *out) {
    struct mp_item scalar;
    bool whole = mp_scalar(value, &scalar) == 0;
    if (whole && scalar.type == MP_STR) {
        struct bytes shown = cut(scalar.data);
        buf_put_bytes(out, shown);
        buf_put_str(out, shown.n < scalar.data.n ? "\xe2\x80\xa6" : "");
    } else if (whole && scalar.type == MP_UINT && field && field->type == KIND_TIME) {
        char time[TEXT_TIME_MAX];
        text_time(time, scalar.uint);
        buf_printf(out, "%.19sZ", time);
    } else {
        json_from_mp(value, JSON_LINE, out, NULL);
    }
}

static bool is_one_of(const char *const *names, struct bytes name) {
    for (; names && *names; names++) {
        if (name.n > 0 && name.p[0] == (uint8_t)(*names)[0] && bytes_is(name, *names)) return true;
    }
    return false;
}

/* What readers look for comes first: what went wrong, the state, what it is about; digests and times come last. */
enum weight { W_WRONG, W_STATE, W_ABOUT, W_REST, W_DIGEST, W_LAST, WEIGHTS };

static enum weight weight_of(const struct kind_field *field, struct bytes name) {
    static const char *const wrong[] = {"error", "error_type", "reason", "exit_code", NULL};
    static const char *const state[] = {"status", "outcome", "verdict", "decision", "state", "ok", NULL};
    static const char *const about[] = {"tool",    "model", "route", "pack",  "package", "version", "version_before",
                                        "group",   "scope", "tier",  "check", "target",  "name",    "text",
                                        "message", "title", "task",  "agent", NULL};
    static const char *const last[] = {"accepted", "arch", "at", "at_text", "parser", NULL};
    if (is_one_of(last, name) || (field && field->type == KIND_TIME)) return W_LAST;
    if (field && (field->type == KIND_DIGEST || field->type == KIND_VKEY)) return W_DIGEST;
    return is_one_of(wrong, name) ? W_WRONG : is_one_of(state, name) ? W_STATE : is_one_of(about, name) ? W_ABOUT : W_REST;
}

struct field {
    struct bytes name, value;
    const struct kind_field *known;
    enum weight weight;
};

static void put_field(const struct field *field, size_t start, struct buf *out) {
    buf_put_str(out, out->n > start ? " " : "");
    buf_put_bytes(out, field->name);
    buf_put_str(out, "=");
    put_value(field->known, field->value, out);
}

static void put_sorted(const struct field *fields, size_t n, size_t start, struct buf *out) {
    for (enum weight weight = W_WRONG; weight < WEIGHTS; weight++) {
        for (size_t i = 0; i < n && out->n - start < SUMMARY_MAX; i++) {
            if (fields[i].weight == weight) {
                put_field(&fields[i], start, out);
            }
        }
    }
}

void summary_put(struct bytes kind_name, struct bytes body, const char *const *skip, struct buf *out) {
    struct mp_reader reader;
    struct mp_item item;
    struct field fields[SORTED_MAX], more;
    const struct kind *kind = kind_find(kind_name);
    size_t start = out->n, n_fields = 0;
    if (body.n == 0) {
        buf_put_str(out, "(erased)");
        return;
    }
    mp_reader_init(&reader, body);
    if (mp_next(&reader, &item, NULL) != 0 || item.type != MP_MAP) return;
    for (uint32_t i = 0, n = item.count; i < n && out->n - start < SUMMARY_MAX; i++) {
        struct field *field = n_fields < SORTED_MAX ? &fields[n_fields] : &more;
        if (mp_next(&reader, &item, NULL) != 0 || mp_skip(&reader, 1, &field->value, NULL) != 0) {
            break;
        }
        field->name = item.data;
        if (is_one_of(skip, item.data)) continue;
        if (field == &more) {
            put_sorted(fields, n_fields, start, out);
            n_fields = 0;
            fields[n_fields] = more;
            field = &fields[n_fields];
        }
        field->known = kind_field_find(kind, field->name);
        field->weight = weight_of(field->known, field->name);
        n_fields++;
    }
    put_sorted(fields, n_fields, start, out);
}
