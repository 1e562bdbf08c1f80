/* A view that advances through the log, event by event and through the time in between, and reports what each of them
 * changed: causes are found by evaluating every prefix, never by guessing from a row's evidence.
 *
 *   (n events, time t) ── time alone ──> (n, t') ── event n, written at t' ──> (n + 1, t') ── ...
 *
 * Not everything is judged again at each step. A tracked row is a node, which knows what its judge read last time: rows,
 * ranges of rows, other judged rows, and moments of time (state_past). It is judged again when one of these has changed, or
 * that moment has come. What a judge does not read cannot change its answer.
 *
 * A judge of another row may use everything of a judged row except what changes with each use or only says how the state
 * came about: columns marked COLUMN_WORK and those of FOLD_COLUMNS, which are only for citing. Of a counter
 * of work it may use whether it is 0.
 *
 *   walk.c   the view, its events and its time      walk_nodes.c   who depends on what, and what changed */
#ifndef PROJECTIONS_WALK_WALK_H
#define PROJECTIONS_WALK_WALK_H

#include "projections/walk/walk_plan.h"

struct walk;
/* Stale rows stay as stored; the causes of what is judged by them are unknown. */
int walk_open(const struct walk_plan *plan, struct walk **ret, struct err *err);
void walk_close(struct walk *walk); /* NULL is fine */
/* Advances to `to` events and the time `now`, neither before the current position; `now` 0: the time of the newest of them.
 * ERR_BUSY with walk_is_tired: the plan's work limit is reached; walk_each and walk_where then report an earlier event. */
int walk_to(struct walk *walk, uint64_t to, uint64_t now, struct err *err);

/* Tracks this row from now on, there or not: walk_notes has it. */
int walk_add(struct walk *walk, size_t table, struct bytes key, struct err *err);
/* Have the judges of tracked rows read this row since they are tracked, their own rows aside; or, if it came or went, the
 * keys that begin like its key? */
bool walk_has_read(const struct walk *walk, size_t table, struct bytes key, bool came_or_went);
/* Calls `each` for each row that a judge was asked about on the way, tracked or not. */
int walk_judged(const struct walk *walk, int (*each)(void *ctx, size_t table, struct bytes key), void *ctx);

bool walk_is_tired(const struct walk *walk);
/* Has it met a correction? Then it cost more than its number of events. */
bool walk_corrected(const struct walk *walk);

/* The cause of the column's value. False: the row is not tracked, or the walk ended with another value. */
bool walk_column(const struct walk *walk, const struct row *row, size_t column, struct walk_cause *ret);
/* Is the cause known for every tracked row? */
bool walk_is_whole(const struct walk *walk);
/* Calls `each` (may be NULL) with what is known of each existing row of a table; returns their number. */
size_t walk_each(const struct walk *walk, const struct state_table *table,
                 int (*each)(void *ctx, const struct walk_known *known), void *ctx);
/* The position: events, time, and the leaf of the newest event. */
int walk_where(const struct walk *walk, uint64_t *ret_at, uint64_t *ret_now, uint8_t ret_leaf[LOG_HASH], struct err *err);
/* The events that walk_column and walk_presence may name for tracked rows, unordered and with repetitions; returns their
 * number. `ret` may be NULL. */
size_t walk_seqs(const struct walk *walk, uint64_t *ret);
/* The reported columns of a row that appeared during the walk, as of its last appearance, into the cells of *row, which the
 * caller initialises; they borrow from the walk. False: it did not appear during the walk. */
bool walk_came(const struct walk *walk, const struct state_table *table, struct bytes key, struct row *row);
/* The cause of the row's presence or absence. False: it is not tracked. */
bool walk_presence(const struct walk *walk, const struct state_table *table, struct bytes key, struct walk_cause *ret);

#endif
