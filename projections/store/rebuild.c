/* Brings what is stored up to date, and rebuilds it beside what is read. */
#include "projections/store/rebuild.h"

#include <string.h>

#include "projections/store/attested.h"
#include "projections/store/build.h"

struct job {
    struct ledger *ledger;
    const struct state_options *options;
    uint32_t which;
    int (*work)(struct db *db, const struct job *job, bool *ret_log, struct err *err);
};

/* A damaged one is rebuilt, once. */
static int try_derived(void *ctx, struct err *err) {
    const struct job *job = ctx;
    struct db *db;
    struct err why = {0};
    bool log = false; /* the damage is in the log */
    int rc = derived_open(job->ledger, true, &db, err);
    if (rc != 0) return rc;
    rc = job->work(db, job, &log, &why);
    if (rc == ERR_CORRUPT && !log) {
        rc = derived_renew(job->ledger, err);
        if (rc == 0) rc = derived_open(job->ledger, true, &db, err);
        if (rc == 0) rc = job->work(db, job, &log, err);
        return rc;
    }
    return rc != 0 ? err_set(err, rc, "%s", why.msg) : 0;
}

/* The job's work over the derived environment. */
static int with_derived(struct job *job, struct err *err) {
    return derived_work(job->ledger, try_derived, job, err);
}

/* ---- catching up ---- */

static int catch_up(struct db *db, const struct job *job, bool *ret_log, struct err *err) {
    const struct projection *const *list = state_list_of(job->options);
    struct build *build = NULL;
    int rc = build_open(job->ledger, db, job->options, &build, err);
    for (size_t i = 0; rc == 0 && i < PROJECTIONS_MAX && list[i] != NULL; i++) {
        rc = build_add(build, list[i], false, build_size(build), err);
    }
    if (rc == 0) rc = build_run(build, err);
    *ret_log = build != NULL && build_damaged(build) != LOG_NO_SEQ;
    build_close(build);
    if (rc == 0) rc = store_sweep(db, job->options->stop, err);
    return rc;
}

int rebuild_catch_up(struct ledger *ledger, const struct state_options *options, struct err *err) {
    struct job job = {.ledger = ledger, .options = options, .work = catch_up};
    return with_derived(&job, err);
}

/* ---- anew ---- */

static int build_shadows(struct db *db, const struct job *job, struct build *build, struct err *err) {
    const struct projection *const *list = state_list_of(job->options);
    uint64_t seq;
    const char *words;
    struct err why = {0};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < PROJECTIONS_MAX && list[i] != NULL; i++) {
        rc = (job->which >> i & 1U) != 0 ? build_add(build, list[i], true, build_size(build), err) : 0;
    }
    if (rc != 0) return rc;
    rc = build_run(build, &why);
    const struct projection *stopped = rc == 0 ? build_stopped(build, &seq, &words) : NULL;
    if (rc == 0) rc = build_swap(build, &why);
    if (rc == ERR_FULL || stopped != NULL) { /* frees space, and leaves no partial work */
        struct err ignored;
        if (build_forget(build, &ignored) == 0) {
            store_sweep(db, NULL, &ignored);
        }
    }
    if (rc == 0 && stopped != NULL) {
        return err_set(err, ERR_INVALID, "'%s' stops at event %llu: %s", stopped->name, (unsigned long long)seq, words);
    }
    return rc != 0 ? err_set(err, rc, "%s", why.msg) : store_sweep(db, job->options->stop, err);
}

static int run(struct db *db, const struct job *job, bool *ret_log, struct err *err) {
    struct build *build;
    int rc = build_open(job->ledger, db, job->options, &build, err);
    if (rc != 0) return rc;
    rc = build_shadows(db, job, build, err);
    *ret_log = build_damaged(build) != LOG_NO_SEQ;
    build_close(build);
    return rc;
}

int rebuild_run(struct ledger *ledger, const struct state_options *options, uint32_t which, struct err *err) {
    struct job job = {.ledger = ledger, .options = options, .which = which, .work = run};
    return with_derived(&job, err);
}

/* ---- dropping ---- */

void rebuild_distrust(struct ledger *ledger, const struct projection *projection, uint32_t slot) {
    struct db *db;
    struct db_txn *txn = NULL;
    struct store_record record;
    if (derived_open(ledger, false, &db, NULL) != 0 || db_begin(db, true, &txn, NULL) != 0) return;
    if (store_get(txn, projection->name, &record, NULL) == 0 && record.current.there && record.current.slot == slot) {
        record.current = (struct store_generation){0};
        if (store_put(txn, projection->name, &record, NULL) == 0) {
            db_commit(txn, NULL);
            return;
        }
    }
    db_abort(txn);
}

static int drop(struct db *db, const struct job *job, bool *ret_log, struct err *err) {
    struct db_txn *txn = NULL;
    (void)job;
    (void)ret_log;
    int rc = db_begin(db, true, &txn, err);
    if (rc == 0) rc = db_clear_prefix(txn, DERIVED_STATE, bytes_of("projection/"), err);
    if (rc == 0) rc = attested_drop(txn, err);
    if (rc != 0) {
        db_abort(txn);
        return rc;
    }
    rc = db_commit(txn, err);
    if (rc == 0) rc = store_sweep(db, NULL, err);
    return rc;
}

int rebuild_drop(struct ledger *ledger, struct err *err) {
    struct job job = {.ledger = ledger, .work = drop};
    struct db *db;
    if (derived_open(ledger, false, &db, NULL) == ERR_NOTFOUND) return 0;
    return with_derived(&job, err);
}
