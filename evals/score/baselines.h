/* The baselines that the thresholds of a suite name, read from the log. */
#ifndef EVALS_SCORE_BASELINES_H
#define EVALS_SCORE_BASELINES_H

#include "evals/sample/samples.h"
#include "evals/score/score.h"

#define BASELINE_ID_MAX 128

struct score_baselines {
    struct score_baseline *all; /* for score_suite; those that count alone */
    size_t n;
    struct samples *samples;        /* of each */
    char (*evals)[BASELINE_ID_MAX]; /* id of the evaluation of each */
};

/* By what the states of this moment say (projections/ready/baselines.h): a name that is not set, or means an evaluation that does not
 * count, is left out, and what needs it stays unknown. Samples are read as samples_read does with `proven`. Always initialises
 * *ret: call score_baselines_close. */
int score_baselines_open(struct ledger *ledger, const struct suite *suite, struct score_baselines *ret, struct err *err);
void score_baselines_close(struct score_baselines *baselines);

#endif
