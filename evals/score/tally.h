/* What came of the cases of a suite, counted. */
#ifndef EVALS_SCORE_TALLY_H
#define EVALS_SCORE_TALLY_H

#include "evals/sample/sample.h"
#include "evals/suite/suite.h"

/* What came of one case. */
struct score_case {
    const struct sample *samples; /* NULL: none; by repeat */
    size_t n;
    uint64_t repeats; /* that there are to be */
    uint64_t known, passed;
    bool sound; /* its samples are of this very case, each repeat once */
};

struct score_tally {
    const struct suite *suite;
    struct score_case *cases; /* in the suite's order */
    double *weights;          /* of the cases, the largest 1 */
    double weight, effective; /* their sum; Kish's size */
    uint64_t total;           /* samples that there are to be */
    uint64_t known, erred, changed, foreign;
    bool whole; /* every sample is there and known, and there is no other */
};

/* `samples`, in sample_order, must outlive it. Always initialises *ret: call score_tally_done. ERR_NOMEM. */
int score_tally_init(struct score_tally *ret, const struct suite *suite, uint64_t repeats, const struct sample *samples,
                     size_t n, struct err *err);
void score_tally_done(struct score_tally *tally);

bool score_tally_is_known(const struct sample *sample);
/* Why it is not whole. */
void score_tally_why(const struct score_tally *tally, char *ret, size_t n);

#endif
