/* Baselines: the evaluation that later ones of a suite are compared with, by a name. A name means what it was set to last.
 *
 * An evaluation can be one when nothing speaks against it except that its verdict is open, or its age: a suite that asks for no
 * regression has nothing to compare its first evaluation with, and the past does not go stale. One that failed cannot: what
 * is no worse than it would prove nothing. */
#ifndef PROJECTIONS_READY_BASELINES_H
#define PROJECTIONS_READY_BASELINES_H

#include "projections/view/reason.h"
#include "projections/view/state.h"

enum {
    BASELINE_SUITE,
    BASELINE_NAME,
    BASELINE_EVAL,
    BASELINE_COUNTS,
    BASELINE_REASON,
    BASELINE_SUITE_DIGEST,
    BASELINE_DIGEST,
    BASELINE_AT,
    BASELINE_SEQ,
    BASELINE_N
};

/* Can this evaluation be a baseline of the suite, named by event `seq` (LOG_NO_SEQ: by one that is yet to be written)? `why`:
 * what speaks against it, and the events; no words: it can. */
int baseline_weigh(struct state_view *view, struct bytes suite, struct bytes eval, uint64_t seq, struct reason *why,
                   struct err *err);
/* Whether the suite has a baseline that counts, of any name. */
int baseline_is_there(struct state_view *view, struct bytes suite, bool *ret, struct err *err);

#endif
