/* Trusting the current ledger: what init, trust add and restore write into the trust file. */
#ifndef CLI_OPEN_TRUSTTHIS_H
#define CLI_OPEN_TRUSTTHIS_H

#include "ledger/log.h"
#include "ledger/trust/policy.h"

/* Does the policy have a log key, genesis leaf or head of this origin? A NULL policy has none. */
bool trustthis_known(const struct policy *policy, struct bytes origin);
/* Ends each message that refuses a contradiction: how to trust it nevertheless. */
#define TRUSTTHIS_INSTEAD "; 'ledger trust add --replace' trusts the new one in its place"

/* What was replaced, for a sentence: "the head of size 5, the first event"; "" if nothing. */
#define TRUSTTHIS_WORDS 128

/* Adds the ledger's log key, genesis leaf and head to the trust file. If the file contradicts the ledger (a different log key
 * of its name, a different genesis leaf, a head that is not in its history or beyond its end): ERR_CONFLICT, and nothing
 * changes, if `gave_way` is NULL; else the old entries are replaced. */
int trustthis_add(struct ledger *ledger, const char *path, char gave_way[TRUSTTHIS_WORDS], struct err *err);
/* Raises the head of an origin. Never lowers it. */
int trustthis_raise(const char *path, const char *origin, const struct log_head *head, struct err *err);

#endif
