/* Where a commit looks up idempotency keys that are older than those in memory: in the key segments of derived data or, if
 * those are not available (another process blocks derived data, or it cannot be written), in a stand-in: the same segments,
 * built from the evidence in a scratch database of this process. So no append needs derived data. */
#ifndef LEDGER_DEDUP_KEYS_OLDER_H
#define LEDGER_DEDUP_KEYS_OLDER_H

#include "ledger/dedup/segments.h"

/* Makes sure, before a commit, that older keys can be looked up. Under ledger->write.lock. Takes a moment if derived data
 * was deleted, and as long as reading the log if a stand-in has to be built. */
int keys_older_ready(struct ledger *ledger, const struct head *head, struct err *err);
/* The segments for a commit that begins with this view; *ret is NULL if none are needed. Lookups find only vouched-for keys.
 * 1: not enough any more, because others have committed meanwhile or there is no voucher. Under the same lock. */
int keys_older_view(struct ledger *ledger, struct core_view *truth, struct segments_view **ret, struct err *err);

#endif
