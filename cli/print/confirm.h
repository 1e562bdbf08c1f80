/* Asks for confirmation before something that cannot be undone. */
#ifndef CLI_PRINT_CONFIRM_H
#define CLI_PRINT_CONFIRM_H

#include "cli/call/cli.h"

/* Asks on the terminal, if standard input and standard error are one; anything except "yes" means no. Without a terminal,
 * and with `yes`, it does not ask and the answer is yes. */
bool confirm_can_ask(const struct cli *cli); /* there is a terminal */
/* The line that a person types as an answer; a longer one is cut, and the rest of it is read too. */
#define CONFIRM_ANSWER 16
void confirm_answer(const char *question, char ret[CONFIRM_ANSWER]);
bool confirm(const struct cli *cli, bool yes, const char *question);

#endif
