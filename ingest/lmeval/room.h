/* The source lm-eval: evaluations by the lm-evaluation-harness: results files and their samples.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with lmeval.h, which draws the files.
 *
 *   lmeval   one evaluation after another, from files to drafts
 *   files    finds the files, and which belong together
 *   doc      a results file; model: which model it is about
 *   sample   a line of samples; counter: how many documents, and their digest;
 *            mean: the scores that they make
 *   event    the bodies of the events
 *   value    irregular values: numbers as text, NaN, "N/A"
 *
 * Words. An "evaluation" is one results file with its samples; a "task" is a benchmark within it; a "document" is one
 * question, which may have several samples, one for each filter. */
#ifndef INGEST_LMEVAL_ROOM_H
#define INGEST_LMEVAL_ROOM_H

#endif
