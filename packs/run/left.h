/* What killed runs left: their files are removed, and their end is recorded by whoever may write. */
#ifndef PACKS_RUN_LEFT_H
#define PACKS_RUN_LEFT_H

#include "packs/run/place.h"

struct ledger;

struct left_run {
    const char *id;
    uint64_t files; /* that were removed */
    bool begun;     /* it was recorded as begun, and not as ended */
    uint64_t seq;   /* the event that ends it now; LOG_NO_SEQ: none was written */
};
typedef void left_told_fn(void *ctx, const struct left_run *run);

/* `actor` NULL: writes nothing to the ledger, so that runs which began are told again next time. `told` may be NULL. */
int left_sweep(struct ledger *ledger, const char *actor, left_told_fn *told, void *ctx, struct err *err);

#endif
