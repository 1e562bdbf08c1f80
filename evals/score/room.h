/* Scores: the samples of an evaluation against the thresholds of its suite. A score says pass only where all that it is of was
 * run and is known.
 *
 * Sees: suite, check, stat, sample, and the floors below evals. Begin with score.h.
 *
 *   score      each metric against its threshold
 *   tally      what came of the cases, counted
 *   held       thresholds for the scores of a result file
 *   baselines  the evaluations that thresholds compare with, from the log */
#ifndef EVALS_SCORE_ROOM_H
#define EVALS_SCORE_ROOM_H

#endif
