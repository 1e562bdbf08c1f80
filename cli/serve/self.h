/* Commands that are answered by running this program: where it is, and how long an answer may take. */
#ifndef CLI_SERVE_SELF_H
#define CLI_SERVE_SELF_H

#include "base/clock.h"
#include "base/file.h"
#include "cli/print/say.h"

#define SELF_LIMIT_NS (60 * CLOCK_NS_PER_S)

/* 0, or an exit code after reporting. */
int self_program(struct cli *cli, char ret[FILE_PATH_MAX]);
/* Of --time-limit; NULL leaves *ret alone. */
int self_limit(struct cli *cli, const char *text, uint64_t *ret);

#endif
