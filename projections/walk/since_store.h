/* What walks found out, kept in the derived environment so that the next one begins there: of a table's rows, as of a
 * number of events, since when each judged state is what it is. Nothing rests on it: it may go at any time, and rows that
 * are not what it says are walked to anew.
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

#define SINCE_ROWS_MAX 4096 /* a table with more is kept as of the newest only */

struct since_record {
    uint64_t position, now;
    struct walk_known *rows;
    size_t n;
    struct buf own; /* what the rows' keys borrow */
};
void since_record_done(struct since_record *record); /* a zeroed one is fine */

/* The newest that is at most `at` events long and of this log; *ret zeroed: there is none. */
int since_load(struct state_view *view, const struct state_table *table, uint64_t at, struct since_record *ret,
               struct err *err);
/* As of where the walk stands. `newest`: in the place of the one that was; else as of the end of a segment. What cannot be
 * written is not. `generation`: of the evidence when the walk began. */
void since_save(struct state_view *view, const struct state_table *table, const struct walk *walk, bool newest,
                uint64_t generation);

#endif
