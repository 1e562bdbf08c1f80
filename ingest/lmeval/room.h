/* The source lm-eval: evaluations of models, as the lm-evaluation-harness writes them: results files and their samples.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with lmeval.h, which draws the files.
 *
 *   lmeval   one evaluation after the other, from files to drafts
 *   files    which files there are, and which belong together
 *   doc      a results file; model: which model it is about
 *   sample   a line of samples; counter: how many documents, and their digest
 *   event    the bodies of the events
 *   value    values that are not what they should be: numbers as text, NaN, "N/A"
 *
 * Words. An "evaluation" is one results file with its samples; a "task" is a benchmark within it; a "document" is one
 * question, which may have several samples, one for each filter. */
#ifndef INGEST_LMEVAL_ROOM_H
#define INGEST_LMEVAL_ROOM_H

#endif
