/* The head record: all that an append needs to know about the events before it, in one record that every commit rewrites.
 * It caches what the events imply; `verify` recomputes and compares it. */
#ifndef LEDGER_EVENT_HEAD_H
#define LEDGER_EVENT_HEAD_H

#include "base/clock.h"
#include "ledger/event/event.h"
#include "ledger/tree/merkle.h"

struct head {
    uint64_t size, time;      /* number of events; time of the newest */
    uint64_t epoch;           /* number of the epoch key that seals now */
    uint64_t epoch_from;      /* it seals checkpoints of this size and up */
    uint64_t epoch_since;     /* clock reading when it was made; from older programs, the time of that event */
    uint8_t prev[EVENT_HASH]; /* leaf of the newest event, zero when there is none */
    uint8_t seed[EVENT_HASH]; /* of the group that event `size` belongs to, when size % 256 != 0; else zero */
    uint64_t wall, boot;      /* the two clocks at the last commit */
    uint8_t boot_id[CLOCK_BOOT_ID_LEN];
    uint64_t keyed_from;     /* keys of events before it are in derived segments; a multiple of 65,536 */
    struct merkle_edge edge; /* compact range [0, size) */
};

int head_encode(struct buf *out, const struct head *head);
int head_decode(struct bytes record, struct head *ret, struct err *err);

#endif
