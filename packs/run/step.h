/* One step of a run: whether it runs, on which route, with which permissions; its events. */
#ifndef PACKS_RUN_STEP_H
#define PACKS_RUN_STEP_H

#include "packs/run/running.h"

/* Runs the step of this number to its end, and records it. 0 also where the step failed; another result is the ledger's, and the
 * run cannot go on. */
int step_run(struct running *run, size_t index, struct step_end *ret, struct err *err);

#endif
