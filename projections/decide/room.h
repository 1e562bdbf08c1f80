/* May this step be taken? Pure functions of a view, for whoever acts: call them inside the write transaction that records
 * the step (ledger/write/guard.h), so that nothing can happen between the answer and the event.
 *
 * Sees: the engine, permissions, recovery, machine, council, ready. Begin with decide.h.
 *
 *   decide   is a route proven, may a candidate be promoted
 *   append   may an event be written: it is folded into copies of the rows, and a new violation is a no
 *   step     may a step of T2 or T3 be taken, and does LOCKDOWN forbid it
 *   resolve  what a holder asks for, set against what it holds
 *   use      does whoever uses a permission with this event hold it? The table of the kinds that use one
 *
 *   route    which route serves a piece of work: candidates, their bars, the choice
 *   capacity which models fit at once; capacity_ask reads what the plan is made of
 *
 * Words. A "decision" (view/decision.h) is a yes or a no with words and evidence. A "note" is what a yes leaves open.
 * Whether a permission is held is decided one room below (permissions/permitted.h), because packs need that answer too. */
#ifndef PROJECTIONS_DECIDE_ROOM_H
#define PROJECTIONS_DECIDE_ROOM_H

#endif
