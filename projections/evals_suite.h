/* What a suite asks for, as its declaration says it, and what a score comes to when it is held against that. */
#ifndef PROJECTIONS_EVALS_SUITE_H
#define PROJECTIONS_EVALS_SUITE_H

#include "projections/row.h"
#include "projections/state.h"

/* One item of a suite's list of tasks. Without a metric it is about every score of the task. */
struct suite_task {
    struct bytes name, metric;
    bool has_threshold, has_direction, higher;
    double threshold;
    bool scored; /* suite_judge saw a score of it */
};

struct suite {
    struct row row; /* the declaration; tasks borrow from it */
    bool there;
    struct suite_task *tasks; /* by name */
    size_t n;
};

/* The declaration by which an evaluation was made: the newest of that name and digest, or, where that digest was never
 * declared, the newest that names no digest; without a digest the newest of that name. Initialises *ret in any case:
 * suite_done. */
int suite_open(struct state_view *view, struct bytes name, struct bytes digest, struct suite *ret, struct err *err);
void suite_done(struct suite *suite);

enum score_result {
    SCORE_INFORMS,    /* no threshold was held against it, whatever is said of it */
    SCORE_PASSES,     /* its value reaches all that was asked of it */
    SCORE_UNCLEAR,    /* it is said to be neither */
    SCORE_UNDIRECTED, /* there is a threshold, and nobody says on which side of it is better */
    SCORE_VALUELESS,  /* there is a threshold, and no number */
    SCORE_FAILS,
};
/* What a row of eval_scores comes to by what the source said of it, its own threshold and those that the suite declares:
 * the last of these results that any of them gives. *ret_asked, *ret_higher: the threshold that gave it; NAN when none did.
 */
enum score_result suite_judge(struct suite *suite, const struct row *score, double *ret_asked, bool *ret_higher);

/* On which side of the threshold it is: "reaches", "misses", "unknown"; NULL: there is none. */
const char *suite_side(enum score_result result, double asked);
/* Is more better? False: neither the score nor its suite says so. */
bool suite_direction(const struct suite *suite, const struct row *score, bool *ret_higher);

#endif
