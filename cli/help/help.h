/* Help, for whoever asks for it by --help. */
#ifndef CLI_HELP_HELP_H
#define CLI_HELP_HELP_H

#include "cli/call/command.h"

/* Prints the help of a command, of all when it is NULL. `name` is how it is called: "key rotate". */
void cli_help(struct cli *cli, const struct command *command, const char *name);

#endif
