/* Which runs use a copy of the store. */
#ifndef PACKS_LIFE_IN_USE_H
#define PACKS_LIFE_IN_USE_H

#include "base/bytes.h"

struct ledger;

/* Appends "run ID, run ID" for the runs of this tree digest ("sha256:...") that began and did not end, as far as events say; nothing
 * when there are none: a check may use it. */
int in_use_by(struct ledger *ledger, struct bytes tree_digest, struct buf *out, struct err *err);

#endif
