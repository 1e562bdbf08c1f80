/* Steps written only when the states allow it, for commands and for floors that act: judged inside the write transaction
 * that records it, so that nothing comes between the answer and the event.
 *
 * Sees: the engine, permissions, recovery, ready, decide. Begin with checked.h.
 *
 *   checked   a batch, by any condition; one step, with the use of its tripcode in the same transaction, or the refusal of it after
 *   watch     LOCKDOWN that comes on while something runs */
#ifndef PROJECTIONS_ACT_ROOM_H
#define PROJECTIONS_ACT_ROOM_H

#endif
