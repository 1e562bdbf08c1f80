/* What must be there before a step that can do harm: snapshots, tripcodes, LOCKDOWN, and the policies that limit them.
 *
 * Sees: the engine (rows to view). Begin with recovery.h.
 *
 *   recovery     the projection: its tables, snapshots, the newest guarded steps
 *   tripcodes    codes that controllers issue, and what a use of one lacks
 *   controllers  whose signature counts, and how old, how soon: what policies say of guards
 *
 * Words. A "step" is an event that says what is about to be done, run.step or promotion.promoted; "guarded" is one of T2 or
 * T3. A "controller" is a verifier key that a policy in force names. "Safe side": LOCKDOWN takes effect whoever issues it,
 * and ends only by a controller's signature. */
#ifndef PROJECTIONS_RECOVERY_ROOM_H
#define PROJECTIONS_RECOVERY_ROOM_H

#endif
