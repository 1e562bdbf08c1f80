/* Idempotency keys that an append may rest on: collected from the events, or from runs that somebody vouches for (vouch.h).
 *
 * A run in evidence and a segment beside it are hints that whoever writes the files can change. So what is loaded
 * from them is held against a voucher, and where there is none the groups are unpacked, and their chain of leaves must lead
 * to the head that the commit continues from, or to an event that is proven up to the signed root. */
#ifndef LEDGER_DEDUP_KEYPROOF_H
#define LEDGER_DEDUP_KEYPROOF_H

#include "ledger/dedup/keys.h"

#define KEYPROOF_EVENTS 1024 /* whose runs have one voucher */

/* Calls `put` for each pair of events [from, to); for some before `from` in its group as well. `leaf`: of event from - 1,
 * when it is known; else NULL, and `from` is the first event of a group. ERR_TAMPERED: the events are not those of the
 * log. */
int keyproof_collect(struct ledger *ledger, struct db_txn *txn, const struct head *head, uint64_t from, uint64_t to,
                     const uint8_t *leaf, keyrun_put_fn *put, void *ctx, struct err *err);
/* Vouches in a database of hints for the runs of all that ledger->write.keys holds, as far as nobody does yet: the next
 * process need not unpack them. Best effort; may wait for other processes. When nobody appends any more. */
void keyproof_vouch(struct ledger *ledger, struct db *db);

/* What a process has written of a segment need not be collected: it is handed over to whoever builds segments. */
int keyproof_new(struct ledger *ledger, struct err *err);
void keyproof_done(struct ledger *ledger);
/* After the commit that has completed the segment which ends there. Under ledger->write.lock. */
void keyproof_hand_over(struct ledger *ledger, uint64_t end);
/* Calls `put` for its pairs, in no order, and lets go of them. 1: they are not there. Any thread. */
int keyproof_take(struct ledger *ledger, uint64_t first, keyrun_put_fn *put, void *ctx, struct err *err);

#endif
