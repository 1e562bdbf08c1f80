/* What segments.c (builds) and segments_find.c (looks up, checks) share. */
#ifndef LEDGER_DEDUP_SEGMENTS_FORMAT_H
#define LEDGER_DEDUP_SEGMENTS_FORMAT_H

#include "ledger/core/core.h"
#include "ledger/dedup/hints.h"

#define SEGMENTS_ENTRY 12 /* be64 hash, be32 seq - first */

struct segments_state {
    uint8_t genesis[EVENT_HASH], root[EVENT_HASH];
    uint64_t covered;
};

struct segments_pair {
    uint64_t hash, seq;
};

struct segments_list {
    struct segments_pair *pair; /* owned */
    size_t n, cap;
};

/* The recorded state of the segments; all zero if there is none. ERR_CORRUPT: it does not parse. */
int segments_state_get(struct db_txn *txn, struct segments_state *ret, struct err *err);
/* False: built from other evidence (a restored copy, a log that was cut back), so they do not apply to this one. */
int segments_origin(struct ledger *ledger, const struct segments_state *state, bool *ret_ours, struct err *err);
/* The pairs of events [first, first + CORE_SEGMENT), sorted. The list's memory is reused. */
int segments_collect(struct ledger *ledger, uint64_t first, struct segments_list *list, struct err *err);

#endif
