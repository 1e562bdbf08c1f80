/* Maps are encoded anew, because their count excludes what is left out: entries go to a separate buffer first. */
#include "export/support/redact.h"

#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/event/event.h"
#include "projections/rows/row.h"

#define VALUE_MAX (8 * (EVENT_BODY_MAX + EVENT_PRIVATE_MAX))

/* ---- values ---- */

static bool put_value(struct support_redact *r, enum support_class class, struct mp_reader *in, struct buf *out,
                      unsigned depth);

static bool put_text(struct support_redact *r, enum support_class class, struct bytes text, struct buf *out) {
    struct buf kept;
    buf_init(&kept, text.n + 64);
    bool stays = support_text(&r->names, class, text, &kept);
    if (stays) {
        mp_put_str(out, bytes_of_buf(&kept));
    }
    if (kept.fail != 0 && out->fail == 0) {
        out->fail = kept.fail;
    }
    buf_done(&kept);
    return stays;
}

/* An entry's class is that of its own name. An entry whose name is free (counters, scores) gets the map's class, for
 * numbers only, and its name must be a word. */
static bool put_entry(struct support_redact *r, struct bytes name, struct mp_reader *in, struct buf *out, unsigned depth) {
    size_t mark = out->n;
    mp_put_str(out, name);
    bool stays = put_value(r, support_class_of(name), in, out, depth + 1) && support_is_word(&r->names, name, false);
    if (!stays && out->fail == 0) {
        out->n = mark;
    }
    return stays;
}

static bool put_container(struct support_redact *r, enum support_class class, const struct mp_item *head,
                          struct mp_reader *in, struct buf *out, unsigned depth) {
    struct buf inside = {.max = VALUE_MAX};
    uint32_t n = 0;
    for (uint32_t i = 0; i < head->count; i++) {
        struct mp_item name;
        bool stays;
        if (head->type == MP_MAP) {
            if (mp_next(in, &name, NULL) != 0) break;
            stays = put_entry(r, name.data, in, &inside, depth);
        } else {
            stays = put_value(r, class, in, &inside, depth + 1);
        }
        n += stays;
        r->left_out += !stays;
    }
    if (head->type == MP_MAP) {
        mp_put_map(out, n);
    } else {
        mp_put_array(out, n);
    }
    buf_put_bytes(out, bytes_of_buf(&inside));
    if (inside.fail != 0 && out->fail == 0) {
        out->fail = inside.fail;
    }
    buf_done(&inside);
    return n > 0 || head->count == 0;
}

static bool put_value(struct support_redact *r, enum support_class class, struct mp_reader *in, struct buf *out,
                      unsigned depth) {
    struct mp_reader at = *in;
    struct mp_item item;
    struct bytes raw;
    size_t mark = out->n;
    if (mp_skip(in, depth < MP_DEPTH_MAX ? depth : MP_DEPTH_MAX, &raw, NULL) != 0 || mp_next(&at, &item, NULL) != 0 ||
        class == SUPPORT_OUT) {
        return false;
    }
    switch (item.type) {
    case MP_STR:
        return put_text(r, class, item.data, out);
    case MP_BIN:
        return false;
    case MP_ARRAY:
    case MP_MAP:
        if (!put_container(r, class, &item, &at, out, depth)) {
            out->n = out->fail == 0 ? mark : out->n;
            return false;
        }
        return true;
    default:
        buf_put_bytes(out, raw);
        return true;
    }
}

bool support_value(struct support_redact *redact, enum support_class class, struct bytes mp, struct buf *out) {
    struct mp_reader in;
    mp_reader_init(&in, mp);
    return put_value(redact, class, &in, out, 0);
}

/* ---- events ---- */

static void put_header_text(struct support_redact *r, const char *name, enum support_class class, struct bytes text,
                            struct buf *out) {
    mp_put_text(out, name);
    put_text(r, class, text, out);
}

static void put_subject(struct support_redact *r, struct bytes subject, struct buf *out) {
    struct buf text;
    buf_init(&text, subject.n + 64);
    support_subject(&r->names, subject, &text);
    mp_pair_str(out, "subject", bytes_of_buf(&text));
    buf_done(&text);
}

static void put_time(struct buf *out, uint64_t ns) {
    char text[TEXT_TIME_MAX];
    text_time(text, ns);
    mp_pair_text(out, "time", text);
}

/* The open fields. Those of known kinds and of x.* kinds alike are judged by their names. */
static void put_body(struct support_redact *r, struct bytes body, struct buf *out) {
    struct mp_reader in;
    struct mp_item head;
    mp_reader_init(&in, body);
    mp_put_text(out, "body");
    if (body.n == 0 || mp_next(&in, &head, NULL) != 0 || head.type != MP_MAP) {
        mp_put_nil(out);
        return;
    }
    put_container(r, SUPPORT_NONE, &head, &in, out, 0);
}

int support_event(struct support_redact *r, const struct log_event *event, struct buf *out, struct err *err) {
    struct buf mp = {.max = VALUE_MAX};
    mp_put_map(&mp, 14);
    mp_pair_uint(&mp, "seq", event->seq);
    put_time(&mp, event->time);
    put_header_text(r, "kind", SUPPORT_WORD, event->kind, &mp);
    mp_pair_uint(&mp, "schema", event->schema);
    put_subject(r, event->subject, &mp);
    put_header_text(r, "actor", SUPPORT_ACTOR, event->actor, &mp);
    put_header_text(r, "source", SUPPORT_WORD, event->source, &mp);
    put_header_text(r, "grade", SUPPORT_WORD, event->grade, &mp);
    put_header_text(r, "run", SUPPORT_RUN, event->run, &mp);
    put_header_text(r, "key", SUPPORT_KEY, event->key, &mp);
    mp_put_text(&mp, "cause");
    if (event->has_cause) {
        mp_put_uint(&mp, event->cause);
    } else {
        mp_put_nil(&mp);
    }
    put_header_text(r, "author", SUPPORT_NAME, event->author, &mp);
    mp_pair_bool(&mp, "has_private", event->has_private);
    put_body(r, event->body, &mp);
    int rc = buf_check(&mp, "an event", err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), JSON_LINE, out, err);
    buf_done(&mp);
    buf_put_str(out, "\n");
    if (rc == 0) rc = buf_check(out, "an event", err);
    return rc;
}

/* ---- rows ---- */

static bool put_cell(struct support_redact *r, enum support_class class, const struct cell *cell, struct buf *out) {
    switch (cell->type) {
    case CELL_INT:
        mp_put_int(out, cell->int_);
        break;
    case CELL_REAL:
        mp_put_float(out, cell->real);
        break;
    case CELL_BOOL:
        mp_put_bool(out, cell->boolean);
        break;
    case CELL_TEXT:
        return put_text(r, class, cell->text, out);
    case CELL_SEQS:
        buf_put_bytes(out, cell->text);
        break;
    case CELL_LIST:
        return support_value(r, class, cell->text, out);
    default:
        mp_put_nil(out);
        break;
    }
    return class != SUPPORT_OUT;
}

void support_row(struct support_redact *r, const struct row *row, struct buf *out) {
    struct buf inside = {.max = VALUE_MAX};
    uint32_t n = 0;
    for (size_t i = 0; i < row->table->n_columns; i++) {
        const char *name = row->table->columns[i].name;
        size_t mark = inside.n;
        if (!row_has(row, i)) continue;
        mp_put_text(&inside, name);
        r->names.sentences = strcmp(name, "violation") == 0; /* written by the program; what verdicts say is in DOCTOR.md */
        if (put_cell(r, support_class_of(bytes_of(name)), &row->cells[i], &inside)) {
            n++;
        } else {
            inside.n = inside.fail == 0 ? mark : inside.n;
            r->left_out++;
        }
    }
    mp_put_map(out, n);
    buf_put_bytes(out, bytes_of_buf(&inside));
    if (inside.fail != 0 && out->fail == 0) {
        out->fail = inside.fail;
    }
    buf_done(&inside);
    r->names.sentences = false;
}
