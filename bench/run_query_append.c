/* Appending with the index built after it, against appending without, on two new ledgers in turns. A slice ends at the end
 * of an index segment, so that no work is deferred: the time runs until all events are in the index. */
#include <time.h>

#include "bench/run_query.h"

#define SEGMENT      65536 /* events in a full segment of the index */
#define SLICES       16
#define SLICES_SMALL 6
#define SMALL        100000 /* smaller scales take fewer */
#define WAIT_NS      200000
#define WAIT_MAX_S   60
#define TARGET       0.8

/* Waits until all events are in the index. */
static int until_covered(struct ledger *ledger, struct err *err) {
    uint64_t size = 0, covered = 0;
    double start = metric_now();
    int rc = bench_size(ledger, &size, err);
    while (rc == 0 && (rc = query_index_covered(ledger, &covered, err)) == 0 && covered < size) {
        if (metric_now() - start > WAIT_MAX_S) {
            return err_set(err, ERR_IO, "of %llu events the index has %llu after %d s", (unsigned long long)size,
                           (unsigned long long)covered, WAIT_MAX_S);
        }
        nanosleep(&(struct timespec){.tv_nsec = WAIT_NS}, NULL);
    }
    return rc;
}

/* Appends up to the end of a segment. *ret_s: per event. */
static int slice(struct ledger *ledger, struct load *load, uint64_t *next, bool indexed, double *ret_s, struct err *err) {
    uint64_t size = 0;
    double appended = 0;
    int rc = bench_size(ledger, &size, err);
    size_t n = (size_t)(SEGMENT - size % SEGMENT);
    if (rc == 0) rc = load_make(load, *next, n, false, err);
    *next += n;
    if (rc == 0) rc = load_append(load, ledger, &appended, err);
    double start = metric_now();
    if (rc == 0 && indexed) rc = until_covered(ledger, err);
    *ret_s = (appended + metric_now() - start) / (double)n;
    return rc;
}

int run_query_append(struct bench *b, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    struct ledger *plain = NULL, *indexed = NULL;
    struct load load = {0};
    uint64_t next[2] = {0, 0};
    int slices = b->scale < SMALL ? SLICES_SMALL : SLICES;
    int rc = pairs != NULL ? 0 : ERR_NOMEM;
    if (rc == 0) rc = bench_ledger_new(b, "plain", &plain, err);
    if (rc == 0) rc = bench_ledger_new(b, "indexed", &indexed, err);
    if (rc == 0) rc = query_index_follow(indexed, err);
    for (int i = 0; i < slices && rc == 0; i++) {
        double ours = 0, theirs = 0;
        rc = slice(indexed, &load, &next[0], true, &ours, err);
        if (rc == 0) rc = slice(plain, &load, &next[1], false, &theirs, err);
        metric_pairs_put(pairs, ours, theirs);
    }
    if (rc == 0) {
        metric_rate(&b->table, "append_batch_indexed", "append_batch without index", pairs, TARGET);
    }
    log_close(plain);
    log_close(indexed);
    load_done(&load);
    metric_pairs_free(pairs);
    return rc;
}
