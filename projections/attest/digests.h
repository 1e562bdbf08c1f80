/* Digests of states as events. */
#ifndef PROJECTIONS_ATTEST_DIGESTS_H
#define PROJECTIONS_ATTEST_DIGESTS_H

#include "projections/store/options.h"

/* Appends ledger.projection_attested for each projection of `which` that is neither stale nor stopped, as of one tree size.
 * *ret_n: how many. */
int rebuild_attest(struct ledger *ledger, const struct state_options *options, uint32_t which, const char *actor,
                   size_t *ret_n, struct err *err);

#endif
