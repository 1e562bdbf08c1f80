/* Rows are counted by state. Where the state is a judgement, each row costs one, so large tables are counted without
 * states. */
#include "cli/states/state_summary.h"

#include <stdio.h>
#include <string.h>

#include "cli/print/pager.h"
#include "cli/print/say.h"
#include "cli/print/table.h"
#include "cli/view/entity.h"

#define JUDGED_MAX 2000 /* rows of a table whose states are judged here */
#define STATES_MAX 6    /* counted separately */
#define TEXT_MAX   4096

struct count {
    char state[64];
    uint64_t n;
};

struct counts {
    struct count count[STATES_MAX];
    size_t n;
    uint64_t rows, others;
};

static void count_state(struct counts *counts, struct bytes state) {
    for (size_t i = 0; i < counts->n; i++) {
        if (bytes_is(state, counts->count[i].state)) {
            counts->count[i].n++;
            return;
        }
    }
    if (counts->n == STATES_MAX || state.n >= sizeof(counts->count[0].state)) {
        counts->others++;
        return;
    }
    struct count *one = &counts->count[counts->n++];
    snprintf(one->state, sizeof(one->state), "%.*s", (int)state.n, state.n > 0 ? (const char *)state.p : "");
    one->n = 1;
}

/* The column by which rows are counted; SIZE_MAX: none, or too expensive. */
static size_t state_of(const struct state_table *table, uint64_t rows) {
    size_t state = entity_state(table);
    bool judged = state != SIZE_MAX && (table->columns[state].flags & COLUMN_JUDGED) != 0;
    return judged && rows > JUDGED_MAX ? SIZE_MAX : state;
}

static int walk(struct asof *view, size_t number, bool states, struct counts *counts, struct err *err) {
    const struct state_table *table = state_table(view->state, number);
    size_t state = states ? state_of(table, counts->rows) : SIZE_MAX;
    bool judged = state != SIZE_MAX && (table->columns[state].flags & COLUMN_JUDGED) != 0;
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    if (states && state == SIZE_MAX) return 0;
    int rc = state_rows_open(view->state, number, NULL, 0, &rows, err);
    while (rc == 0 && (rc = judged ? state_rows_next(rows, &row, err) : state_rows_next_stored(rows, &row, err)) == 0) {
        if (*view->stop != 0) {
            rc = err_set(err, ERR_BUSY, "interrupted");
        } else if (states) {
            count_state(counts, row_text(row, state));
        } else {
            counts->rows++;
        }
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static void put_states(const struct counts *counts, struct buf *out) {
    for (size_t i = 0; i < counts->n; i++) {
        const struct count *one = &counts->count[i];
        buf_printf(out, "%s%llu %s", i > 0 ? ", " : "", (unsigned long long)one->n, one->state[0] ? one->state : "-");
    }
    if (counts->others > 0) {
        buf_printf(out, ", %llu others", (unsigned long long)counts->others);
    }
}

static int put_tables(struct asof *view, struct table *table, struct buf *empty, struct err *err) {
    struct buf text = {.max = TEXT_MAX};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < state_tables(view->state); i++) {
        const struct state_table *one = state_table(view->state, i);
        struct counts counts = {.n = 0};
        rc = walk(view, i, false, &counts, err);
        if (rc == 0 && counts.rows == 0) {
            buf_printf(empty, "%s%s", empty->n > 0 ? ", " : "", one->name);
            continue;
        }
        if (rc == 0) rc = walk(view, i, true, &counts, err);
        if (rc == 0) {
            buf_clear(&text);
            put_states(&counts, &text);
            table_text(table, one->name);
            table_uint(table, counts.rows);
            table_cell(table, bytes_of_buf(&text));
            table_text(table, strncmp(one->help, "A row is ", 9) == 0 ? one->help + 9 : one->help);
        }
    }
    buf_done(&text);
    return rc;
}

int state_summary(struct asof *view) {
    static const struct table_column columns[] = {
        {"TABLE", TABLE_WHOLE, 0}, {"ROWS", TABLE_RIGHT, 0}, {"STATES", TABLE_WRAP, 0}, {"A ROW IS", TABLE_SPARE, 0}};
    struct cli *cli = view->cli;
    struct err err = {0};
    struct buf empty = {.max = TEXT_MAX};
    struct table *table = table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
    int rc = put_tables(view, table, &empty, &err);
    int exit_code = table_end(table);
    if (rc == 0 && empty.n > 0) {
        out_str(cli, "\nempty: ");
        out_safe(cli, bytes_of_buf(&empty));
        out_str(cli, "\n");
    }
    if (rc == 0) {
        out_str(cli, "\n'ledger state TABLE' lists the rows of one; --projections says how far they are folded.\n");
    }
    out_flush(cli);
    asof_warn(view, SIZE_MAX);
    buf_done(&empty);
    return rc != 0 ? cli_fail(cli, &err) : exit_code;
}
