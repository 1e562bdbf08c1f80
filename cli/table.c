/* Rows collect as safe text until TABLE_HOLD of them are there, then the widths are known and everything streams: a log of
 * any length is listed in constant memory. */
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/text.h"
#include "cli/out.h"

#define TABLE_HOLD 512
#define TABLE_GAP  2 /* blanks between columns */
#define CELL_MAX   ((size_t)4 << 20)
#define HELD_MAX   ((size_t)256 << 20)

struct cell {
    size_t at, n;
    size_t width;
};

struct table {
    struct cli *cli;
    const struct table_column *columns;
    size_t n_columns;
    size_t width[TABLE_COLUMNS_MAX];
    size_t line; /* columns of the terminal */
    struct buf held;
    struct cell cells[TABLE_HOLD][TABLE_COLUMNS_MAX];
    size_t rows, column;
    bool headed;
};

/* How many terminal columns the first bytes of `text` take, up to `limit` columns; *ret_n gets how many bytes those are. */
static size_t measure(struct bytes text, size_t limit, size_t *ret_n) {
    mbstate_t state;
    memset(&state, 0, sizeof(state));
    size_t width = 0, at = 0;
    while (at < text.n) {
        wchar_t c = 0;
        size_t n = mbrtowc(&c, (const char *)text.p + at, text.n - at, &state);
        int w = 1;
        if (n == 0 || n > text.n) {
            memset(&state, 0, sizeof(state));
            n = 1;
        } else {
            w = wcwidth(c);
            w = w < 0 ? 1 : w;
        }
        if (width + (size_t)w > limit) {
            break;
        }
        width += (size_t)w;
        at += n;
    }
    *ret_n = at;
    return width;
}

struct table *table_new(struct cli *cli, const struct table_column *columns, size_t n) {
    struct table *table = calloc(1, sizeof(*table));
    if (!table || n == 0 || n > TABLE_COLUMNS_MAX) {
        free(table);
        return NULL;
    }
    table->cli = cli;
    table->columns = columns;
    table->n_columns = n;
    table->line = out_width(cli);
    buf_init(&table->held, HELD_MAX);
    for (size_t i = 0; i < n; i++) {
        table->width[i] = strlen(columns[i].name);
    }
    return table;
}

static void blanks(struct table *table, size_t n) {
    out_printf(table->cli, "%*s", (int)n, "");
}

static void put_cell(struct table *table, size_t i, struct bytes text, size_t width, size_t room) {
    size_t n = text.n;
    bool cut = width > room;
    if (cut) {
        width = measure(text, room > 0 ? room - 1 : 0, &n) + 1;
    }
    bool last = i + 1 == table->n_columns;
    size_t pad = table->width[i] > width ? table->width[i] - width : 0;
    if (table->columns[i].right) {
        blanks(table, pad);
    }
    out_bytes(table->cli, (struct bytes){.p = text.p, .n = n});
    if (cut) {
        out_str(table->cli, "\xe2\x80\xa6");
    }
    if (!last) {
        blanks(table, TABLE_GAP + (table->columns[i].right ? 0 : pad));
    }
}

static size_t room_of(const struct table *table, size_t i, size_t used) {
    if (i + 1 == table->n_columns) {
        if (table->line == SIZE_MAX) {
            return SIZE_MAX;
        }
        return table->line > used + 8 ? table->line - used : 8;
    }
    size_t max = table->columns[i].tty_max;
    return table->line == SIZE_MAX || max == 0 ? SIZE_MAX : max;
}

static void flush(struct table *table) {
    for (size_t r = 0; r < table->rows; r++) {
        for (size_t i = 0; i < table->n_columns; i++) {
            size_t room = room_of(table, i, 0), w = table->cells[r][i].width;
            w = w < room ? w : room;
            table->width[i] = !(i + 1 == table->n_columns) && w > table->width[i] ? w : table->width[i];
        }
    }
    if (!table->headed) {
        table->headed = true;
        out_str(table->cli, out_color(table->cli, OUT_BOLD));
        for (size_t i = 0; i < table->n_columns; i++) {
            const char *name = table->columns[i].name;
            put_cell(table, i, bytes_of(name), strlen(name), SIZE_MAX);
        }
        out_str(table->cli, out_color(table->cli, OUT_PLAIN));
        out_str(table->cli, "\n");
    }
    for (size_t r = 0; r < table->rows; r++) {
        size_t used = 0;
        for (size_t i = 0; i < table->n_columns; i++) {
            const struct cell *cell = &table->cells[r][i];
            size_t room = room_of(table, i, used);
            put_cell(table, i, (struct bytes){.p = table->held.p + cell->at, .n = cell->n}, cell->width, room);
            size_t w = cell->width < room ? cell->width : room;
            used += (w > table->width[i] ? w : table->width[i]) + TABLE_GAP;
        }
        out_str(table->cli, "\n");
    }
    table->rows = 0;
    buf_clear(&table->held);
}

void table_cell(struct table *table, struct bytes text) {
    struct cell *cell = &table->cells[table->rows][table->column];
    cell->at = table->held.n;
    text_safe(&table->held, (struct bytes){.p = text.p, .n = text.n < CELL_MAX ? text.n : CELL_MAX});
    cell->n = table->held.n - cell->at;
    size_t n = 0;
    cell->width = measure((struct bytes){.p = table->held.p + cell->at, .n = cell->n}, SIZE_MAX, &n);
    if (++table->column < table->n_columns) {
        return;
    }
    table->column = 0;
    if (++table->rows == TABLE_HOLD) {
        flush(table);
    }
}

void table_text(struct table *table, const char *text) {
    table_cell(table, bytes_of(text));
}

void table_uint(struct table *table, uint64_t v) {
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    table_text(table, text);
}

int table_end(struct table *table) {
    if (!table) {
        return 0;
    }
    struct cli *cli = table->cli;
    struct err err = {0};
    int rc = buf_check(&table->held, "the table", &err);
    if (rc == 0) {
        flush(table);
    }
    buf_done(&table->held);
    free(table);
    return rc == 0 ? 0 : cli_fail_as(cli, &err, EXIT_SYSTEM);
}
