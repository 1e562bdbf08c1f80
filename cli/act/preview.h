/* Previews a draft: what would be written, and how it relates to the log. */
#ifndef CLI_ACT_PREVIEW_H
#define CLI_ACT_PREVIEW_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "ledger/log.h"

/* Prints what an append of the draft would write, as one JSON object, and writes nothing. `checked`: with the answer of
 * --checked. `ledger` NULL: there is none, and what depends on it is null. Returns the append's exit code: 1 if a condition
 * does not hold. *ret_new: would it become a new event? Unchanged on failure. */
int preview_print(struct cli *cli, struct ledger *ledger, const struct log_draft *draft, bool checked, bool *ret_new);
/* The members of every preview: kind to key, the body, and private fields, if any. */
void preview_put(struct obj *obj, const struct log_draft *draft, struct bytes body, struct bytes private_);
/* In which parts the event with the draft's key differs: "body, subject"; empty: in none, or unknown because its content was
 * erased. */
#define PREVIEW_PARTS_MAX 128
int preview_differs(struct ledger *ledger, const struct log_draft *draft, uint64_t seq, char ret[PREVIEW_PARTS_MAX],
                    struct err *err);
/* The judgement of a step holds for no other step with the same key: ERR_CONFLICT if the draft differs from the event with its
 * key, or if that event's body was erased, so that it is unknown. */
int preview_same(struct ledger *ledger, const struct log_draft *draft, uint64_t seq, struct err *err);

#endif
