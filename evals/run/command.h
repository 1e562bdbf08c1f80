/* A program as what is evaluated: each case runs it once, confined (work/process.h), without network.
 *
 *   standard input       the case's text
 *   arguments            the command's own, then the case's
 *   the directory where it starts   /work, which cannot be written: the case's files by their names, and the files that the command
 *                        names by their own paths
 *   /out                 only where the case looks at outputs by name: what it writes there, also in $LEDGER_EVAL_OUT
 *   /candidate           what is evaluated, where that is not the program itself: read-only, also in $LEDGER_EVAL_CANDIDATE
 *   $LEDGER_EVAL_SEED    the seed of this repeat, if the case has one
 *
 * The answer is standard output. Nothing that it starts outlives it. */
#ifndef EVALS_RUN_COMMAND_H
#define EVALS_RUN_COMMAND_H

#include "evals/run/types.h"

struct run_command_options {
    const char *const *words; /* the program and its arguments */
    size_t words_n;
    const char *candidate;   /* the file or directory whose digest the result is bound to; NULL: the program alone */
    const char *const *exec; /* programs that it may start */
    size_t exec_n;
    const char *ledger_dir, *trust; /* whose files it is not given; trust NULL: none */
    const char *user;               /* that it runs as, when root runs it; NULL: the default */
    bool unconfined;
    int stop_fd;                     /* readable: end what runs; 0 or less: none */
    const struct run_binding *route; /* that it serves; NULL: none */
};
struct run_command;

/* Runs nothing. The options are borrowed, but for the route. ERR_NOTFOUND, ERR_INVALID: there is no such program, or it cannot
 * be run, or it names a file that no command is given; there is no bubblewrap. */
int run_command_open(const struct run_command_options *options, struct run_command **ret, struct err *err);
void run_command_close(struct run_command *command); /* NULL is fine */
/* ERR_INVALID: a case has what a program has no use for. */
int run_command_check(const struct run_command *command, const struct suite *suite, struct err *err);
struct run_subject run_command_subject(struct run_command *command);

#endif
