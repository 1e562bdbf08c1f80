/* The key of a log record: a hash over the record in one form, whichever way it was sent.
 *
 *   as it is, but   members that are absent by default (null, 0, "", false, []) are left out
 *                   times and values of intValue are decimal text, ids in lower case
 *                   the time at which a collector observed it is left out, if it has a time of its own
 *
 * These are the freedoms that senders of JSON take; Protocol Buffers arrive in this form. */
#include <stdio.h>

#include "ingest/input/keyed_hash.h"
#include "ingest/otlp/log_key.h"

static bool is_default(struct bytes raw, const struct mp_item *item) {
    switch (item->type) {
    case MP_NIL:
        return true;
    case MP_BOOL:
        return !item->boolean;
    case MP_UINT:
        return item->uint == 0;
    case MP_STR:
        return item->data.n == 0 || bytes_is(item->data, "0");
    case MP_ARRAY:
        return item->count == 0;
    default:
        return raw.n == 0;
    }
}

static void put_integer(struct buf *out, const struct mp_item *item) {
    char text[24];
    if (item->type == MP_UINT) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)item->uint);
    } else {
        snprintf(text, sizeof(text), "%lld", (long long)item->sint);
    }
    mp_put_text(out, text);
}

static bool is_integer(const struct mp_item *item) {
    return item->type == MP_UINT || item->type == MP_INT;
}

static void put_lower(struct buf *out, struct bytes text) {
    mp_put_str(out, text);
    for (uint8_t *p = out->p + out->n - text.n; out->fail == 0 && p < out->p + out->n; p++) {
        *p = *p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p;
    }
}

/* A value with what is in it, item by item: only integers by the name intValue change. */
static int put_value(struct buf *out, struct bytes raw, struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    bool integer = false;
    int rc;
    mp_reader_init(&r, raw);
    for (;;) {
        const uint8_t *from = r.p;
        if ((rc = mp_next(&r, &item, err)) != 0) break;
        if (integer && is_integer(&item)) {
            put_integer(out, &item);
        } else {
            buf_put(out, from, (size_t)(r.p - from));
        }
        integer = item.type == MP_STR && bytes_is(item.data, "intValue");
    }
    return rc == 1 ? 0 : rc;
}

static int put_member(struct buf *out, struct bytes name, struct bytes raw, struct err *err) {
    struct mp_item item = {.type = MP_NIL};
    struct mp_reader r;
    mp_reader_init(&r, raw);
    int rc = mp_next(&r, &item, err);
    if (rc != 0 || is_default(raw, &item)) return rc;
    mp_put_str(out, name);
    bool id = bytes_is(name, "traceId") || bytes_is(name, "spanId");
    bool time = bytes_is(name, "timeUnixNano") || bytes_is(name, "observedTimeUnixNano");
    if (id && item.type == MP_STR) {
        put_lower(out, item.data);
    } else if (time && is_integer(&item)) {
        put_integer(out, &item);
    } else {
        rc = put_value(out, raw, err);
    }
    return rc;
}

int otlp_log_key(const struct otlp_map *map, const struct otlp_from *from, struct bytes record, bool timed,
                 struct buf *scratch, char ret[OTLP_NAME_LEN], struct err *err) {
    struct mp_reader r;
    struct mp_item head, name;
    struct bytes raw;
    char hex[KEYED_HASH_HEX];
    buf_clear(scratch);
    buf_put_str(scratch, from->digest);
    mp_reader_init(&r, record);
    int rc = mp_next(&r, &head, err);
    for (uint32_t i = 0; i < head.count && rc == 0; i++) {
        rc = mp_next(&r, &name, err);
        if (rc == 0) rc = mp_skip(&r, 1, &raw, err);
        if (rc == 0 && !(timed && bytes_is(name.data, "observedTimeUnixNano"))) {
            rc = put_member(scratch, name.data, raw, err);
        }
    }
    if (rc == 0) rc = buf_check(scratch, "a log record", err);
    if (rc == 0) {
        struct bytes all = bytes_of_buf(scratch);
        keyed_hash_parts(hex, map->secret, &all, 1);
        snprintf(ret, OTLP_NAME_LEN, "log:%s", hex);
    }
    return rc;
}
