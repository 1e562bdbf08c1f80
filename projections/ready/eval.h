/* Evaluations: what was measured on which bytes, and whether it can prove something.
 *
 * Its author's word alone proves nothing: an evaluation counts when it passed, has scores on the right side of their
 * thresholds for all that its suite asks for, is complete, names its weights or its program and was not invalidated. The rules are those
 * of readiness.def. A pass has to be complete to count; a failure counts even when partial, so that an older pass cannot
 * hide it. */
#ifndef PROJECTIONS_READY_EVAL_H
#define PROJECTIONS_READY_EVAL_H

#include "projections/fold/fold.h"
#include "projections/ready/readiness.h"
#include "projections/view/reason.h"
#include "projections/view/state.h"

enum {
    EVALS,
    EVAL_SCORES,
    EVAL_ROUTES,
    EVAL_MODELS,
    SUITES,
    SUITE_VERSIONS,
    EVAL_RESULTS,
    EVAL_LOOSE,
    EVAL_ERASURES,
    EVAL_NEWEST,
    EVALS_TABLES
};

enum {
    EVAL_ID,
    EVAL_STATE,
    EVAL_VERDICT,
    EVAL_COUNTS,
    EVAL_REASON,
    EVAL_MISSING,
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
    EVAL_SAMPLES_TOTAL,
    EVAL_HARNESS,
    EVAL_IMPORTED,
    EVAL_SAID,
    EVAL_CHANGED,
    EVAL_SCORED,
    EVAL_RESULT,
    EVAL_RESULT_LIST,
    EVAL_SCORES_PASSED,
    EVAL_SCORES_FAILED,
    EVAL_SCORES_OTHER,
    EVAL_SCORES_PARTIAL,
    EVAL_SCORES_CHECKED,
    EVAL_SAMPLES_FAILED,
    EVAL_SAMPLES_ERRED,
    EVAL_INVALID,
    EVAL_STARTED_SEQ,
    EVAL_FINISHED_AT,
    EVAL_FINISHED_SEQ,
    EVAL_ERASED_SEQ,
    EVAL_ERASED_BY,
    EVAL_PROGRAM_DIGEST,
    EVAL_SAMPLES_RECORDED,
    EVAL_UNMEASURED_SEQ,
    EVAL_FILE_DIGEST,
    EVAL_PARTIAL_REASONS,
    EVAL_SOURCE,
    EVAL_DIGEST_FROM,
    EVAL_PACK_DIGEST,
    EVAL_STARTED_AT,
    EVAL_BASE
};

enum {
    EVAL_SCORE_EVAL,
    EVAL_SCORE_TASK,
    EVAL_SCORE_METRIC,
    EVAL_SCORE_VALUE,
    EVAL_SCORE_LABEL,
    EVAL_SCORE_STDERR,
    EVAL_SCORE_THRESHOLD,
    EVAL_SCORE_HIGHER,
    EVAL_SCORE_VERDICT,
    EVAL_SCORE_ASKED,
    EVAL_SCORE_SIDE,
    EVAL_SCORE_SAID,
    EVAL_SCORE_SAMPLES,
    EVAL_SCORE_PARTIAL,
    EVAL_SCORE_SAMPLED,
    EVAL_SCORE_SOURCE,
    EVAL_SCORE_CORRECTED,
    EVAL_SCORE_CONTRADICTED,
    EVAL_SCORE_RUN,
    EVAL_SCORE_SEQ,
    EVAL_SCORE_N
};

enum { EVAL_OF_KEY, EVAL_OF_EVAL, EVAL_OF_SEQ }; /* eval_routes, eval_models, eval_loose */

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

enum { EVAL_ERASURE_EVENT, EVAL_ERASURE_EVAL, EVAL_ERASURE_SEQ, EVAL_ERASURE_BY, EVAL_ERASURE_N };

enum {
    EVAL_NEWEST_SUITE,
    EVAL_NEWEST_OF,
    EVAL_NEWEST_EVAL,
    EVAL_NEWEST_PARTIAL,
    EVAL_NEWEST_AT,
    EVAL_NEWEST_SEQ,
    EVAL_NEWEST_OPEN,
    EVAL_NEWEST_OPEN_AT,
    EVAL_NEWEST_N
};

/* It ended, but its result cannot be known: the body of one of its events was erased. Callers must check separately whether
 * it is known to have failed all the same. */
bool eval_is_veiled(const struct row *eval);

/* It is a score of a result file that the source of the file did not record: somebody wrote it to it. */
bool eval_score_is_foreign(const struct row *eval, const struct row *score);

/* Whether an evaluation counts: it does when nothing was found against it. */
struct eval_verdict {
    bool counts;
    enum readiness_outcome outcome; /* of the first finding */
    struct readiness found;
    struct reason reason; /* the findings in words; cites what was read besides the evaluation's own events */
};
/* Judges a row of evals by its stored columns, its scores, its suite and the view's time. `based`: taking it that its suite has a
 * baseline, without a look: so an evaluation that is weighed as one is not judged by itself. */
int eval_judge_verdict(struct state_view *view, const struct row *eval, bool based, struct eval_verdict *ret,
                       struct err *err);

/* Calls `each` with every evaluation that `table` lists: eval_routes, eval_models or eval_loose under `key`, or, with NULL,
 * all of eval_erasures. Ends when `each` fails. */
typedef int eval_fn(void *ctx, const struct row *eval, struct err *err);
int eval_each(struct state_view *view, const char *table, const struct bytes *key, eval_fn *each, void *ctx,
              struct err *err);

/* The judges of the tables evals and eval_scores. */
int eval_judge(struct state_view *view, struct row *row, struct err *err);
int eval_judge_score(struct state_view *view, struct row *row, struct err *err);

/* The event's body was erased; ledger.erased says which events were (eval_results.c). */
int eval_note_erased(struct fold *fold, struct row *eval, struct err *err);
int eval_take_erasure(struct fold *fold, struct err *err);

/* What it is of, the part of the key of eval_newest after the suite: "route/r", "pack/p", "model/m", else the digest of its weights or
 * program; empty: it names nothing. */
void eval_put_of(const struct row *eval, struct buf *out);
/* Notes in eval_newest that it has begun, or that it has ended (eval_results.c). */
int eval_note_begun(struct fold *fold, const struct row *eval, struct err *err);
int eval_note_ended(struct fold *fold, const struct row *eval, struct err *err);
extern const struct state_column eval_newest_columns[EVAL_NEWEST_N];

/* Takes eval.suite_declared into the tables suites and suite_versions (eval_suite.c). */
int eval_suite_take(struct fold *fold, struct err *err);

/* The table eval_results (eval_results.c): a score becomes the newest of its model in its task. */
#define EVAL_RESULT_COLUMNS 14
extern const struct state_column eval_result_columns[];
int eval_take_result(struct fold *fold, const struct row *eval, const struct row *score, struct err *err);
int eval_judge_result(struct state_view *view, struct row *row, struct err *err);

#endif
