/* Which weights are behind a model's name, as the ledger's own states know it.
 *
 * States are derived data, which recording never waits for: a thread of its own looks, and until it has, a digest is unknown. */
#ifndef CAPTURE_PROXY_NAMES_H
#define CAPTURE_PROXY_NAMES_H

#include "ledger/log.h"

#define NAMES_TEXT_MAX   200
#define NAMES_DIGEST_MAX 80

struct names;

/* The ledger must last until names_close. */
int names_open(struct ledger *ledger, struct names **ret, struct err *err);
/* Its digest is of interest from now on. */
void names_want(struct names *names, const char *model);
/* False: unknown, ambiguous, or not looked up yet. What is known is at most half a minute old, plus the time to look. */
bool names_get(struct names *names, const char *model, char ret[NAMES_DIGEST_MAX]);
void names_close(struct names *names); /* NULL is fine */

#endif
