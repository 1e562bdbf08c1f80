/* What samples say of what they were drawn from. Pure: the same input gives the same answer, on every platform where double is
 * IEEE 754's; what draws at random is given a seed and draws from random.h. Nothing here fails on numbers, however odd: an
 * interval that nothing is known of is the widest there is, a test that nothing is known of gives 1. */
#ifndef EVALS_STAT_STAT_H
#define EVALS_STAT_STAT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct stat_interval {
    double low, high;
};

/* ---- proportions ---- */

/* The point of the standard normal distribution that leaves (1 - confidence) / 2 above it: 1.96 for 0.95. 0 to INFINITY. */
double stat_z(double confidence);

/* Wilson's score interval, two-sided at `confidence`, without continuity correction: the rates p with
 * |passed/n - p| <= z sqrt(p (1 - p) / n). Within [0, 1]; exactly 0 and 1 at the ends when none or all passed. `passed` and n
 * need not be whole: a weighted sample has an effective size. n 0 or less: [0, 1].
 * E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927) 209-212. */
struct stat_interval stat_wilson(double passed, double n, double confidence);

/* Kish's effective size of a weighted sample, (sum w)^2 / sum w^2: between 1 and n, n when all weights are equal. Weights that
 * are not above 0 do not count. L. Kish, Survey Sampling (1965) 11.7. */
double stat_effective_size(const double *weights, size_t n);

/* Pairs of pass and fail: `both` passed, only the `first`, only the `second`, `neither`. Need not be whole. */
struct stat_pairs {
    double both, first, second, neither;
};
/* Interval of the difference of two paired proportions, the first's minus the second's: method 10 of R. G. Newcombe, Improved
 * confidence intervals for the difference between binomial proportions based on paired data, Stat. Med. 17 (1998) 2635-2650:
 * Wilson's intervals of both, combined with their correlation, which is corrected for continuity. Within [-1, 1]. No pairs:
 * [-1, 1]. */
struct stat_interval stat_newcombe(const struct stat_pairs *pairs, double confidence);

/* McNemar's exact test, two-sided: the probability that fair coins give a split of first + second pairs as uneven as this one,
 * twice the smaller tail, 1 at most. Q. McNemar, Psychometrika 12 (1947) 153-157. The binomial terms are computed without
 * cancellation (C. Loader, Fast and accurate computation of binomial probabilities, 2000): a relative error below 1e-12. */
double stat_mcnemar(uint64_t first, uint64_t second);

/* How many pairs in all tell a difference from noise with that power, at 1 - confidence two-sided, if `first` and `second` of n
 * pairs differ in the long run too: R. J. Connor, Sample size for testing differences in proportions for the paired-sample
 * design, Biometrics 43 (1987) 207-211. UINT64_MAX: no number does, or nothing differs. */
#define STAT_POWER 0.8
uint64_t stat_mcnemar_pairs(uint64_t first, uint64_t second, uint64_t n, double confidence, double power);

/* ---- numbers ---- */

/* Nearest rank (type 1 of Hyndman and Fan 1996): the smallest value that at least `per_10000` of 10,000 values do not exceed, so
 * 5000 is the median, 9500 the 95th percentile. Always a value that was measured. `sorted`: ascending; n 0: NAN. */
double stat_percentile(const double *sorted, size_t n, unsigned per_10000);
size_t stat_rank(size_t n, unsigned per_10000); /* its index, from 0; n above 0 */
/* Ascending. Numbers only: no NAN. */
void stat_sort(double *values, size_t n);

#define STAT_RESAMPLES_MAX 1000000
/* Percentile interval of a weighted mean by the bootstrap (B. Efron, Ann. Stat. 7 (1979) 1-26): n draws with replacement,
 * `resamples` times. For pairs: of their differences. `weights`: NULL: all are 1. n 0: [-INFINITY, INFINITY].
 * ERR_NOMEM, ERR_LIMIT. */
int stat_bootstrap_mean(const double *values, const double *weights, size_t n, uint64_t resamples, double confidence,
                        uint64_t seed, struct stat_interval *ret, struct err *err);

/* Permutation tests of pairs, two-sided: were the two of each pair exchanged at random, how often is the statistic at least
 * as far from 0? Up to STAT_EXACT_PAIRS pairs that differ, all exchanges are tried; else `permutations` of them, and the one
 * observed counts too (B. Phipson, G. K. Smyth, Permutation p-values should never be zero, SAGMB 9 (2010) 39), so *ret is
 * never 0. No pair differs: 1. ERR_NOMEM, ERR_LIMIT. */
#define STAT_EXACT_PAIRS 16
/* The statistic: the mean of the differences. */
int stat_permute_mean(const double *differences, size_t n, uint64_t permutations, uint64_t seed, double *ret,
                      struct err *err);
/* The statistic: the median of `a` minus the median of `b` (nearest rank). */
int stat_permute_median(const double *a, const double *b, size_t n, uint64_t permutations, uint64_t seed, double *ret,
                        struct err *err);

#endif
