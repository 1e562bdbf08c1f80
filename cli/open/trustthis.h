/* Trust in the ledger at hand: what init, trust add and restore write into the trust file. */
#ifndef CLI_OPEN_TRUSTTHIS_H
#define CLI_OPEN_TRUSTTHIS_H

#include "ledger/log.h"
#include "ledger/trust/policy.h"

/* Has the policy a log key, genesis leaf or head of this origin? NULL has nothing. */
bool trustthis_known(const struct policy *policy, struct bytes origin);
/* How what contradicts the trust file is trusted all the same: the end of each message that refuses it. */
#define TRUSTTHIS_INSTEAD "; 'ledger trust add --replace' trusts the new one in its place"

/* What gave way, for a sentence: "the head of size 5, the first event"; "" when nothing did. */
#define TRUSTTHIS_WORDS 128

/* Adds the ledger's log key, genesis leaf and head to the trust file. What the file knows of this origin and contradicts it
 * (another log key of its name, another genesis leaf, a head that is not of this history or beyond its end) is
 * ERR_CONFLICT, changing nothing, when `gave_way` is NULL, and is replaced otherwise. */
int trustthis_add(struct ledger *ledger, const char *path, char gave_way[TRUSTTHIS_WORDS], struct err *err);
/* Raises the head of an origin. Never lowers it. */
int trustthis_raise(const char *path, const char *origin, const struct log_head *head, struct err *err);

#endif
