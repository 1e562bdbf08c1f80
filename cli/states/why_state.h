/* Why an entity is in its state: `ledger why pack/pdf-ops-pack`. */
#ifndef CLI_STATES_WHY_STATE_H
#define CLI_STATES_WHY_STATE_H

#include "cli/call/cli.h"
#include "cli/print/when.h"

/* Is the text the name of an entity, rather than a seq? */
bool why_state_is(const char *text);
/* Explains it as of `at` (NULL: now). Returns the exit code. */
int why_state(struct cli *cli, const char *text, const char *at, enum when_style style);

#endif
