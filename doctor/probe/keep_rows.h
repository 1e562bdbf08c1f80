/* What is stored of the projections: looked at in the same way by those who report it and those who mend it. */
#ifndef DOCTOR_PROBE_KEEP_ROWS_H
#define DOCTOR_PROBE_KEEP_ROWS_H

#include "ledger/log.h"

enum keep_ill {
    KEEP_STALE,   /* made by other code, or stopped at an event that can be read: its view says that too */
    KEEP_DAMAGED, /* a stored row cannot be read */
};

/* Calls `ill` for each projection (by its place in projection_all) with which something is wrong. Reads at most `most` rows of
 * all of them, and writes nothing. `stop` may be NULL. */
int keep_rows_look(struct ledger *ledger, uint64_t most, const volatile int *stop,
                   void (*ill)(void *ctx, size_t projection, enum keep_ill ill), void *ctx, struct err *err);

#endif
