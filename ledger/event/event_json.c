/* An event as JSON: header names as in docs/format.md, times as decimal strings of nanoseconds (JSON numbers lose them),
 * body and private fields as objects. */
#include <stdio.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/event/event.h"
#include "ledger/kinds/kind.h"
#include "ledger/log.h"

#define EVENT_MEMBERS 17 /* before body and private */

static void put_hex(struct buf *out, const char *name, const uint8_t *hash) {
    char hex[2 * EVENT_HASH + 1];
    text_hex(hex, hash, EVENT_HASH);
    mp_pair_str(out, name, bytes_of(hex));
}

static void put_ns(struct buf *out, uint64_t ns) {
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)ns);
    mp_put_str(out, bytes_of(text));
}

typedef void put_time_fn(struct buf *out, uint64_t ns);

static void put_rfc3339(struct buf *out, uint64_t ns) {
    char text[TEXT_TIME_MAX];
    text_time(text, ns);
    mp_put_str(out, bytes_of(text));
}

/* A body map, with the catalog's times as strings. */
static int put_fields(struct buf *out, const struct kind *kind, struct bytes map, put_time_fn *put_time, struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, map);
    int rc = mp_next(&r, &item, err);
    if (rc != 0 || item.type != MP_MAP) return err_set(err, ERR_CORRUPT, "a body is not a map");
    uint32_t count = item.count;
    mp_put_map(out, count);
    for (uint32_t i = 0; i < count; i++) {
        struct bytes raw;
        struct mp_item name, value;
        rc = mp_next(&r, &name, err);
        if (rc == 0) rc = mp_skip(&r, 1, &raw, err);
        if (rc != 0) return rc;
        mp_put_str(out, name.data);
        const struct kind_field *field = kind_field_find(kind, name.data);
        if (field != NULL && field->type == KIND_TIME && mp_scalar(raw, &value) == 0 && value.type == MP_UINT) {
            put_time(out, value.uint);
        } else {
            buf_put_bytes(out, raw);
        }
    }
    return 0;
}

static void put_optional_hex(struct buf *out, const char *name, const uint8_t *hash) {
    if (hash != NULL) {
        put_hex(out, name, hash);
    } else {
        mp_put_str(out, bytes_of(name));
        mp_put_nil(out);
    }
}

static void put_commitments(struct buf *out, struct bytes header) {
    struct event_header h = {0};
    event_header_decode(header, &h, NULL);
    put_optional_hex(out, "body_commitment", h.body);
    put_optional_hex(out, "private_commitment", h.private_);
    put_optional_hex(out, "prev", h.prev);
}

static void put_header(struct buf *out, const struct log_event *e) {
    char when[TEXT_TIME_MAX];
    text_time(when, e->time);
    mp_pair_uint(out, "seq", e->seq);
    mp_put_str(out, bytes_of("time"));
    put_ns(out, e->time);
    mp_pair_str(out, "time_text", bytes_of(when));
    mp_pair_str(out, "kind", e->kind);
    mp_pair_uint(out, "schema", e->schema);
    mp_pair_str(out, "subject", e->subject);
    mp_pair_str(out, "actor", e->actor);
    mp_pair_str(out, "source", e->source);
    mp_pair_str(out, "grade", e->grade);
    mp_pair_str(out, "run", e->run);
    mp_put_str(out, bytes_of("cause"));
    if (e->has_cause) {
        mp_put_uint(out, e->cause);
    } else {
        mp_put_nil(out);
    }
    mp_pair_str(out, "key", e->key);
    put_hex(out, "leaf", e->leaf);
    put_commitments(out, e->header);
    mp_put_str(out, bytes_of("author"));
    if (e->author.n > 0) {
        mp_put_str(out, e->author);
    } else {
        mp_put_nil(out);
    }
}

static void put_marks(struct buf *out, const struct log_event_marks *marks) {
    if (marks->corrected_by != LOG_NO_SEQ) {
        mp_pair_uint(out, "corrected_by", marks->corrected_by);
    }
    if (marks->erased.n > 0) {
        mp_put_str(out, bytes_of("erased_by"));
        buf_put_bytes(out, marks->erased);
    }
}

int log_event_json_marked(const struct log_event *event, struct bytes private_, const struct log_event_marks *marks,
                          bool pretty, struct buf *out, struct err *err) {
    struct buf mp = {.max = 8 * (EVENT_BODY_MAX + EVENT_PRIVATE_MAX)};
    int rc = 0;
    const struct kind *kind = kind_find(event->kind);
    uint32_t n_marks = (marks->corrected_by != LOG_NO_SEQ ? 1U : 0U) + (marks->erased.n > 0 ? 1U : 0U);
    mp_put_map(&mp, EVENT_MEMBERS + 1 + (private_.n > 0 ? 1 : 0) + n_marks);
    put_header(&mp, event);
    mp_put_str(&mp, bytes_of("body"));
    if (event->body.n == 0) {
        mp_put_nil(&mp);
    } else {
        rc = put_fields(&mp, kind, event->body, put_ns, err);
    }
    if (rc == 0 && private_.n > 0) {
        mp_put_str(&mp, bytes_of("private"));
        rc = put_fields(&mp, kind, private_, put_ns, err);
    }
    put_marks(&mp, marks);
    if (rc == 0) rc = buf_check(&mp, "an event's JSON", err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), pretty ? JSON_PRETTY : JSON_LINE, out, err);
    buf_done(&mp);
    return rc;
}

int log_event_json(const struct log_event *event, struct bytes private_, bool pretty, struct buf *out, struct err *err) {
    const struct log_event_marks none = {.corrected_by = LOG_NO_SEQ};
    return log_event_json_marked(event, private_, &none, pretty, out, err);
}

int log_fields_text(struct bytes kind, struct bytes map, struct buf *out, struct err *err) {
    struct buf mp = {.max = 8 * (EVENT_BODY_MAX + EVENT_PRIVATE_MAX)};
    int rc = put_fields(&mp, kind_find(kind), map, put_rfc3339, err);
    if (rc == 0) rc = buf_check(&mp, "an event's fields", err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), JSON_PRETTY, out, err);
    buf_done(&mp);
    return rc;
}

int log_json_to_body(struct bytes json, struct buf *out, struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    size_t mark = out->n;
    int rc = json_to_mp(json, out, err);
    if (rc != 0) return rc;
    mp_reader_init(&r, (struct bytes){out->p + mark, out->n - mark});
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_MAP) {
        out->n = mark;
        return err_set(err, ERR_INVALID, "the JSON is not an object");
    }
    return 0;
}
