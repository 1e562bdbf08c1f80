/* Idempotency keys: a second ledger in which every event has a random key gets as many events as the first one, and then
 * both continue in turns. A slice is as long as the ledger's own period (65,536 keys make one sorted segment), so that each
 * slice pays for the work that occurs once a period. */
#include "bench/bench.h"

#define SLICES       8
#define SLICES_SMALL 4
#define SLICE_SMALL  (5 * LOAD_COMMIT)
#define SMALL        50000 /* smaller scales use small slices */
#define TARGET       0.6

int run_keyed(struct bench *b, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    struct load load = {0};
    size_t slice = b->scale < SMALL ? SLICE_SMALL : LOAD_SLICE;
    int slices = b->scale < SMALL ? SLICES_SMALL : SLICES;
    int rc = pairs != NULL ? 0 : ERR_NOMEM;
    if (rc == 0) rc = bench_ledger_new(b, "keyed", &b->keyed, err);
    if (rc == 0) rc = load_fill(b->keyed, 0, b->scale, true, err);
    b->keyed_next = b->scale;
    for (int i = 0; i < slices && rc == 0; i++) {
        double ours = 0, theirs = 0;
        rc = load_make(&load, b->keyed_next, slice, true, err);
        if (rc == 0) rc = load_append(&load, b->keyed, &ours, err);
        if (rc == 0) rc = load_make(&load, b->next, slice, false, err);
        if (rc == 0) rc = load_append(&load, b->ledger, &theirs, err);
        b->keyed_next += slice;
        b->next += slice;
        metric_pairs_put(pairs, ours / (double)slice, theirs / (double)slice);
    }
    struct log_stats stats;
    if (rc == 0) rc = log_stats(b->keyed, &stats, err);
    if (rc == 0) {
        metric_rate(&b->table, "append_batch_keyed", "append_batch", pairs, TARGET);
        double bytes = (double)(stats.evidence_bytes + stats.derived_bytes + stats.artifact_bytes);
        metric_row(&b->table,
                   &(struct metric_row){.name = "size_keyed", .unit = "B/event", .value = bytes / (double)stats.events});
    }
    metric_pairs_free(pairs);
    load_done(&load);
    return rc;
}
