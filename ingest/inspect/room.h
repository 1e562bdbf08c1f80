/* The source inspect: evaluation logs of Inspect (inspect_ai), as JSON and as .eval archives.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with inspect.h, which draws a log.
 *
 *   inspect  one log after another, from files to drafts
 *   log      the log without its samples: what it is of, and whether it is whole
 *   sample   one sample, and what the samples make of the scores
 *   event    the bodies of the events
 *
 * Words. A "log" is one evaluation of one model on one task. A "sample" is one entry of the data set in one "epoch", a
 * repetition. A "scorer" gives each sample a value, of which "metrics" are made. */
#ifndef INGEST_INSPECT_ROOM_H
#define INGEST_INSPECT_ROOM_H

#endif
