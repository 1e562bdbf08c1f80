/* Duplicates and conditions: what an append must know about earlier events. Every hash hit is confirmed by reading the
 * event, so a wrong index costs time but never gives a wrong answer. */
#include <string.h>

#include "base/mp.h"
#include "ledger/dedup/keyproof.h"
#include "ledger/dedup/keys_older.h"
#include "ledger/write/commit.h"

/* A keys_collect_fn. */
static int collect(void *commit, uint64_t from, const uint8_t *leaf, keyrun_put_fn *put, void *ctx, struct err *err) {
    struct commit *c = commit;
    return keyproof_collect(c->ledger, c->txn, &c->head, from, c->head.size, leaf, put, ctx, err);
}

/* Key segments that are not vouched for decide nothing: the commit fails, and is retried once they have been rebuilt. */
static int doubt(struct commit *c, int rc) {
    c->ledger->keys_doubted = c->ledger->keys_doubted || segments_view_doubted(c->segments);
    return rc;
}

int commit_keys_begin(struct commit *c, struct err *err) {
    struct ledger *ledger = c->ledger;
    if (ledger->write.keys == NULL && (ledger->write.keys = keys_new()) == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    struct core_view truth;
    int rc = core_view_over(ledger, c->txn, &truth, err);
    if (rc == 0) rc = keys_older_view(ledger, &truth, &c->segments, err);
    core_view_release(&truth);
    uint64_t covered = rc != 0 || c->segments == NULL ? 0 : segments_view_covered(c->segments);
    if (rc == 0) rc = keys_update(ledger->write.keys, &c->head, covered, collect, c, err);
    c->keyed = rc == 0;
    return rc;
}

/* Header and payload of an event, which this commit may have written. Borrowed until the next call. An external payload is
 * returned empty. */
static int locate(struct commit *c, uint64_t seq, struct bytes *ret_header, struct bytes *ret_payload, struct err *err) {
    struct ledger *ledger = c->ledger;
    struct group *group = ledger->write.build;
    size_t at = (size_t)(seq - c->base);
    if (seq < c->base && seq / EVENT_GROUP == c->head.size / EVENT_GROUP) { /* a record of the tail */
        enum group_payload where;
        return core_stored(core_tail_get(c->txn, seq, NULL, ret_header, ret_payload, &where, err), err);
    }
    if (seq < c->base) {
        group = ledger->write.lookup;
        at = (size_t)(seq % EVENT_GROUP);
        if (!ledger->write.lookup_valid || group->index != seq / EVENT_GROUP) {
            ledger->write.lookup_valid = false;
            int rc = commit_group_drain(c, err); /* it may be one of this commit */
            if (rc == 0) rc = core_group_load(c->txn, &c->head, seq / EVENT_GROUP, group, NULL, err);
            if (rc != 0) return rc;
            ledger->write.lookup_valid = true;
        }
    } else {
        group_views(group);
    }
    if (at >= group->n) {
        return err_set(err, ERR_CORRUPT, "there is no event %llu", (unsigned long long)seq);
    }
    *ret_header = group->event[at].header;
    *ret_payload = group->event[at].payload;
    return 0;
}

/* ---- duplicates ---- */

struct wanted {
    struct commit *c;
    const struct log_batch *batch;
    const struct batch_entry *e;
    bool parsed;              /* the three below are set; they are needed at a hit only */
    struct bytes source, key; /* of the draft */
    struct event_author author;
    bool by_author;
    uint64_t seq; /* found */
    uint8_t leaf[EVENT_HASH];
};

/* The texts of a draft's source, key and author, out of its encoded elements. */
static int want(struct wanted *w, struct err *err) {
    const struct log_batch *batch = w->batch;
    const struct batch_entry *e = w->e;
    struct mp_reader r;
    struct mp_item item;
    struct bytes body;
    mp_reader_init(&r, batch_bytes(batch, e->head.at, e->head.n));
    for (int i = 0; i < 5; i++) { /* kind, schema, subject, actor, source */
        if (mp_next(&r, &item, err) != 0) {
            return err_set(err, ERR_CORRUPT, "a draft's header does not parse");
        }
    }
    w->source = item.data;
    mp_reader_init(&r, batch_bytes(batch, e->key.at, e->key.n));
    if (mp_next(&r, &item, err) != 0) {
        return err_set(err, ERR_CORRUPT, "a draft's key does not parse");
    }
    w->key = item.data;
    w->parsed = true;
    return event_payload_decode(batch_bytes(batch, e->payload.at, e->payload.n), &body, &w->author, err);
}

/* 1: a match; 0: only the hash agrees. */
static int confirm(void *ctx, uint64_t seq, struct err *err) {
    struct wanted *w = ctx;
    struct bytes header, payload, body;
    struct event_header h;
    struct event_author author = {0};
    int rc = w->parsed ? 0 : want(w, err);
    if (rc == 0) rc = locate(w->c, seq, &header, &payload, err);
    rc = core_stored(rc != 0 ? rc : event_header_decode(header, &h, err), err);
    if (rc != 0 || !bytes_eq(h.key, w->key)) return rc;
    if (w->by_author) {
        struct buf external = {.max = EVENT_PAYLOAD_MAX};
        if (payload.n == 0) {
            rc = core_payload_get(w->c->txn, seq, &external, err);
            payload = bytes_of_buf(&external);
        }
        if (rc == 0) rc = event_payload_decode(payload, &body, &author, err);
        bool same =
            rc == 0 && bytes_eq(author.name, w->author.name) && memcmp(author.id, w->author.id, NOTE_KEY_ID_LEN) == 0;
        buf_done(&external);
        if (rc != 0 || !same) return rc;
    } else if (!bytes_eq(h.source, w->source)) {
        return 0;
    }
    w->seq = seq;
    event_leaf(w->leaf, header);
    return 1;
}

static int find(struct commit *c, uint64_t hash, struct wanted *w, struct err *err) {
    size_t state = 0;
    uint64_t seq;
    while (keys_next(c->ledger->write.keys, hash, &state, &seq) == 0) {
        int rc = confirm(w, seq, err);
        if (rc != 0) return rc;
    }
    return c->segments == NULL ? 0 : doubt(c, segments_find(c->segments, hash, confirm, w, err));
}

void commit_keys_prefetch(const struct commit *c, uint64_t hash) {
    if (c->ledger->write.keys == NULL || hash == 0) return;
    keys_prefetch(c->ledger->write.keys, hash);
    if (c->segments != NULL) {
        segments_prefetch(c->segments, hash);
    }
}

int commit_find_duplicate(struct commit *c, const struct log_batch *batch, const struct batch_entry *e, uint64_t *ret_seq,
                          uint8_t ret_leaf[EVENT_HASH], struct err *err) {
    struct wanted w = {.c = c, .batch = batch, .e = e};
    int rc = find(c, e->key_hash, &w, err);
    if (rc == 1) {
        *ret_seq = w.seq;
        memcpy(ret_leaf, w.leaf, EVENT_HASH);
        return 0;
    }
    if (rc == 0 && e->author_hash != 0) {
        w.by_author = true;
        rc = find(c, e->author_hash, &w, err);
        if (rc == 1) {
            return err_set(err, ERR_CONFLICT,
                           "event %llu is signed by '%.*s' with this 'key' already: a signed event counts once",
                           (unsigned long long)w.seq, (int)w.author.name.n, (const char *)w.author.name.p);
        }
    }
    return rc < 0 ? rc : 1;
}

int commit_find_cause(struct commit *c, const struct log_batch *batch, const struct batch_entry *e, uint64_t *ret_seq,
                      struct err *err) {
    struct wanted w = {.c = c, .batch = batch, .e = e};
    int rc = want(&w, err);
    w.key = batch_bytes(batch, e->cause_key.at, e->cause_key.n);
    if (rc == 0) rc = find(c, e->cause_hash, &w, err);
    if (rc == 1) {
        *ret_seq = w.seq;
    }
    return rc < 0 ? rc : rc == 1 ? 0 : 1;
}

/* ---- conditions ---- */

int commit_check_condition(struct commit *c, const struct log_batch *batch, const struct batch_entry *e, struct err *err) {
    struct bytes subject = batch_bytes(batch, e->subject.at, e->subject.n);
    for (uint64_t seq = e->none_after + 1; seq < c->head.size; seq++) {
        struct bytes header, payload;
        struct event_header h;
        int rc = locate(c, seq, &header, &payload, err);
        rc = core_stored(rc != 0 ? rc : event_header_decode(header, &h, err), err);
        if (rc != 0) return rc;
        if (bytes_eq(h.subject, subject)) {
            return err_set(err, ERR_CONFLICT, "the condition does not hold: '%.*s' has event %llu (%.*s) after %llu",
                           (int)subject.n, (const char *)subject.p, (unsigned long long)seq, (int)h.kind.n,
                           (const char *)h.kind.p, (unsigned long long)e->none_after);
        }
    }
    return 0;
}
