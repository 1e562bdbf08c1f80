/* Rows that the log vouches for (attested.h), brought up to the newest event. */
#ifndef PROJECTIONS_ATTEST_ADVANCE_H
#define PROJECTIONS_ATTEST_ADVANCE_H

#include "projections/store/options.h"

#define ATTESTED_LAG_MAX 1024 /* events that are folded for each answer before a newer root is worth an event */

/* Folds what is missing, stores it and writes the event, unless the stored root is less than `lag` events old. For callers
 * about to ask more than once; never required. Not inside a write transaction of the ledger. */
int attested_advance(struct ledger *ledger, const struct state_options *options, uint64_t lag, struct err *err);

#endif
