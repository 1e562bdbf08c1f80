/* Internal to `ledger setup`: what is on this box besides agents, as a table, and sections of sources.conf for it. */
#ifndef CLI_CAPTURE_SETUP_FOUND_H
#define CLI_CAPTURE_SETUP_FOUND_H

#include "cli/call/command.h"
#include "cli/print/say.h"
#include "ledger/log.h"

enum setup_does { SETUP_LOOKS, SETUP_APPLIES, SETUP_UNDOES };
struct setup_finds {
    struct cli *cli;
    struct ledger *ledger; /* NULL: there is none */
    const char *home, *root, *actor;
    const struct opt_args *args; /* names: of these alone; others are agents'. None: all */
    enum setup_does does;
    bool units; /* also their units of systemd */
};

/* Looks, connects or disconnects, and prints, or appends to `json`. Returns 0, EXIT_NO if something that was named could not be
 * connected, or another exit code after reporting. */
int setup_found(const struct setup_finds *finds, struct obj *json);
/* Whether it is the name of such a thing, or of a section that setup added for one. */
bool setup_found_knows(const char *name);

#endif
