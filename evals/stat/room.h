/* Statistics of evaluations: intervals, exact tests, percentiles, resampling. A page each over libm; the fixtures of
 * tests/evals/fixtures/stat.R come from R.
 *
 * Sees: base. Begin with stat.h.
 *
 *   wilson      intervals of a proportion and of a paired difference of proportions; the size of a weighted sample
 *   mcnemar     is a difference of pass and fail noise, and how many pairs would tell
 *   percentile  nearest rank
 *   bootstrap   an interval of a mean by resampling
 *   permute     is a difference of numbers noise
 *   random      the generator that both draw from */
#ifndef EVALS_STAT_ROOM_H
#define EVALS_STAT_ROOM_H

#endif
