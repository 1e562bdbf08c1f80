/* Reading states: a view is all projections as of one moment of the log.
 *
 *   stored rows at a position ── + events since, folded in memory ──> rows as of `at` ── judge ──> answer
 *
 * Rows stored for a position are never changed for an earlier one: at each multiple of STATE_SEGMENT events their versions
 * are kept (store.h), so a view of the past starts at the last such boundary and folds at most a segment.
 *
 * A view holds a snapshot of the derived database while it is open, and one tree size. One thread at a time. */
#ifndef PROJECTIONS_VIEW_STATE_H
#define PROJECTIONS_VIEW_STATE_H

#include "projections/rows/row.h"
#include "projections/store/options.h"

/* Catches up first: a small lag is folded in memory, a larger one is stored. Where storing is forbidden or fails (a full
 * disk, a directory that cannot be written), it is folded in memory too or, if that is too much, in unnamed scratch files
 * in TMPDIR. A projection that stopped at an event it cannot take, or that is stale, does not fail the view: state_status
 * says so, and its rows are those of its own position. Nor does a log that cannot be read from some event on: all
 * projections stop there, with the reason. ERR_INVALID: `at` is beyond the log. ERR_BUSY: stopped. Inside a write
 * transaction of the ledger (ledger/write/guard.h) only with no_write. */
int state_open(struct ledger *ledger, const struct state_options *options, struct state_view **ret, struct err *err);
/* NULL is fine. When the view has folded a correction in memory and may write, its rows are stored first, if possible, so
 * that the next view need not repeat that. */
void state_close(struct state_view *view);

/* For decisions: `ask` gets a view of attested rows. When rows turn out to be damaged while it reads (it fails with
 * ERR_CORRUPT), it is called once more with a view folded from the events; unless no_write, the damaged rows are dropped.
 * Returns what `ask` returns. */
int state_ask(struct ledger *ledger, const struct state_options *options,
              int (*ask)(void *ctx, struct state_view *view, struct err *err), void *ctx, struct err *err);

/* The same for one who asks again and again: *kept is NULL at first, and is left as a view that the next call continues, with the
 * events since, or as NULL. It holds a snapshot of the derived database, so it must be closed (state_close) when no question
 * is to be expected soon. Always with no_write. */
int state_ask_again(struct ledger *ledger, const struct state_options *options, struct state_view **kept,
                    int (*ask)(void *ctx, struct state_view *view, struct err *err), void *ctx, struct err *err);

uint64_t state_at(const struct state_view *view);  /* number of events that count */
uint64_t state_now(const struct state_view *view); /* the time that judges use */
/* Is that time at or after this moment (ns)? Judges must compare times only with this: it makes known when their answer
 * changes next (walk.h). */
bool state_past(struct state_view *view, int64_t moment);
/* state_options.pack_files of a row of packs, in a view of the whole log; within a view the answer is remembered. */
bool state_pack_files(struct state_view *view, const struct row *pack, char ret[STATE_FILES_WORDS]);
/* Records work of a judge that costs as much as reading this many rows. */
void state_worked(struct state_view *view, size_t rows);
/* The number of events that count at a time: those written at or before it. For "--at TIME". */
int state_at_time(struct ledger *ledger, uint64_t time, uint64_t *ret_at, struct err *err);

/* ---- projections and their status ---- */

struct state_status {
    const struct projection *projection;
    bool stored;              /* something is stored for it */
    uint32_t version;         /* of the code that made the stored rows */
    bool stale;               /* made by other code: `ledger rebuild` */
    uint64_t position;        /* events folded into the rows read here */
    uint64_t stored_position; /* events folded into the stored rows */
    uint64_t lag;             /* events in the log that are not stored yet */
    uint64_t rows;            /* stored row versions; LOG_NO_SEQ when not counted */
    bool damaged;             /* it stopped because the log cannot be read */
    uint64_t failed_seq;      /* where it stopped; LOG_NO_SEQ: it did not */
    char failed[256];         /* why */
};
/* ERR_TAMPERED, with words: some events cannot be read, and the states end before them. */
int state_whole(const struct state_view *view, struct err *err);
size_t state_projections(const struct state_view *view);
void state_status(const struct state_view *view, size_t projection, struct state_status *ret);
/* SIZE_MAX: none. */
size_t state_find(const struct state_view *view, const char *projection);

/* ---- tables and rows ---- */

/* The tables of all projections of the view, numbered consecutively. */
size_t state_tables(const struct state_view *view);
const struct state_table *state_table(const struct state_view *view, size_t table);
size_t state_table_projection(const struct state_view *view, size_t table);
/* By name ("permissions") or noun ("permission"); SIZE_MAX: none. */
size_t state_table_find(const struct state_view *view, const char *name);

/* One row, judged. ERR_NOTFOUND: there is none (err untouched). The caller initialises `row` (row_init), which afterwards
 * borrows nothing from the view. */
int state_get(struct state_view *view, size_t table, const struct bytes *parts, size_t n, struct row *row, struct err *err);
/* The same without its judge, for judges that would otherwise recurse. */
int state_get_stored(struct state_view *view, size_t table, const struct bytes *parts, size_t n, struct row *row,
                     struct err *err);

/* Rows whose first key parts are these (n 0: all), in the order of their keys. */
struct state_rows;
int state_rows_open(struct state_view *view, size_t table, const struct bytes *parts, size_t n, struct state_rows **ret,
                    struct err *err);
/* 0, 1 at the end. Borrowed until the next call. Judged. */
int state_rows_next(struct state_rows *rows, const struct row **ret, struct err *err);
int state_rows_next_stored(struct state_rows *rows, const struct row **ret, struct err *err);
void state_rows_close(struct state_rows *rows); /* NULL is fine */

/* ---- digests ---- */

/* SHA-256 over all stored rows of a projection, in order: table name, key and canonical bytes, each with its length as
 * be32; before them name, version (be32) and position (be64). *ret_rows may be NULL. */
int state_digest(struct state_view *view, size_t projection, uint8_t ret[LOG_HASH], uint64_t *ret_rows, struct err *err);

#endif
