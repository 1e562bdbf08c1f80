/* Evaluations: what was measured on which bytes, and whether it can prove something.
 *
 * An evaluation counts when it finished with the verdict pass, on all of its samples, with answers that were made for it by
 * code that stands in a commit, names the weights that it ran on, and was not invalidated since. A pass has to be whole to
 * count; a failure counts as it stands, so that half a failure is not hidden behind an older pass. */
#ifndef PROJECTIONS_EVALS_H
#define PROJECTIONS_EVALS_H

#include "projections/fold.h"
#include "projections/reason.h"
#include "projections/state.h"

enum { EVALS, EVAL_SCORES, EVAL_ROUTES, EVAL_MODELS, SUITES, EVALS_TABLES };

enum {
    EVAL_ID,
    EVAL_STATE,
    EVAL_VERDICT,
    EVAL_COUNTS,
    EVAL_REASON,
    EVAL_SUITE,
    EVAL_SUITE_DIGEST,
    EVAL_MODEL,
    EVAL_DIGEST,
    EVAL_PACK,
    EVAL_PACK_VERSION,
    EVAL_ROUTE,
    EVAL_CONFIG_DIGEST,
    EVAL_PARTIAL,
    EVAL_CACHED,
    EVAL_DIRTY,
    EVAL_PASSED,
    EVAL_FAILED,
    EVAL_ERRORS,
    EVAL_SAMPLES,
    EVAL_HARNESS,
    EVAL_IMPORTED,
    EVAL_SAID,
    EVAL_CHANGED,
    EVAL_SCORED,
    EVAL_SCORES_PASSED,
    EVAL_SCORES_FAILED,
    EVAL_SCORES_OTHER,
    EVAL_SCORES_PARTIAL,
    EVAL_SAMPLES_FAILED,
    EVAL_INVALID,
    EVAL_STARTED_SEQ,
    EVAL_FINISHED_AT,
    EVAL_FINISHED_SEQ,
    EVAL_BASE
};

enum { EVAL_OF_KEY, EVAL_OF_EVAL, EVAL_OF_SEQ }; /* eval_routes and eval_models */

enum {
    SUITE_NAME,
    SUITE_DIGEST,
    SUITE_DIGEST_BEFORE,
    SUITE_VERSION,
    SUITE_TASKS,
    SUITE_MAX_AGE_S,
    SUITE_CHANGED_AT,
    SUITE_CHANGED_SEQ,
    SUITE_SEQ,
    SUITE_N
};

enum evals_class {
    EVALS_COUNTS,    /* a full pass */
    EVALS_FAILED,    /* it ended, and not with a pass */
    EVALS_UNDECIDED, /* it ended, and proves nothing either way */
    EVALS_UNFINISHED,
    EVALS_INVALID /* it was taken back */
};
struct evals_verdict {
    enum evals_class class;
    bool counts;      /* class is EVALS_COUNTS */
    const char *word; /* why not, in short: "partial eval"; static */
    struct reason reason;
};
/* Judges a row of evals by its stored columns, its suite's age limit and the view's time. */
int evals_judge_verdict(struct state_view *view, const struct row *eval, struct evals_verdict *ret, struct err *err);

#endif
