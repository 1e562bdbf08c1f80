/* Stored rows of one generation as what rows in memory stand on, and whether a generation may be used at all. */
#ifndef PROJECTIONS_STORED_H
#define PROJECTIONS_STORED_H

#include "projections/replay.h"
#include "projections/state.h"
#include "projections/store.h"

/* Gives rows to a struct rows, whose base it is. */
struct stored {
    const struct projection *projection;
    struct db_txn *txn; /* NULL: there are none */
    uint32_t slot;
    uint64_t bound;
    const struct rows *above; /* rows that are just being stored, which come first. May be NULL */
    bool spoiled;             /* something was read that is no row */
    struct row *row;          /* scratch */
};
/* A rows_base's get over a struct stored. */
int stored_get(void *stored, size_t table, struct bytes key, struct buf *out, struct err *err);
void stored_done(struct stored *stored);

enum stored_use {
    STORED_NOT,   /* nothing, or of another log, or of other segments */
    STORED_STALE, /* made by other code */
    STORED_GOOD
};
int stored_judge(const struct store_generation *generation, const struct projection *projection, uint64_t segment,
                 struct replay *replay, enum stored_use *ret, struct err *err);

/* What holds for these options. */
const struct state_tuning *stored_tuning(const struct state_options *options);

#endif
