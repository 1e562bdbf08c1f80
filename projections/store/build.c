/* A loop of chunks. What is folded between two commits never crosses the end of a segment, so all changed rows of a chunk
 * get the same version. A process that finds another one was quicker drops its work and continues from there.
 *
 * A large chunk is stored by a second thread while the next one is folded: each projection has two sets of rows, one being
 * changed on top of one being stored, on top of what is stored.
 *
 *   fold 1 | store 1        | store 2        |
 *          | fold 2         | fold 3         | ... */
#include "projections/store/build.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "projections/fold/correct.h"

#define LOSSES_MAX  1000 /* chunks in a row that other processes stored first */
#define PROGRESS_NS (CLOCK_NS_PER_S / 10)

struct target {
    const struct projection *projection;
    bool shadow;
    uint64_t to;
    struct store_generation gen; /* as stored when we last read or wrote it */
    struct stored base;
    struct rows *rows[2];
    struct fold *fold[2];
    unsigned now; /* which of them are being changed */
    struct job {  /* what is being stored, from the other set */
        bool there, lost;
        struct store_generation from, to;
        const struct rows_entry **entries;
        size_t n;
    } job;
    struct replay_part part;
    bool lost;   /* the stored state is not the one we know */
    bool afresh; /* it must be started over */
    bool over;   /* another process has finished it */
    bool begun;  /* restarted because of damage: only once */
};

struct build {
    struct ledger *ledger;
    struct db *db;
    struct db_txn *txn; /* for reading; reset while idle */
    struct replay *replay;
    const struct state_options *options;
    const struct state_tuning *tuning;
    struct target target[PROJECTIONS_MAX];
    size_t n;
    uint64_t first, last; /* for progress */
    uint64_t base, shown;
    bool aside; /* the thread is storing */
    pthread_t thread;
    int stored_rc;
    struct err stored_err;
};

int build_open(struct ledger *ledger, struct db *db, const struct state_options *options, struct build **ret,
               struct err *err) {
    struct build *b = calloc(1, sizeof(*b));
    if (b == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    b->ledger = ledger;
    b->db = db;
    b->options = options;
    b->tuning = state_tuning();
    int rc = db_begin(db, false, &b->txn, err);
    if (rc == 0) rc = replay_open(ledger, &correct_effect, &b->replay, err);
    if (rc != 0) {
        build_close(b);
        return rc;
    }
    *ret = b;
    return 0;
}

void build_close(struct build *b) {
    if (b == NULL) return;
    for (size_t i = 0; i < b->n; i++) {
        struct target *t = &b->target[i];
        for (size_t k = 0; k < 2; k++) {
            fold_free(t->fold[k]);
            rows_free(t->rows[k]);
        }
        stored_done(&t->base);
    }
    replay_close(b->replay);
    db_abort(b->txn);
    free(b);
}

uint64_t build_size(const struct build *b) {
    return replay_size(b->replay);
}

uint64_t build_damaged(const struct build *b) {
    return replay_damaged(b->replay);
}

int build_add(struct build *b, const struct projection *projection, bool shadow, uint64_t to, struct err *err) {
    struct target *t = &b->target[b->n];
    *t = (struct target){.projection = projection, .shadow = shadow, .to = to, .lost = true};
    t->base = (struct stored){.projection = projection, .txn = b->txn, .bound = STORE_ANY};
    const struct rows_base base = {stored_get, &t->base};
    int rc = 0;
    b->n++;
    for (size_t k = 0; k < 2 && rc == 0; k++) {
        rc = rows_new(&base, &t->rows[k], err);
        if (rc == 0) rc = fold_new(projection, t->rows[k], &t->fold[k], err);
    }
    t->part =
        (struct replay_part){.projection = projection, .rows = t->rows[0], .fold = t->fold[0], .failed_seq = LOG_NO_SEQ};
    return rc;
}

const struct projection *build_stopped(const struct build *b, uint64_t *ret_seq, const char **ret_why) {
    for (size_t i = 0; i < b->n; i++) {
        if (b->target[i].part.stopped) {
            *ret_seq = b->target[i].part.failed_seq;
            *ret_why = b->target[i].part.failed;
            return b->target[i].projection;
        }
    }
    return NULL;
}

/* ---- positions ---- */

static struct store_generation *gen_of(const struct target *t, struct store_record *record) {
    return t->shadow ? &record->shadow : &record->current;
}

static bool is_same(const struct store_generation *a, const struct store_generation *b) {
    return a->there && b->there && a->slot == b->slot && a->position == b->position && a->version == b->version &&
           memcmp(a->leaf, b->leaf, LOG_HASH) == 0;
}

/* Adopts the stored state, unless it is the one we know; a stale current generation is not ours. */
static int load(struct build *b, struct target *t, struct err *err) {
    struct store_record record;
    enum stored_use use;
    uint32_t before = t->gen.slot;
    int rc = store_get(b->txn, t->projection->name, &record, err);
    struct store_generation *gen = gen_of(t, &record);
    if (rc == 0 && !t->lost && is_same(gen, &t->gen)) return 0;
    if (rc == 0) rc = stored_judge(gen, t->projection, b->tuning->segment, b->replay, &use, err);
    if (rc != 0) return rc;
    rows_clean(t->rows[t->now]);
    t->over = t->shadow ? t->gen.there && record.current.there && record.current.slot == before : use == STORED_STALE;
    t->afresh = !t->over && use != STORED_GOOD;
    t->lost = t->afresh;
    t->gen = *gen;
    t->base.slot = gen->slot;
    t->part.position = gen->position;
    t->part.stopped = false;
    t->part.failed_seq = gen->failed_seq;
    memcpy(t->part.leaf, gen->leaf, sizeof(t->part.leaf));
    memcpy(t->part.failed, gen->failed, sizeof(t->part.failed));
    return 0;
}

static int begin_one(struct build *b, struct db_txn *txn, struct target *t, struct err *err) {
    struct store_record record;
    struct store_generation fresh;
    int rc = store_get(txn, t->projection->name, &record, err);
    struct store_generation *gen = gen_of(t, &record);
    if (rc != 0 || (gen->there && (!t->gen.there || gen->slot != t->gen.slot))) {
        return rc; /* another process has begun it */
    }
    store_generation_init(&fresh, t->projection, b->tuning->segment);
    rc = store_slot_new(txn, t->projection, &fresh.slot, err);
    *gen = fresh;
    if (rc == 0) rc = store_put(txn, t->projection->name, &record, err);
    return rc;
}

/* Gives a slot to those that have nothing to continue from. */
static int begin_afresh(struct build *b, struct err *err) {
    struct db_txn *txn = NULL;
    int rc = 0;
    for (size_t i = 0; i < b->n && rc == 0; i++) {
        if (b->target[i].afresh) {
            rc = txn != NULL ? 0 : db_begin(b->db, true, &txn, err);
            if (rc == 0) rc = begin_one(b, txn, &b->target[i], err);
        }
    }
    if (rc != 0 || txn == NULL) {
        db_abort(txn);
        return rc;
    }
    return db_commit(txn, err);
}

/* Takes a snapshot in which everyone's rows match their positions. */
static int look(struct build *b, struct err *err) {
    for (unsigned tries = 0; tries < LOSSES_MAX; tries++) {
        bool afresh = false;
        int rc = db_renew(b->txn, err);
        for (size_t i = 0; i < b->n && rc == 0; i++) {
            struct target *t = &b->target[i];
            rc = t->over || t->job.there ? 0 : load(b, t, err);
            afresh = afresh || t->afresh;
        }
        if (rc != 0 || !afresh) return rc;
        db_rest(b->txn);
        rc = begin_afresh(b, err);
        if (rc != 0) return rc;
    }
    return err_set(err, ERR_BUSY, "others keep rebuilding the same projections");
}

/* ---- storing ---- */

static bool has_news(const struct target *t) {
    return !t->over && (t->part.position != t->gen.position || t->part.failed_seq != t->gen.failed_seq ||
                        strcmp(t->part.failed, t->gen.failed) != 0);
}

static int store_one(struct build *b, struct db_txn *txn, struct target *t, struct err *err) {
    struct store_record record;
    struct job *job = &t->job;
    uint64_t segment = b->tuning->segment, version = (job->from.position / segment + 1) * segment;
    int rc = store_get(txn, t->projection->name, &record, err);
    struct store_generation *gen = gen_of(t, &record);
    if (rc != 0) return rc;
    job->lost = !is_same(gen, &job->from);
    if (job->lost) return 0;
    rc = store_rows_put(txn, gen->slot, version, segment, job->entries, job->n, err);
    *gen = job->to;
    if (rc == 0) rc = store_put(txn, t->projection->name, &record, err);
    return rc;
}

/* Stores everything pending, in one transaction. */
static int store_jobs(struct build *b, struct err *err) {
    struct db_txn *txn = NULL;
    int rc = 0;
    for (size_t i = 0; i < b->n && rc == 0; i++) {
        if (b->target[i].job.there) {
            rc = txn != NULL ? 0 : db_begin(b->db, true, &txn, err);
            if (rc == 0) rc = store_one(b, txn, &b->target[i], err);
        }
    }
    if (rc != 0 || txn == NULL) {
        db_abort(txn);
        return rc;
    }
    return db_commit(txn, err);
}

static void *store_aside(void *ctx) {
    struct build *b = ctx;
    b->stored_rc = store_jobs(b, &b->stored_err);
    return NULL;
}

/* What was folded is stored next; the other set, which is empty, takes the changes from here on. */
static int put_job(struct target *t, struct err *err) {
    struct job *job = &t->job;
    *job = (struct job){.from = t->gen, .to = t->gen};
    int rc = rows_sorted(t->rows[t->now], SIZE_MAX, &job->entries, &job->n, err);
    if (rc != 0) return rc;
    job->there = true;
    job->to.position = t->part.position;
    memcpy(job->to.leaf, t->part.leaf, LOG_HASH);
    job->to.failed_seq = t->part.failed_seq;
    memcpy(job->to.failed, t->part.failed, sizeof(job->to.failed));
    t->gen = job->to;
    t->base.above = t->rows[t->now];
    t->now = 1 - t->now;
    t->part.rows = t->rows[t->now];
    t->part.fold = t->fold[t->now];
    return 0;
}

/* Nothing is being stored any more. Whoever lost has also folded in vain since. */
static int finish_jobs(struct build *b, struct err *err) {
    if (b->aside) {
        pthread_join(b->thread, NULL);
        b->aside = false;
    }
    for (size_t i = 0; i < b->n; i++) {
        struct target *t = &b->target[i];
        if (t->job.there) {
            free(t->job.entries);
            rows_clean(t->rows[1 - t->now]);
            t->base.above = NULL;
            t->lost = t->lost || t->job.lost;
            t->job.there = false;
        }
    }
    int rc = b->stored_rc;
    b->stored_rc = 0;
    return rc != 0 ? err_set(err, rc, "%s", b->stored_err.msg) : 0;
}

/* Those with changes, in either set. */
static int store_all(struct build *b, bool aside, struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < b->n && rc == 0; i++) {
        struct target *t = &b->target[i];
        if (t->lost || !has_news(t)) {
            rows_clean(t->rows[t->now]);
        } else {
            rc = put_job(t, err);
        }
    }
    if (rc != 0) {
        finish_jobs(b, NULL);
        return rc;
    }
    b->aside = aside && thread_start(&b->thread, store_aside, b) == 0;
    if (b->aside) return 0;
    store_aside(b);
    return finish_jobs(b, err);
}

/* ---- chunks ---- */

static void show(void *ctx, uint64_t done) {
    struct build *b = ctx;
    uint64_t now = clock_monotonic_ns();
    if (b->options->progress != NULL && now - b->shown >= PROGRESS_NS) {
        b->shown = now;
        done += b->base;
        b->options->progress(b->options->progress_ctx, done < b->last - b->first ? done : b->last - b->first,
                             b->last - b->first);
    }
}

/* Which projections the next chunk is for, and where it begins and ends: false when all are done. */
static bool plan(struct build *b, uint64_t *ret_from, uint64_t *ret_to) {
    struct replay_part *part[PROJECTIONS_MAX];
    size_t n = 0;
    uint64_t least = UINT64_MAX, to = UINT64_MAX;
    for (size_t i = 0; i < b->n; i++) {
        struct target *t = &b->target[i];
        if (!t->over && !t->part.stopped && t->part.position < t->to && t->part.position < least) {
            least = t->part.position;
        }
    }
    if (least == UINT64_MAX) return false;
    to = (least / b->tuning->segment + 1) * b->tuning->segment;
    for (size_t i = 0; i < b->n; i++) { /* none goes past its own end */
        struct target *t = &b->target[i];
        if (!t->over && !t->part.stopped && t->part.position < t->to && t->part.position < to) {
            to = t->to < to ? t->to : to;
        }
    }
    for (size_t i = 0; i < b->n; i++) {
        struct target *t = &b->target[i];
        if (!t->over && !t->part.stopped && t->part.position < to && t->part.position < t->to) {
            part[n++] = &t->part;
        }
    }
    b->base = least > b->first ? least - b->first : 0;
    replay_parts(b->replay, part, n);
    *ret_from = least;
    *ret_to = to;
    return true;
}

/* A damaged row: the whole generation is dropped, once. */
static int judge_spoiled(struct build *b, bool *ret_any, struct err *err) {
    *ret_any = false;
    for (size_t i = 0; i < b->n; i++) {
        struct target *t = &b->target[i];
        if (!t->base.spoiled) continue;
        if (t->begun) {
            return err_set(err, ERR_CORRUPT, "what is stored of '%s' is damaged", t->projection->name);
        }
        t->base.spoiled = false;
        t->begun = t->afresh = t->lost = *ret_any = true;
    }
    return 0;
}

static int run_chunk(struct build *b, uint64_t from, uint64_t to, struct err *err) {
    const struct replay_limits limits = {.bytes_max = b->tuning->chunk_bytes,
                                         .rows_max = b->tuning->chunk_rows,
                                         .stop = b->options->stop,
                                         .progress = show,
                                         .progress_ctx = b};
    bool spoiled = false;
    uint64_t came = from;
    struct err why = {0};
    int folded = replay_run(b->replay, to, &limits, &came, &why);
    bool damaged = err_is_damage(folded); /* what is before it is good */
    db_rest(b->txn);
    int rc = finish_jobs(b, err);
    if (rc == 0 && folded != 0 && !damaged) rc = err_set(err, folded, "%s", why.msg);
    if (rc == 0) rc = judge_spoiled(b, &spoiled, err);
    if (rc == 0 && spoiled) {
        for (size_t i = 0; i < b->n; i++) { /* the others repeat the chunk */
            b->target[i].lost = true;
        }
        return begin_afresh(b, err);
    }
    if (rc == 0) rc = store_all(b, !damaged && came >= from + b->tuning->aside_min, err);
    return rc == 0 && damaged ? err_set(err, folded, "%s", why.msg) : rc;
}

static void measure(struct build *b) {
    b->first = UINT64_MAX;
    b->last = 0;
    for (size_t i = 0; i < b->n; i++) {
        const struct target *t = &b->target[i];
        if (!t->over) {
            b->first = t->part.position < b->first ? t->part.position : b->first;
            b->last = t->to > b->last ? t->to : b->last;
        }
    }
    b->first = b->first < b->last ? b->first : b->last;
}

int build_run(struct build *b, struct err *err) {
    uint64_t from, to;
    int rc = look(b, err);
    measure(b);
    replay_expect(b->replay, b->last);
    while (rc == 0) {
        if (!plan(b, &from, &to)) { /* unless the last part is lost */
            rc = finish_jobs(b, err);
            if (rc == 0) rc = look(b, err);
            if (rc != 0 || !plan(b, &from, &to)) break;
        }
        rc = run_chunk(b, from, to, err);
        if (rc == 0) rc = look(b, err);
    }
    finish_jobs(b, NULL);
    db_rest(b->txn);
    if (rc == 0 && b->options->progress != NULL && b->shown != 0) {
        b->options->progress(b->options->progress_ctx, b->last - b->first, b->last - b->first);
    }
    return rc;
}

/* ---- shadows ---- */

static int settle(struct build *b, bool swap, struct err *err) {
    struct db_txn *txn = NULL;
    int rc = db_begin(b->db, true, &txn, err);
    for (size_t i = 0; i < b->n && rc == 0; i++) {
        struct target *t = &b->target[i];
        struct store_record record;
        bool whole = !t->part.stopped && t->part.position >= t->to;
        if (!t->shadow || t->over || (swap && !whole)) continue;
        rc = store_get(txn, t->projection->name, &record, err);
        if (rc != 0 || !record.shadow.there || record.shadow.slot != t->gen.slot) {
            continue; /* another process has finished it */
        }
        record.current = swap ? record.shadow : record.current;
        record.shadow = (struct store_generation){0};
        rc = store_put(txn, t->projection->name, &record, err);
    }
    if (rc != 0) {
        db_abort(txn);
        return rc;
    }
    return db_commit(txn, err);
}

int build_swap(struct build *b, struct err *err) {
    return settle(b, true, err);
}

int build_forget(struct build *b, struct err *err) {
    return settle(b, false, err);
}
