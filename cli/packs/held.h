/* Copies that could not be removed, because somebody uses them. */
#ifndef CLI_PACKS_HELD_H
#define CLI_PACKS_HELD_H

#include "cli/call/cli.h"

struct ledger;

/* Notes that the copy `name` ("sha256-...") stays for now, and which runs use it. */
void held_note(struct cli *cli, struct ledger *ledger, const char *name);

#endif
