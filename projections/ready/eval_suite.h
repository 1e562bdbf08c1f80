/* What a suite asks for by its declaration, and the result of a score compared with it. */
#ifndef PROJECTIONS_READY_EVAL_SUITE_H
#define PROJECTIONS_READY_EVAL_SUITE_H

#include "projections/rows/list.h"
#include "projections/rows/row.h"
#include "projections/view/state.h"

/* One item of a suite's list of tasks. Without a metric it applies to every score of the task. */
struct eval_suite_task {
    struct bytes name, metric;
    bool has_threshold, has_direction, higher;
    double threshold;
    bool scored; /* eval_suite_judge saw a score of it */
};

struct eval_suite {
    struct row row; /* the declaration; tasks borrow from it */
    bool there;
    struct eval_suite_task *tasks; /* by name */
    size_t n;
    bool imported; /* the scores are from a result file: what asks for nothing of them holds nothing */
};

/* The declaration that an evaluation was made by: the newest of that name and digest or, if that digest was never
 * declared, the newest that names no digest; without a digest the newest of that name. Always initialises *ret: call
 * eval_suite_done. */
int eval_suite_open(struct state_view *view, struct bytes name, struct bytes digest, struct eval_suite *ret,
                    struct err *err);
void eval_suite_done(struct eval_suite *suite);

enum eval_result {
    EVAL_RESULT_INFORMS,    /* no threshold applies to it, whatever it says of itself */
    EVAL_RESULT_PASSES,     /* its value reaches all thresholds */
    EVAL_RESULT_UNCLEAR,    /* its source says neither pass nor fail */
    EVAL_RESULT_UNDIRECTED, /* it has a threshold, but not whether more is better */
    EVAL_RESULT_VALUELESS,  /* it has a threshold, but no number */
    EVAL_RESULT_OPPOSED,    /* statements of whether more is better disagree */
    EVAL_RESULT_FAILS,
};
/* The result of a row of eval_scores by its source's verdict, its own threshold and those of the suite: the last of the
 * results above that any of them gives. *ret_asked, *ret_higher: the threshold that gave it; NAN: none did.
 * */
enum eval_result eval_suite_judge(struct eval_suite *suite, const struct row *score, double *ret_asked, bool *ret_higher);

/* The side of the threshold it is on: "reaches", "misses", "unknown"; NULL: there is no threshold. */
const char *eval_suite_side(enum eval_result result, double asked);
/* What a result is called in rows; NULL: it only informs. */
const char *eval_suite_word(enum eval_result result, const struct row *score);
/* Appends a map of a score and its result: metric, side, task, threshold, value, verdict. */
void eval_suite_put(enum eval_result result, double asked, const struct row *score, struct buf *out);
/* All scores, for the columns that list them (eval_results.c). */
struct eval_list {
    struct list_out list;
    struct buf words;
    size_t told;
};

void eval_list_take(struct eval_list *list, const struct row *score, enum eval_result result, double asked);
int eval_list_put(struct eval_list *list, struct row *eval, struct err *err);

/* Is more better? False: neither the score nor its suite states it. */
bool eval_suite_direction(const struct eval_suite *suite, const struct row *score, bool *ret_higher);

#endif
