/* Trust in the ledger at hand: what init, trust add and restore write into the trust file. */
#ifndef CLI_TRUSTTHIS_H
#define CLI_TRUSTTHIS_H

#include "ledger/ledger.h"
#include "ledger/policy.h"

/* Has the policy a log key, genesis leaf or head of this origin? NULL has nothing. */
bool trustthis_known(const struct policy *policy, struct bytes origin);
/* Adds the ledger's log key, genesis leaf and head to the trust file. ERR_CONFLICT, changing nothing, when the file knows
 * another ledger of this origin, or another head of the same size or a larger one. */
int trustthis_add(struct ledger *ledger, const char *path, struct err *err);
/* Raises the head of an origin. Never lowers it. */
int trustthis_raise(const char *path, const char *origin, const struct ledger_head *head, struct err *err);

#endif
