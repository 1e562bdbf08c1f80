/* Event: the bytes of one event and of 256 of them. Encoding, strict decoding, commitments, and the records that
 * hold them.
 *
 * Sees: kinds, tree, store and base. It reads no database: records go in and come out as bytes.
 *
 * Begin with event.h, which draws the header, then group.h, which draws the two records that hold it. docs/format.md
 * is the specification; what is drawn here must agree with it.
 *
 *   event         a header, its body with the author's signature, its private fields; event_commit.c has the
 *                 commitments
 *   group         256 events that are stored, compressed and hashed together; group_format.h has the
 *                 constants, group_decode.c the decoder
 *   private       private fields as they are stored, whole or in parts
 *   erased        what an event of kind ledger.erased says
 *   head          the record that a commit begins and ends with: size, edge of the tree, epoch, clocks
 *   event_json    an event as JSON
 *
 * Words. Leaf: the hash of a header. Prev: the previous event's leaf. Payload: body and author's signature. Salt: random
 * bytes that make a commitment useless for guessing. Tail: the events after the last full group. Bundle: a full group as
 * it is stored. */
#ifndef LEDGER_EVENT_ROOM_H
#define LEDGER_EVENT_ROOM_H

#endif
