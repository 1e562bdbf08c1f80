/* Internal to `ledger setup`: the servers of the Model Context Protocol that agents' settings name, as a table of their own. */
#ifndef CLI_CAPTURE_SETUP_SERVERS_H
#define CLI_CAPTURE_SETUP_SERVERS_H

#include "base/obj.h"
#include "capture/setup/setup.h"
#include "cli/call/command.h"

enum setup_servers_do { SETUP_SERVERS_LOOK, SETUP_SERVERS_APPLY, SETUP_SERVERS_UNDO };
struct setup_servers {
    struct cli *cli;
    const struct setup_world *world;
    struct ledger *ledger; /* NULL: there is none */
    const char *actor;
    const struct opt_args *args; /* names; those that are no servers' are skipped. None: all, but nothing is applied */
    enum setup_servers_do what;
    struct setup_server *ones;
    size_t n, cap;
};

/* [AGENT:]mcp[:SERVER]? */
bool setup_servers_is_name(const char *name);
/* Finds those that are asked for. Release with setup_servers_done in any case. */
int setup_servers_find(struct setup_servers *s, struct err *err);
void setup_servers_done(struct setup_servers *s);
/* To be undone before the hooks of an agent: what was changed after them in the same file. */
int setup_servers_undo_newest(struct setup_servers *s, const struct setup_agent *agent, struct err *err);
/* Changes the rest, and prints all, or appends to `json`. Returns 0, EXIT_NO if one that was named could not be connected, or another
 * exit code after reporting. */
int setup_servers_finish(struct setup_servers *s, struct obj *json);

#endif
