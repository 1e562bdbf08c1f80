/* Idempotency keys that an append may rely on: collected from the events, or from runs with a voucher (vouch.h).
 *
 * A run in the evidence and a segment beside it are hints that anyone who can write the files can change. So what is loaded
 * from them is checked against a voucher. Without one the groups are unpacked, and their chain of leaves must lead to the
 * head that the commit continues from, or to an event that is proven up to the signed root. */
#ifndef LEDGER_DEDUP_KEYPROOF_H
#define LEDGER_DEDUP_KEYPROOF_H

#include "ledger/dedup/keys.h"

#define KEYPROOF_EVENTS 1024 /* that share one voucher for their runs */

/* Calls `put` for each pair of events [from, to), and for some before `from` in its group. `leaf`: of event from - 1 if
 * known; else NULL, and `from` is the first event of a group. ERR_TAMPERED: the events are not those of the log. */
int keyproof_collect(struct ledger *ledger, struct db_txn *txn, const struct head *head, uint64_t from, uint64_t to,
                     const uint8_t *leaf, keyrun_put_fn *put, void *ctx, struct err *err);
/* Writes vouchers, into a database of hints, for the runs of all keys in ledger->write.keys that have none, so that the next
 * process need not unpack them. Best effort; may wait for other processes. For when appends have ended. */
void keyproof_vouch(struct ledger *ledger, struct db *db);

/* Keys that this process has written of a segment are handed over to the builder of segments: they need no collecting. */
int keyproof_new(struct ledger *ledger, struct err *err);
void keyproof_done(struct ledger *ledger);
/* After the commit that has completed the segment which ends there. Under ledger->write.lock. */
void keyproof_hand_over(struct ledger *ledger, uint64_t end);
/* Calls `put` for its pairs, in no order, and frees them. 1: they are not here. Any thread. */
int keyproof_take(struct ledger *ledger, uint64_t first, keyrun_put_fn *put, void *ctx, struct err *err);

#endif
