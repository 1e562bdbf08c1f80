/* Asks for confirmation before something that cannot be undone. */
#ifndef CLI_PRINT_CONFIRM_H
#define CLI_PRINT_CONFIRM_H

#include "cli/call/cli.h"

/* Asks on the terminal, if standard input and standard error are one; anything except "yes" means no. Without a terminal,
 * and with `yes`, it does not ask and the answer is yes. */
bool confirm_can_ask(const struct cli *cli); /* there is a terminal */
bool confirm(const struct cli *cli, bool yes, const char *question);

#endif
