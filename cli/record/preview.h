/* A draft before it is an event: what would be written, and how it stands to what is there. */
#ifndef CLI_RECORD_PREVIEW_H
#define CLI_RECORD_PREVIEW_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "ledger/log.h"

/* Prints what an append of the draft would write, as one JSON object, and writes nothing. `checked`: with the answer of
 * --checked. `ledger` NULL: there is none, and what depends on one is null. Returns the append's exit code: 1 where a
 * condition does not hold. *ret_new is set when it would become a new event, and untouched on failure. */
int preview_print(struct cli *cli, struct ledger *ledger, const struct log_draft *draft, bool checked, bool *ret_new);
/* The members that every preview has: kind to key, the body, and the private fields where there are any. */
void preview_put(struct obj *obj, const struct log_draft *draft, struct bytes body, struct bytes private_);
/* In which parts the event that has the draft's key is another one: "body, subject"; empty: in none, or it cannot be told
 * because its content was erased. */
#define PREVIEW_PARTS_MAX 128
int preview_differs(struct ledger *ledger, const struct log_draft *draft, uint64_t seq, char ret[PREVIEW_PARTS_MAX],
                    struct err *err);
/* A step that was judged under this key answers for no other one: ERR_CONFLICT when the draft differs from the event that
 * has its key, or when the event's body was erased and nobody can tell. */
int preview_same(struct ledger *ledger, const struct log_draft *draft, uint64_t seq, struct err *err);

#endif
