/* An evaluation: a suite's samples are asked of a target, judged and recorded, and what came of them is scored.
 *
 *   eval.suite_declared   unless the newest declaration is of these bytes, or proves a route and is not to be replaced
 *   eval.started          what it is bound to: suite, plan, weights or program, route, pack, settings, machine
 *   eval.sampled, eval.sample_failed   durable before `progress` counts them
 *   eval.scored           a threshold each, and what else is worth knowing
 *   eval.finished         the verdict, and what it is bound to now
 *
 * Whether the result counts, and what it proves, is not decided here (projections/ready). A partial evaluation, or one with
 * samples of which nothing is known, has the verdict "unknown" and no score that a threshold could be compared with. */
#ifndef EVALS_RUN_RUN_H
#define EVALS_RUN_RUN_H

#include "evals/run/types.h"

/* 0: it ran, whatever came of it. ERR_INVALID: an option. ERR_NOTFOUND: there is nothing to resume. ERR_CONFLICT: what would
 * be resumed is of another plan or of other bytes. Otherwise the ledger or the machine failed; what was recorded can be
 * resumed. ERR_NET: nobody answers, and nothing was recorded. */
int run_suite(const struct run_suite_options *options, struct run_suite_result *ret, struct err *err);

#endif
