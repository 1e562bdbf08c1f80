/* Two evaluations side by side: what got better or worse, what is new or missing. */
#ifndef PROJECTIONS_READY_EVAL_COMPARE_H
#define PROJECTIONS_READY_EVAL_COMPARE_H

#include "projections/view/state.h"

enum eval_change {
    EVAL_CHANGE_SAME,
    EVAL_CHANGE_BETTER,
    EVAL_CHANGE_WORSE,
    EVAL_CHANGE_OTHER,   /* another value, and whether more is better is not stated, or contradictory */
    EVAL_CHANGE_NEW,     /* only the later one has it */
    EVAL_CHANGE_MISSING, /* only the earlier one has it */
    EVAL_CHANGES
};
extern const char *const eval_change_words[EVAL_CHANGES];

/* A task and metric. Rows of eval_scores, judged: each by the suite of its own evaluation. */
struct eval_pair {
    const struct row *before, *after; /* NULL: it has none */
    enum eval_change change;
};

typedef int eval_pair_fn(void *ctx, const struct eval_pair *pair, struct err *err);
/* Calls `each` for every score of the two rows of evals, in the order of task and metric. Scores of an earlier run under
 * the same id are left out, as they are everywhere. */
int eval_compare(struct state_view *view, const struct row *before, const struct row *after, eval_pair_fn *each, void *ctx,
                 struct err *err);

#endif
