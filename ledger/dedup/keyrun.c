/* From events to pairs and runs. */
#include "ledger/dedup/keyrun.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static uint64_t hash_pair(const char *domain, struct bytes a, struct bytes b, struct bytes c) {
    uint8_t len[8], digest[HASH_LEN];
    be32_put(len, (uint32_t)a.n);
    be32_put(len + 4, (uint32_t)b.n);
    const struct bytes parts[] = {bytes_of(domain), {len, sizeof(len)}, a, b, c};
    hash_parts(digest, parts, 5);
    return be64_get(digest);
}

uint64_t keyrun_hash(struct bytes source, struct bytes key) {
    return hash_pair("source key", source, (struct bytes){NULL, 0}, key);
}

uint64_t keyrun_author_hash(struct bytes author, const uint8_t id[NOTE_KEY_ID_LEN], struct bytes key) {
    return hash_pair("author key", author, (struct bytes){id, NOTE_KEY_ID_LEN}, key);
}

int keyrun_of_decoded(const struct event_header *h, const struct event_author *author, keyrun_put_fn *put, void *ctx,
                      struct err *err) {
    if (h->key.n == 0) return 0;
    int rc = put(ctx, keyrun_hash(h->source, h->key), h->seq, err);
    if (rc == 0 && author->name.n > 0) {
        rc = put(ctx, keyrun_author_hash(author->name, author->id, h->key), h->seq, err);
    }
    return rc;
}

int keyrun_of_event(struct bytes header, struct bytes payload, keyrun_put_fn *put, void *ctx, struct err *err) {
    struct event_header h;
    struct event_author author = {0};
    struct bytes body;
    int rc = core_stored(event_header_decode(header, &h, err), err);
    if (rc == 0 && h.key.n > 0 && payload.n > 0) {
        rc = event_payload_decode(payload, &body, &author, err);
    }
    if (rc == 0) rc = keyrun_of_decoded(&h, &author, put, ctx, err);
    return rc;
}

static int external_get(struct db_txn *txn, const struct event_header *h, const uint8_t salt[EVENT_HASH], struct buf *out,
                        struct err *err) {
    buf_clear(out);
    int rc = core_payload_get(txn, h->seq, out, err);
    if (rc == 0) rc = core_payload_check(h, salt, bytes_of_buf(out), err);
    return rc;
}

int keyrun_external(struct db_txn *txn, const struct group *group, size_t i, struct buf *out, struct err *err) {
    struct event_header h;
    uint8_t salt[EVENT_HASH];
    int rc = event_header_decode(group->event[i].header, &h, err);
    group_salt(group, i, salt);
    if (rc == 0) rc = external_get(txn, &h, salt, out, err);
    return rc;
}

int keyrun_tail(struct db_txn *txn, const struct head *head, uint64_t seq, uint8_t leaf[EVENT_HASH],
                struct bytes *ret_header, struct bytes *ret_payload, struct buf *external, struct err *err) {
    struct bytes record;
    struct event_header h;
    enum group_payload where;
    uint8_t salt[EVENT_HASH];
    int rc = core_tail_get(txn, seq, &record, ret_header, ret_payload, &where, err);
    rc = core_stored(rc != 0 ? rc : event_header_decode(*ret_header, &h, err), err);
    if (rc == 0 && (h.seq != seq || memcmp(h.prev, leaf, EVENT_HASH) != 0)) {
        rc = err_set(err, ERR_TAMPERED, "event %llu does not follow the one before it", (unsigned long long)seq);
    }
    if (rc != 0) return rc;
    event_leaf(leaf, *ret_header);
    if (h.key.n == 0 || where == GROUP_ERASED) {
        *ret_payload = (struct bytes){NULL, 0};
        return 0;
    }
    event_salt(salt, head->seed, seq);
    const uint8_t *own = group_tail_salt(record);
    if (where == GROUP_INLINE) {
        return core_payload_check(&h, own != NULL ? own : salt, *ret_payload, err);
    }
    rc = external_get(txn, &h, own != NULL ? own : salt, external, err);
    *ret_payload = bytes_of_buf(external);
    return rc;
}

int keyrun_of_group(struct db_txn *txn, const struct group *group, keyrun_put_fn *put, void *ctx, struct err *err) {
    struct buf external = {.max = EVENT_PAYLOAD_MAX};
    int rc = 0;
    for (size_t i = 0; i < group->n && rc == 0; i++) {
        const struct group_event *e = &group->event[i];
        struct bytes payload = e->payload;
        if (e->where == GROUP_EXTERNAL) {
            buf_clear(&external);
            rc = core_payload_get(txn, group->index * EVENT_GROUP + i, &external, err);
            payload = bytes_of_buf(&external);
        }
        if (rc == 0) rc = keyrun_of_event(e->header, payload, put, ctx, err);
    }
    buf_done(&external);
    return rc;
}

int keyrun_decode(uint64_t index, struct bytes record, keyrun_put_fn *put, void *ctx, struct err *err) {
    if (record.n == 0 || record.n % KEYRUN_ENTRY != 0 || record.n > 2 * EVENT_GROUP * KEYRUN_ENTRY) {
        return err_set(err, ERR_CORRUPT, "the key run of group %llu does not parse", (unsigned long long)index);
    }
    for (size_t at = 0; at < record.n; at += KEYRUN_ENTRY) {
        int rc = put(ctx, be64_get(record.p + at + 1), index * EVENT_GROUP + record.p[at], err);
        if (rc != 0) return rc;
    }
    return 0;
}
