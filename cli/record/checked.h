/* Appends a step only if it is legal, as the projections judge it inside the write transaction. */
#ifndef CLI_RECORD_CHECKED_H
#define CLI_RECORD_CHECKED_H

#include "ledger/log.h"
#include "projections/decide/decide.h"

/* Like log_append. ERR_CONFLICT, with the reason and the sequence numbers behind it: a step that is not legal, or a promotion
 * without a full pass; nothing is written. A draft that exists already (by its key) is not judged again. ret_note: what the
 * judge could not decide; "" for nothing. */
#define CHECKED_NOTE_MAX 128
int checked_append(struct ledger *ledger, const struct log_draft *draft, struct log_receipt *ret, struct log_head *ret_head,
                   char ret_note[CHECKED_NOTE_MAX], struct err *err);
/* Only the judgement, in the current states. */
int checked_ask(struct ledger *ledger, const struct log_draft *draft, struct decision *ret, struct err *err);

#endif
