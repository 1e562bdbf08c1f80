/* Upcasters: between the log and the folds, a body of an older schema becomes one of its kind's current schema. The log
 * itself is never rewritten. Each step leads from one schema version to the next. */
#ifndef PROJECTIONS_FOLD_UPCAST_H
#define PROJECTIONS_FOLD_UPCAST_H

#include "ledger/log.h"

struct upcast {
    const char *kind;
    uint32_t from; /* schema version that it takes; it gives from + 1 */
    /* Appends the new canonical body map. */
    int (*apply)(struct bytes body, struct buf *out, struct err *err);
};

/* The program's own table: upcast.def. */
extern const struct upcast upcast_all[];
extern const size_t upcast_count;

/* *ret_body: the body at schema `to` (the catalog's), borrowed from `event` when there is nothing to do, else from the two
 * scratch buffers. ERR_VERSION: the event is newer than `to`, or a step is missing. */
int upcast_body(const struct upcast *steps, size_t n, const struct log_event *event, uint32_t to, struct buf scratch[2],
                struct bytes *ret_body, struct err *err);

#endif
