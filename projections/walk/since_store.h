/* The results of walks, kept in the derived environment so that the next walk begins there: for a table's rows, as of a
 * number of events, since when each judged state is what it is. Nothing depends on it: it may be deleted at any time, and
 * rows that do not match it are walked to again.
 *
 *   table state  "since/TABLE": as of what is stored now; "since/TABLE/SEGMENT": as of the end of a segment.
 *                First 8 bytes of SHA-256(key, 0x00, what follows), then
 *                [1, rules, position, now, bin32 leaf, [[key, hash, seq | nil, at], ...]]
 *   rules        hash of the program's version and of the projections with theirs: what judged
 *   now, leaf    the time that it was judged by, and the leaf of event position - 1: is it this log? */
#ifndef PROJECTIONS_WALK_SINCE_STORE_H
#define PROJECTIONS_WALK_SINCE_STORE_H

#include "projections/view/view.h"
#include "projections/walk/walk.h"

#define SINCE_ROWS_MAX 4096 /* a larger table is kept as of the newest only */

struct since_record {
    uint64_t position, now;
    struct walk_known *rows;
    size_t n;
    struct buf own; /* the buffer that the rows' keys borrow from */
};
void since_record_done(struct since_record *record); /* a zeroed one is fine */

/* The newest record of this log of at most `at` events; *ret zeroed: none. */
int since_load(struct state_view *view, const struct state_table *table, uint64_t at, struct since_record *ret,
               struct err *err);
/* Stores a record as of the walk's position. `newest`: replaces the previous newest one; otherwise as of the end of a
 * segment. A failure to write is ignored. `generation`: of the evidence when the walk began. */
void since_save(struct state_view *view, const struct state_table *table, const struct walk *walk, bool newest,
                uint64_t generation);

#endif
