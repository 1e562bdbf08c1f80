/* Read: events in order, and events with proof.
 *
 * Sees: core and the rooms before it. Nothing here writes, and nothing here waits for a writer.
 *
 * Begin with reader.h and the part "reading" of ledger.h. A reader keeps a tree size, not a snapshot: between two
 * calls it holds nothing that keeps old pages alive.
 *
 *   reader    loads a group, checks its leaves, returns its events one by one
 *   prefetch  threads that read and check the next groups while the caller works
 *   proven    events that are trusted only with their path to the root under the log key's signature
 *   prove     the .tlog-proof of one event, for somebody without the ledger
 *
 * Words. Gap: a range of events that cannot be read; a reader names it and continues after it. Proven: followed from
 * the bytes of the event up to the signed root, not merely read. */
#ifndef LEDGER_READ_ROOM_H
#define LEDGER_READ_ROOM_H

#endif
