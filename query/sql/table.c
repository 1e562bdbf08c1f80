/* The virtual table `events`: which conditions and orders it takes over from SQLite, and their estimated cost.
 *
 * A condition is taken over only where it means the same to SQLite and to the index (sql_class in query/sql/state.h);
 * SQLite checks every row again unless the value is a constant of the column's own type. A LIMIT is not taken over: SQLite
 * does not pass on all conditions of a statement (a < b of one row, before 3.41), and ends the scan itself. */
#include <stdio.h>
#include <string.h>

#include <sqlite3ext.h>

#include "query/sql/conditions.h"
#include "query/sql/cursor.h"

static struct sql_state *state_of(sqlite3_vtab *table) {
    return sql_vtab_aux(table);
}

/* ---- conditions ---- */

/* 0: not taken over. */
static char push_of(int op) {
    switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
        return SQL_PUSH_EQ;
    case SQLITE_INDEX_CONSTRAINT_LT:
        return SQL_PUSH_LT;
    case SQLITE_INDEX_CONSTRAINT_LE:
        return SQL_PUSH_LE;
    case SQLITE_INDEX_CONSTRAINT_GT:
        return SQL_PUSH_GT;
    case SQLITE_INDEX_CONSTRAINT_GE:
        return SQL_PUSH_GE;
    case SQLITE_INDEX_CONSTRAINT_LIKE:
        return SQL_PUSH_LIKE;
    case SQLITE_INDEX_CONSTRAINT_GLOB:
        return SQL_PUSH_GLOB;
    case SQLITE_INDEX_CONSTRAINT_ISNOTNULL:
        return SQL_PUSH_THERE;
    default:
        return 0;
    }
}

static bool class_takes(size_t column, char push) {
    switch (sql_column_class(column)) {
    case SQL_NUMBER:
        return push != SQL_PUSH_LIKE && push != SQL_PUSH_GLOB;
    case SQL_TEXT:
        return sql_column_time(column) == SIZE_MAX ||
               (push != SQL_PUSH_LIKE && push != SQL_PUSH_GLOB && push != SQL_PUSH_THERE);
    case SQL_BOOL:
        return push == SQL_PUSH_EQ || push == SQL_PUSH_THERE;
    case SQL_ANY:
        return push == SQL_PUSH_EQ;
    default:
        return false;
    }
}

/* The value is known and of a type that needs no conversion. */
static bool is_exact(sqlite3_index_info *info, int i, size_t column) {
    sqlite3_value *value = NULL;
    if (sqlite3_vtab_rhs_value(info, i, &value) != SQLITE_OK || value == NULL) return false;
    int type = sqlite3_value_type(value);
    return sql_column_class(column) == SQL_NUMBER ? type == SQLITE_INTEGER || type == SQLITE_FLOAT
                                                  : sql_column_class(column) == SQL_TEXT && type == SQLITE_TEXT;
}

/* A plan under construction. */
struct making {
    sqlite3_index_info *info;
    struct sql_guess guess;
    char pushed[SQL_PUSH_MAX * 8];
    size_t at;
    int n_args;
};

static void push(struct making *m, int i, char op, size_t column, bool omit) {
    m->at += (size_t)snprintf(m->pushed + m->at, sizeof(m->pushed) - m->at, "%c%zu;", op, column);
    m->info->aConstraintUsage[i].argvIndex = ++m->n_args;
    m->info->aConstraintUsage[i].omit = omit ? 1 : 0;
}

static void take_condition(struct making *m, int i) {
    const struct sqlite3_index_constraint *c = &m->info->aConstraint[i];
    size_t column = c->iColumn < 0 ? SQL_COL_SEQ : (size_t)c->iColumn;
    char op = push_of(c->op);
    bool binary = op == SQL_PUSH_THERE || strcmp(sqlite3_vtab_collation(m->info, i), "BINARY") == 0;
    if (!c->usable || op == 0 || !binary || !class_takes(column, op) || m->n_args >= SQL_PUSH_MAX) {
        return;
    }
    bool text_match = op == SQL_PUSH_LIKE || op == SQL_PUSH_GLOB;
    bool exact = op == SQL_PUSH_THERE || (!text_match && is_exact(m->info, i, column));
    if (op == SQL_PUSH_EQ && sqlite3_vtab_in(m->info, i, -1)) {
        sqlite3_vtab_in(m->info, i, 1);
        op = SQL_PUSH_IN;
        exact = false;
    }
    sql_guess_condition(&m->guess, column, op);
    push(m, i, op, column, exact);
}

/* Rows in seq order are in time order too, because time never goes back. */
static bool take_order(const sqlite3_index_info *info, bool *ret_descending) {
    bool descending = info->nOrderBy > 0 && info->aOrderBy[0].desc;
    for (int i = 0; i < info->nOrderBy; i++) {
        int column = info->aOrderBy[i].iColumn;
        if ((info->aOrderBy[i].desc != 0) != descending) return false;
        if (column < 0 || column == SQL_COL_SEQ) {
            break; /* further terms change nothing */
        }
        if (column != SQL_COL_TIME && column != SQL_COL_AT) return false;
    }
    *ret_descending = descending;
    return true;
}

static int table_best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
    struct making m = {.info = info};
    struct err err = {0};
    bool descending = false, ordered = take_order(info, &descending);
    int rc = sql_guess_begin(&m.guess, state_of(table), &err);
    if (rc != 0) {
        return sql_vtab_fail(table, state_of(table), &err);
    }
    for (int i = 0; i < info->nConstraint; i++) {
        unsigned char op = info->aConstraint[i].op;
        if (op != SQLITE_INDEX_CONSTRAINT_LIMIT && op != SQLITE_INDEX_CONSTRAINT_OFFSET) {
            take_condition(&m, i);
        }
    }
    info->orderByConsumed = ordered && info->nOrderBy > 0;
    info->idxNum = ordered && descending ? SQL_PLAN_DESCENDING : 0;
    if ((info->colUsed & ((uint64_t)1 << SQL_COL_LEAF | (uint64_t)1 << SQL_COL_BODY | (uint64_t)1 << SQL_COL_PRIVATE)) !=
        0) {
        info->idxNum |= SQL_PLAN_WHOLE;
    }
    if (m.n_args == 1 && m.pushed[0] == SQL_PUSH_EQ && m.guess.seq) {
        info->idxNum |= SQL_PLAN_POINT;
    }
    if (m.guess.seq) {
        info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    }
    sql_guess_end(&m.guess, &info->estimatedCost, &info->estimatedRows);
    info->idxStr = sqlite3_mprintf("%s", m.pushed);
    info->needToFreeIdxStr = 1;
    return info->idxStr == NULL ? SQLITE_NOMEM : SQLITE_OK;
}

/* ---- the module ---- */

static int table_connect(sqlite3 *db, void *aux, int n, const char *const *args, sqlite3_vtab **ret, char **ret_why) {
    struct buf declaration = {.max = 65536};
    (void)n;
    (void)args;
    (void)ret_why;
    sql_column_declare(&declaration);
    return sql_vtab_connect(db, &declaration, aux, ret);
}

static int table_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret) {
    return sql_cursor_open(state_of(table), ret);
}

/* Without xCreate the table exists under its name in every schema, and nothing is written for it. */
static const sqlite3_module module = {
    .iVersion = 2,
    .xConnect = table_connect,
    .xBestIndex = table_best_index,
    .xDisconnect = sql_vtab_disconnect,
    .xOpen = table_open,
    .xClose = sql_cursor_close,
    .xFilter = sql_cursor_filter,
    .xNext = sql_cursor_next,
    .xEof = sql_cursor_eof,
    .xColumn = sql_cursor_column,
    .xRowid = sql_cursor_rowid,
};

static void free_state(void *state) {
    sql_state_free(state);
}

int sql_table_register(sqlite3 *db, struct sql_state *state) {
    return sqlite3_create_module_v2(db, "events", &module, state, state->shell ? free_state : NULL);
}
