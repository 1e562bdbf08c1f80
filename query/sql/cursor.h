/* The running half of the virtual table: rows for the conditions that table.c took over, and the values of one row for
 * functions. */
#ifndef QUERY_SQL_CURSOR_H
#define QUERY_SQL_CURSOR_H

#include "query/sql/state.h"

struct sqlite3_vtab_cursor;
struct sqlite3_value;

int sql_cursor_open(struct sql_state *state, struct sqlite3_vtab_cursor **ret);
int sql_cursor_close(struct sqlite3_vtab_cursor *base);
int sql_cursor_filter(struct sqlite3_vtab_cursor *base, int flags, const char *pushed, int n, struct sqlite3_value **args);
int sql_cursor_next(struct sqlite3_vtab_cursor *base);
int sql_cursor_eof(struct sqlite3_vtab_cursor *base);
int sql_cursor_column(struct sqlite3_vtab_cursor *base, struct sqlite3_context *ctx, int column);
int sql_cursor_rowid(struct sqlite3_vtab_cursor *base, long long *ret);

/* The field of a row, from the cursor at that row or by reading the event. 1: there is no such event. */
int sql_row_body(struct sql_state *state, uint64_t seq, struct bytes name, struct query_value *ret, struct err *err);

/* Returns a value to SQLite as a column of that class. */
void sql_give(struct sqlite3_context *ctx, struct sql_state *state, enum sql_class class, const struct query_value *v);

#endif
