/* A decision that says no, as an answer. */
#ifndef CLI_PACKS_REFUSAL_H
#define CLI_PACKS_REFUSAL_H

#include "cli/call/cli.h"
#include "projections/view/decision.h"

/* "refused: REASON (events 4, 9)", and EXIT_NO. */
int refusal_print(const struct cli *cli, const struct decision *no);

#endif
