/* SQL over the log: SQLite as the engine, read-only virtual tables over query/query.h.
 *
 * The same code is the loadable extension for the sqlite3 shell (build/<config>/ledger-sqlite.so: SELECT
 * ledger_open('DIR'); or `.load` with the directory in $LEDGER_DIR). libsqlite3 is loaded when the first statement runs, so
 * that other commands do not pay for it; all calls go through the table of functions that SQLite hands to extensions.
 *
 * Table events: seq, time (ns), at (time as RFC 3339 text), the header's other elements, leaf (hex), body (JSON), private
 * (JSON, NULL when there is none), and one column for each indexed body field, by its name (private and body fields are
 * hidden: they can be named, but are not in *). Functions: body_get(seq, 'name') reads a body field without going through
 * JSON; quantile(x, p) and the like are aggregates. docs/query.md describes both.
 *
 * Texts of events are returned unchanged; the caller makes them safe to print. */
#ifndef QUERY_SQL_SQL_H
#define QUERY_SQL_SQL_H

#include "query/query.h"

struct sql;

struct sql_options {
    uint64_t time_ns;      /* how long a statement may run, without the time the caller spends on its rows; 0: no limit */
    uint64_t memory;       /* bytes that SQLite may hold, in the whole process: it has no limit per connection, so for
                              statements that run at once the largest limit applies to all.
                              0: 512 MiB; at least 2 MiB. No temporary files: sorting must fit too */
    uint64_t rows;         /* rows that a statement may return; 0: no limit */
    bool no_private;       /* the column `private` is always NULL */
    bool no_index, proven; /* as in struct query */
    const volatile int *stop; /* as in struct query */
    /* Called by another thread when a statement that should end for `why` is still within the same step of SQLite a
     * second later: its functions on long texts may take hours and check nothing. It may end the process: nothing is
     * written. NULL: sql_run waits. */
    void (*stuck)(void *ctx, const struct err *why);
    void *stuck_ctx;
};

/* ERR_NOTFOUND: libsqlite3 is not installed (the message names the Debian package). */
int sql_open(struct ledger *ledger, const struct sql_options *options, struct sql **ret, struct err *err);
void sql_close(struct sql *sql);

struct sql_row {
    size_t n;
    const char *const *names;
    const struct query_value *values; /* QUERY_OTHER: a blob. Borrowed during the call */
};
/* Receives one row; a non-zero result ends the statement and is returned. */
typedef int sql_row_fn(void *ctx, const struct sql_row *row, struct err *err);
/* Runs one statement that reads. `names` (may be NULL) is called once before the first row, even when there are no rows.
 * ERR_INVALID: wrong SQL, with the place ("at byte 17: no such column: modle; did you mean model?"), more than one
 * statement, or one that does more than read; ERR_LIMIT: a limit, which the message names; ERR_BUSY: interrupted.
 * ERR_CORRUPT or ERR_TAMPERED after the last row: some events could not be read (all others were returned); the message
 * has the first range. */
int sql_run(struct sql *sql, struct bytes statement, sql_row_fn *names, sql_row_fn *each, void *ctx, struct err *err);
/* A note on the last statement that is not an error but may explain its answer ("the catalog has no kind 'run.finshed';
 * did you mean 'run.finished'?"); NULL: none. Borrowed until the next statement. */
const char *sql_note(const struct sql *sql);
/* The cost of the last statement, over all its cursors. */
void sql_cost(const struct sql *sql, struct query_cost *ret);

#endif
