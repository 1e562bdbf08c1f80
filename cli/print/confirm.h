/* A question before what cannot be taken back. */
#ifndef CLI_PRINT_CONFIRM_H
#define CLI_PRINT_CONFIRM_H

#include "cli/call/cli.h"

/* Asks on the terminal, when there is one on standard input and standard error; anything but "yes" is no. Without a
 * terminal the answer is yes: a script has said what it wants. With `yes` nobody is asked. */
bool confirm_can_ask(const struct cli *cli); /* there is a terminal */
bool confirm(const struct cli *cli, bool yes, const char *question);

#endif
