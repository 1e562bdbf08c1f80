/* Corrections: ledger.corrected names an event that was a mistake. A state at size S is the fold of the events below S
 * without those that a correction below S names. */
#ifndef PROJECTIONS_CORRECT_H
#define PROJECTIONS_CORRECT_H

#include "projections/replay.h"

bool correct_is(struct bytes kind); /* "ledger.corrected" */

/* One that holds: of an earlier event, by its leaf, that is not one of the ledger's own, and the first one of it. */
struct correction {
    uint64_t seq, by;
    char *kind; /* of the event */
};

/* What the body of a ledger.corrected names; false: nothing. */
bool correct_names(struct bytes body, uint64_t *ret_seq, uint8_t ret_leaf[LEDGER_HASH]);

/* Those among the events below `size`, in the order of `by`. Costs a walk over the log. An event that cannot be read ends
 * it: then it returns err_is_damage and *ret has those among the *ret_read events before. */
int correct_load(struct ledger *ledger, uint64_t size, struct correction **ret, size_t *ret_n, uint64_t *ret_read,
                 struct err *err);
void correct_unload(struct correction *all, size_t n);

/* What one pass over the log knows of corrections: which of them hold, and the rows that the last one was found with, from
 * which the next one goes on when it corrects a later event. */
struct correct;
/* Of the events below `size`, as far as they can be read. */
int correct_open(struct ledger *ledger, uint64_t size, struct correct **ret, struct err *err);
void correct_close(struct correct *correct); /* NULL is fine */
uint64_t correct_size(const struct correct *correct);

/* Folds what this ledger.corrected changes, for those of the parts whose projection takes the event that it names; nothing,
 * when it does not hold. Costs a fold of the events before the mistake and two of those from there on, in memory, and one
 * reading of the log for all of them together; of a mistake after the last one's, a fold from that one on. The parts stand
 * before the correction. err_is_damage: of the log. */
int correct_prepare(struct correct *correct, const struct ledger_event *event, struct replay_part *const *parts, size_t n,
                    struct err *err);
/* The rows of a part that was among these become those of the same events without the mistake; nothing, when there is
 * nothing to change. Only since when a state is what it is, and by which events, is not as if the mistake had never been:
 * what changed by the correction is so since the correction. 1: the part cannot go on, *ret_why says why. */
int correct_apply(struct correct *correct, const struct ledger_event *event, struct replay_part *part, struct err *ret_why,
                  struct err *err);

/* The last step of it, for who has folded the events before this ledger.corrected twice on his own: `with` the mistake and
 * `without`, both without what was corrected before: in rows over nothing, or over the same rows, as of the mistake. */
int correct_take_over(struct rows *rows, const struct projection *projection, const struct ledger_event *event,
                      struct rows *with, struct rows *without, struct err *err);

#endif
