/* Querying: events by conditions, counts, SQL. docs/query.md lists conditions and columns.
 *
 * An index is never believed without the event itself; a missing index costs time but never changes an answer. */
#ifndef LEDGER_QUERY_H
#define LEDGER_QUERY_H

#include <ledger/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct ledger_event;

/* ---- conditions ---- */

enum ledger_op {
    LEDGER_OP_EQ,     /* equals */
    LEDGER_OP_PREFIX, /* a text with this beginning */
    LEDGER_OP_GLOB,   /* a text that matches a shell pattern of * ? [...] */
    LEDGER_OP_LT,
    LEDGER_OP_LE,
    LEDGER_OP_GT,
    LEDGER_OP_GE
};

/* One condition. An absent field satisfies none. This struct never changes. */
struct ledger_term {
    const char *field;                 /* "kind", "subject", "run", "happened", "model", ... */
    int op;                            /* enum ledger_op */
    const struct ledger_value *values; /* LEDGER_OP_EQ: any of these; otherwise exactly one */
    size_t n_values;
};

struct ledger_query_options {
    size_t size;
    const struct ledger_term *terms; /* all must hold */
    size_t n_terms;
    uint64_t from, to; /* events [from, to) */
    uint64_t limit;    /* rows at most; 0: no limit */
    int descending;    /* newest first */
    int no_index;      /* read every event */
    int proven;        /* only indexes that the log key vouches for: for answers that others rely on */
    const volatile int *stop;
};
#define LEDGER_QUERY_OPTIONS_INIT                                                                                          \
    { sizeof(struct ledger_query_options), NULL, 0, 0, LEDGER_NO_SEQ, 0, 0, 0, 0, NULL }

struct ledger_query;
/* Copies the options. LEDGER_ERR_INVALID: an invalid condition, with the nearest field name. Starts no thread. */
int ledger_query_open(struct ledger *ledger, const struct ledger_query_options *options, struct ledger_query **ret,
                      struct ledger_error *error);
/* 0 with the next event, or LEDGER_END. LEDGER_ERR_CORRUPT, LEDGER_ERR_TAMPERED: events that may belong to the answer
 * are damaged; the next call continues after them. */
int ledger_query_next(struct ledger_query *query, const struct ledger_event **ret, struct ledger_error *error);
void ledger_query_close(struct ledger_query *query); /* NULL is fine */

/* One combination of values and the number of events that have it. Borrowed during the call. A non-zero result ends the
 * counting with LEDGER_ERR_BUSY. */
typedef int ledger_count_row(void *ctx, const struct ledger_value *values, size_t n, uint64_t count);
/* Counts the events for each combination of values of these fields (at most 4; none: one count of all), largest count
 * first. Limit and order have no effect. */
int ledger_query_count(struct ledger *ledger, const struct ledger_query_options *options, const char *const *by,
                       size_t n_by, ledger_count_row *each, void *ctx, struct ledger_error *error);

/* ---- SQL ---- */

struct ledger_sql_options {
    size_t size;
    uint64_t time_ns;     /* maximum run time of a statement; 0: no limit */
    uint64_t memory;      /* bytes that SQLite may use in the whole process; 0: 512 MiB */
    uint64_t rows;        /* maximum rows of a statement; 0: no limit */
    int no_private;       /* the column `private` is always NULL */
    int no_index, proven; /* as above */
    const volatile int *stop;
};
#define LEDGER_SQL_OPTIONS_INIT                                                                                            \
    { sizeof(struct ledger_sql_options), 0, 0, 0, 0, 0, 0, NULL }

struct ledger_sql;
/* Loads libsqlite3; LEDGER_ERR_NOTFOUND: it is not installed. One thread at a time. */
int ledger_sql_open(struct ledger *ledger, const struct ledger_sql_options *options, struct ledger_sql **ret,
                    struct ledger_error *error);
void ledger_sql_close(struct ledger_sql *sql); /* NULL is fine */

/* A row; borrowed during the call. A non-zero result ends the statement with LEDGER_ERR_BUSY. */
typedef int ledger_sql_row(void *ctx, const char *const *names, const struct ledger_value *values, size_t n);
/* Runs one read-only statement. LEDGER_ERR_INVALID: wrong SQL, with its place; LEDGER_ERR_LIMIT: a limit, which is
 * named; LEDGER_ERR_CORRUPT, LEDGER_ERR_TAMPERED after the last row: some events could not be read. A statement with a
 * time limit or a `stop` is watched by a thread that ends with it. */
int ledger_sql_run(struct ledger_sql *sql, const char *statement, ledger_sql_row *each, void *ctx,
                   struct ledger_error *error);
/* The same with all rows as text: one line of JSON each, blobs in base64. Free it with ledger_free. */
int ledger_sql_json(struct ledger_sql *sql, const char *statement, char **ret_lines, size_t *ret_n,
                    struct ledger_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
