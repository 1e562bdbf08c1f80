/* Where a commit looks up idempotency keys that are older than those in its memory: in the key segments of derived data,
 * or, when those are not to be had (another process holds derived data up, or it cannot be written), in a stand-in: the
 * same segments, built from the evidence in a scratch place of this process. So no append needs derived data. */
#ifndef LEDGER_DEDUP_KEYS_OLDER_H
#define LEDGER_DEDUP_KEYS_OLDER_H

#include "ledger/dedup/segments.h"

/* Makes sure, before a commit, that older keys can be looked up. Under ledger->write.lock. It takes a moment when
 * derived data was deleted, and as long as reading the log when a stand-in has to be built. */
int keys_older_ready(struct ledger *ledger, const struct head *head, struct err *err);
/* What can be looked into by a commit that begins with this view; *ret is NULL when nothing is needed. Only what somebody
 * vouches for is found in it. 1: it is not enough any more, for others have committed meanwhile, or nobody does. The same.
 */
int keys_older_view(struct ledger *ledger, struct core_view *truth, struct segments_view **ret, struct err *err);

#endif
