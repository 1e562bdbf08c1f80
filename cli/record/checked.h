/* Appending a step only when it is legal: what the projections say of it is judged inside the write transaction. */
#ifndef CLI_RECORD_CHECKED_H
#define CLI_RECORD_CHECKED_H

#include "ledger/log.h"
#include "projections/decide/decide.h"

/* Like log_append. ERR_CONFLICT, with the reason and the seqs that it rests on: a step that is not legal, or a promotion
 * without a full pass; nothing is written. A draft that is there already (by its key) is not judged again. What the judge
 * leaves open is in ret_note, "" for nothing. */
#define CHECKED_NOTE_MAX 128
int checked_append(struct ledger *ledger, const struct log_draft *draft, struct log_receipt *ret, struct log_head *ret_head,
                   char ret_note[CHECKED_NOTE_MAX], struct err *err);
/* The answer alone, of the states as they are now. */
int checked_ask(struct ledger *ledger, const struct log_draft *draft, struct decision *ret, struct err *err);

#endif
