/* Samples of evaluations, read back from the log: what comparisons, gates and reports are computed from.
 *
 * Sees: suite, check, stat, and the floors below evals. Begin with sample.h.
 *
 *   sample   one sample
 *   samples  all samples of an evaluation, in order, each once */
#ifndef EVALS_SAMPLE_ROOM_H
#define EVALS_SAMPLE_ROOM_H

#endif
