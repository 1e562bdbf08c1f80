/* A view that goes forward through the log, event by event and through the time between, and tells what each of them
 * changed: so a cause is found by looking at every prefix, never by guessing from a row's evidence.
 *
 *   (n events, time t) ── time alone ──> (n, t') ── event n, written at t' ──> (n + 1, t') ── ...
 *
 * Not everything is judged anew at each step. A row that is looked after is a node, which knows what its judge looked at
 * when it was judged last: rows, ranges of rows, other judged rows, and moments of time (state_past). It is judged anew
 * when one of these is no longer what it was, or that moment has come. What a judge does not look at cannot change its
 * answer.
 *
 * A judge of another row may go by all of a judged row but what moves with the work or only says how the state came
 * about: columns marked COLUMN_WORK and those of FOLD_COLUMNS. These are for citing.
 *
 *   walk.c   the view, its events and its time      walk_nodes.c   who depends on what, and what changed */
#ifndef PROJECTIONS_WALK_WALK_H
#define PROJECTIONS_WALK_WALK_H

#include "projections/walk/walk_plan.h"

struct walk;
/* What is stale stays as it is stored; of rows that are judged nobody can tell then what made them so. */
int walk_open(const struct walk_plan *plan, struct walk **ret, struct err *err);
void walk_close(struct walk *walk); /* NULL is fine */
/* Goes on to `to` events and the time `now`, neither before where it is; `now` 0: the time of the newest of them. ERR_BUSY
 * with walk_is_tired: the plan's work is done; what walk_each and walk_where tell then is of an event before. */
int walk_to(struct walk *walk, uint64_t to, uint64_t now, struct err *err);

bool walk_is_tired(const struct walk *walk);
/* Has it met a correction? Then it cost more than its events. */
bool walk_corrected(const struct walk *walk);

/* What made the column what it is. False: nobody looks after the row, or the walk ended with another value. */
bool walk_column(const struct walk *walk, const struct row *row, size_t column, struct walk_cause *ret);
/* Is of each row that is looked after known what made it so? */
bool walk_is_whole(const struct walk *walk);
/* Calls `each` with what is known of the rows of a table that are there; gives their number. `each` may be NULL. */
size_t walk_each(const struct walk *walk, const struct state_table *table,
                 int (*each)(void *ctx, const struct walk_known *known), void *ctx);
/* Where it stands: events, time, and the leaf of the newest of them. */
int walk_where(const struct walk *walk, uint64_t *ret_at, uint64_t *ret_now, uint8_t ret_leaf[LOG_HASH], struct err *err);
/* The events that walk_column and walk_presence may name, of rows that are looked after, in no order and some of them more
 * than once; gives their number. `ret` may be NULL. */
size_t walk_seqs(const struct walk *walk, uint64_t *ret);
/* The columns that are told of a row that came on the way, as they were when it came last, into the cells of *row, which
 * the caller initialised; they borrow from the walk. False: it did not come on the way. */
bool walk_came(const struct walk *walk, const struct state_table *table, struct bytes key, struct row *row);
/* What made the row be there, or be gone. False: nobody looks after it. */
bool walk_presence(const struct walk *walk, const struct state_table *table, struct bytes key, struct walk_cause *ret);

#endif
