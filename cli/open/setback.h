/* What every reader says first, and why nobody writes, when the database is not what is known of it. */
#ifndef CLI_OPEN_SETBACK_H
#define CLI_OPEN_SETBACK_H

#include "cli/call/cli.h"
#include "ledger/log.h"

/* Warns, in one line, when the copy of the head beside the database or, with `trust`, the user's trust file knows more
 * events of this ledger than there are, another root of as many, or another first event. Costs two small files; a known
 * head that is smaller is compared by `verify`. What cannot be read says nothing: the command itself will. */
void setback_warn(const struct cli *cli, struct ledger *ledger, bool trust);

/* The same for who is about to write, of the trust file alone: ERR_ROLLBACK with the ways out. Whoever signs over a ledger
 * that was set back makes a second history of it. The copy of the head is compared at the first commit. */
int setback_refuse(struct ledger *ledger, struct err *err);

#endif
