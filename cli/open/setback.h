/* A database that contradicts what is known of it: readers warn, writers refuse. */
#ifndef CLI_OPEN_SETBACK_H
#define CLI_OPEN_SETBACK_H

#include "cli/call/cli.h"
#include "ledger/log.h"

/* Warns on one line if the copy of the head beside the database or, with `trust`, the user's trust file knows of more events
 * than the ledger has, a different root at the same size, or a different first event. Reads two small files; a smaller known
 * head is compared by `verify`. Read errors are not reported here: the command itself does. */
void setback_warn(const struct cli *cli, struct ledger *ledger, bool trust);

/* The same before writing, for the trust file only: ERR_ROLLBACK, with what to do. Signing over a ledger that was set back
 * would create a second history. The copy of the head is compared at the first commit. */
int setback_refuse(struct ledger *ledger, struct err *err);

#endif
