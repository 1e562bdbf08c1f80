/* Corrections: ledger.corrected names an event that was a mistake. A state at size S is the fold of the events below S
 * without those that a correction below S names. */
#ifndef PROJECTIONS_FOLD_CORRECT_H
#define PROJECTIONS_FOLD_CORRECT_H

#include "projections/fold/replay.h"

bool correct_is(struct bytes kind); /* "ledger.corrected" */

/* What the body of a ledger.corrected names; false: nothing. */
bool correct_names(struct bytes body, uint64_t *ret_seq, uint8_t ret_leaf[LOG_HASH]);

/* The corrections that hold among the events below `size`, in the order of `by`: each names an earlier event by its leaf,
 * one that is not the ledger's own, and is the first to name it. Costs a walk over the log. At an event that cannot be read
 * it returns an error of err_is_damage, and *ret has the corrections among the first *ret_read events. */
int correct_load(struct ledger *ledger, uint64_t size, struct correction **ret, size_t *ret_n, uint64_t *ret_read,
                 struct err *err);
void correct_unload(struct correction *all, size_t n);

/* Applies ledger.corrected to those parts whose projection takes the event that it names; does nothing when it does not
 * hold. Costs a fold of the events before the mistake and two of those after it, in memory, and one pass over the log for
 * all parts together; for a later mistake than the previous one's, a fold from there on.
 *
 * The rows become those of the same events without the mistake. Only since columns and evidence differ from a log without
 * the mistake: what the correction changed is so since the correction. */
extern const struct replay_effect correct_effect;

/* The last step alone, for callers that have folded the events before this ledger.corrected twice themselves: `with` and
 * `without` the mistake, both without what was corrected before; the rows rest on nothing or on the same rows, as of the
 * mistake. */
int correct_take_over(struct rows *rows, const struct projection *projection, const struct log_event *event,
                      struct rows *with, struct rows *without, struct err *err);

#endif
