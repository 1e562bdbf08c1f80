/* A view is as of one moment; its rows are what projections folded and what judges add. */
#include <ledger/states.h>

#include <stdlib.h>

#include "lib/facade.h"
#include "lib/json/cell.h"
#include "projections/view/state.h"
#include "projections/walk/since.h"

_Static_assert((int)LEDGER_STATES_ATTESTED == (int)STATE_ATTESTED && (int)LEDGER_STATES_EVENTS == (int)STATE_EVENTS, "");

struct ledger_states {
    struct ledger *ledger;
    struct state_view *view;
};

int ledger_states_open(struct ledger *ledger, const struct ledger_states_options *options, struct ledger_states **ret,
                       struct ledger_error *error) {
    struct err err = {0};
    struct ledger_states_options o;
    struct state_options how;
    struct ledger_states *states = calloc(1, sizeof(*states));
    int rc = FACADE_OPTIONS(&o, options, ledger_states_options, LEDGER_STATES_OPTIONS_INIT, &err);
    if (rc == 0 && states == NULL) rc = err_set(&err, ERR_NOMEM, "no memory for states");
    if (rc == 0 && (o.base < LEDGER_STATES_STORED || o.base > LEDGER_STATES_EVENTS)) {
        rc = err_set(&err, ERR_INVALID, "%d is not a base of states", o.base);
    }
    state_options_init(&how);
    how.base = rc == 0 ? (enum state_base)o.base : STATE_STORED;
    how.at = o.at;
    how.now = o.at_time;
    how.no_write = o.no_write != 0;
    how.stop = o.stop;
    how.progress = o.progress;
    how.progress_ctx = o.progress_ctx;
    if (rc == 0 && o.at_time != 0) rc = state_at_time(ledger, o.at_time, &how.at, &err);
    if (rc == 0) rc = state_open(ledger, &how, &states->view, &err);
    if (rc == 0) {
        states->ledger = ledger;
        *ret = states;
    } else {
        free(states);
    }
    return facade_end(rc, &err, error);
}

void ledger_states_close(struct ledger_states *states) {
    if (states != NULL) {
        state_close(states->view);
        free(states);
    }
}

uint64_t ledger_states_at(const struct ledger_states *states) {
    return state_at(states->view);
}

uint64_t ledger_states_now(const struct ledger_states *states) {
    return state_now(states->view);
}

int ledger_states_whole(const struct ledger_states *states, struct ledger_error *error) {
    struct err err = {0};
    int rc = log_check_process(states->ledger, &err);
    if (rc == 0) rc = state_whole(states->view, &err);
    for (size_t i = 0; rc == 0 && i < state_projections(states->view); i++) {
        struct state_status s;
        state_status(states->view, i, &s);
        if (s.stale) {
            rc = err_set(&err, ERR_VERSION, "projection '%s' is stale: it was made by another version of the program",
                         s.projection->name);
        } else if (s.failed_seq != LOG_NO_SEQ) {
            rc = err_set(&err, ERR_INVALID, "projection '%s' stopped at event %llu: %s", s.projection->name,
                         (unsigned long long)s.failed_seq, s.failed);
        }
    }
    return facade_end(rc, &err, error);
}

/* ---- tables ---- */

size_t ledger_states_tables(const struct ledger_states *states) {
    return state_tables(states->view);
}

const char *ledger_states_table_name(const struct ledger_states *states, size_t table) {
    return table < state_tables(states->view) ? state_table(states->view, table)->name : NULL;
}

size_t ledger_states_table_find(const struct ledger_states *states, const char *name_or_noun) {
    return state_table_find(states->view, name_or_noun == NULL ? "" : name_or_noun);
}

size_t ledger_states_columns(const struct ledger_states *states, size_t table) {
    return table < state_tables(states->view) ? state_table(states->view, table)->n_columns : 0;
}

const char *ledger_states_column_name(const struct ledger_states *states, size_t table, size_t column) {
    return column < ledger_states_columns(states, table) ? state_table(states->view, table)->columns[column].name : NULL;
}

static int check_table(const struct ledger_states *states, size_t table, struct err *err) {
    size_t n = state_tables(states->view);
    int rc = log_check_process(states->ledger, err);
    if (rc != 0 || table < n) return rc;
    return table == SIZE_MAX ? err_set(err, ERR_NOTFOUND, "there is no table of that name")
                             : err_set(err, ERR_INVALID, "table %zu; expected: 0 to %zu", table, n - 1);
}

/* ---- rows ---- */

struct ledger_state_row {
    const struct row *row;
};

struct ledger_state_rows {
    const struct ledger_states *states;
    struct state_rows *rows;
    struct ledger_state_row row;
};

int ledger_state_rows_open(struct ledger_states *states, size_t table, struct ledger_state_rows **ret,
                           struct ledger_error *error) {
    struct err err = {0};
    struct ledger_state_rows *rows = calloc(1, sizeof(*rows));
    int rc = check_table(states, table, &err);
    if (rc == 0 && rows == NULL) rc = err_set(&err, ERR_NOMEM, "no memory for rows");
    if (rc == 0) rc = state_rows_open(states->view, table, NULL, 0, &rows->rows, &err);
    if (rc == 0) {
        rows->states = states;
        *ret = rows;
    } else {
        free(rows);
    }
    return facade_end(rc, &err, error);
}

int ledger_state_rows_next(struct ledger_state_rows *rows, const struct ledger_state_row **ret,
                           struct ledger_error *error) {
    struct err err = {0};
    int rc = log_check_process(rows->states->ledger, &err);
    if (rc == 0) rc = state_rows_next(rows->rows, &rows->row.row, &err);
    if (rc == 0) {
        *ret = &rows->row;
    }
    return facade_end(rc, &err, error);
}

void ledger_state_rows_close(struct ledger_state_rows *rows) {
    if (rows != NULL) {
        state_rows_close(rows->rows);
        free(rows);
    }
}

void ledger_state_row_value(const struct ledger_state_row *row, size_t column, struct ledger_value *ret) {
    static const struct cell null = {.type = CELL_NULL};
    const struct cell *cell = column < row->row->table->n_columns ? &row->row->cells[column] : &null;
    *ret = (struct ledger_value){.type = LEDGER_NULL};
    switch (cell->type) {
    case CELL_NULL:
        break;
    case CELL_INT:
        *ret = (struct ledger_value){.type = LEDGER_INT, .integer = cell->int_};
        break;
    case CELL_REAL:
        *ret = (struct ledger_value){.type = LEDGER_REAL, .real = cell->real};
        break;
    case CELL_BOOL:
        *ret = (struct ledger_value){.type = LEDGER_BOOL, .boolean = cell->boolean};
        break;
    case CELL_TEXT:
        *ret = (struct ledger_value){.type = LEDGER_TEXT, .text = facade_borrow(cell->text)};
        break;
    case CELL_SEQS:
    case CELL_LIST:
        *ret = (struct ledger_value){.type = LEDGER_MSGPACK, .text = facade_borrow(cell->text)};
        break;
    }
}

size_t ledger_state_row_evidence(const struct ledger_state_row *row, uint64_t *ret, size_t max) {
    const struct state_table *table = row->row->table;
    for (size_t i = 0; i < table->n_columns; i++) {
        if ((table->columns[i].flags & COLUMN_EVIDENCE) != 0) {
            return row_seqs(row->row, i, ret, max);
        }
    }
    return 0;
}

static int row_json(int rc, const struct row *row, unsigned flags, char **ret, size_t *ret_n, struct err *err) {
    struct obj obj = {0};
    for (size_t i = 0; rc == 0 && i < row->table->n_columns; i++) {
        json_cell_put(&obj, row->table->columns[i].name, &row->table->columns[i], &row->cells[i]);
    }
    return facade_json(rc, &obj, flags, ret, ret_n, err);
}

int ledger_state_row_json(const struct ledger_state_row *row, unsigned json_flags, char **ret_json, size_t *ret_n,
                          struct ledger_error *error) {
    struct err err = {0};
    return facade_end(row_json(0, row->row, json_flags, ret_json, ret_n, &err), &err, error);
}

int ledger_states_get_json(struct ledger_states *states, size_t table, const char *const *key, size_t n_key,
                           unsigned json_flags, char **ret_json, size_t *ret_n, struct ledger_error *error) {
    struct err err = {0};
    struct bytes parts[KEY_PARTS_MAX];
    struct row row;
    int rc = check_table(states, table, &err);
    if (rc == 0 && (n_key == 0 || n_key > KEY_PARTS_MAX)) {
        rc = err_set(&err, ERR_INVALID, "a key has 1 to %d texts", KEY_PARTS_MAX);
    }
    for (size_t i = 0; rc == 0 && i < n_key; i++) {
        parts[i] = bytes_of(key[i]);
        if (key[i] == NULL) rc = err_set(&err, ERR_INVALID, "part %zu of the key is NULL", i);
    }
    if (rc != 0) return facade_end(rc, &err, error);
    row_init(&row, state_table(states->view, table));
    rc = state_get(states->view, table, parts, n_key, &row, &err);
    if (rc == ERR_NOTFOUND) {
        err_set(&err, rc, "table '%s' has no row '%.100s'", state_table(states->view, table)->name, key[0]);
    }
    if (rc == 0) rc = since_find(states->view, &row, &err);
    rc = row_json(rc, &row, json_flags, ret_json, ret_n, &err);
    row_done(&row);
    return facade_end(rc, &err, error);
}
