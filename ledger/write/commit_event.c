/* One event: duplicate check, condition, time, salt, header, leaf, records. What depends on the log happens here, under the
 * write lock; the rest was done when the draft was added to its batch. */
#include <string.h>

#include "base/archive/zst.h"
#include "base/crypt.h"
#include "base/mp.h"
#include "base/secret/secret.h"
#include "ledger/dedup/keys.h"
#include "ledger/event/private.h"
#include "ledger/write/commit.h"

#define KEYS_AHEAD 8 /* keys are looked up in memory that is in no cache */

/* The cause is named by an unknown key. The receipt is marked too, so that the rest of the batch is checked and all such
 * drafts are found at once. */
static int no_such_cause(const struct log_batch *batch, const struct batch_entry *e, struct log_receipt *ret,
                         struct err *err) {
    ret->seq = LOG_NO_SEQ;
    return err_set(err, ERR_INVALID, "'cause_key' is '%s': no earlier event of the same source has this key",
                   SECRET_SHOWN(batch_bytes(batch, e->cause_key.at, e->cause_key.n)));
}

static int resolve_cause(struct commit *c, const struct log_batch *batch, const struct batch_entry *e,
                         struct log_receipt *receipts, size_t i, bool *ret_has, uint64_t *ret_cause, struct err *err) {
    uint64_t seq = c->head.size;
    if (e->cause_type == LOG_CAUSE_KEY) {
        int rc = commit_find_cause(c, batch, e, ret_cause, err);
        *ret_has = rc == 0;
        return rc == 1 ? no_such_cause(batch, e, &receipts[i], err) : rc;
    }
    *ret_has = e->cause_type != LOG_CAUSE_NONE;
    *ret_cause = e->cause_type == LOG_CAUSE_BATCH ? receipts[e->cause].seq : e->cause;
    if (e->cause_type == LOG_CAUSE_BATCH && *ret_cause == LOG_NO_SEQ) {
        *ret_has = false; /* the draft that is its cause fails the batch */
        return 0;
    }
    if (*ret_has && *ret_cause >= seq) {
        return err_set(err, ERR_INVALID, "'cause' is %llu, but the event becomes %llu: it must be an earlier one",
                       (unsigned long long)*ret_cause, (unsigned long long)seq);
    }
    return 0;
}

static int put_external(struct commit *c, uint64_t seq, struct bytes payload, struct err *err) {
    buf_clear(&c->record);
    buf_put_u8(&c->record, 1);
    int rc = zst_compress(&c->record, payload, 1, err);
    if (rc == 0 && c->record.n > payload.n) {
        buf_clear(&c->record);
        buf_put_u8(&c->record, 0);
        buf_put_bytes(&c->record, payload);
    }
    if (rc == 0) rc = buf_check(&c->record, "a payload", err);
    if (rc == 0) rc = db_put_u64(c->txn, T_PAYLOAD, seq, bytes_of_buf(&c->record), DB_APPEND, err);
    return rc;
}

static int put_private(struct commit *c, const struct log_batch *batch, const struct batch_entry *e, uint64_t seq,
                       struct err *err) {
    buf_clear(&c->record);
    int rc = private_encode(&c->record, e->event_salt, batch_bytes(batch, e->private_.at, e->private_.n), err);
    if (rc == 0) rc = db_put_u64(c->txn, T_PRIVATE, seq, bytes_of_buf(&c->record), DB_APPEND, err);
    return rc;
}

static void put_commitment(struct buf *out, const uint8_t *hash) {
    mp_put_bin(out, (struct bytes){hash, EVENT_HASH});
}

static int encode_header(struct commit *c, const struct log_batch *batch, const struct batch_entry *e, bool has_cause,
                         uint64_t cause, const uint8_t body[EVENT_HASH], struct group_facts *ret_facts, struct err *err) {
    struct buf *out = &c->header;
    buf_clear(out);
    mp_put_array(out, 15);
    mp_put_uint(out, EVENT_FORMAT);
    mp_put_uint(out, c->head.size);
    mp_put_uint(out, c->head.time);
    ret_facts->time = c->head.time;
    ret_facts->has_private = e->has_private;
    ret_facts->middle_at = (uint16_t)out->n;
    buf_put_bytes(out, batch_bytes(batch, e->head.at, e->head.n));
    if (has_cause) {
        mp_put_uint(out, cause);
    } else {
        mp_put_nil(out);
    }
    buf_put_bytes(out, batch_bytes(batch, e->key.at, e->key.n));
    ret_facts->middle_n = (uint16_t)(out->n - ret_facts->middle_at);
    put_commitment(out, body);
    if (e->has_private) {
        put_commitment(out, e->private_commit);
    } else {
        mp_put_nil(out);
    }
    put_commitment(out, c->head.prev);
    return buf_check(out, "a header", err);
}

static int write_event(struct commit *c, const struct log_batch *batch, const struct batch_entry *e, bool has_cause,
                       uint64_t cause, struct log_receipt *receipt, struct err *err) {
    uint8_t salt[EVENT_HASH], body[EVENT_HASH], leaf[EVENT_HASH];
    struct group_facts facts;
    uint64_t seq = c->head.size;
    struct bytes payload = batch_bytes(batch, e->payload.at, e->payload.n);
    bool external = payload.n > GROUP_INLINE_MAX;
    if (seq % EVENT_GROUP == 0) {
        crypt_random(c->head.seed, EVENT_HASH);
    }
    c->head.time = c->now > c->head.time ? c->now : c->head.time;
    event_salt(salt, c->head.seed, seq);
    event_body_commit(body, salt, payload);
    int rc = encode_header(c, batch, e, has_cause, cause, body, &facts, err);
    if (rc != 0) return rc;
    event_leaf(leaf, bytes_of_buf(&c->header));
    rc = external ? put_external(c, seq, payload, err) : 0;
    if (rc == 0 && e->has_private) rc = put_private(c, batch, e, seq, err);
    if (rc == 0 && c->keyed && e->key_hash != 0) {
        rc = keys_put(c->ledger->write.keys, e->key_hash, seq, err);
        if (rc == 0 && e->author_hash != 0) {
            rc = keys_put(c->ledger->write.keys, e->author_hash, seq, err);
        }
    }
    if (rc == 0 && e->key_hash != 0) {
        commit_group_key(c, e->key_hash);
    }
    if (rc == 0 && e->author_hash != 0) {
        commit_group_key(c, e->author_hash);
    }
    if (rc == 0)
        rc = commit_group_add(c, bytes_of_buf(&c->header), &facts, payload, external ? GROUP_EXTERNAL : GROUP_INLINE, leaf,
                              err);
    if (rc == 0) {
        *receipt = (struct log_receipt){.seq = seq, .masked = e->masked};
        memcpy(receipt->leaf, leaf, EVENT_HASH);
    }
    return rc;
}

static int commit_draft(struct commit *c, const struct log_batch *batch, size_t i, struct log_receipt *receipts,
                        struct err *err) {
    const struct batch_entry *e = &batch->entry[i];
    bool has_cause;
    uint64_t cause;
    if (e->key_hash != 0) {
        uint64_t seq;
        uint8_t leaf[EVENT_HASH];
        int rc = commit_find_duplicate(c, batch, e, &seq, leaf, err);
        if (rc <= 0) {
            if (rc == 0) {
                receipts[i] = (struct log_receipt){.seq = seq, .duplicate = true};
                memcpy(receipts[i].leaf, leaf, EVENT_HASH);
            }
            return rc;
        }
    }
    int rc = e->none_after == LOG_NO_SEQ ? 0 : commit_check_condition(c, batch, e, err);
    if (rc == 0) rc = resolve_cause(c, batch, e, receipts, i, &has_cause, &cause, err);
    if (rc == 0) rc = write_event(c, batch, e, has_cause, cause, &receipts[i], err);
    return rc;
}

/* What another draft would avoid, unlike a full disk. */
static bool is_of_draft(int rc) {
    return rc == ERR_INVALID || rc == ERR_CONFLICT;
}

int commit_batch(struct commit *c, const struct log_batch *batch, struct log_receipt *receipts, size_t *ret_at,
                 struct err *err) {
    size_t first = SIZE_MAX; /* the first draft without its cause */
    for (size_t i = 0; i < batch->n; i++) {
        receipts[i].seq = 0;
    }
    for (size_t i = 0; i < batch->n; i++) {
        struct err why = {0};
        if (i + KEYS_AHEAD < batch->n) {
            commit_keys_prefetch(c, batch->entry[i + KEYS_AHEAD].key_hash);
        }
        int rc = commit_draft(c, batch, i, receipts, &why);
        bool no_cause = rc != 0 && receipts[i].seq == LOG_NO_SEQ;
        if (rc == 0 || (no_cause && first != SIZE_MAX)) continue;
        if (first != SIZE_MAX && is_of_draft(rc)) break; /* perhaps only because that draft is missing */
        *ret_at = i;
        if (batch->n > 1) {
            err_prefix(&why, "event %zu of the batch", i);
        }
        if (err != NULL) {
            *err = why;
        }
        if (!no_cause) return rc;
        first = i;
    }
    return first == SIZE_MAX ? 0 : ERR_INVALID;
}
