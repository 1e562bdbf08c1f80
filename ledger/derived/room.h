/* Derived: the environment for whatever can be rebuilt from the events. It may be deleted at any time.
 *
 * Sees: write and the rooms before it. They do not see this one: what is derived follows the log, the log waits for
 * nothing that is derived.
 *
 * Begin with derived.h: its tables, the ways to open it, and what happens when the evidence moves on to a new
 * generation.
 *
 *   derived        opening, replacing a damaged one, following generations
 *   segments_keep  the keeper's work: opens it, compares its key segments with the evidence, builds those that are
 *                  missing
 *
 * Who builds what: key segments here; the index in query; rows of projections in projections. Each has a table of its
 * own and a record in table state.
 *
 * Words. To follow: to begin anew beside the next generation of the evidence. Parked: an environment that was found
 * damaged and is still read by somebody. Retired: that of an older generation. Published: the key segments in it may
 * be used by those who append. */
#ifndef LEDGER_DERIVED_ROOM_H
#define LEDGER_DERIVED_ROOM_H

#endif
