/* Says what killed runs of packs left. */
#ifndef CLI_VIEW_LEFT_H
#define CLI_VIEW_LEFT_H

#include "cli/call/cli.h"

struct ledger;

/* Removes their files, and with an actor records their end; a note for each. A failure is only warned of. */
void left_note(struct cli *cli, struct ledger *ledger, const char *actor);

#endif
