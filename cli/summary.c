/* Walks the body's map in its own order and stops once it has enough for a line. */
#include "cli/summary.h"

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/kind.h"

/* One long text is cut to what a line shows; a character of several bytes stays whole. */
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

static bool is_skipped(const char *const *skip, struct bytes name) {
    for (; skip && *skip; skip++) {
        if (bytes_is(name, *skip)) {
            return true;
        }
    }
    return false;
}

void summary_put(struct bytes kind_name, struct bytes body, const char *const *skip, struct buf *out) {
    struct mp_reader reader;
    struct mp_item item;
    const struct kind *kind = kind_find(kind_name);
    size_t start = out->n;
    if (body.n == 0) {
        buf_put_str(out, "(erased)");
        return;
    }
    mp_reader_init(&reader, body);
    if (mp_next(&reader, &item, NULL) != 0 || item.type != MP_MAP) {
        return;
    }
    for (uint32_t i = 0, n = item.count; i < n && out->n - start < SUMMARY_MAX; i++) {
        struct bytes value;
        if (mp_next(&reader, &item, NULL) != 0 || mp_skip(&reader, 1, &value, NULL) != 0) {
            return;
        }
        if (is_skipped(skip, item.data)) {
            continue;
        }
        buf_put_str(out, out->n > start ? " " : "");
        buf_put_bytes(out, item.data);
        buf_put_str(out, "=");
        put_value(kind_field_find(kind, item.data), value, out);
    }
}
