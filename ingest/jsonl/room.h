/* The source jsonl: events of other programs, one JSON object a line, from files, standard input or a file that grows.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with jsonl.h; docs/ingest.md has the form of a line.
 *
 *   jsonl     lines to drafts; the key of a line without one
 *   parse     one line into the pieces of an event, by a table of names
 *   ahead     lines in blocks, parsed on a second thread
 *   follow    a file that another program writes, across rotation and restarts
 *   position  which file it was and how far it was read: the follower's cursor
 *
 * Words. A "generation" counts how often the followed file was replaced or cut. A "gap" (ledger.gap) says that lines
 * are known to be missing. */
#ifndef INGEST_JSONL_ROOM_H
#define INGEST_JSONL_ROOM_H

#endif
