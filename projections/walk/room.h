/* Causes: which event, or which moment, made a judged state what it is. Nothing is guessed from a row's evidence; a view
 * is taken forward through the log, event by event and through the time between, and each change is noted.
 *
 * Sees: rows, fold, store, view. Begin with walk.h (the idea), then since.h (what most callers want).
 *
 *   plan         what a walk looks after, and what it finds
 *   walk         a view that goes forward: its events and its time
 *   nodes        who depends on what: a row is judged again when something that its judge looked at has changed
 *   since        since when a judged state is what it is, for any row of a view
 *   since_store  what walks found, kept in the derived environment so that the next one begins there
 *
 * Words. A "node" is a row that is looked after. Its "deadline" is the next moment at which time alone may change the
 * answer. A "cause" is an event, or a time without one. A walk is "tired" when its judges have looked at as many rows as
 * its plan allows: it keeps what it knows, and the next walk continues from there. */
#ifndef PROJECTIONS_WALK_ROOM_H
#define PROJECTIONS_WALK_ROOM_H

#endif
