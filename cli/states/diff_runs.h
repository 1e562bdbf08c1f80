/* Two runs instead of two moments: how they differ, and the range of events over which the states are compared. */
#ifndef CLI_STATES_DIFF_RUNS_H
#define CLI_STATES_DIFF_RUNS_H

#include "base/obj.h"
#include "cli/view/asof.h"
#include "cli/view/explanation.h"

/* Is it the name of a run, "run/4f1c"? */
bool diff_runs_is(const char *text);

struct diff_runs {
    uint64_t from, to; /* the first event of the earlier run, the last of the later one */
    uint64_t n;        /* the number of differences */
};
/* `before` NULL: the last good run of the pack of `now`. Prints how they differ, or fills `json`. The explanation's view
 * is as of now. ERR_NOTFOUND: no such run, or no good one; ERR_INVALID: the runs are in the wrong order. */
int diff_runs(struct explanation *explanation, const char *before, const char *now, struct obj *json, struct diff_runs *ret,
              struct err *err);

#endif
