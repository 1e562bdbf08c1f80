/* Running a suite against a model, a program or a pack: every sample is asked for, judged and recorded, and what came of all
 * of them is scored.
 *
 * Sees: suite, check, sample, score, and the floors below. Begin with run.h, then schedule.h.
 *
 *   run       the whole of an evaluation: its beginning, its samples, its scores, its end
 *   plan      which cases are run, in which order, how often
 *   schedule  threads that ask, a rate, budgets; what came of samples is handed to the caller's thread, some at once
 *   target    whatever answers; endpoint: a model; route: the model that serves a route
 *   command   a program that runs once a case; words: its program, and the files that it names
 *   pack      an installed pack, whose steps run; outputs: what it or a program made that a case looks at
 *   workspace where the files of samples are; what killed evaluations left there is removed
 *   judging   what an answer is worth, by its case's checks and the model that judges
 *   record    the events; machine: what it ran on
 *   resume    what an interrupted evaluation left
 *   types     what is asked for, what is evaluated, what came of it
 *
 * Words. A "sample" is a case that is run once; a "lane" asks for one sample after the other. "Whole": every sample of the
 * suite was run; "partial" evaluations prove nothing. */
#ifndef EVALS_RUN_ROOM_H
#define EVALS_RUN_ROOM_H

#endif
