/* Derived: the environment for everything that can be rebuilt from the events. It may be deleted at any time.
 *
 * Sees: write and the rooms before it. They do not see this one: derived data follows the log, and the log never waits
 * for derived data.
 *
 * Begin with derived.h: its tables, the ways to open it, and what happens when the evidence moves on to a new
 * generation.
 *
 *   derived        opening, replacing a damaged one, following generations
 *   segments_keep  the keeper's work: opens derived data, compares its key segments with the evidence, builds missing ones
 *
 * What is built where: key segments here; the index in query; rows of projections in projections. Each has a table of its
 * own and a record in table state.
 *
 * Words. To follow: to start afresh beside the next generation of the evidence. Parked: an environment that was found
 * damaged and may still have readers. Retired: the environment of an older generation. Published: appends may use the
 * key segments in it. */
#ifndef LEDGER_DERIVED_ROOM_H
#define LEDGER_DERIVED_ROOM_H

#endif
