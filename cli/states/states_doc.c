/* Everything here comes from the projections' own tables; the last columns, which all tables of states share, are
 * described once. */
#include "cli/states/states_doc.h"

#include <string.h>

#include "projections/fold/fold.h"
#include "projections/rows/projection.h"

static const char *type_name(const struct state_column *column) {
    static const char *const names[] = {
        [CELL_NULL] = "null", [CELL_INT] = "integer", [CELL_REAL] = "number", [CELL_BOOL] = "boolean",
        [CELL_TEXT] = "text", [CELL_SEQS] = "seqs",   [CELL_LIST] = "list"};
    return (column->flags & COLUMN_TIME) ? "time" : (column->flags & COLUMN_SEQ) ? "seq" : names[column->type];
}

/* The number of columns before those that all tables of states share. */
static size_t own_columns(const struct state_table *table) {
    static const char *const common[FOLD_N] = {
        [FOLD_SINCE] = "since",           [FOLD_SINCE_SEQ] = "since_seq", [FOLD_UPDATED_SEQ] = "updated_seq",
        [FOLD_VIOLATIONS] = "violations", [FOLD_VIOLATION] = "violation", [FOLD_VIOLATION_SEQ] = "violation_seq",
        [FOLD_EVIDENCE] = "evidence"};
    if (table->n_columns < FOLD_N) return table->n_columns;
    for (size_t i = 0; i < FOLD_N; i++) {
        if (strcmp(table->columns[table->n_columns - FOLD_N + i].name, common[i]) != 0) {
            return table->n_columns;
        }
    }
    return table->n_columns - FOLD_N;
}

/* A '|' would end the cell. */
static void put_cell(struct buf *out, const char *text) {
    for (; *text; text++) {
        buf_printf(out, *text == '|' ? "\\%c" : "%c", *text);
    }
}

static void put_column(struct buf *out, const struct state_column *column) {
    buf_printf(out, "| `%s` | %s | ", column->name, type_name(column));
    buf_put_str(out, (column->flags & COLUMN_KEY) ? "key" : (column->flags & COLUMN_JUDGED) ? "judged" : "");
    buf_put_str(out, " | ");
    put_cell(out, column->help);
    buf_put_str(out, " |\n");
}

static void put_table(struct buf *out, const struct state_table *table) {
    size_t own = own_columns(table);
    buf_printf(out, "\n### %s\n\n%s\n\nNamed `%s", table->name, table->help, table->noun);
    for (size_t i = 0; i < table->n_columns; i++) {
        if (table->columns[i].flags & COLUMN_KEY) {
            buf_printf(out, "/<%s>", table->columns[i].name);
        }
    }
    buf_put_str(out, "`.\n\n| Column | Type | | |\n|---|---|---|---|\n");
    for (size_t i = 0; i < own; i++) {
        put_column(out, &table->columns[i]);
    }
    if (own < table->n_columns) {
        buf_put_str(out, "| `since` to `evidence` | | | as in every table of states |\n");
    }
}

void states_doc(struct buf *out) {
    static const struct state_column common[] = {FOLD_COLUMNS};
    buf_put_str(out, "## Columns of every table of states\n\n| Column | Type | | |\n|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        put_column(out, &common[i]);
    }
    for (size_t p = 0; projection_all[p]; p++) {
        const struct projection *projection = projection_all[p];
        buf_printf(out, "\n## %s\n\nVersion %lu, from events of the kinds ", projection->name,
                   (unsigned long)projection->version);
        for (size_t k = 0; projection->kinds[k]; k++) {
            buf_printf(out, "%s`%s`", k > 0 ? ", " : "", projection->kinds[k]);
        }
        buf_put_str(out, ".\n");
        for (size_t t = 0; t < projection->n_tables; t++) {
            put_table(out, &projection->tables[t]);
        }
    }
}
