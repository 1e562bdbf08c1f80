/* What the slices of the bench work on: drafts, made beforehand so that making them is never timed, and the bytes that the
 * ledger stored for them, read back so that a baseline writes or hashes exactly the same bytes. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "bench/workload.h"

#define LOAD_COMMIT 1000  /* events per durable commit */
#define LOAD_SLICE  66000 /* maximum events in a slice: slightly more than one segment of idempotency keys */

/* Drafts of events [from, from + n) of the reference workload. */
struct load {
    struct workload *w;
    size_t n, cap;
};
int load_make(struct load *load, uint64_t from, size_t n, bool keyed, struct err *err);
void load_done(struct load *load);

/* Appends them, LOAD_COMMIT per commit, the last one perhaps shorter. *ret_s: seconds from the first draft to the last
 * commit. */
int load_append(const struct load *load, struct ledger *ledger, double *ret_s, struct err *err);
/* Appends events [from, from + n) without timing, in slices of bounded memory. */
int load_fill(struct ledger *ledger, uint64_t from, uint64_t n, bool keyed, struct err *err);

struct wire_event {
    size_t at, header_n, payload_n; /* header, then payload, at this offset of the bytes */
    uint8_t salt[LOG_HASH];
};
struct wire {
    struct buf bytes;
    struct wire_event *event;
    size_t n, cap;
};
void wire_init(struct wire *wire);
void wire_done(struct wire *wire);
/* Reads events [from, from + n) of a ledger. ERR_INVALID if one of them has private fields; the workload has none. */
int wire_read(struct wire *wire, struct ledger *ledger, uint64_t from, size_t n, struct err *err);
/* Header and payload of one event as one block. */
struct bytes wire_at(const struct wire *wire, size_t i);

#endif
