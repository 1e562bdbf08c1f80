/* Causes: which event, or which moment, made a judged state what it is. Nothing is guessed from a row's evidence: a view is
 * advanced through the log, event by event and through the time in between, and each change is recorded.
 *
 * Sees: rows, fold, store, view. Begin with walk.h (the idea), then since.h (what most callers want).
 *
 *   plan         what a walk looks after, and what it finds
 *   walk         a view that goes forward: its events and its time
 *   nodes        who depends on what: a row is judged again when something that its judge looked at has changed
 *   since        since when a judged state is what it is, for any row of a view
 *   since_store  what walks found, kept in the derived environment so that the next one begins there
 *   matters      which changes count when states are compared
 *   causes       what changed shortly before a state came about, and could be the cause; causes_track has its insides
 *
 * Words. A "node" is a row that the walk tracks. Its "deadline" is the next moment at which time alone may change its
 * judge's answer. A "cause" is an event, or a time without one. A walk is "tired" when its judges have read as many rows as
 * its plan allows: it keeps what it knows, and the next walk continues from there. */
#ifndef PROJECTIONS_WALK_ROOM_H
#define PROJECTIONS_WALK_ROOM_H

#endif
