/* From events to rows: the engine that gives every event of the log, in order, to the projections that take its kind.
 *
 * Sees: rows. Begin with fold.h, which is what the author of a projection works with; then replay.h.
 *
 *   fold      what a fold sees: the event's fields, and rows of its own tables; FOLD_COLUMNS of tables with a state
 *   run       (run.h) the engine's side: an event is prepared once and given to each fold
 *   steps     legal steps as a table of rules; what is illegal is counted in the row as a violation
 *   author    whose signature an event has
 *   upcast    an event of an older schema gets the body that its kind has today
 *   replay    one pass over the log: whole groups checked against the tree, the newest events as a chain
 *   correct   ledger.corrected: the rows become those of the same events without the mistake
 *
 * A fold is pure: no clock, no randomness, no rows of other projections. It takes any event, however erased or absurd, and
 * fails only when no code could take the event; then this projection stops there and the others continue.
 *
 * Words. A "part" is one projection in a pass, with its rows and its position. A "position" is the number of events folded.
 * An "effect" is what an event does to the rows of all parts; only corrections have one. */
#ifndef PROJECTIONS_FOLD_ROOM_H
#define PROJECTIONS_FOLD_ROOM_H

#endif
