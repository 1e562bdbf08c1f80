/* One virtual table for each table of the projections: what is true now, or as of an earlier moment, beside the events that
 * it rests on.
 *
 *   SELECT * FROM packs                        as of the statement's tree size
 *   SELECT * FROM packs(118)                   as of 118 events: the hidden column as_of
 *   SELECT e.* FROM packs p, json_each(p.evidence) j JOIN events e ON e.seq = j.value
 *
 * All tables of a statement are read from one view, at the size of its cursors over events. Keys are looked up when their
 * first parts are compared with text; everything else is compared by SQLite, since the tables are small. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3ext.h>

#include "projections/view/state.h"
#include "projections/walk/since.h"
#include "query/sql/state.h"

#define PLAN_AS_OF     1 /* the first argument is the hidden column; parts of the key follow */
#define COST_OF_LOOKUP 10.0
#define COST_OF_ALL    10000.0

struct states_module {
    struct sql_state *state;
    const struct state_table *table;
};

struct states_cursor {
    sqlite3_vtab_cursor base;
    struct state_view *own; /* as of another moment; NULL: the statement's */
    struct state_rows *rows;
    const struct row *row; /* NULL: at the end */
    long long number;
};

static const struct states_module *module_of(sqlite3_vtab *table) {
    return sql_vtab_aux(table);
}

static struct states_cursor *of(sqlite3_vtab_cursor *base) {
    return (struct states_cursor *)base;
}

/* ---- the table ---- */

static int table_connect(sqlite3 *db, void *aux, int n, const char *const *args, sqlite3_vtab **ret, char **ret_why) {
    static const char *const types[] = {
        [CELL_NULL] = "",     [CELL_INT] = "INTEGER", [CELL_REAL] = "REAL", [CELL_BOOL] = "INTEGER",
        [CELL_TEXT] = "TEXT", [CELL_SEQS] = "TEXT",   [CELL_LIST] = "TEXT",
    };
    const struct state_table *table = ((const struct states_module *)aux)->table;
    struct buf text = {.max = 65536};
    (void)n;
    (void)args;
    (void)ret_why;
    buf_put_str(&text, "CREATE TABLE x(");
    for (size_t i = 0; i < table->n_columns; i++) {
        buf_printf(&text, "\"%s\" %s, ", table->columns[i].name, types[table->columns[i].type]);
    }
    buf_put_str(&text, "as_of INTEGER HIDDEN)");
    buf_put_u8(&text, 0);
    return sql_vtab_connect(db, &text, aux, ret);
}

/* The usable comparison of a column with a text or number, -1: none. */
static int equals(const sqlite3_index_info *info, size_t column) {
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *c = &info->aConstraint[i];
        if (c->usable && c->op == SQLITE_INDEX_CONSTRAINT_EQ && c->iColumn >= 0 && (size_t)c->iColumn == column) {
            return i;
        }
    }
    return -1;
}

static int table_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
    const struct state_table *table = module_of(base)->table;
    int n = 0, as_of = equals(info, table->n_columns);
    bool parts = true, some = false;
    if (as_of >= 0) {
        info->aConstraintUsage[as_of].argvIndex = ++n;
        info->aConstraintUsage[as_of].omit = 1;
        info->idxNum = PLAN_AS_OF;
    }
    for (int i = 0; i < info->nConstraint; i++) { /* as_of is not known yet: ask for another join order */
        const struct sqlite3_index_constraint *c = &info->aConstraint[i];
        if (c->iColumn >= 0 && (size_t)c->iColumn == table->n_columns && !c->usable) {
            return SQLITE_CONSTRAINT;
        }
    }
    for (size_t column = 0; column < table->n_columns && parts; column++) {
        if ((table->columns[column].flags & COLUMN_KEY) == 0) continue;
        int at = equals(info, column);
        parts = at >= 0 && strcmp(sqlite3_vtab_collation(info, at), "BINARY") == 0;
        if (parts) {
            info->aConstraintUsage[at].argvIndex = ++n;
            some = true;
        }
    }
    info->estimatedCost = some ? COST_OF_LOOKUP : COST_OF_ALL;
    info->estimatedRows = some ? 1 : 1000;
    return SQLITE_OK;
}

/* ---- rows ---- */

static int fail(struct states_cursor *c, const struct err *why) {
    c->row = NULL;
    return sql_vtab_fail(c->base.pVtab, module_of(c->base.pVtab)->state, why);
}

static int cursor_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret) {
    struct states_cursor *c = calloc(1, sizeof(*c));
    if (c == NULL) return SQLITE_NOMEM;
    sql_state_enter(module_of(table)->state);
    module_of(table)->state->states_open++;
    *ret = &c->base;
    return SQLITE_OK;
}

static void forget(struct states_cursor *c) {
    state_rows_close(c->rows);
    state_close(c->own);
    c->rows = NULL;
    c->own = NULL;
    c->row = NULL;
}

/* Inside another program the end of a statement is not known: the view is closed with the last of its cursors. */
static int cursor_close(sqlite3_vtab_cursor *base) {
    struct states_cursor *c = of(base);
    struct sql_state *state = module_of(base->pVtab)->state;
    forget(c);
    free(c);
    if (--state->states_open == 0 && state->shell) {
        state_close(state->view);
        state->view = NULL;
    }
    return SQLITE_OK;
}

static int view_of(struct sql_state *state, uint64_t at, struct state_view **ret, struct err *err) {
    struct state_options options;
    state_options_init(&options);
    options.at = at;
    options.now = at == state->size ? sql_state_now(state) : 0;
    options.stop = state->stop;
    int rc = state_open(state->ledger, &options, ret, err);
    if (rc == 0) rc = state_whole(*ret, err); /* counting only a part would be wrong */
    return rc;
}

/* Notes a stopped or stale state, which explains an odd answer. */
static void note_status(struct sql_state *state, const struct state_view *view, size_t table) {
    struct state_status s;
    state_status(view, state_table_projection(view, table), &s);
    if (s.failed_seq != LOG_NO_SEQ) {
        sql_state_note(state, "'%s' stopped at event %llu: %s", s.projection->name, (unsigned long long)s.failed_seq,
                       s.failed);
    } else if (s.stale) {
        sql_state_note(state, "'%s' is as of event %llu by version %u; 'ledger rebuild' rebuilds it", s.projection->name,
                       (unsigned long long)s.position, s.version);
    }
}

static int open_view(struct states_cursor *c, bool as_of, sqlite3_value *moment, struct state_view **ret, struct err *err) {
    struct sql_state *state = module_of(c->base.pVtab)->state;
    int rc = sql_state_settle(state, err);
    if (rc != 0) return rc;
    if (!as_of) {
        rc = state->view == NULL ? view_of(state, state->size, &state->view, err) : 0;
        *ret = state->view;
        return rc;
    }
    int64_t at = sqlite3_value_int64(moment);
    if (sqlite3_value_numeric_type(moment) != SQLITE_INTEGER || at < 0 || (uint64_t)at > state->size) {
        return err_set(err, ERR_INVALID, "as_of must be a number of events from 0 to %llu",
                       (unsigned long long)state->size);
    }
    rc = view_of(state, (uint64_t)at, &c->own, err);
    *ret = c->own;
    return rc;
}

static int cursor_next(sqlite3_vtab_cursor *base) {
    struct states_cursor *c = of(base);
    struct err why = {0};
    int rc = state_rows_next(c->rows, &c->row, &why);
    c->number++;
    if (rc == 1) {
        c->row = NULL;
        return SQLITE_OK;
    }
    return rc == 0 ? SQLITE_OK : fail(c, &why);
}

static int cursor_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int n, sqlite3_value **args) {
    struct states_cursor *c = of(base);
    const struct states_module *module = module_of(base->pVtab);
    struct bytes parts[KEY_PARTS_MAX];
    struct state_view *view = NULL;
    struct err why = {0};
    bool as_of = (plan & PLAN_AS_OF) != 0;
    size_t n_parts = 0;
    (void)text;
    forget(c);
    c->number = 0;
    for (int i = as_of ? 1 : 0; i < n && n_parts < KEY_PARTS_MAX; i++) {
        if (sqlite3_value_type(args[i]) != SQLITE_TEXT) {
            return SQLITE_OK; /* a key is text: nothing equals this */
        }
        parts[n_parts].p = sqlite3_value_text(args[i]);
        parts[n_parts++].n = (size_t)sqlite3_value_bytes(args[i]);
    }
    int rc = open_view(c, as_of, as_of ? args[0] : NULL, &view, &why);
    size_t table = rc == 0 ? state_table_find(view, module->table->name) : 0;
    if (rc == 0) rc = state_rows_open(view, table, parts, n_parts, &c->rows, &why);
    if (rc != 0) return fail(c, &why);
    note_status(module->state, view, table);
    return cursor_next(base);
}

static int cursor_eof(sqlite3_vtab_cursor *base) {
    return of(base)->row == NULL;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, long long *ret) {
    *ret = of(base)->number;
    return SQLITE_OK;
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column) {
    struct states_cursor *c = of(base);
    if ((size_t)column >= c->row->table->n_columns) return SQLITE_OK;
    if (since_is(c->row->table, (size_t)column)) {
        struct err why = {0};
        if (since_find_next(c->rows, &why) != 0) return fail(c, &why);
    }
    const struct cell *cell = &c->row->cells[column];
    switch (cell->type) {
    case CELL_INT:
        sqlite3_result_int64(ctx, cell->int_);
        break;
    case CELL_REAL:
        sqlite3_result_double(ctx, cell->real);
        break;
    case CELL_BOOL:
        sqlite3_result_int(ctx, cell->boolean ? 1 : 0);
        break;
    case CELL_TEXT:
        sqlite3_result_text64(ctx, (const char *)cell->text.p, cell->text.n, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    case CELL_SEQS:
    case CELL_LIST:
        sql_give_json(ctx, module_of(base->pVtab)->state, cell->text);
        break;
    default:
        break;
    }
    return SQLITE_OK;
}

/* ---- the modules ---- */

static const sqlite3_module module = {
    .iVersion = 2,
    .xConnect = table_connect,
    .xBestIndex = table_best_index,
    .xDisconnect = sql_vtab_disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_rowid,
};

const struct state_table *sql_states_at(size_t i) {
    for (size_t p = 0; projection_all[p] != NULL; p++) {
        if (i < projection_all[p]->n_tables) return &projection_all[p]->tables[i];
        i -= projection_all[p]->n_tables;
    }
    return NULL;
}

bool sql_states_is(const char *name) {
    const struct state_table *table;
    for (size_t i = 0; (table = sql_states_at(i)) != NULL; i++) {
        if (sqlite3_stricmp(table->name, name) == 0) return true;
    }
    return false;
}

int sql_states_register(sqlite3 *db, struct sql_state *state) {
    const struct state_table *table;
    int rc = SQLITE_OK;
    for (size_t i = 0; (table = sql_states_at(i)) != NULL && rc == SQLITE_OK; i++) {
        struct states_module *m = malloc(sizeof(*m));
        if (m == NULL) return SQLITE_NOMEM;
        *m = (struct states_module){.state = state, .table = table};
        rc = sqlite3_create_module_v2(db, table->name, &module, m, free);
    }
    return rc;
}
