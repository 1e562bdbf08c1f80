/* Rows in the derived environment: stored, attested, brought up to date, rebuilt, compared. All of it may be deleted at any
 * time; it is folded again from the log.
 *
 * Sees: rows, fold. Begin with store.h (the records and why old versions stay), then stored.h.
 *
 *   options          how states are asked for (struct state_options), and the sizes that the engine goes by
 *   store            records of generations, slots and rows; store_rows has the rows, their versions and scans
 *   stored           stored rows as the base of rows in memory; may a generation be used at all?
 *   attested_record  the heads of trees of rows, as bytes
 *   attested         which tree an event in the log vouches for; attested_check compares every node
 *   build            fills generations chunk by chunk, beside other processes that do the same
 *   rebuild          catches up, builds anew, drops; rebuild_check compares what is stored with a replay
 *
 * Words. A "generation" is the rows that one version of a projection made; it is in a "slot" of its own. A "segment" is a
 * fixed number of events: a row keeps one version for each segment in which it changed. "Stale" rows were made by another
 * version of the code. A "shadow" is the generation that a rebuild fills beside the one that is read. */
#ifndef PROJECTIONS_STORE_ROOM_H
#define PROJECTIONS_STORE_ROOM_H

#endif
