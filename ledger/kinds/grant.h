/* What an event about a permission must say before it is sealed, because a guard relies on it. */
#ifndef LEDGER_KINDS_GRANT_H
#define LEDGER_KINDS_GRANT_H

#include "ledger/log.h"

#define GRANT_COUNT_MAX 1000000 /* uses that one event may stand for */

/* Whether the draft may have this open body. A grant, a denial or a revocation: its scope has no fault
 * (ledger/kinds/scope.h). These and an agent's answer: no limit in it is null, which would mean "unknown", and its session
 * is not empty; one that holds until a time names the time; and a grant for a session names the session, or its run. A use:
 * it stands for 1 to GRANT_COUNT_MAX uses. ERR_INVALID, with a message. */
int grant_check(const struct log_draft *draft, struct bytes body, struct err *err);
/* What is refused when typed but accepted from a source that reports what happened: an answer whose scope has a fault,
 * which the fold counts on the safe side, and a denial or revocation with the limits of a grant. ERR_INVALID, with a
 * message. */
int grant_check_typed(const struct log_draft *draft, struct err *err);
/* Whether this field limits nothing: a refusal (permission.denied, permission.revoked) holds for all of its scope until a
 * newer grant. */
bool grant_is_idle(struct bytes kind, struct bytes field);

#endif
