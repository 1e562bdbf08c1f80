/* Building, dropping and checking the index. */
#include "query/index/index.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/derived/derived.h"
#include "ledger/erase/erase.h"
#include "ledger/read/proven.h"
#include "ledger/read/reader.h"
#include "query/condition/value.h"
#include "query/index/record.h"
#include "query/index/size.h"
#include "query/index/view.h"

/* ---- writing ---- */

struct index_writer {
    struct ledger *ledger;
    struct db_txn *txn;
    struct core_view truth;
    uint32_t events; /* of a full segment */
    struct buf record;
    struct vouched vouched;
};

int index_writer_open(struct ledger *ledger, uint64_t generation, uint32_t *ret_events, struct index_writer **ret,
                      struct err *err) {
    struct db *db;
    struct index_writer *w = calloc(1, sizeof(*w));
    if (w == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    w->ledger = ledger;
    buf_init(&w->record, COLUMNS_RECORD_MAX);
    int rc = derived_open_of(ledger, generation, &db, err);
    if (rc == 0) rc = index_size_settle(db, 0, &w->events, err);
    if (rc == 0) rc = core_view_begin(ledger, &w->truth, err);
    if (rc == 0) rc = db_begin(db, true, &w->txn, err);
    if (rc != 0) {
        index_writer_abort(w);
        return rc;
    }
    *ret_events = w->events;
    *ret = w;
    return 0;
}

static void writer_free(struct index_writer *w) {
    core_view_end(&w->truth);
    buf_done(&w->record);
    vouched_done(&w->vouched);
    free(w);
}

void index_writer_abort(struct index_writer *w) {
    if (w != NULL) {
        db_abort(w->txn);
        writer_free(w);
    }
}

int index_writer_commit(struct index_writer *w, struct err *err) {
    int rc = db_commit(w->txn, err);
    writer_free(w);
    return rc;
}

static int remove_smaller(struct index_writer *w, uint64_t first, uint32_t events, struct err *err) {
    uint8_t key[COLUMNS_KEY];
    int rc = 0;
    for (uint32_t n = index_smaller(events); n != 0; n = index_smaller(n)) {
        for (uint64_t at = first; at < first + events && rc == 0; at += n) {
            const struct vouch_piece piece = {.what = VOUCH_COLUMNS, .first = at, .events = n};
            rc = db_del(w->txn, DERIVED_COLUMN, index_key(at, n, key), err);
            if (rc == 0) rc = vouch_del(w->txn, &piece, err);
        }
    }
    return rc;
}

/* With a log key, a record without a voucher does not count as done. */
static bool is_there(struct index_writer *w, uint64_t seq, uint32_t events, bool proven) {
    struct columns_record there;
    uint64_t first = seq - seq % events;
    return proven && vouch_able(w->ledger)
               ? index_record_vouched(w->ledger, w->txn, &w->truth, first, events, &w->vouched, &there)
               : index_record(w->txn, &w->truth, first, events, &there);
}

int index_writer_put(struct index_writer *w, const struct columns_plain *plain, bool proven, struct err *err) {
    uint8_t key[COLUMNS_KEY];
    struct vouch_piece piece;
    for (uint32_t n = w->events; n >= plain->events; n = index_smaller(n)) {
        if (is_there(w, plain->first, n, proven)) return 0;
    }
    buf_clear(&w->record);
    int rc = vouch_piece(&w->truth, VOUCH_COLUMNS, plain->first, plain->events, &piece, err);
    if (rc == 0) rc = columns_record(plain, piece.node, &w->record, err);
    if (rc == 0)
        rc = db_put(w->txn, DERIVED_COLUMN, index_key(plain->first, plain->events, key), bytes_of_buf(&w->record), DB_PUT,
                    err);
    if (rc == 0 && proven) rc = vouch_put(w->ledger, w->txn, &piece, bytes_of_buf(&w->record), err);
    if (rc == 0) rc = remove_smaller(w, plain->first, plain->events, err);
    return rc;
}

/* ---- building ---- */

struct builder {
    struct ledger *ledger;
    struct index_view view;
    struct log_reader *reader;
    struct columns_collector *collector;
    uint64_t since, until;    /* what it holds */
    uint8_t leaf[EVENT_HASH]; /* of event until - 1 */
    bool erased;              /* a body in it is */
    struct columns_plain plain;
    uint64_t size, most;
    const struct query_index_progress *progress;
    struct err damaged; /* the first reason why a segment cannot be built */
    bool broken;        /* the derived environment is */
};

static void builder_free(struct builder *b) {
    index_view_close(&b->view);
    log_reader_close(b->reader);
    columns_collector_free(b->collector);
    buf_done(&b->plain.bytes);
    free(b);
}

/* In derived data that is open; *why: it cannot be read. */
static int builder_new(struct ledger *ledger, struct db *db, struct builder **ret, struct err *why, struct err *err) {
    struct log_head head;
    struct builder *b = calloc(1, sizeof(*b));
    if (b == NULL || (b->collector = columns_collector_new()) == NULL) {
        free(b);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    b->ledger = ledger;
    buf_init(&b->plain.bytes, COLUMNS_RECORD_MAX);
    int rc = log_head(ledger, &head, err);
    if (rc == 0) rc = index_view_over(ledger, db, &b->view, why, err);
    b->view.proven = vouch_able(ledger);
    if (rc == 0) rc = log_reader_open(ledger, 0, LOG_NO_SEQ, &b->reader, err);
    if (rc != 0) {
        builder_free(b);
        return rc;
    }
    b->size = head.size;
    *ret = b;
    return 0;
}

static int collect_group(struct builder *b, uint64_t index, struct err *err) {
    const struct group *group;
    struct event_header h;
    int rc = reader_group(b->reader, index, &group, err);
    if (rc == 0 && b->until > b->since && memcmp(group->prev, b->leaf, EVENT_HASH) != 0) {
        rc = err_set(err, ERR_TAMPERED, "event %llu does not follow the one before it",
                     (unsigned long long)(index * EVENT_GROUP));
    }
    if (rc == 0) {
        memcpy(b->leaf, group->event[EVENT_GROUP - 1].leaf, EVENT_HASH);
    }
    for (size_t i = 0; rc == 0 && i < EVENT_GROUP; i++) {
        struct bytes payload;
        b->erased = b->erased || group->event[i].where == GROUP_ERASED;
        if (!value_header_of(group, i, &h)) {
            return err_set(err, ERR_CORRUPT, "the header of event %llu does not parse",
                           (unsigned long long)(index * EVENT_GROUP + i));
        }
        if (group->event[i].where == GROUP_EXTERNAL) { /* its payload is compared with the commitment in its header */
            rc = event_header_decode(group->event[i].header, &h, err);
        }
        if (rc == 0) rc = reader_payload(b->reader, i, &h, &payload, err);
        if (rc == 0) rc = columns_collect(b->collector, &h, value_body_of(payload), err);
    }
    return rc;
}

/* Makes the collector hold [since, until), continuing from what it holds if that is the beginning of it. */
static int collect(struct builder *b, uint64_t since, uint64_t until, struct err *err) {
    if (b->since != since || b->until > until || b->until <= since) {
        columns_collector_reset(b->collector, since / COLUMNS_EVENTS * COLUMNS_EVENTS, since);
        b->since = b->until = since;
        b->erased = false;
    }
    while (b->until < until) {
        int rc = collect_group(b, b->until / EVENT_GROUP, err);
        if (rc != 0) {
            b->since = b->until = LOG_NO_SEQ;
            return rc;
        }
        b->until += EVENT_GROUP;
    }
    return 0;
}

/* Builds one missing segment. Segments whose events cannot be read are skipped. */
static int build_one(struct builder *b, uint64_t first, uint32_t events, struct err *err) {
    struct err why = {0};
    struct index_writer *w = NULL;
    uint32_t full;
    uint64_t generation = db_generation(b->ledger->evidence);
    b->since = LOG_NO_SEQ; /* restart: the forms must depend on these events alone */
    int rc = collect(b, first, first + events, &why);
    if (err_is_damage(rc)) {
        b->damaged = b->damaged.code == 0 ? why : b->damaged;
        return 0;
    }
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    rc = columns_plain(b->collector, first, events, &b->plain, err);
    if (rc == 0) rc = index_writer_open(b->ledger, generation, &full, &w, err);
    if (rc == 0 && full != b->view.events) { /* another process has begun a new index */
        index_writer_abort(w);
        return err_set(err, ERR_BUSY, "the index is being built by others");
    }
    bool proven = rc == 0 && vouch_able(b->ledger) && proven_leaf(b->ledger, first + events - 1, b->leaf);
    if (rc == 0) rc = index_writer_put(w, &b->plain, proven, err);
    if (rc == 0) {
        rc = index_writer_commit(w, err);
    } else {
        index_writer_abort(w);
    }
    b->broken = rc == ERR_CORRUPT;
    return rc;
}

/* Segments of so many events in [from, to), then smaller ones for the rest. */
static int build_range(struct builder *b, uint64_t from, uint32_t events, struct err *err) {
    struct columns_record there;
    int rc = 0;
    for (; rc == 0 && from + events <= b->size; from += events) {
        bool missing = !index_view_get(&b->view, from, &there) || there.events < events;
        index_view_rest(&b->view);
        if (missing && b->most < events) return 0;
        if (missing) {
            b->most -= events;
            rc = build_one(b, from, events, err);
        }
        if (rc == 0 && b->progress != NULL && b->progress->call != NULL) {
            b->progress->call(b->progress->ctx, from + events, b->size);
        }
    }
    uint32_t less = index_smaller(events);
    if (rc == 0 && less != 0) rc = build_range(b, from, less, err);
    return rc;
}

int index_build(struct ledger *ledger, uint32_t events, uint64_t most, const struct query_index_progress *progress,
                bool *ret_broken, struct err *err) {
    struct builder *b = NULL;
    struct log_head head;
    struct err why = {0};
    struct db *db;
    if (events != 0 && !index_size_fits(events)) {
        return err_set(err, ERR_INVALID, "segments of %u events (expected a power of two from %d to %d)", events,
                       COLUMNS_EVENTS_MIN, COLUMNS_EVENTS);
    }
    int rc = log_head(ledger, &head, err);
    if (rc != 0 || head.size < COLUMNS_EVENTS_MIN) return rc;
    rc = derived_open(ledger, true, &db, err);
    if (rc == 0) rc = index_size_settle(db, events, &events, err);
    bool broken = rc == ERR_CORRUPT;
    if (rc == 0) rc = builder_new(ledger, db, &b, &why, err);
    if (rc == 0) {
        b->most = most;
        b->progress = progress;
        rc = build_range(b, 0, events, err);
        if (rc == 0 && b->damaged.code != 0) {
            rc = err_set(err, b->damaged.code, "%s", b->damaged.msg);
        }
        broken = b->broken;
        builder_free(b);
    }
    if (ret_broken != NULL) {
        *ret_broken = broken;
    }
    return rc;
}

struct building {
    struct ledger *ledger;
    const struct query_index_progress *progress;
};

/* A damaged index is rebuilt, once. */
static int try_build(void *ctx, struct err *err) {
    const struct building *b = ctx;
    struct err why = {0};
    bool broken = false;
    int rc = index_build(b->ledger, 0, UINT64_MAX, b->progress, &broken, &why);
    if (broken) {
        rc = derived_renew(b->ledger, err);
        if (rc == 0) rc = index_build(b->ledger, 0, UINT64_MAX, b->progress, NULL, err);
        return rc;
    }
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}

int query_index_build(struct ledger *ledger, const struct query_index_progress *progress, struct err *err) {
    struct building b = {.ledger = ledger, .progress = progress};
    if (!ledger->read_only) {
        vouch_load(ledger, NULL); /* without the log key the result has no voucher */
    }
    return derived_work(ledger, try_build, &b, err);
}

/* ---- looking after it ---- */

int query_index_covered(struct ledger *ledger, uint64_t *ret, struct err *err) {
    struct index_view view;
    struct columns_record there;
    uint64_t covered = 0;
    int rc = index_view_open(ledger, &view, err);
    if (rc != 0) return rc;
    while (index_view_get(&view, covered, &there)) {
        covered = there.first + there.events;
    }
    index_view_close(&view);
    *ret = covered;
    return 0;
}

static int try_drop(void *ctx, struct err *err) {
    struct ledger *ledger = ctx;
    struct db *db;
    struct db_txn *txn = NULL;
    int rc = derived_open(ledger, false, &db, NULL);
    if (rc == ERR_NOTFOUND) return 0;
    rc = derived_open(ledger, true, &db, err); /* an unreadable one is recreated */
    if (rc == 0) rc = db_begin(db, true, &txn, err);
    if (rc != 0) return rc;
    rc = db_clear(txn, DERIVED_COLUMN, err);
    if (rc == 0) rc = vouch_clear(txn, VOUCH_COLUMNS, err);
    if (rc == 0) rc = index_size_forget(txn, err);
    return rc != 0 ? (db_abort(txn), rc) : db_commit(txn, err);
}

int query_index_drop(struct ledger *ledger, struct err *err) {
    return derived_work(ledger, try_drop, ledger, err);
}

/* ---- checking ---- */

struct checking {
    struct ledger *ledger;
    struct builder *b;
    void (*differs)(void *ctx, uint64_t first, const char *why);
    void *ctx;
    const struct query_index_progress *progress;
    uint64_t generation; /* of the evidence, when the check began */
    uint64_t checked;
    struct buf key, record; /* of the current segment, copied */
};

/* The first record after c->key; 1: there is none. */
static int next_record(struct checking *c, struct err *err) {
    struct db_txn *txn = c->b->view.derived;
    struct db_cursor *cursor = NULL;
    struct bytes key, record;
    int rc = db_renew(txn, err);
    buf_put_u8(&c->key, 0); /* the least key that is larger */
    if (rc == 0) rc = db_cursor_open(txn, DERIVED_COLUMN, &cursor, err);
    if (rc == 0) rc = db_cursor_seek(cursor, bytes_of_buf(&c->key), &key, &record, err);
    if (rc == 0) {
        buf_clear(&c->key);
        buf_clear(&c->record);
        buf_put_bytes(&c->key, key);
        buf_put_bytes(&c->record, record);
        rc = buf_check(&c->key, "a key", err) != 0 ? ERR_NOMEM : buf_check(&c->record, "a segment of the index", err);
    }
    db_cursor_close(cursor);
    db_rest(txn);
    return rc;
}

/* Of events appended during the check. */
static bool is_newer(const struct checking *c, const struct columns_record *r) {
    struct log_head head;
    return r->until > c->b->size && log_head(c->b->ledger, &head, NULL) == 0 && r->until <= head.size;
}

/* Checks that the key matches the record, and that this is possible. *ret_stale: it is intact, but not trusted, or newer
 * than the check. */
static const char *judge_header(const struct checking *c, struct columns_record *ret, bool *ret_stale) {
    uint8_t key[COLUMNS_KEY];
    *ret_stale = columns_stale(bytes_of_buf(&c->record));
    if (*ret_stale) return NULL;
    if (!columns_open(bytes_of_buf(&c->record), ret)) return "its header does not parse";
    uint64_t block = ret->first / COLUMNS_EVENTS * COLUMNS_EVENTS, end = ret->first + ret->events;
    if (!index_size_fits(ret->events) || !bytes_eq(bytes_of_buf(&c->key), index_key(ret->first, ret->events, key)) ||
        ret->first % ret->events != 0) {
        return "it is not the segment that its key says";
    }
    *ret_stale = is_newer(c, ret);
    if (*ret_stale) return NULL;
    if (ret->since < block || ret->since > ret->first || ret->since % EVENT_GROUP != 0 || ret->until < end ||
        ret->until > block + COLUMNS_EVENTS || ret->until > c->b->size || ret->until % EVENT_GROUP != 0) {
        return "it covers events that do not exist";
    }
    return NULL;
}

static int check_record(struct checking *c, const char **ret_why, struct err *err) {
    struct builder *b = c->b;
    struct columns_record r;
    struct err why = {0};
    uint8_t node[EVENT_HASH];
    bool stale;
    *ret_why = judge_header(c, &r, &stale);
    if (*ret_why != NULL || stale) return 0;
    int rc = db_renew(b->view.truth->txn, err);
    if (rc == 0) rc = index_node(b->view.truth, r.first, r.events, node, err);
    db_rest(b->view.truth->txn);
    if (rc != 0 || memcmp(node, r.node, sizeof(node)) != 0) {
        return rc; /* made from another log's events: it is never used */
    }
    rc = collect(b, r.since, r.until, &why);
    if (err_is_damage(rc)) {
        return 0; /* the log is damaged, which is checked elsewhere */
    }
    rc = rc != 0 ? err_set(err, rc, "%s", why.msg) : columns_plain(b->collector, r.first, r.events, &b->plain, err);
    if (rc == 0) rc = columns_differ(&b->plain, node, r.bytes, ret_why, err);
    if (rc == 0 && *ret_why != NULL && b->erased) {
        bool excused = false;
        rc = erase_excuses(c->ledger, c->generation, &excused, err);
        *ret_why = excused ? NULL : *ret_why;
        return rc;
    }
    c->checked += rc == 0 ? r.events : 0;
    return rc;
}

/* *why: derived data cannot be read. */
static int check_all(struct checking *c, struct err *why, struct err *err) {
    int rc = 0;
    while (rc == 0 && (rc = next_record(c, why)) == 0) {
        const char *reason = NULL;
        rc = check_record(c, &reason, err);
        if (rc == 0 && reason != NULL) {
            c->differs(c->ctx, c->key.n >= 8 ? be64_get(c->key.p) : LOG_NO_SEQ, reason);
        }
        if (rc == 0 && c->progress != NULL && c->progress->call != NULL) {
            c->progress->call(c->progress->ctx, c->checked, c->b->size);
        }
    }
    return rc == 1 ? 0 : rc;
}

static int check_in(struct checking *c, struct db *db, struct err *why, struct err *err) {
    int rc = builder_new(c->ledger, db, &c->b, why, err);
    if (rc != 0) return rc;
    c->checked = 0;
    buf_init(&c->key, DB_KEY_MAX + 1);
    buf_init(&c->record, SIZE_MAX);
    rc = c->b->view.derived == NULL ? 0 : check_all(c, why, err);
    buf_done(&c->key);
    buf_done(&c->record);
    builder_free(c->b);
    return rc;
}

static int try_check(void *ctx, struct err *err) {
    struct checking *c = ctx;
    struct err why = {0};
    struct db *db;
    c->generation = db_generation(c->ledger->evidence);
    int rc = derived_look(c->ledger, &db, &why);
    if (rc == ERR_NOTFOUND) return 0;
    if (rc == 0) rc = check_in(c, db, &why, err);
    if (why.code == ERR_CORRUPT || why.code == ERR_VERSION) {
        c->differs(c->ctx, LOG_NO_SEQ, why.msg);
        return 0;
    }
    return why.code != 0 ? err_set(err, why.code, "%s", why.msg) : rc;
}

int query_index_check(struct ledger *ledger, const struct query_index_progress *progress,
                      void (*differs)(void *ctx, uint64_t first, const char *why), void *ctx, uint64_t *ret_covered,
                      struct err *err) {
    struct checking c = {.ledger = ledger, .differs = differs, .ctx = ctx, .progress = progress};
    int rc = derived_work(ledger, try_check, &c, err);
    if (rc == 0) {
        *ret_covered = c.checked;
    }
    return rc;
}
