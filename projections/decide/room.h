/* May this step be taken? Pure functions of a view, for whoever acts: call them inside the write transaction that records
 * the step (ledger/write/guard.h), so that nothing can happen between the answer and the event.
 *
 * Sees: the engine, permissions, ready. Begin with decide.h.
 *
 *   decide   is a route proven, may a candidate be promoted
 *   append   may an event be written: it is folded into copies of the rows, and a new violation is a no
 *   use      does whoever uses a permission with this event hold it? The table of the kinds that use one
 *
 * Words. A "decision" (view/decision.h) is a yes or a no with words and evidence. A "note" is what a yes leaves open.
 * Whether a permission is held is decided one room below (permissions/permitted.h), because packs need that answer too. */
#ifndef PROJECTIONS_DECIDE_ROOM_H
#define PROJECTIONS_DECIDE_ROOM_H

#endif
