/* The thresholds of a suite, judged on samples. Pure. What was not run, or ended in an error, or has nothing to be compared
 * with, makes a verdict `unknown`, or `fail` where even the best that it could have been would not do; never `pass`.
 *
 * The unit is the case, not the sample: repeats of a case tell how steadily that case is answered, and nothing of cases
 * that the suite does not have. So a case counts by the share of its repeats that passed, and n is the number of cases, or
 * Kish's effective size where they have weights. The share's variance is at most that of a single pass or fail, so the
 * intervals err on the wide side. */
#ifndef EVALS_SCORE_SCORE_H
#define EVALS_SCORE_SCORE_H

#include "evals/sample/sample.h"
#include "evals/suite/suite.h"

enum score_verdict { SCORE_PASS, SCORE_FAIL, SCORE_UNKNOWN };
extern const char *const score_verdict_names[SCORE_UNKNOWN + 1]; /* "pass", "fail", "unknown", as eval.scored has them */

#define SCORE_WHY_MAX 200
struct score {
    enum suite_metric metric; /* suite_metric_names has its name */
    double value;             /* NAN: it could not be computed */
    double threshold;
    bool higher_is_better;
    enum score_verdict verdict;
    uint64_t samples, samples_total; /* known (passed, missed or limited); that the suite asks for */
    char why[SCORE_WHY_MAX];         /* of fail and unknown; "" for pass */
};

/* An evaluation that thresholds name as their baseline. Leave one out that does not count: whether it does is decided in
 * projections. */
struct score_baseline {
    struct bytes name;
    const struct sample *samples; /* in sample_order */
    size_t n;
};

/* One score for each threshold of the suite, in its order: ret[suite->thresholds_n]. `samples`: of this evaluation, in
 * sample_order (evals/sample/samples.h). `repeats`: how often each case was to be run; 0: as the suite says; fewer than the
 * suite asks for is not enough. Values of metrics:
 *
 *   pass_rate_lower   lower end of Wilson's two-sided interval at `confidence`
 *   latency_p*_ms     nearest-rank percentile of all samples; one that ran into its limit is slower than any
 *   cost, violations  sums over all samples
 *   regression_lower  lower end of Newcombe's interval (method 10) of this evaluation's rate minus the baseline's, same
 *                     cases; the threshold is minus the margin. Repeats are paired as if one of each side were drawn
 *   probes_changed    probes whose output digest is not the baseline's; one that ran into its limit has changed
 *
 * ERR_NOMEM. */
int score_suite(const struct suite *suite, uint64_t repeats, const struct sample *samples, size_t n,
                const struct score_baseline *baselines, size_t n_baselines, struct score *ret, struct err *err);

/* Of all of them: fail if one failed, else unknown if one is unknown or there is none, else pass. */
enum score_verdict score_verdict(const struct score *scores, size_t n);

#endif
