/* Two evaluations of one suite, sample by sample: what flipped, and whether the difference is more than noise.
 *
 * Sees: stat, sample and the rooms before them; not run. Begin with compare.h.
 *
 *   pair     which samples belong together: one task, filter, case and repeat
 *   compare  what follows from the pairs: tests, intervals, percentiles, the answer
 *   tags     the same for the pairs of each tag
 *
 * Whether an evaluation counts is not decided here: projections/ready/ does that.
 *
 * Words. A sample is "known" when it passed or failed; one that ended in an error says nothing of the answer. "Flipped": known
 * in both, passed in one of them. */
#ifndef EVALS_COMPARE_ROOM_H
#define EVALS_COMPARE_ROOM_H

#endif
