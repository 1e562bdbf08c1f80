/* Two evaluations side by side: what got better, worse, came or is missing. */
#ifndef PROJECTIONS_EVALS_COMPARE_H
#define PROJECTIONS_EVALS_COMPARE_H

#include "projections/state.h"

enum evals_change {
    EVALS_SAME,
    EVALS_BETTER,
    EVALS_WORSE,
    EVALS_OTHER,   /* another value, and nobody says on which side is better; or both sides are said to be */
    EVALS_NEW,     /* only the later one has it */
    EVALS_MISSING, /* only the earlier one has it */
    EVALS_CHANGES
};
extern const char *const evals_change_words[EVALS_CHANGES];

/* A task and metric. Rows of eval_scores, judged: each by the suite of its own evaluation. */
struct evals_pair {
    const struct row *before, *after; /* NULL: it has none */
    enum evals_change change;
};

typedef int evals_pair_fn(void *ctx, const struct evals_pair *pair, struct err *err);
/* Calls `each` for every score of the two rows of evals, in the order of task and metric. Scores of an earlier run under
 * the same id are left out, as they are everywhere. */
int evals_compare(struct state_view *view, const struct row *before, const struct row *after, evals_pair_fn *each,
                  void *ctx, struct err *err);

#endif
