/* The reference workload: what a busy local AI box writes, the same on every machine. 64 interleaved runs, each of 8 events
 * of 8 kinds; 8 model digests, 3 routes, 5% errors; bodies of about 350 bytes of msgpack.
 *
 * The bench room sees the whole house; the house never sees it. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "ledger/log.h"

#define WORKLOAD_RUNS  64
#define WORKLOAD_STEPS 8

struct workload {
    struct buf body; /* the event's body, canonical */
    char subject[64], run[40], key[40];
    const char *model, *route; /* what the body says, NULL if absent: what the baselines index */
    struct log_draft draft;    /* borrows from the members above */
};

void workload_init(struct workload *w);
void workload_done(struct workload *w);
/* Makes event i. With `keyed` it has a random-looking idempotency key of 32 digits. */
void workload_make(struct workload *w, uint64_t i, bool keyed);
/* Appends a draft as a line of JSON Lines, in the form that `ledger ingest jsonl` reads. `mp` is scratch. */
int workload_line(const struct log_draft *draft, struct buf *mp, struct buf *out, struct err *err);
/* Checks by the ledger's own sorting that the first n events contain nothing private and no secret. *ret_body_bytes: the
 * mean. */
int workload_check(uint64_t n, double *ret_body_bytes, struct err *err);

#endif
