/* Internal to `ledger setup`: the receiver of telemetry in sources.conf. */
#ifndef CLI_CAPTURE_SETUP_RECEIVER_H
#define CLI_CAPTURE_SETUP_RECEIVER_H

#include "cli/call/command.h"
#include "ledger/log.h"

struct setup_receiver {
    struct cli *cli;
    struct ledger *ledger;
    const char *address; /* ADDRESS:PORT; not needed to drop it */
    const char *actor;
};

/* Adds it to sources.conf, unless something listens there already or the address is another machine's, and says how it is started.
 * Returns 0, or an exit code after reporting. */
int setup_receiver_add(const struct setup_receiver *receiver);
/* Takes it out if setup added it, it is unchanged, and setup has no agent connected any more. The same. */
int setup_receiver_drop(const struct setup_receiver *receiver);

/* Says on standard error, after the intro, how a source (all: "") is started. */
void setup_say_start(const struct cli *cli, const char *intro, const char *name);

#endif
