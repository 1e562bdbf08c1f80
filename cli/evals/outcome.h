/* What is printed of an evaluation that was just run. */
#ifndef CLI_EVALS_OUTCOME_H
#define CLI_EVALS_OUTCOME_H

#include "cli/print/out.h"
#include "evals/run/run.h"

/* The line while it runs; the context is a struct out_progress. */
void outcome_progress(void *ctx, const struct run_progress *progress);
/* Asks the states whether it counts, and says so. Returns the exit code: good only if it passed. `again`: the command that
 * continues it. */
int outcome_print(struct cli *cli, struct ledger *ledger, const struct suite *suite, struct bytes again,
                  const struct run_suite_result *result);

#endif
