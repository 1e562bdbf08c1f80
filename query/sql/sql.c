/* One statement at a time, over a connection with only our tables: prepared under the authorizer, run under the limits, its
 * rows passed on as they arrive. */
#include "query/sql/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3ext.h>

#include "base/locale.h"
#include "projections/rows/row.h"
#include "query/sql/guard.h"
#include "query/sql/library.h"
#include "query/sql/state.h"
#include "query/sql/temp.h"
#include "query/sql/words.h"

#define MEMORY_DEFAULT ((uint64_t)512 << 20)
#define MEMORY_MIN     ((uint64_t)2 << 20) /* less does not open a connection */

struct sql {
    sqlite3 *db;
    struct sql_state *state;
    struct sql_guard guard;
    struct sql_options options;
};

/* ---- failures ---- */

static int over_limit(const struct sql *sql, int code, struct err *err) {
    char limit[32];
    if (code == SQLITE_TOOBIG) {
        return err_set(err, ERR_LIMIT, "the statement produces a value that is too large");
    }
    if (code == SQLITE_NOMEM) {
        sql_words_bytes(limit, sql->options.memory);
        return err_set(err, ERR_LIMIT, "the statement needs more than its limit of %s of memory", limit);
    }
    sql_words_ns(limit, sql->options.time_ns);
    return err_set(err, ERR_LIMIT, "the statement takes longer than its limit of %s", limit);
}

/* Why it was interrupted. */
static int why_ended(struct sql *sql, struct err *err) {
    if (!sql_guard_stopped(&sql->guard) && sql_guard_late(&sql->guard)) {
        return over_limit(sql, SQLITE_INTERRUPT, err);
    }
    return err_set(err, ERR_BUSY, "interrupted");
}

static void on_stuck(void *ctx) {
    struct sql *sql = ctx;
    struct err why = {0};
    why_ended(sql, &why);
    sql->options.stuck(sql->options.stuck_ctx, &why);
}

/* ---- opening ---- */

/* Virtual tables declare themselves on first use, with statements that the authorizer refuses: so each is used once before
 * it is installed. Those of JSON and of columns may be missing. */
static int connect_states(struct sql *sql, struct err *err) {
    const struct state_table *table;
    int rc = SQLITE_OK;
    for (size_t i = 0; (table = sql_states_at(i)) != NULL && rc == SQLITE_OK; i++) {
        sqlite3_stmt *stmt = NULL;
        char text[80];
        snprintf(text, sizeof(text), "SELECT 1 FROM \"%s\"", table->name);
        rc = sqlite3_prepare_v2(sql->db, text, -1, &stmt, NULL);
        sqlite3_finalize(stmt);
    }
    return rc == SQLITE_OK ? 0 : err_set(err, ERR_IO, "SQLite: %s", sqlite3_errmsg(sql->db));
}

static int connect_tables(struct sql *sql, struct err *err) {
    static const char *const uses[] = {"SELECT 1 FROM events", "SELECT 1 FROM json_each('1')",
                                       "SELECT 1 FROM json_tree('1')", "SELECT 1 FROM pragma_table_xinfo('events')"};
    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(sql->db, uses[i], -1, &stmt, NULL);
        sqlite3_finalize(stmt);
        if (i == 0 && rc != SQLITE_OK) {
            const struct err *own = &sql->state->err;
            return own->code != 0 ? err_set(err, own->code, "%s", own->msg)
                                  : err_set(err, ERR_IO, "SQLite: %s", sqlite3_errmsg(sql->db));
        }
    }
    return connect_states(sql, err);
}

int sql_open(struct ledger *ledger, const struct sql_options *options, struct sql **ret, struct err *err) {
    struct sql *sql = calloc(1, sizeof(*sql));
    if (sql == NULL || (sql->state = sql_state_new()) == NULL) {
        free(sql);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    sql->options = options == NULL ? (struct sql_options){0} : *options;
    sql->options.memory = sql->options.memory == 0           ? MEMORY_DEFAULT
                          : sql->options.memory < MEMORY_MIN ? MEMORY_MIN
                                                             : sql->options.memory;
    sql->state->ledger = ledger;
    sql->state->no_private = sql->options.no_private;
    sql->state->no_index = sql->options.no_index;
    sql->state->proven = sql->options.proven;
    int rc = sql_library_enter(err);
    bool entered = rc == 0;
    if (rc == 0) rc = sql_library_load(err);
    if (rc == 0) {
        int code = sql_temp_open(&sql->db);
        code = code != SQLITE_OK ? code : sql_table_register(sql->db, sql->state);
        code = code != SQLITE_OK ? code : sql_states_register(sql->db, sql->state);
        code = code != SQLITE_OK ? code : sql_functions_register(sql->db, sql->state);
        code = code != SQLITE_OK ? code : sql_quantile_register(sql->db);
        rc = code == SQLITE_OK
                 ? connect_tables(sql, err)
                 : err_set(err, code == SQLITE_NOMEM ? ERR_NOMEM : ERR_IO, "SQLite: %s", sqlite3_errstr(code));
        if (rc == 0) rc = sql_guard_install(&sql->guard, sql->db, sql->options.memory, err);
        sql->guard.stuck = sql->options.stuck == NULL ? NULL : on_stuck;
        sql->guard.stuck_ctx = sql;
    }
    if (rc == 0) {
        *ret = sql;
    } else {
        sql_close(sql);
    }
    if (entered) {
        sql_library_leave();
    }
    return rc;
}

void sql_close(struct sql *sql) {
    if (sql != NULL && sql_library_enter(NULL) == 0) { /* else it stays: SQLite cannot be called */
        sql_guard_done(&sql->guard);
        if (sql->db != NULL) {
            sqlite3_close(sql->db);
        }
        sql_state_free(sql->state);
        free(sql);
        sql_library_leave();
    }
}

/* ---- running ---- */

/* Why SQLite gave `code`. */
static int explain(struct sql *sql, struct bytes statement, int code, struct err *err) {
    const struct err *own = &sql->state->err;
    switch (code & 0xff) {
    case SQLITE_INTERRUPT:
        if (!sql_guard_stopped(&sql->guard) && !sql_guard_late(&sql->guard) && sql_guard_greedy(&sql->guard)) {
            return over_limit(sql, SQLITE_NOMEM, err);
        }
        return why_ended(sql, err);
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
        return over_limit(sql, code & 0xff, err);
    case SQLITE_FULL: /* there are no files: in our case this means memory */
    case SQLITE_IOERR:
        if (own->code == 0) return over_limit(sql, SQLITE_NOMEM, err);
        break;
    default:
        break;
    }
    if (own->code != 0) return err_set(err, own->code, "%s", own->msg);
    if (sql->guard.refused[0] != '\0') {
        return err_set(err, ERR_INVALID, "%s is refused: a statement may only read, and only events, states and JSON",
                       sql->guard.refused);
    }
    return sql_words_invalid(statement, sqlite3_error_offset(sql->db), sqlite3_errmsg(sql->db), err);
}

/* White space, comments and semicolons. */
static bool is_blank(sqlite3 *db, const char *p, size_t n) {
    while (n > 0) {
        sqlite3_stmt *more = NULL;
        const char *after = NULL;
        int rc = sqlite3_prepare_v2(db, p, (int)n, &more, &after);
        bool nothing = rc == SQLITE_OK && more == NULL;
        sqlite3_finalize(more);
        if (!nothing || after == p) return nothing;
        n -= (size_t)(after - p);
        p = after;
    }
    return true;
}

static int prepare(struct sql *sql, struct bytes statement, sqlite3_stmt **ret, struct err *err) {
    const char *text = (const char *)statement.p, *after = NULL;
    const uint8_t *nul = statement.n == 0 ? NULL : memchr(statement.p, '\0', statement.n);
    sqlite3_stmt *stmt = NULL;
    if (nul != NULL) {
        return err_set(err, ERR_INVALID, "at byte %zu: a NUL byte", (size_t)(nul - statement.p));
    }
    if (statement.n > INT32_MAX) return err_set(err, ERR_LIMIT, "the statement is too long");
    int code = statement.n == 0 ? SQLITE_OK : sqlite3_prepare_v2(sql->db, text, (int)statement.n, &stmt, &after);
    if (code != SQLITE_OK) return explain(sql, statement, code, err);
    if (stmt == NULL) return err_set(err, ERR_INVALID, "there is no statement");
    int rc = 0;
    size_t used = (size_t)(after - text);
    if (!is_blank(sql->db, after, statement.n - used)) {
        rc = err_set(err, ERR_INVALID, "at byte %zu: a second statement begins; one at a time is run", used);
    } else if (sqlite3_bind_parameter_count(stmt) > 0) {
        rc = err_set(err, ERR_INVALID, "the parameter '%.60s' has no value here",
                     sqlite3_bind_parameter_name(stmt, 1) == NULL ? "?" : sqlite3_bind_parameter_name(stmt, 1));
    } else if (!sqlite3_stmt_readonly(stmt) || !sql->guard.selects) {
        rc = err_set(err, ERR_INVALID, "the statement is refused: it does not read");
    }
    if (rc != 0) {
        sqlite3_finalize(stmt);
        return rc;
    }
    *ret = stmt;
    return 0;
}

/* The row that stmt is at. */
static int fill_row(sqlite3_stmt *stmt, struct query_value *values, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct query_value *v = &values[i];
        int at = (int)i;
        switch (sqlite3_column_type(stmt, at)) {
        case SQLITE_INTEGER:
            *v = (struct query_value){.type = QUERY_INT, .int_ = sqlite3_column_int64(stmt, at)};
            break;
        case SQLITE_FLOAT:
            *v = (struct query_value){.type = QUERY_REAL, .real = sqlite3_column_double(stmt, at)};
            break;
        case SQLITE_TEXT:
            *v = (struct query_value){.type = QUERY_TEXT, .text.p = sqlite3_column_text(stmt, at)};
            v->text.n = (size_t)sqlite3_column_bytes(stmt, at);
            break;
        case SQLITE_BLOB:
            *v = (struct query_value){.type = QUERY_OTHER, .text.p = sqlite3_column_blob(stmt, at)};
            v->text.n = (size_t)sqlite3_column_bytes(stmt, at);
            break;
        default:
            *v = (struct query_value){.type = QUERY_NULL};
        }
        if (v->type == QUERY_TEXT && v->text.p == NULL) return SQLITE_NOMEM;
    }
    return SQLITE_OK;
}

struct running {
    struct sql *sql;
    sqlite3_stmt *stmt;
    struct sql_row row;
    struct query_value *values;
    const char **names;
    uint64_t rows;
    struct locale_c locale; /* SQLite's JSON reads and writes numbers by the thread's locale */
};

static int give_rows(struct running *r, struct bytes statement, sql_row_fn *each, void *ctx, struct err *err) {
    const struct sql_options *options = &r->sql->options;
    for (;;) {
        sql_guard_step(&r->sql->guard);
        int code = sqlite3_step(r->stmt);
        sql_guard_step(&r->sql->guard);
        if (code == SQLITE_DONE) return 0;
        code = code == SQLITE_ROW ? fill_row(r->stmt, r->values, r->row.n) : code;
        if (code != SQLITE_OK) return explain(r->sql, statement, code, err);
        if (options->rows != 0 && r->rows >= options->rows) {
            return err_set(err, ERR_LIMIT, "the statement gives more rows than its limit of %llu",
                           (unsigned long long)options->rows);
        }
        r->rows++;
        locale_c_pause(&r->locale);
        int rc = each(ctx, &r->row, err);
        locale_c_resume(&r->locale);
        if (rc != 0) return rc;
    }
}

static int run(struct running *r, struct bytes statement, sql_row_fn *names, sql_row_fn *each, void *ctx, struct err *err) {
    int rc = prepare(r->sql, statement, &r->stmt, err);
    if (rc != 0) return rc;
    r->row.n = (size_t)sqlite3_column_count(r->stmt);
    r->names = calloc(r->row.n + 1, sizeof(*r->names));
    r->values = calloc(r->row.n + 1, sizeof(*r->values));
    if (r->names == NULL || r->values == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < r->row.n; i++) {
        r->names[i] = sqlite3_column_name(r->stmt, (int)i);
        if (r->names[i] == NULL) return over_limit(r->sql, SQLITE_NOMEM, err);
    }
    r->row.names = r->names;
    r->row.values = r->values;
    locale_c_pause(&r->locale);
    rc = names == NULL ? 0 : names(ctx, &r->row, err);
    locale_c_resume(&r->locale);
    if (rc == 0) rc = give_rows(r, statement, each, ctx, err);
    if (rc == 0 && r->sql->state->damage.code != 0) rc = sql_state_damaged(r->sql->state, err);
    return rc;
}

int sql_run(struct sql *sql, struct bytes statement, sql_row_fn *names, sql_row_fn *each, void *ctx, struct err *err) {
    struct running r = {.sql = sql};
    const struct sql_options *o = &sql->options;
    int rc = sql_library_enter(err);
    if (rc != 0) return rc;
    rc = locale_c_begin(&r.locale, err);
    if (rc != 0) {
        sql_library_leave();
        return rc;
    }
    sql_state_begin(sql->state);
    rc = sql_guard_begin(&sql->guard, o->time_ns, o->memory, o->stop, &sql->state->stop, err);
    if (rc == 0) rc = run(&r, statement, names, each, ctx, err);
    sqlite3_finalize(r.stmt);
    sql_guard_end(&sql->guard);
    locale_c_end(&r.locale);
    sql->state->cost.rows = r.rows;
    free(r.names);
    free(r.values);
    sql_library_leave();
    return rc;
}

void sql_cost(const struct sql *sql, struct query_cost *ret) {
    *ret = sql->state->cost;
}

const char *sql_note(const struct sql *sql) {
    return sql->state->note[0] == '\0' ? NULL : sql->state->note;
}
