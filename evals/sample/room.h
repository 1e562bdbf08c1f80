/* Samples of evaluations, read back from the log: what comparisons, gates and reports are computed from.
 *
 * Sees: suite, check, stat, and the floors below evals. Begin with sample.h.
 *
 *   sample   one sample
 *   samples  all samples of an evaluation, in order, each once
 *   decode   the body of an event as a sample
 *   settle   the order, and which of two samples of one case counts */
#ifndef EVALS_SAMPLE_ROOM_H
#define EVALS_SAMPLE_ROOM_H

#endif
