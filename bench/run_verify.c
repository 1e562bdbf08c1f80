/* Verifying everything, against only hashing the same inputs on one thread. The baseline hashes a piece of the evidence
 * just before and just after each verification; a piece represents the whole, since the cost per event is constant, and
 * fits in memory. */
#include <stdio.h>

#include "bench/bench.h"

#define ROUNDS       5
#define ROUNDS_LARGE 2
#define LARGE        3000000 /* events */
#define PIECE        60000   /* events */
#define TARGET       1.0

static int verify_once(struct bench *b, uint64_t size, struct log_report *report, double *ret_s, struct err *err) {
    double start = metric_now();
    int rc = log_verify(b->ledger, &(struct log_verify_options){0}, report, err);
    double took = metric_now() - start;
    if (rc == 0 && report->verdict != LOG_GOOD && report->verdict != LOG_NOT_ANCHORED) {
        const char *why = report->n_findings > 0 ? report->findings[0].reason : "no finding";
        rc = err_set(err, ERR_TAMPERED, "the ledger does not verify: %s", why);
    }
    if (rc == 0) {
        *ret_s = took / (double)size;
    }
    return rc;
}

int run_verify(struct bench *b, struct err *err) {
    static struct log_report report; /* large */
    struct metric_pairs *pairs = metric_pairs_new(err);
    struct wire wire;
    uint64_t size = 0;
    wire_init(&wire);
    int rc = pairs != NULL ? 0 : ERR_NOMEM;
    if (rc == 0) rc = bench_size(b->ledger, &size, err);
    uint64_t piece = size < PIECE ? size : PIECE;
    int rounds = size > LARGE ? ROUNDS_LARGE : ROUNDS;
    for (int i = 0; i < rounds && rc == 0; i++) {
        double ours = 0, before = 0, after = 0;
        rc = wire_read(&wire, b->ledger, (size - piece) / (uint64_t)rounds * (uint64_t)i, (size_t)piece, err);
        if (rc == 0) rc = base_sha256(&wire, &before, err);
        if (rc == 0) rc = verify_once(b, size, &report, &ours, err);
        if (rc == 0) rc = base_sha256(&wire, &after, err);
        metric_pairs_put(pairs, ours, (before + after) / 2 / (double)piece);
    }
    if (rc == 0) {
        metric_rate(&b->table, "verify", "bare SHA-256, one thread", pairs, TARGET);
    }
    metric_pairs_free(pairs);
    wire_done(&wire);
    return rc;
}
