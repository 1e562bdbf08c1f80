/* What an event about a permission must say before it is sealed, because a guard goes by it. */
#ifndef LEDGER_KINDS_GRANT_H
#define LEDGER_KINDS_GRANT_H

#include "ledger/log.h"

#define GRANT_COUNT_MAX 1000000 /* uses that one event may stand for */

/* Whether the draft may have this open body. A grant, a denial or a revocation: its scope has no fault
 * (ledger/kinds/scope.h). These and an agent's answer: nothing that limits it is null, which would say "unknown", nor
 * its session empty; one that holds until a time names it; and a grant for a session names that, or its run. A use: it stands for 1 to
 * GRANT_COUNT_MAX. ERR_INVALID, in words. */
int grant_check(const struct log_draft *draft, struct bytes body, struct err *err);
/* What is refused where somebody types it, and taken where a source says what happened: an answer whose scope has a fault,
 * which the fold counts on the safe side; and of a denial or revocation the limits of a grant. ERR_INVALID, in words. */
int grant_check_typed(const struct log_draft *draft, struct err *err);
/* A refusal (permission.denied, permission.revoked) holds for all of its scope until a newer grant: this field limits
 * nothing there. */
bool grant_is_idle(struct bytes kind, struct bytes field);

#endif
