/* The loadable extension: the tables and functions in another program's connection, which has limits of its own. */
#include "query/sql/extension.h"

#include <sqlite3ext.h>

#include "query/sql/pool.h"
#include "query/sql/state.h"

/* ledger_open('DIR'): from here on events is that ledger; returns its origin. */
static void open_ledger(sqlite3_context *ctx, int n, sqlite3_value **args) {
    struct sql_state *state = sqlite3_user_data(ctx);
    const char *dir = (const char *)sqlite3_value_text(args[0]);
    struct ledger *ledger = NULL;
    struct err why = {0};
    (void)n;
    if (dir == NULL) {
        sqlite3_result_error(ctx, "ledger_open takes the directory of a ledger", -1);
        return;
    }
    if (state->cursors != NULL || state->states_open > 0) {
        sqlite3_result_error(ctx, "ledger_open: a statement is reading events", -1);
        return;
    }
    if (sql_pool_open(dir, &ledger, &why) != 0) {
        sqlite3_result_error(ctx, why.msg, -1);
        return;
    }
    sql_state_begin(state);
    if (state->owned) {
        sql_pool_close(state->ledger);
    }
    state->ledger = ledger;
    state->owned = true;
    sqlite3_result_text(ctx, log_origin(ledger), -1, SQLITE_TRANSIENT);
}

static bool has(sqlite3 *db, const char *use) {
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, use, -1, &stmt, NULL);
    sqlite3_finalize(stmt);
    return rc == SQLITE_OK;
}

int sqlite3_ledgersqlite_init(sqlite3 *db, char **ret_why, const sqlite3_api_routines *functions) {
    sqlite3_api = functions;
    if (sqlite3_libversion_number() < SQL_VERSION_MIN) {
        *ret_why = sqlite3_mprintf("SQLite %s is too old for ledger-sqlite; " SQL_VERSION_MIN_TEXT " or newer is needed",
                                   sqlite3_libversion());
        return SQLITE_ERROR;
    }
    /* A second time would free the state of the first one, which its functions keep while a statement runs. */
    if (has(db, "SELECT ledger_open(NULL)")) return SQLITE_OK;
    if (has(db, "SELECT body_get(0, '')")) {
        *ret_why = sqlite3_mprintf("ledger-sqlite was not loaded as a whole before; open another connection");
        return SQLITE_ERROR;
    }
    struct sql_state *state = sql_state_new();
    if (state == NULL) return SQLITE_NOMEM;
    state->shell = true;
    int rc = sql_table_register(db, state); /* the state goes with it, also when it fails */
    rc = rc != SQLITE_OK ? rc : sql_states_register(db, state);
    rc = rc != SQLITE_OK ? rc : sql_functions_register(db, state);
    rc = rc != SQLITE_OK ? rc : sql_quantile_register(db);
    return rc != SQLITE_OK ? rc
                           : sqlite3_create_function_v2(db, "ledger_open", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, state,
                                                        open_ledger, NULL, NULL, NULL);
}
