/* The subcommands of `ledger eval` beside list and show, for the table in eval.c. */
#ifndef CLI_EVALS_EVALS_H
#define CLI_EVALS_EVALS_H

#include "cli/call/command.h"

extern const struct spec evals_run, evals_new, evals_validate, evals_schema, evals_diff;
extern const struct spec evals_baseline, evals_judge;
extern const struct spec evals_compare, evals_report;

#endif
