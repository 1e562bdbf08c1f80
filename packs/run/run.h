/* One run of an installed pack.
 *
 *   refused   the states do not allow it: nothing is written, and the decision has the reason and the events
 *   begun     run.started is written; whatever comes then, run.finished says how it ended, if anything can still be written
 *
 * A run has ended `ok` when every step did what was asked; `partial` when every required artifact was made and no step failed on
 * a route that the pack requires, but another step failed, was refused, or ran on a fallback; otherwise `error`, `refused`,
 * `timeout` or `aborted`, by the first step that was in the way. What a step made that did not go well is no output. */
#ifndef PACKS_RUN_RUN_H
#define PACKS_RUN_RUN_H

#include "packs/run/types.h"

/* 0: it ran to an end, or was refused. ERR_INVALID: the words are wrong. ERR_NOTFOUND: no such pack, or what a step needs to run
 * at all is missing (bubblewrap). Another failure is the ledger's; *ret is filled as far as it came. */
int run_pack(const struct run_options *options, struct run_result *ret, struct err *err);

#endif
