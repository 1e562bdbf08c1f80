/* Guards: a condition on what the log says, judged inside the write transaction that writes the batch, so that nothing
 * comes between the judgement and the step that rests on it. Two guarded batches at the same time, in one process or in
 * several, are judged one after the other, and the second one's judge sees what the first one wrote.
 *
 *   write lock · head · are all events of the batch there already? · judge · the batch · seal · commit
 *
 * For the rooms above that judge states; not part of the public face. */
#ifndef LEDGER_WRITE_GUARD_H
#define LEDGER_WRITE_GUARD_H

#include "ledger/log.h"

/* `judge` is called by the thread that commits the batch, before any event of it gets its seq, with the size of the log:
 * until the judge returns, a reader opened now sees exactly those events. 0: the batch may be written. Otherwise nothing of
 * it is, log_batch_commit returns the code and the message, and no other request is affected: ERR_CONFLICT is for a
 * condition that does not hold (any positive number counts as that), other ERR_* for one that could not be judged.
 *
 * The judge may read: ledger readers, read transactions of both environments. It must not append to this ledger, begin a
 * write transaction or take the handle's locks for writing: its thread holds them. All other writers on the machine wait
 * for it, so it should do only what cannot be done earlier.
 *
 * A batch whose events are all there already (by their keys) is not judged: it gets the first receipts, as always. A
 * guarded batch has a commit to itself. NULL removes the guard; so do a successful commit and log_batch_clear. */
void guard_set(struct log_batch *batch, int (*judge)(void *ctx, uint64_t size, struct err *err), void *ctx);

#endif
