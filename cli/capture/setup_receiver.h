/* Internal to `ledger setup`: the receiver of telemetry in sources.conf. */
#ifndef CLI_CAPTURE_SETUP_RECEIVER_H
#define CLI_CAPTURE_SETUP_RECEIVER_H

#include "capture/setup/record.h"
#include "cli/call/command.h"
#include "ledger/log.h"

struct setup_receiver {
    struct cli *cli;
    const struct setup_world *world;
    struct ledger *ledger;
    const char *address; /* ADDRESS:PORT; not needed to drop it */
    const char *actor;
    bool units; /* also its unit of systemd */
    bool named; /* by its own name: --undo drops it although agents are connected */
};

/* Could it be added now? An address that setup wrote is changed, unless agents that `keeps` says true of still send their telemetry to
 * it. Changes nothing. Returns 0, or an exit code after reporting. */
int setup_receiver_check(const struct setup_receiver *receiver, bool (*keeps)(void *ctx, const char *agent), void *ctx);

/* Adds it to sources.conf, or changes its address there, unless something listens at this one already; and says how it is started.
 * Returns 0, or an exit code after reporting. */
int setup_receiver_add(const struct setup_receiver *receiver);
/* Takes it out if setup added it, it is unchanged, and, unless it is named, setup lets no agent send telemetry any more. The same. */
int setup_receiver_drop(const struct setup_receiver *receiver);
/* The source of sources.conf that listens at this address, or else that setup added; false: there is none. */
bool setup_receiver_find(const struct setup_receiver *receiver, char ret_name[256], char ret_address[256]);

/* Says on standard error, after the intro, how a source (all: "") is started. */
void setup_say_start(const struct cli *cli, const char *intro, const char *name);

#endif
