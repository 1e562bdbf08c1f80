/* The virtual table's two halves: what is asked (sql_table.c) and what is answered (sql_cursor.c). */
#ifndef QUERY_SQL_TABLE_H
#define QUERY_SQL_TABLE_H

#include "query/sql_state.h"

/* How sql_table.c tells sql_cursor.c what it took over: idxStr has two things an argument, an op and a column in decimal,
 * "=3;", in the order of the arguments; idxNum has flags. */
enum sql_push {
    SQL_PUSH_EQ = '=',
    SQL_PUSH_IN = 'I', /* a list at once */
    SQL_PUSH_LT = '<',
    SQL_PUSH_LE = '{',
    SQL_PUSH_GT = '>',
    SQL_PUSH_GE = '}',
    SQL_PUSH_LIKE = 'L',
    SQL_PUSH_GLOB = 'G',
    SQL_PUSH_THERE = 'X' /* IS NOT NULL */
};
#define SQL_PUSH_MAX        48 /* conditions at most */
#define SQL_PLAN_DESCENDING 1
#define SQL_PLAN_POINT      2 /* one seq = ? */
#define SQL_PLAN_WHOLE      4 /* leaf, body or private are wanted: of what cannot be read there is no row */

struct sqlite3_vtab;
struct sqlite3_vtab_cursor;
struct sqlite3_value;

/* The table of one connection. */
struct sql_state *sql_table_state(struct sqlite3_vtab *table);

int sql_cursor_open(struct sqlite3_vtab *table, struct sqlite3_vtab_cursor **ret);
int sql_cursor_close(struct sqlite3_vtab_cursor *base);
int sql_cursor_filter(struct sqlite3_vtab_cursor *base, int flags, const char *pushed, int n, struct sqlite3_value **args);
int sql_cursor_next(struct sqlite3_vtab_cursor *base);
int sql_cursor_eof(struct sqlite3_vtab_cursor *base);
int sql_cursor_column(struct sqlite3_vtab_cursor *base, struct sqlite3_context *ctx, int column);
int sql_cursor_rowid(struct sqlite3_vtab_cursor *base, long long *ret);

#endif
