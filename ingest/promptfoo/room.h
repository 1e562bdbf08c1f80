/* The source promptfoo: results files of promptfoo, versions 2 and 3.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with promptfoo.h, which draws the file.
 *
 *   promptfoo  one file after another: evaluations, their samples and scores become drafts
 *   doc        reads a file, and finds what belongs to one prompt
 *   table      the rows of version 2
 *   event      the bodies of the events
 *
 * Words. A file has several "prompts", each asked of one provider; each of these is an evaluation, because a result is of one
 * model. A "row" is the answer to one test. */
#ifndef INGEST_PROMPTFOO_ROOM_H
#define INGEST_PROMPTFOO_ROOM_H

#endif
