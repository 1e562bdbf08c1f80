/* Corrections: ledger.corrected names an event that was a mistake. A state at size S is the fold of the events below S
 * without those that a correction below S names. */
#ifndef PROJECTIONS_FOLD_CORRECT_H
#define PROJECTIONS_FOLD_CORRECT_H

#include "projections/fold/replay.h"

bool correct_is(struct bytes kind); /* "ledger.corrected" */

/* What the body of a ledger.corrected names; false: nothing. */
bool correct_names(struct bytes body, uint64_t *ret_seq, uint8_t ret_leaf[LOG_HASH]);

/* Those that hold among the events below `size`, in the order of `by`: of an earlier event, by its leaf, that is not one of
 * the ledger's own, and the first one of it. Costs a walk over the log. An event that cannot be read ends
 * it: then it returns err_is_damage and *ret has those among the *ret_read events before. */
int correct_load(struct ledger *ledger, uint64_t size, struct correction **ret, size_t *ret_n, uint64_t *ret_read,
                 struct err *err);
void correct_unload(struct correction *all, size_t n);

/* What ledger.corrected changes, for those of the parts whose projection takes the event that it names; nothing, when it
 * does not hold. Costs a fold of the events before the mistake and two of those from there on, in memory, and one reading
 * of the log for all parts together; of a mistake after the last one's, a fold from that one on.
 *
 * The rows become those of the same events without the mistake; nothing, when there is nothing to change. Only since when a
 * state is what it is, and by which events, is not as if the mistake had never been: what changed by the correction is so
 * since the correction. */
extern const struct replay_effect correct_effect;

/* The last step of it, for who has folded the events before this ledger.corrected twice on his own: `with` the mistake and
 * `without`, both without what was corrected before: in rows over nothing, or over the same rows, as of the mistake. */
int correct_take_over(struct rows *rows, const struct projection *projection, const struct log_event *event,
                      struct rows *with, struct rows *without, struct err *err);

#endif
