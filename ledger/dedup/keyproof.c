/* From events and runs to pairs, and vouchers for runs. */
#include "ledger/dedup/keyproof.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/dedup/vouch.h"
#include "ledger/read/proven.h"

#define STRETCH_GROUPS (KEYPROOF_EVENTS / EVENT_GROUP)
#define STRETCH_MAX    (STRETCH_GROUPS * (4 + 2 * EVENT_GROUP * KEYRUN_ENTRY))

struct collecting {
    struct ledger *ledger;
    struct core_view view; /* over the caller's transaction */
    struct db_txn *hints;  /* NULL: there are none */
    struct vouched vouched;
    struct buf runs;
    struct group *group;
    keyrun_put_fn *put;
    void *ctx;
    bool chained;
    uint8_t leaf[EVENT_HASH]; /* of the event last read, when chained */
};

/* ---- runs with a voucher ---- */

/* The runs of a stretch as one text: for each group be32 length and the run. */
static int read_runs(struct db_txn *txn, uint64_t first, struct buf *out, struct err *err) {
    buf_clear(out);
    for (uint64_t g = first; g < first + KEYPROOF_EVENTS; g += EVENT_GROUP) {
        struct bytes run = {NULL, 0};
        int rc = db_get_u64(txn, T_KEYRUN, g, &run, err);
        if (rc != 0 && rc != ERR_NOTFOUND) return rc;
        buf_put_be32(out, (uint32_t)run.n);
        buf_put_bytes(out, run);
    }
    return buf_check(out, "key runs", err);
}

static int decode_runs(uint64_t first, struct bytes runs, keyrun_put_fn *put, void *ctx, struct err *err) {
    int rc = 0;
    for (uint64_t g = first / EVENT_GROUP; rc == 0 && runs.n >= 4; g++) {
        struct bytes run = {runs.p + 4, be32_get(runs.p)};
        if (run.n > runs.n - 4) return err_set(err, ERR_CORRUPT, "key runs do not parse");
        runs = (struct bytes){run.p + run.n, runs.n - 4 - run.n};
        rc = run.n == 0 ? 0 : keyrun_decode(g, run, put, ctx, err);
    }
    return rc;
}

/* Somebody vouches for c->runs of this stretch; they are in the copy then. */
static bool is_vouched(struct collecting *c, uint64_t first) {
    struct vouch_piece piece;
    return c->hints != NULL && vouch_piece(&c->view, VOUCH_RUNS, first, KEYPROOF_EVENTS, &piece, NULL) == 0 &&
           vouched_open(&c->vouched, c->ledger, c->hints, &piece, bytes_of_buf(&c->runs)) &&
           vouched_prove(&c->vouched, 0, c->vouched.n);
}

/* ---- events ---- */

/* The pairs of events [from, ...) of a group whose leaves were recomputed. */
static int put_group(struct collecting *c, size_t from, struct err *err) {
    struct buf external = {.max = EVENT_PAYLOAD_MAX};
    int rc = 0;
    for (size_t i = from; i < c->group->n && rc == 0; i++) {
        const struct group_event *e = &c->group->event[i];
        struct bytes payload = e->payload;
        if (e->where == GROUP_EXTERNAL) {
            rc = keyrun_external(c->view.txn, c->group, i, &external, err);
            payload = bytes_of_buf(&external);
        }
        if (rc == 0) rc = keyrun_of_event(e->header, payload, c->put, c->ctx, err);
    }
    buf_done(&external);
    return rc;
}

static int read_group(struct collecting *c, uint64_t index, size_t from, struct err *err) {
    int rc = core_group_load(c->view.txn, &c->view.head, index, c->group, NULL, err);
    if (rc != 0) return rc;
    const uint8_t *before = from == 0 ? c->group->prev : c->group->event[from - 1].leaf;
    if (c->chained && memcmp(before, c->leaf, EVENT_HASH) != 0) {
        return err_set(err, ERR_TAMPERED, "event %llu does not follow the one before it",
                       (unsigned long long)(index * EVENT_GROUP + from));
    }
    memcpy(c->leaf, c->group->event[c->group->n - 1].leaf, EVENT_HASH);
    c->chained = true;
    return put_group(c, from, err);
}

/* The events that were read up to `end` are those of the log: the commit continues from the last one, or it is proven. */
static int check_end(struct collecting *c, uint64_t end, struct err *err) {
    const struct head *head = &c->view.head;
    if (!c->chained) return 0;
    c->chained = false;
    if (end == head->size ? memcmp(c->leaf, head->prev, EVENT_HASH) == 0 : proven_leaf(c->ledger, end - 1, c->leaf)) {
        return 0;
    }
    return err_set(err, ERR_TAMPERED, "event %llu is not what was written: its leaf is not in the tree that was signed",
                   (unsigned long long)(end - 1));
}

/* What was added to the tail since somebody looked: event by event. */
static int read_tail(struct collecting *c, uint64_t from, uint64_t to, struct err *err) {
    int rc = 0;
    struct buf external = {.max = EVENT_PAYLOAD_MAX};
    for (uint64_t seq = from; rc == 0 && seq < to; seq++) {
        struct bytes header, payload;
        rc = keyrun_tail(c->view.txn, &c->view.head, seq, c->leaf, &header, &payload, &external, err);
        if (rc == 0) rc = keyrun_of_event(header, payload, c->put, c->ctx, err);
    }
    buf_done(&external);
    return rc;
}

/* ---- both ---- */

static int collect(struct collecting *c, uint64_t from, uint64_t to, struct err *err) {
    int rc = 0;
    while (rc == 0 && from < to) {
        uint64_t full = c->view.head.size / EVENT_GROUP * EVENT_GROUP;
        if (from % KEYPROOF_EVENTS == 0 && from + KEYPROOF_EVENTS <= to) {
            rc = read_runs(c->view.txn, from, &c->runs, err);
            if (rc == 0 && is_vouched(c, from)) {
                rc = check_end(c, from, err);
                if (rc == 0) rc = decode_runs(from, (struct bytes){c->vouched.copy, c->vouched.n}, c->put, c->ctx, err);
                from += KEYPROOF_EVENTS;
                continue;
            }
            c->ledger->runs_due = true;
        }
        if (rc == 0 && c->chained && from >= full && from % EVENT_GROUP != 0) {
            rc = read_tail(c, from, to, err);
            from = to;
        } else if (rc == 0) {
            rc = read_group(c, from / EVENT_GROUP, (size_t)(from % EVENT_GROUP), err);
            from = from / EVENT_GROUP * EVENT_GROUP + c->group->n;
        }
    }
    if (rc == 0) rc = check_end(c, from, err);
    return rc;
}

static int begin(struct collecting *c, struct ledger *ledger, struct err *err) {
    struct db *db = ledger->segments; /* if it is open: nobody is waited for */
    c->ledger = ledger;
    buf_init(&c->runs, STRETCH_MAX);
    if (db == NULL || db_begin(db, false, &c->hints, NULL) != 0) {
        c->hints = NULL;
    }
    c->group = group_new();
    return c->group != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

static void end(struct collecting *c) {
    db_abort(c->hints);
    vouched_done(&c->vouched);
    buf_done(&c->runs);
    group_free(c->group);
}

int keyproof_collect(struct ledger *ledger, struct db_txn *txn, const struct head *head, uint64_t from, uint64_t to,
                     const uint8_t *leaf, keyrun_put_fn *put, void *ctx, struct err *err) {
    struct collecting c = {.put = put, .ctx = ctx, .chained = leaf != NULL};
    int rc = begin(&c, ledger, err);
    if (leaf != NULL) {
        memcpy(c.leaf, leaf, EVENT_HASH);
    }
    c.view = (struct core_view){.ledger = ledger, .txn = txn, .head = *head};
    if (rc == 0) rc = collect(&c, from, to, err);
    core_view_release(&c.view);
    end(&c);
    return rc;
}

/* ---- vouching ---- */

struct comparing {
    const struct keys_memory *keys;
    uint64_t n;
    bool differs;
};

static int compare(void *ctx, uint64_t hash, uint64_t seq, struct err *err) {
    struct comparing *c = ctx;
    size_t state = 0;
    uint64_t there = LOG_NO_SEQ;
    (void)err;
    while (there != seq && keys_next(c->keys, hash, &state, &there) == 0) {
    }
    c->differs = c->differs || there != seq;
    c->n++;
    return 0;
}

/* That the runs say just what the keys in memory say. */
static bool is_right(const struct keys_memory *keys, uint64_t first, struct bytes runs) {
    struct comparing c = {.keys = keys};
    return decode_runs(first, runs, compare, &c, NULL) == 0 && !c.differs &&
           c.n == keys_count(keys, first, first + KEYPROOF_EVENTS);
}

static void vouch_stretches(struct collecting *c, struct db *db, uint64_t from, uint64_t to) {
    struct db_txn *txn = NULL;
    for (; from + KEYPROOF_EVENTS <= to; from += KEYPROOF_EVENTS) {
        struct vouch_piece piece;
        if (read_runs(c->view.txn, from, &c->runs, NULL) != 0 || is_vouched(c, from) ||
            !is_right(c->ledger->write.keys, from, bytes_of_buf(&c->runs))) {
            continue;
        }
        if (txn == NULL && db_begin(db, true, &txn, NULL) != 0) return;
        if (vouch_piece(&c->view, VOUCH_RUNS, from, KEYPROOF_EVENTS, &piece, NULL) != 0 ||
            vouch_put(c->ledger, txn, &piece, bytes_of_buf(&c->runs), NULL) != 0) {
            db_abort(txn);
            return;
        }
    }
    if (txn != NULL) {
        db_commit(txn, NULL);
    }
}

void keyproof_vouch(struct ledger *ledger, struct db *db) {
    struct collecting c = {0};
    uint64_t from, to;
    if (ledger->write.keys == NULL || !vouch_able(ledger) || !keys_range(ledger->write.keys, &from, &to)) {
        return;
    }
    from = (from + KEYPROOF_EVENTS - 1) / KEYPROOF_EVENTS * KEYPROOF_EVENTS;
    if (from + KEYPROOF_EVENTS > to || core_view_begin(ledger, &c.view, NULL) != 0) return;
    from = from > c.view.head.keyed_from ? from : c.view.head.keyed_from;
    to = to < c.view.head.size ? to : c.view.head.size;
    if (begin(&c, ledger, NULL) == 0) {
        vouch_stretches(&c, db, from, to);
    }
    end(&c);
    core_view_end(&c.view);
}

/* ---- handing over ---- */

#define FRESH_MAX 8 /* segments that wait to be built */

struct keys_fresh {
    pthread_mutex_t lock;
    struct fresh {
        uint64_t end;        /* of the segment; 0: nothing is here */
        uint64_t (*pair)[2]; /* hash, seq */
        size_t n;
    } at[FRESH_MAX];
};

int keyproof_new(struct ledger *ledger, struct err *err) {
    struct keys_fresh *fresh = calloc(1, sizeof(*fresh));
    if (fresh == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    pthread_mutex_init(&fresh->lock, NULL);
    ledger->fresh = fresh;
    return 0;
}

void keyproof_done(struct ledger *ledger) {
    struct keys_fresh *fresh = ledger->fresh;
    if (fresh != NULL) {
        for (size_t i = 0; i < FRESH_MAX; i++) {
            free(fresh->at[i].pair);
        }
        pthread_mutex_destroy(&fresh->lock);
        free(fresh);
        ledger->fresh = NULL;
    }
}

static int put_fresh(void *ctx, uint64_t hash, uint64_t seq, struct err *err) {
    struct fresh *f = ctx;
    (void)err;
    if (f->n == 2 * CORE_SEGMENT) return ERR_LIMIT;
    f->pair[f->n][0] = hash;
    f->pair[f->n++][1] = seq;
    return 0;
}

/* The slot of the segment that ends there. */
static struct fresh *slot_of(struct keys_fresh *fresh, uint64_t end) {
    return &fresh->at[end / CORE_SEGMENT % FRESH_MAX];
}

/* Takes what is in memory of the segment that ends there; false: that is not all of it. */
static bool gather(struct ledger *ledger, uint64_t end, struct fresh *ret) {
    uint64_t from, to, first = end - CORE_SEGMENT;
    bool keyed = ledger->write.keys != NULL && keys_range(ledger->write.keys, &from, &to) && from <= first && to >= end;
    *ret = (struct fresh){.end = end};
    if (!keyed) return ledger->write.unkeyed_from <= first && ledger->write.unkeyed_to >= end;
    size_t n = (size_t)keys_count(ledger->write.keys, first, end);
    ret->pair = n == 0 || n > 2 * CORE_SEGMENT ? NULL : malloc(n * sizeof(*ret->pair));
    return n == 0 || (ret->pair != NULL && keys_each(ledger->write.keys, first, end, put_fresh, ret, NULL) == 0);
}

void keyproof_hand_over(struct ledger *ledger, uint64_t end) {
    struct fresh mine;
    struct keys_fresh *fresh = ledger->fresh;
    if (!gather(ledger, end, &mine)) {
        free(mine.pair);
        return;
    }
    pthread_mutex_lock(&fresh->lock);
    struct fresh *slot = slot_of(fresh, end), before = *slot;
    *slot = mine;
    pthread_mutex_unlock(&fresh->lock);
    free(before.pair);
}

int keyproof_take(struct ledger *ledger, uint64_t first, keyrun_put_fn *put, void *ctx, struct err *err) {
    struct keys_fresh *fresh = ledger->fresh;
    pthread_mutex_lock(&fresh->lock);
    struct fresh *slot = slot_of(fresh, first + CORE_SEGMENT), taken = *slot;
    if (taken.end == first + CORE_SEGMENT) {
        *slot = (struct fresh){0};
    }
    pthread_mutex_unlock(&fresh->lock);
    if (taken.end != first + CORE_SEGMENT) return 1;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < taken.n; i++) {
        rc = put(ctx, taken.pair[i][0], taken.pair[i][1], err);
    }
    free(taken.pair);
    return rc;
}
