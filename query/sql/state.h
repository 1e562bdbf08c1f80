/* What the files of the SQL engine share: the ledger of one connection, the state of the current statement, and the parts
 * that make up the connection. All of SQLite is called through the table of functions that it gives to extensions; nothing
 * here is linked with it. A connection and all that depends on it is used by one thread at a time. */
#ifndef QUERY_SQL_STATE_H
#define QUERY_SQL_STATE_H

#include "query/query.h"

struct sqlite3;
struct sqlite3_api_routines;
struct sqlite3_context;
struct sqlite3_vtab;
struct state_table;
struct state_view;

/* Set once, by library.c or by the program that loads the extension. */
extern const struct sqlite3_api_routines *sqlite3_api;

#define SQL_VERSION_MIN      3038000 /* IN lists as a whole, offsets of errors */
#define SQL_VERSION_MIN_TEXT "3.38"

/* ---- columns ---- */

/* What a column holds. A value of another type under the same name is NULL there (body_get returns it), so that comparing a
 * column means the same in SQL and in the index. */
enum sql_class {
    SQL_NUMBER,
    SQL_TEXT,
    SQL_BOOL, /* 0 and 1 */
    SQL_ANY,  /* maps and arrays are JSON text, bytes are blobs */
    SQL_MADE  /* leaf, body, private: computed on request */
};

enum sql_column {
    SQL_COL_SEQ,
    SQL_COL_TIME,
    SQL_COL_AT,
    SQL_COL_HAPPENED,
    SQL_COL_HAPPENED_AT,
    SQL_COL_KIND,
    SQL_COL_SCHEMA,
    SQL_COL_SUBJECT,
    SQL_COL_ACTOR,
    SQL_COL_SOURCE,
    SQL_COL_GRADE,
    SQL_COL_RUN,
    SQL_COL_CAUSE,
    SQL_COL_KEY,
    SQL_COL_LEAF,
    SQL_COL_BODY,
    SQL_COL_PRIVATE,
    SQL_COL_FIELDS /* the indexed body fields, in the order of query_field_name */
};

size_t sql_column_count(void);
const char *sql_column_name(size_t column);
enum sql_class sql_column_class(size_t column);
/* The field of query/query.h; SIZE_MAX: at, happened_at, leaf, body, private. */
size_t sql_column_field(size_t column);
/* The field of ns that a column of times as text is made from; SIZE_MAX: not such a column. */
size_t sql_column_time(size_t column);
/* The nearest column, NULL when none is near. */
const char *sql_column_suggest(struct bytes name);
/* Appends the CREATE TABLE statement for SQLite. */
int sql_column_declare(struct buf *out);

/* ---- one event by its seq ---- */

struct sql_point {
    struct log_reader *reader;
    struct log_event event;
    bool at; /* event is one */
};

/* 0: point->event is the event; 1: no such seq. Neighbouring events are cheap. */
int sql_point_go(struct sql_point *point, struct ledger *ledger, uint64_t seq, struct err *err);
int sql_point_private(struct sql_point *point, struct buf *out, struct err *err);
void sql_point_done(struct sql_point *point);

/* ---- the connection ---- */

#define SQL_NOTE_MAX 512

struct sql_range {
    uint64_t first, end;
};

/* What could not be read, as distinct ranges. */
struct sql_damage {
    int code;         /* 0: all was read */
    struct err first; /* words of the first one */
    struct sql_range *range;
    size_t n, cap;
};

struct sql_cursor;
struct sql_state {
    struct ledger *ledger;
    bool owned; /* the ledger comes from query/sql/pool.h and is returned with this */
    bool shell; /* inside another program: damage is an SQL error */
    bool no_private, no_index, proven;
    const volatile int *stop;
    /* the current statement */
    uint64_t size;              /* of the log, LOG_NO_SEQ until its first cursor */
    uint64_t now;               /* 0 until it is asked for */
    struct sql_cursor *cursors; /* open ones */
    unsigned states_open;       /* cursors over states */
    struct state_view *view;    /* what they read; NULL until the first one does */
    struct err err;             /* of the call that failed */
    struct sql_damage damage;
    struct query_cost cost;
    char note[SQL_NOTE_MAX];
    struct sql_point point; /* for events that no cursor is at */
    struct buf scratch;
};

struct sql_state *sql_state_new(void); /* NULL on no memory */
void sql_state_free(struct sql_state *state);
/* Begins a new statement: resets the state of the last one. */
void sql_state_begin(struct sql_state *state);
/* A cursor is about to be opened: inside another program, this is where a statement begins. */
void sql_state_enter(struct sql_state *state);
/* One size for all cursors of a statement. */
int sql_state_settle(struct sql_state *state, struct err *err);
/* Opens the ledger that the environment names when none is open. */
int sql_state_ledger(struct sql_state *state, struct err *err);
/* Events [first, first + n) cannot be read. */
void sql_state_damage(struct sql_state *state, const struct err *why, int code, uint64_t first, uint64_t n);
/* "...; 256 events could not be read, all others are in the answer" */
int sql_state_damaged(const struct sql_state *state, struct err *err);
/* Notes something that is not an error but may explain an empty answer. The first note is kept. */
void sql_state_note(struct sql_state *state, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* ns, the same throughout a statement. */
uint64_t sql_state_now(struct sql_state *state);
/* Keeps the failure for sql_run and returns SQLite's code for it. */
int sql_state_fail(struct sql_state *state, const struct err *why);

/* ---- virtual tables ---- */

/* For xConnect, xDisconnect and rows. `declaration` is a CREATE TABLE statement with its NUL, and is freed; `aux` is what
 * sql_vtab_aux returns. */
int sql_vtab_connect(struct sqlite3 *db, struct buf *declaration, void *aux, struct sqlite3_vtab **ret);
int sql_vtab_disconnect(struct sqlite3_vtab *table);
void *sql_vtab_aux(struct sqlite3_vtab *table);
/* sql_state_fail, with the message in the table, where SQLite reads it. */
int sql_vtab_fail(struct sqlite3_vtab *table, struct sql_state *state, const struct err *why);
/* The result is this msgpack item as JSON. */
void sql_give_json(struct sqlite3_context *ctx, struct sql_state *state, struct bytes raw);

/* ---- its parts ----
 *
 * Each gives one of SQLite's codes. */

/* The table events. */
int sql_table_register(struct sqlite3 *db, struct sql_state *state);
/* The tables of states (states.c). */
int sql_states_register(struct sqlite3 *db, struct sql_state *state);
const struct state_table *sql_states_at(size_t i); /* NULL after the last */
bool sql_states_is(const char *name);
/* body_get, ts, ago, iso, age. */
int sql_functions_register(struct sqlite3 *db, struct sql_state *state);
/* quantile, median, p50, p90, p95, p99. */
int sql_quantile_register(struct sqlite3 *db);
/* The names of all of these, NULL at the end. */
const char *const *sql_function_names(void);

#endif
