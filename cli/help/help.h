/* Help, also for --help. */
#ifndef CLI_HELP_HELP_H
#define CLI_HELP_HELP_H

#include "cli/call/command.h"

/* Prints the help of a command; NULL: of the program. `name` is its full name, "key rotate". */
void cli_help(struct cli *cli, const struct command *command, const char *name);

#endif
