/* The thresholds that a result file's scores are held against: "[TASK] METRIC at_least X" as people write them, resolved to the scores
 * that there are. One that nothing could fail is refused, as it is in a suite. */
#ifndef EVALS_SCORE_HELD_H
#define EVALS_SCORE_HELD_H

#include "base/hash.h"
#include "projections/view/state.h"

#define HELD_MAX 64

struct held_threshold {
    char task[256], metric[256]; /* as in the score; the metric with "/filter" */
    double value;
    bool higher; /* at least */
};
struct held {
    struct held_threshold all[HELD_MAX]; /* by task and metric */
    size_t n;
};

/* Adds one, of the scores of `eval` (a row of evals). ERR_INVALID: it has not this form, means none or several of the scores, is on the
 * side where less is better, asks for nothing, or is the second of its score. ERR_LIMIT. */
int held_add(struct held *held, struct state_view *view, const struct row *eval, const char *text, struct err *err);
/* Appends the list of tasks for eval.suite_declared. */
void held_put_tasks(const struct held *held, struct buf *out);
/* Of that list: the same thresholds have the same digest, in whatever order they were given. */
void held_digest(const struct held *held, uint8_t ret[HASH_LEN]);

#endif
