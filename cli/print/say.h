/* What all commands report in the same way: failures with their exit codes, notes, the answer as one JSON object. */
#ifndef CLI_PRINT_SAY_H
#define CLI_PRINT_SAY_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "cli/print/out.h"

/* Reports on standard error and returns the exit code, for failures of the ledger itself: corrupt and tampered are
 * EXIT_INVALID; a path that does not exist is EXIT_SYSTEM. */
int cli_fail(const struct cli *cli, const struct err *err);
/* The same for a look-up: not found is EXIT_NO. */
int cli_fail_lookup(const struct cli *cli, const struct err *err);
/* The same for a file, value or directory given by the caller: not found, corrupt and tampered are EXIT_INPUT. */
int cli_fail_input(const struct cli *cli, const struct err *err);
/* Reports with this exit code. */
int cli_fail_as(const struct cli *cli, const struct err *err, int exit_code);
/* Reports this message with this code and exit code. */
int cli_refuse(const struct cli *cli, int exit_code, int code, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* An invalid command line: EXIT_USAGE. */
int cli_usage(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Reads a sequence number from the command line. Returns 0, or EXIT_USAGE after reporting. */
int cli_seq(const struct cli *cli, const char *text, uint64_t *ret);
/* Something is wrong, but the command continues: a line on standard error, even with --quiet; with --json {"warning":
 * {...}}. */
void cli_warn(const struct cli *cli, const struct err *err);
/* A note on standard error; silent with --quiet, and with --json, whose standard error is JSON. */
void cli_note(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prints the object and a line end: on one line in a pipe or with `line`, indented on a terminal. Frees the object. Returns
 * 0 or an exit code after reporting. */
int cli_print(struct cli *cli, struct obj *obj, bool line);
/* Writes `data` to `path`, or to standard output (out_is_stdout). A regular file is replaced whole or not at all; any
 * other file is written to. Returns 0 or an exit code after reporting. */
int cli_file(struct cli *cli, const char *path, enum out_what what, struct bytes data);
/* Flushes. Returns `exit_code`, or EXIT_SYSTEM if not all output was written. A broken pipe is not reported: the reader left
 * on purpose. */
int cli_end(struct cli *cli, int exit_code);

#endif
