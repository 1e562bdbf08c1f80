/* Corrections: ledger.corrected names an event that was a mistake. A state at size S is the fold of the events below S
 * without those that a correction below S names. */
#ifndef PROJECTIONS_CORRECT_H
#define PROJECTIONS_CORRECT_H

#include "projections/replay.h"

bool correct_is(struct bytes kind); /* "ledger.corrected" */

/* One that holds: of an earlier event, by its leaf, that is none of the ledger's own, and the first one of it. */
struct correction {
    uint64_t seq, by;
};

/* What the body of a ledger.corrected names; false: nothing. */
bool correct_names(struct bytes body, uint64_t *ret_seq, uint8_t ret_leaf[LEDGER_HASH]);

/* Those among the events below `size`, in the order of `by`. The caller frees. Costs a walk over the log. */
int correct_load(struct ledger *ledger, uint64_t size, struct correction **ret, size_t *ret_n, struct err *err);

/* The rows of a part that stands before this ledger.corrected become those of the same events without the one that it
 * names; nothing, when its projection does not take that, or the correction does not hold. Only since when a state is what
 * it is, and by which events, is not as if the mistake had never been: what changed by the correction is so since the
 * correction. Costs two folds of the log, in memory. 1: the part cannot go on, *ret_why says why. */
int correct_apply(struct ledger *ledger, const struct correction *all, size_t n, const struct ledger_event *event,
                  struct replay_part *part, struct err *ret_why, struct err *err);

/* The last step of it, for who has folded the events before this ledger.corrected twice on his own: `with` the mistake and
 * `without`, both without what was corrected before. */
int correct_take_over(struct rows *rows, const struct projection *projection, const struct ledger_event *event,
                      struct rows *with, struct rows *without, struct err *err);

#endif
