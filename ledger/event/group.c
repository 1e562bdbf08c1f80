/* The growing group, tail records, and the encoding of a full group; group_decode.c decodes. */
#include "ledger/event/group.h"

#include <stdlib.h>
#include <string.h>

#include "base/archive/zst.h"
#include "base/mp.h"
#include "ledger/event/group_format.h"

struct group *group_new(void) {
    struct group *group = calloc(1, sizeof(*group));
    if (group != NULL) {
        buf_init(&group->headers, (size_t)EVENT_GROUP * EVENT_HEADER_MAX);
        buf_init(&group->payloads, GROUP_PLAIN_MAX); /* the whole content of a decoded bundle */
        buf_init(&group->plain, GROUP_PLAIN_MAX);
    }
    return group;
}

void group_free(struct group *group) {
    if (group != NULL) {
        buf_done(&group->headers);
        buf_done(&group->payloads);
        buf_done(&group->plain);
        free(group);
    }
}

void group_reset(struct group *group, uint64_t index, const uint8_t seed[EVENT_HASH], const uint8_t prev[EVENT_HASH]) {
    group->index = index;
    group->n = 0;
    memcpy(group->seed, seed, EVENT_HASH);
    memcpy(group->prev, prev, EVENT_HASH);
    buf_clear(&group->headers);
    buf_clear(&group->payloads);
    group->header_at[0] = 0;
    group->payload_at[0] = 0;
}

void group_close(struct group *group, const struct group_facts *facts, enum group_payload where,
                 const uint8_t leaf[EVENT_HASH]) {
    struct group_event *e = &group->event[group->n];
    e->facts = *facts;
    e->where = where;
    e->salted = e->has_salt = false;
    memcpy(e->leaf, leaf, EVENT_HASH);
    group->n++;
    group->header_at[group->n] = group->headers.n;
    group->payload_at[group->n] = group->payloads.n;
}

void group_salt_put(struct group *group, const uint8_t salt[EVENT_HASH], bool own) {
    struct group_event *e = &group->event[group->n - 1];
    e->salted = own;
    e->has_salt = true;
    memcpy(e->salt, salt, EVENT_HASH);
}

void group_salt(const struct group *group, size_t i, uint8_t ret[EVENT_HASH]) {
    const struct group_event *e = &group->event[i];
    if (e->where == GROUP_ERASED) {
        memset(ret, 0, EVENT_HASH);
    } else if (e->has_salt) {
        memcpy(ret, e->salt, EVENT_HASH);
    } else {
        event_salt(ret, group->seed, group->index * EVENT_GROUP + i);
    }
}

/* From kind's own head to the head of the body commitment. */
struct group_facts group_facts_of(struct bytes header, const struct event_header *h) {
    const uint8_t *start = h->kind.p - (h->kind.n < 32 ? 1 : h->kind.n < 256 ? 2 : 3);
    const uint8_t *end = h->body - GROUP_BIN_HEAD;
    return (struct group_facts){.time = h->time,
                                .middle_at = (uint16_t)(start - header.p),
                                .middle_n = (uint16_t)(end - start),
                                .has_private = h->private_ != NULL};
}

int group_add(struct group *group, struct bytes header, const struct group_facts *facts, struct bytes payload,
              enum group_payload where, const uint8_t leaf[EVENT_HASH], struct err *err) {
    buf_put_bytes(&group->headers, header);
    if (where == GROUP_INLINE) {
        buf_put_bytes(&group->payloads, payload);
    }
    if (group->headers.fail != 0 || group->payloads.fail != 0) {
        return err_set(err, ERR_NOMEM, "out of memory for a group of events");
    }
    group_close(group, facts, where, leaf);
    return 0;
}

void group_views(struct group *group) {
    for (size_t i = 0; i < group->n; i++) {
        struct group_event *e = &group->event[i];
        e->header = (struct bytes){group->headers.p + group->header_at[i], group->header_at[i + 1] - group->header_at[i]};
        e->payload = (struct bytes){group->payloads.p == NULL ? NULL : group->payloads.p + group->payload_at[i],
                                    group->payload_at[i + 1] - group->payload_at[i]};
    }
}

/* ---- the tail ---- */

int group_tail_encode(struct buf *out, struct bytes header, struct bytes payload, enum group_payload where,
                      const uint8_t *salt) {
    buf_put_u8(out, GROUP_RECORD_VERSION);
    buf_put_u8(out, (uint8_t)((unsigned)where | (salt == NULL ? 0 : GROUP_TAIL_SALTED)));
    buf_put_be16(out, (uint16_t)header.n);
    if (salt != NULL) {
        buf_put(out, salt, EVENT_HASH);
    }
    buf_put_bytes(out, header);
    if (where == GROUP_INLINE) {
        buf_put_bytes(out, payload);
    }
    return out->fail;
}

int group_tail_decode(struct bytes record, struct bytes *ret_header, struct bytes *ret_payload,
                      enum group_payload *ret_where, struct err *err) {
    if (record.n < 4) {
        return err_set(err, ERR_CORRUPT, "tail record of %zu bytes is too short", record.n);
    }
    if (record.p[0] != GROUP_RECORD_VERSION) {
        return err_set(err, ERR_VERSION, "tail record version %u is not known, this program reads 1", record.p[0]);
    }
    bool salted = (record.p[1] & GROUP_TAIL_SALTED) != 0;
    unsigned where = record.p[1] & ~(unsigned)GROUP_TAIL_SALTED;
    size_t n = be16_get(record.p + 2), at = salted ? 4 + EVENT_HASH : 4;
    if (where > GROUP_INLINE || (salted && where == GROUP_ERASED) || at > record.n || n > record.n - at ||
        (where != GROUP_INLINE && record.n != n + at) || record.n - at - n > GROUP_INLINE_MAX) {
        return err_set(err, ERR_CORRUPT, "tail record's lengths do not fit");
    }
    *ret_where = (enum group_payload)where;
    *ret_header = (struct bytes){record.p + at, n};
    *ret_payload = (struct bytes){record.p + at + n, record.n - at - n};
    return 0;
}

const uint8_t *group_tail_salt(struct bytes record) {
    return (record.p[1] & GROUP_TAIL_SALTED) != 0 ? record.p + 4 : NULL;
}

/* ---- the bundle ---- */

static void put_uvarint(struct buf *out, uint64_t v) {
    while (v >= 0x80) {
        buf_put_u8(out, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    buf_put_u8(out, (uint8_t)v);
}

/* A header ends in body, private and prev, which have fixed sizes. */
static const uint8_t *private_of(const struct group_event *e) {
    return e->header.p + e->header.n - GROUP_COMMITMENT - EVENT_HASH;
}

static const uint8_t *body_of(const struct group_event *e) {
    return e->header.p + e->header.n - GROUP_COMMITMENT - (e->facts.has_private ? GROUP_COMMITMENT : 1) - EVENT_HASH;
}

/* The salt of an erased body must not be computable: then the record has no seed. */
static bool needs_salts(const struct group *group) {
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        if (group->event[i].where == GROUP_ERASED || group->event[i].salted) return true;
    }
    return false;
}

static void put_salts(const struct group *group, struct buf *plain) {
    uint8_t salt[EVENT_HASH];
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        if (group->event[i].where != GROUP_ERASED) {
            group_salt(group, i, salt);
            buf_put(plain, salt, EVENT_HASH);
        }
    }
}

static void put_plain(struct group *group, bool salts) {
    struct buf *plain = &group->plain;
    uint8_t bitmap[EVENT_GROUP / 8] = {0};
    uint64_t time = 0;
    buf_clear(plain);
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        const struct group_event *e = &group->event[i];
        put_uvarint(plain, e->facts.time - time);
        put_uvarint(plain, e->facts.middle_n);
        put_uvarint(plain, e->where == GROUP_INLINE ? e->payload.n + 2 : (uint64_t)e->where);
        time = e->facts.time;
        if (e->facts.has_private) {
            bitmap[i / 8] |= (uint8_t)(1U << (i % 8));
        }
    }
    buf_put(plain, bitmap, sizeof(bitmap));
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        const struct group_event *e = &group->event[i];
        buf_put(plain, e->header.p + e->facts.middle_at, e->facts.middle_n);
    }
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        if (group->event[i].facts.has_private) {
            buf_put(plain, private_of(&group->event[i]), EVENT_HASH);
        }
    }
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        if (group->event[i].where != GROUP_INLINE) {
            buf_put(plain, body_of(&group->event[i]), EVENT_HASH);
        }
    }
    if (salts) {
        put_salts(group, plain);
    }
    if (group->payloads.n > 0) {
        buf_put(plain, group->payloads.p + group->payload_at[0], group->payload_at[EVENT_GROUP] - group->payload_at[0]);
    }
}

int group_encode(struct group *group, struct buf *out, struct err *err) {
    static const uint8_t no_seed[EVENT_HASH];
    bool salts = needs_salts(group);
    group_views(group);
    put_plain(group, salts);
    buf_put_u8(out, GROUP_RECORD_VERSION);
    buf_put_u8(out, salts ? GROUP_SALTED : 0);
    buf_put(out, salts ? no_seed : group->seed, EVENT_HASH);
    buf_put(out, group->prev, EVENT_HASH);
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        buf_put(out, group->event[i].leaf, GROUP_LEAF_PREFIX);
    }
    int rc = buf_check(&group->plain, "a group of events", err);
    if (rc == 0) rc = zst_compress(out, bytes_of_buf(&group->plain), GROUP_ZSTD_LEVEL, err);
    if (rc == 0) rc = buf_check(out, "a bundle", err);
    return rc;
}
