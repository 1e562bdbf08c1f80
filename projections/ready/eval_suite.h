/* What a suite asks for, as its declaration says it, and what a score comes to when it is held against that. */
#ifndef PROJECTIONS_READY_EVAL_SUITE_H
#define PROJECTIONS_READY_EVAL_SUITE_H

#include "projections/rows/row.h"
#include "projections/view/state.h"

/* One item of a suite's list of tasks. Without a metric it is about every score of the task. */
struct eval_suite_task {
    struct bytes name, metric;
    bool has_threshold, has_direction, higher;
    double threshold;
    bool scored; /* suite_judge saw a score of it */
};

struct eval_suite {
    struct row row; /* the declaration; tasks borrow from it */
    bool there;
    struct eval_suite_task *tasks; /* by name */
    size_t n;
};

/* The declaration by which an evaluation was made: the newest of that name and digest, or, where that digest was never
 * declared, the newest that names no digest; without a digest the newest of that name. Initialises *ret in any case:
 * eval_suite_done. */
int eval_suite_open(struct state_view *view, struct bytes name, struct bytes digest, struct eval_suite *ret,
                    struct err *err);
void eval_suite_done(struct eval_suite *suite);

enum eval_result {
    EVAL_RESULT_INFORMS,    /* no threshold was held against it, whatever is said of it */
    EVAL_RESULT_PASSES,     /* its value reaches all that was asked of it */
    EVAL_RESULT_UNCLEAR,    /* it is said to be neither */
    EVAL_RESULT_UNDIRECTED, /* there is a threshold, and nobody says on which side of it is better */
    EVAL_RESULT_VALUELESS,  /* there is a threshold, and no number */
    EVAL_RESULT_OPPOSED,    /* those who say whether more is better disagree */
    EVAL_RESULT_FAILS,
};
/* What a row of eval_scores comes to by what the source said of it, its own threshold and those that the suite declares:
 * the last of these results that any of them gives. *ret_asked, *ret_higher: the threshold that gave it; NAN when none did.
 */
enum eval_result eval_suite_judge(struct eval_suite *suite, const struct row *score, double *ret_asked, bool *ret_higher);

/* On which side of the threshold it is: "reaches", "misses", "unknown"; NULL: there is none. */
const char *eval_suite_side(enum eval_result result, double asked);
/* Is more better? False: neither the score nor its suite says so. */
bool eval_suite_direction(const struct eval_suite *suite, const struct row *score, bool *ret_higher);

#endif
