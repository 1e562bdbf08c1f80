/* The interface of every source: one run over one or more inputs, from its first draft to its receipt.
 *
 * Sees: ledger, base, input. It knows no source; ingest.c on top calls a source and hands it an intake. Begin with
 * intake.h, which has the order of calls, then the drawing at the top of intake.c.
 *
 *   intake     a run: drafts in, durable commits out, a receipt (ledger.imported) for each input
 *   queue      drafts waiting in the ledger's batch, and where each came from; a refused one is dropped alone
 *   tally      what a run has counted, and the body of the receipt; also the types place, reason and tally
 *   evaluation events of one evaluation that another program wrote down
 *   load       a whole file in memory
 *   server     asks a server over HTTP, and remembers what was wrong with it first
 *   seen       what was seen at the last look, so that only changes become events
 *   unchanged  files that a poller need not read again
 *   lock       one run at a time over what a source remembers
 *   recognize  names a file that is not the source's own (recognize.def: known formats)
 *
 * Words. An "input" is a file, a stream or a server's answer; it has a name, a digest and one receipt. A draft is
 * "accepted" (new), "duplicate" (its key is already in the ledger) or "rejected" (with a reason). "Passed": the source
 * knows the record, and it holds nothing to record. A "ticket" numbers the drafts of a run, so that a later one can name
 * an earlier one as its cause. A "cursor" is what a source remembers for the next run; it is stored with the events. */
#ifndef INGEST_DRIVER_ROOM_H
#define INGEST_DRIVER_ROOM_H

#endif
