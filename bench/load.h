/* What the slices of the bench work on: drafts that were made beforehand, so that making them is never timed, and the bytes
 * that the ledger stored for them, read back, so that a baseline writes or hashes exactly those. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "bench/workload.h"

#define LOAD_COMMIT 1000  /* events per durable commit */
#define LOAD_SLICE  66000 /* events in one slice at most: one segment of idempotency keys and a bit */

/* Drafts of events [from, from + n) of the reference workload. */
struct load {
    struct workload *w;
    size_t n, cap;
};
int load_make(struct load *load, uint64_t from, size_t n, bool keyed, struct err *err);
void load_done(struct load *load);

/* Appends them, LOAD_COMMIT a commit, the last one shorter. *ret_s: seconds from the first draft to the last commit. */
int load_append(const struct load *load, struct ledger *ledger, double *ret_s, struct err *err);
/* Appends events [from, from + n) without timing, in slices of bounded memory. */
int load_fill(struct ledger *ledger, uint64_t from, uint64_t n, bool keyed, struct err *err);

struct wire_event {
    size_t at, header_n, payload_n; /* header, then payload, at this place of the bytes */
    uint8_t salt[LOG_HASH];
};
struct wire {
    struct buf bytes;
    struct wire_event *event;
    size_t n, cap;
};
void wire_init(struct wire *wire);
void wire_done(struct wire *wire);
/* Reads events [from, from + n) of a ledger. ERR_INVALID when one of them has private fields: the workload has none. */
int wire_read(struct wire *wire, struct ledger *ledger, uint64_t from, size_t n, struct err *err);
/* Header and payload of one event, as one piece. */
struct bytes wire_at(const struct wire *wire, size_t i);

#endif
