/* What every command says in the same way: failures with their exit codes, remarks, its answer as one JSON object. */
#ifndef CLI_PRINT_SAY_H
#define CLI_PRINT_SAY_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "cli/print/out.h"

/* Reports on standard error and returns the exit code. For what came out of the ledger itself: corrupt and tampered are
 * EXIT_INVALID; a path that the system does not find is EXIT_SYSTEM. */
int cli_fail(const struct cli *cli, const struct err *err);
/* The same for a look-up, where not found is the answer: EXIT_NO. */
int cli_fail_lookup(const struct cli *cli, const struct err *err);
/* The same for what the caller gave (a file, a value, a directory): not found, corrupt and tampered are EXIT_INPUT. */
int cli_fail_input(const struct cli *cli, const struct err *err);
/* Reports with this exit code. */
int cli_fail_as(const struct cli *cli, const struct err *err, int exit_code);
/* Reports these words with this code and exit code. */
int cli_refuse(const struct cli *cli, int exit_code, int code, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A wrong command line: EXIT_USAGE. */
int cli_usage(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A sequence number of the command line. 0, or EXIT_USAGE after reporting. */
int cli_seq(const struct cli *cli, const char *text, uint64_t *ret);
/* Something is wrong, and the command continues: a line on standard error, also with --quiet; with --json {"warning":
 * {...}}. */
void cli_warn(const struct cli *cli, const struct err *err);
/* Remarks on standard error, not with --quiet, nor with --json, whose standard error is JSON. */
void cli_note(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prints the object and a line end: one line in a pipe or with `line`, indented on a terminal. Returns 0 or an exit code
 * after reporting. The object is done afterwards. */
int cli_print(struct cli *cli, struct obj *obj, bool line);
/* Writes `data` to `path`, or to standard output (out_is_stdout). A regular file is replaced whole or not at all, anything
 * else is written through. Returns 0 or an exit code after reporting. */
int cli_file(struct cli *cli, const char *path, enum out_what what, struct bytes data);
/* Flushes. Returns `exit_code`, or EXIT_SYSTEM when the output did not all arrive. A broken pipe is not reported in words:
 * the reader went away on purpose. */
int cli_end(struct cli *cli, int exit_code);

#endif
