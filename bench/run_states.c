/* States: building all projections from the log, against verifying the same log on one thread; a read that is one event
 * behind, against a bare LMDB commit; and a read as of the middle of the log, against a complete rebuild. */
#include <stdlib.h>

#include "bench/bench.h"
#include "projections/store/rebuild.h"
#include "projections/view/state.h"

#define ROUNDS         3
#define ROUNDS_LARGE   1
#define LARGE          3000000 /* events */
#define READS          200
#define PASTS          30
#define TARGET_REBUILD 0.2 /* five times the time of a verification */
#define TARGET_CATCH   2   /* half the time of a commit */
#define TARGET_PAST    50

static int rebuild_once(struct bench *b, double *ret_s, struct err *err) {
    struct state_options options;
    state_options_init(&options);
    double start = metric_now();
    int rc = rebuild_run(b->ledger, &options, UINT32_MAX, err);
    *ret_s = metric_now() - start;
    return rc;
}

static int verify_once(struct bench *b, double *ret_s, struct err *err) {
    static struct log_report report; /* large */
    double start = metric_now();
    int rc = log_verify(b->ledger, &(struct log_verify_options){.threads = 1}, &report, err);
    *ret_s = metric_now() - start;
    return rc;
}

static int rebuild(struct bench *b, uint64_t size, double *ret_s, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    int rc = pairs != NULL ? 0 : ERR_NOMEM, rounds = size > LARGE ? ROUNDS_LARGE : ROUNDS;
    for (int i = 0; i < rounds && rc == 0; i++) {
        double ours = 0, theirs = 0;
        rc = rebuild_once(b, &ours, err);
        if (rc == 0) rc = verify_once(b, &theirs, err);
        metric_pairs_put(pairs, ours / (double)size, theirs / (double)size);
        *ret_s = ours;
    }
    if (rc == 0) {
        metric_rate(&b->table, "rebuild", "verify on one thread", pairs, TARGET_REBUILD);
    }
    metric_pairs_free(pairs);
    return rc;
}

/* Opens a view, reads one row of a table, closes it. *ret_found: there is one. */
static int look(struct bench *b, uint64_t at, const char *table, double *ret_s, bool *ret_found, struct err *err) {
    struct state_options options;
    struct state_view *view = NULL;
    struct state_rows *rows = NULL;
    const struct row *row;
    state_options_init(&options);
    options.at = at;
    double start = metric_now();
    int rc = state_open(b->ledger, &options, &view, err);
    if (rc == 0) rc = state_rows_open(view, state_table_find(view, table), NULL, 0, &rows, err);
    if (rc == 0) rc = state_rows_next(rows, &row, err);
    state_rows_close(rows);
    state_close(view);
    *ret_s = metric_now() - start;
    *ret_found = rc == 0;
    return rc == 1 ? 0 : rc;
}

/* Before each read, the stored rows are brought up to date and one event is appended; neither is timed. */
static int catch_up(struct bench *b, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    struct state_options options;
    struct load load = {0};
    struct wire wire;
    bool found;
    wire_init(&wire);
    state_options_init(&options);
    int rc = pairs != NULL ? 0 : ERR_NOMEM;
    for (int i = 0; i < READS && rc == 0; i++) {
        struct log_receipt receipt;
        double ours = 0, theirs = 0;
        rc = rebuild_catch_up(b->ledger, &options, err);
        if (rc == 0) rc = load_make(&load, b->next++, 1, false, err);
        if (rc == 0) rc = log_append(b->ledger, &load.w[0].draft, &receipt, NULL, err);
        if (rc == 0) rc = wire_read(&wire, b->ledger, receipt.seq, 1, err);
        if (rc == 0) rc = base_lmdb_one(b->lmdb, wire_at(&wire, 0), &theirs, err);
        if (rc == 0) rc = look(b, LOG_NO_SEQ, "models", &ours, &found, err);
        metric_pairs_put(pairs, ours, theirs);
    }
    if (rc == 0) {
        metric_time(&b->table, "catch_up", "one put and commit of bare LMDB", pairs, TARGET_CATCH);
    }
    metric_pairs_free(pairs);
    load_done(&load);
    wire_done(&wire);
    return rc;
}

/* Moments spread over the middle half, so that every distance between two stored versions occurs. */
static int past(struct bench *b, uint64_t size, double replay_s, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    bool found;
    int rc = pairs != NULL ? 0 : ERR_NOMEM;
    for (uint64_t i = 0; i < PASTS && rc == 0; i++) {
        double ours = 0;
        rc = look(b, size / 4 + size / 2 * i / PASTS, "runs", &ours, &found, err);
        metric_pairs_put(pairs, ours, replay_s / 2); /* half of the log, on average */
    }
    if (rc == 0) {
        metric_time(&b->table, "state_at", "folding the log up to there", pairs, TARGET_PAST);
    }
    metric_pairs_free(pairs);
    return rc;
}

int run_states(struct bench *b, struct err *err) {
    uint64_t size = 0;
    double replay_s = 0;
    int rc = bench_size(b->ledger, &size, err);
    if (rc == 0) rc = rebuild(b, size, &replay_s, err);
    if (rc == 0) rc = catch_up(b, err);
    if (rc == 0) rc = past(b, size, replay_s, err);
    return rc;
}
