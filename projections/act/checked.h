/* Appends steps only if they are legal, as the projections judge it inside the write transaction. */
#ifndef PROJECTIONS_ACT_CHECKED_H
#define PROJECTIONS_ACT_CHECKED_H

#include "ledger/log.h"
#include "projections/decide/decide.h"

/* What must hold in the states as they are when the batch is written: says no in `ret`, which is a yes before, or leaves it. */
typedef int checked_fn(void *ctx, struct state_view *view, struct decision *ret, struct err *err);

/* Like log_batch_commit, if `may` does not say no. *ret_decision: what it said; a yes if it was not asked. ERR_CONFLICT, with the
 * reason and the sequence numbers behind it: it said no, and nothing was written. Drafts that all exist already (by their keys) are
 * not judged again. */
int checked_commit(struct ledger *ledger, struct log_batch *batch, checked_fn *may, void *ctx, struct log_receipt *receipts,
                   struct log_head *ret_head, struct decision *ret_decision, struct err *err);

/* The same for one who commits again and again: `kept` as of state_ask_again. */
int checked_commit_again(struct ledger *ledger, struct log_batch *batch, checked_fn *may, void *ctx,
                         struct state_view **kept, struct log_receipt *receipts, struct decision *ret_decision,
                         struct err *err);

/* Like log_append, if the step is legal. A step of T3 that names a tripcode uses it up in the same transaction
 * (recovery.tripcode_used, right before the step); when it is refused, that is recorded (recovery.tripcode_refused). ERR_CONFLICT
 * as above: a step that is not legal, or a promotion without a full pass; nothing else is written. A draft that exists already is
 * not judged again. ret_note: what the judge could not decide; "" for nothing. */
#define CHECKED_NOTE_MAX 128
int checked_append(struct ledger *ledger, const struct log_draft *draft, struct log_receipt *ret, struct log_head *ret_head,
                   char ret_note[CHECKED_NOTE_MAX], struct err *err);
/* Records that a tripcode was refused, for those who write a step in a batch of their own. The refusal stands whether or not
 * that can be recorded. Of the draft the subject, run, actor, source and the body's digest are read. */
void checked_refused(struct ledger *ledger, const struct log_draft *step, struct bytes id, const struct decision *refused);
/* Only the judgement, in the current states. */
int checked_ask(struct ledger *ledger, const struct log_draft *draft, struct decision *ret, struct err *err);
/* For what is written in another way than by checked_append: ERR_CONFLICT, with the reason, if LOCKDOWN is on and forbids events
 * of this kind. A LOCKDOWN that comes in after the answer does not count for what follows it. */
int checked_unlocked(struct ledger *ledger, const char *kind, struct err *err);

#endif
