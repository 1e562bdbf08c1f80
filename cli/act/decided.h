/* An event that records a decision: written only if the states inside the write transaction still give that decision, so
 * that what is recorded was true when it was. */
#ifndef CLI_ACT_DECIDED_H
#define CLI_ACT_DECIDED_H

#include "ledger/log.h"
#include "projections/view/state.h"

/* Decides, and appends the event's body: the same bytes for the same states. */
typedef int decided_fn(void *ctx, struct state_view *view, struct buf *body, struct err *err);

/* The decision as of now, without writing anything. */
int decided_ask(struct ledger *ledger, decided_fn *ask, void *ctx, struct buf *body, struct err *err);
/* Writes the draft with the decision's body, which is appended to `body`. When the states change in between it is decided
 * anew, a few times; ERR_CONFLICT: they kept changing, or LOCKDOWN is on. `by_content`: the same decision about the same subject is written
 * once, and the receipt is the first one's. */
int decided_append(struct ledger *ledger, struct log_draft *draft, bool by_content, decided_fn *ask, void *ctx,
                   struct buf *body, struct log_receipt *ret, struct log_head *ret_head, struct err *err);

#endif
