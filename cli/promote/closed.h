/* The gates that the newest answer says are closed. */
#ifndef CLI_PROMOTE_CLOSED_H
#define CLI_PROMOTE_CLOSED_H

#include "cli/call/cli.h"
#include "ledger/log.h"
#include "projections/rows/row.h"

/* Their names, "diff, snapshot"; nothing where the answer is not a refusal, or is not readable. */
int closed_names(struct ledger *ledger, const struct row *row, struct buf *out, struct err *err);
/* The command that helps the first of them, and asks them all again where that is what follows; nothing where no command helps. */
int closed_next(struct ledger *ledger, const struct row *row, struct buf *out, struct err *err);
/* A line for each, with its reason and below it the command that helps. `row` is judged. */
int closed_print(struct cli *cli, struct ledger *ledger, const struct row *row, struct err *err);
/* The line of one. */
void closed_print_one(struct cli *cli, const struct row *row, struct bytes gate, struct bytes value, struct bytes why);
/* The commands that the promotion's own findings name for that gate, below its line; `row` is judged. */
void closed_print_found(struct cli *cli, const struct row *row, struct bytes gate);

#endif
