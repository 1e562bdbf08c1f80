/* Rows are collected as safe text up to TABLE_HOLD rows or many bytes. Then the widths are known and later rows stream, so a
 * log of any length is listed in constant memory.
 *
 * Widths are terminal columns as wcwidth gives them for each character: wide ones take two, combining ones none. On a
 * terminal the columns share the line: dispensable ones are left out or printed below the row; then the widest text column is
 * shortened, repeatedly; if that is not enough, the columns to be kept, and numbers only when nothing else is left. */
#include "cli/print/table.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/text.h"
#include "cli/print/say.h"

#define TABLE_HOLD   512
#define TABLE_GAP    2 /* blanks between columns */
#define CELL_MAX     ((size_t)4 << 20)
#define HELD_ENOUGH  ((size_t)4 << 20) /* bytes; past that, rows are printed */
#define HELD_MAX     ((size_t)256 << 20)
#define CELLS_MAX    65536
#define WIDTH_MIN    6  /* columns are not cut below this while another is wider */
#define WIDTH_TAIL   16 /* the same for names */
#define WIDTH_WRAP   24 /* the same for wrapped columns */
#define WRAPPED_MAX  12 /* lines of a wrapped cell */
#define WIDTH_PIPE   72 /* in a pipe, wider cells do not widen their column; a digest fits */
#define BELOW_INDENT 4
#define BYTES_A_CELL 8 /* at most, for each terminal column: base and combining characters */

struct cell {
    size_t at, n;
    size_t width;
    bool number;
    enum out_color color;
};

struct table {
    struct cli *cli;
    const struct table_column *columns;
    size_t n_columns, hold; /* hold: rows */
    size_t *width;
    bool *right, *hidden;
    struct bytes *rest; /* of a row's wrapped cells */
    size_t line;        /* columns of the terminal */
    struct buf held;
    struct cell *cells; /* hold rows of them */
    size_t rows, column;
    size_t blanks;           /* pending, before the next text of the line */
    enum out_color color;    /* of the next cell */
    bool headed, wide, told; /* told: the left-out columns were reported */
};

/* Widths of non-ASCII characters come from the locale's tables, which are loaded when the first one is seen. */
static void need_widths(struct table *table, struct bytes text) {
    if (!table->wide && !text_is_ascii(text)) {
        table->wide = true;
        setlocale(LC_CTYPE, "C.UTF-8");
    }
}

/* The terminal columns that the first bytes of `text` take, up to `limit`; *ret_n: how many bytes these are. */
static size_t measure(struct bytes text, size_t limit, size_t *ret_n) {
    mbstate_t state;
    memset(&state, 0, sizeof(state));
    size_t width = 0, at = 0;
    while (at < text.n) {
        wchar_t c = 0;
        size_t n = 1;
        int w = 1;
        if (text.p[at] >= 0x80) {
            n = mbrtowc(&c, (const char *)text.p + at, text.n - at, &state);
            if (n == 0 || n > text.n) {
                memset(&state, 0, sizeof(state));
                n = 1;
            } else {
                w = wcwidth(c);
                w = w < 0 ? 1 : w;
            }
        }
        if (width + (size_t)w > limit) break;
        width += (size_t)w;
        at += n;
    }
    *ret_n = at;
    return width;
}

const char *table_mark(const struct cli *cli) {
    return out_utf8(cli) ? "\xe2\x80\xa6" : ">";
}

size_t table_fits(struct bytes text, size_t columns, size_t *ret_width) {
    size_t n = 0;
    if (!text_is_ascii(text)) {
        setlocale(LC_CTYPE, "C.UTF-8");
    }
    *ret_width = measure(text, columns, &n);
    return n;
}

void table_drop(struct table *table) {
    if (!table) return;
    buf_done(&table->held);
    free(table->cells);
    free(table->width);
    free(table->right);
    free(table->hidden);
    free(table->rest);
    free(table);
}

struct table *table_new(struct cli *cli, const struct table_column *columns, size_t n) {
    struct table *table = n == 0 || n > TABLE_COLUMNS_MAX ? NULL : calloc(1, sizeof(*table));
    if (!table) {
        out_fail(cli, ENOMEM);
        return NULL;
    }
    *table = (struct table){.cli = cli, .columns = columns, .n_columns = n, .line = out_width(cli)};
    table->hold = TABLE_HOLD * n <= CELLS_MAX ? TABLE_HOLD : CELLS_MAX / n;
    buf_init(&table->held, HELD_MAX);
    table->width = calloc(n, sizeof(*table->width));
    table->right = calloc(n, sizeof(*table->right));
    table->hidden = calloc(n, sizeof(*table->hidden));
    table->rest = calloc(n, sizeof(*table->rest));
    table->cells = calloc(table->hold * n, sizeof(*table->cells));
    if (!table->width || !table->right || !table->hidden || !table->rest || !table->cells) {
        table_drop(table);
        out_fail(cli, ENOMEM);
        return NULL;
    }
    return table;
}

/* Blanks are printed only before other text, so that no line ends in blanks. */
static void put_blanks(struct table *table) {
    while (table->blanks > 0) {
        static const uint8_t blanks[] = "                                                                ";
        size_t n = table->blanks < sizeof(blanks) - 1 ? table->blanks : sizeof(blanks) - 1;
        out_bytes(table->cli, (struct bytes){blanks, n});
        table->blanks -= n;
    }
}

static void end_line(struct table *table) {
    table->blanks = 0;
    out_str(table->cli, "\n");
}

static bool has_flag(const struct table *table, size_t i, unsigned how) {
    return (table->columns[i].how & how) != 0;
}

static bool wraps(const struct table *table, size_t i) {
    return has_flag(table, i, TABLE_WRAP);
}

/* The end of the text that fits; *width is the text's width, and then the end's. */
static struct bytes tail_of(struct bytes text, size_t room, size_t *width) {
    size_t n = 0, over = *width - room, gone = measure(text, over, &n);
    while (gone < over && n < text.n) { /* a wide character is not split */
        size_t one = 0;
        for (size_t limit = 1; one == 0; limit++) {
            gone += measure((struct bytes){text.p + n, text.n - n}, limit, &one);
        }
        n += one;
    }
    *width -= gone;
    return (struct bytes){text.p + n, text.n - n};
}

static void put_cell(struct table *table, size_t i, struct bytes text, size_t width, enum out_color color) {
    size_t n = text.n, room = table->line == SIZE_MAX ? SIZE_MAX : table->width[i];
    bool cut = width > room, tail = cut && has_flag(table, i, TABLE_TAIL);
    if (tail) {
        text = tail_of(text, room - 1, &width);
        n = text.n;
        width++;
    } else if (cut) {
        width = measure(text, room - 1, &n) + 1;
    }
    size_t pad = table->width[i] > width ? table->width[i] - width : 0;
    table->blanks += table->right[i] ? pad : 0;
    if (n > 0 || cut) {
        put_blanks(table);
    }
    out_str(table->cli, color == OUT_PLAIN ? "" : out_color(table->cli, color));
    out_str(table->cli, tail ? table_mark(table->cli) : "");
    out_bytes(table->cli, (struct bytes){.p = text.p, .n = n});
    out_str(table->cli, cut && !tail ? table_mark(table->cli) : "");
    out_str(table->cli, color == OUT_PLAIN ? "" : out_color(table->cli, OUT_PLAIN));
    table->blanks += TABLE_GAP + (table->right[i] ? 0 : pad);
}

/* Are all non-empty cells numbers, and is there one? */
static bool all_numbers(const struct table *table, size_t i) {
    bool any = false;
    for (size_t r = 0; r < table->rows; r++) {
        const struct cell *cell = &table->cells[r * table->n_columns + i];
        if (cell->n > 0 && !cell->number) return false;
        any = any || cell->n > 0;
    }
    return any;
}

enum rank { RANK_TEXT, RANK_KEEP, RANK_SHORT, RANK_NUMBER, RANKS };

static enum rank rank_of(const struct table *table, size_t i) {
    return table->right[i] ? RANK_NUMBER : has_flag(table, i, TABLE_KEEP) ? RANK_KEEP : RANK_TEXT;
}

static size_t least_of(const struct table *table, size_t i) {
    return has_flag(table, i, TABLE_TAIL) ? WIDTH_TAIL : wraps(table, i) ? WIDTH_WRAP : WIDTH_MIN;
}

/* The widest of the columns to be cut first; SIZE_MAX if none can be cut. */
static size_t widest(const struct table *table) {
    size_t best = SIZE_MAX;
    for (enum rank rank = RANK_TEXT; rank < RANKS && best == SIZE_MAX; rank++) {
        size_t width = WIDTH_MIN;
        for (size_t i = 0; i < table->n_columns; i++) {
            bool given = rank == RANK_SHORT ? rank_of(table, i) == RANK_TEXT /* names too if nothing else is left */
                                            : rank_of(table, i) == rank && table->width[i] > least_of(table, i);
            if (given && !table->hidden[i] && !has_flag(table, i, TABLE_WHOLE) && table->width[i] > width) {
                best = i;
                width = table->width[i];
            }
        }
    }
    return best;
}

/* The width of all shown columns; wrapped ones count with their minimum. */
static size_t total_width(const struct table *table, bool least) {
    size_t all = 0;
    for (size_t i = 0; i < table->n_columns; i++) {
        size_t width = table->width[i];
        width = least && width > WIDTH_WRAP && wraps(table, i) ? WIDTH_WRAP : width;
        all += table->hidden[i] ? 0 : width + TABLE_GAP;
    }
    return all > TABLE_GAP ? all - TABLE_GAP : 0;
}

/* Columns that do not fit are printed below or left out, for all rows alike. */
static void hide(struct table *table) {
    for (size_t i = 0; i < table->n_columns && table->line < TABLE_ROOM; i++) {
        table->hidden[i] = has_flag(table, i, TABLE_NARROW);
    }
    for (size_t i = table->n_columns; i-- > 0 && total_width(table, true) > table->line;) {
        table->hidden[i] = table->hidden[i] || has_flag(table, i, TABLE_BELOW);
    }
    for (size_t i = table->n_columns; i-- > 0 && total_width(table, true) > table->line;) {
        table->hidden[i] = table->hidden[i] || has_flag(table, i, TABLE_SPARE);
    }
}

static void fit(struct table *table) {
    if (!table->headed) {
        hide(table);
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        table->width[i] = table->width[i] < table->line ? table->width[i] : table->line;
    }
    for (size_t all = total_width(table, false); all > table->line;) {
        size_t i = widest(table);
        if (i == SIZE_MAX) return;
        table->width[i]--;
        all--;
    }
}

static void set_widths(struct table *table) {
    bool tty = table->line != SIZE_MAX;
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct table_column *column = &table->columns[i];
        size_t limit = !tty ? WIDTH_PIPE : column->tty_max > 0 ? column->tty_max : SIZE_MAX;
        bool last = i + 1 == table->n_columns;
        for (size_t r = 0; r < table->rows; r++) {
            size_t w = table->cells[r * table->n_columns + i].width;
            w = w < limit ? w : tty ? limit : 0;
            table->width[i] = w > table->width[i] && (tty || !last) ? w : table->width[i];
        }
        if (!table->headed) {
            struct bytes head = bytes_of(column->name);
            size_t n = 0;
            need_widths(table, head);
            size_t name = measure(head, SIZE_MAX, &n);
            table->width[i] = name > table->width[i] ? name : table->width[i];
            table->right[i] = (column->how & TABLE_RIGHT) != 0 || all_numbers(table, i);
        }
    }
    if (tty) {
        fit(table);
    }
}

static void put_head(struct table *table) {
    table->headed = true;
    out_str(table->cli, out_color(table->cli, OUT_BOLD));
    for (size_t i = 0; i < table->n_columns; i++) {
        struct bytes name = bytes_of(table->columns[i].name);
        size_t n = 0;
        if (!table->hidden[i]) {
            put_cell(table, i, name, measure(name, SIZE_MAX, &n), OUT_PLAIN);
        }
    }
    out_str(table->cli, out_color(table->cli, OUT_PLAIN));
    end_line(table);
}

struct bytes table_line(struct bytes *text, size_t room) {
    size_t width, n = table_fits(*text, room, &width);
    size_t at = n;
    while (at > n / 3 && at < text->n && text->p[at] != ' ') {
        at--;
    }
    n = n == 0 ? text->n : at > n / 3 ? at : n;
    struct bytes line = {text->p, n};
    n += n < text->n && text->p[n] == ' ' ? 1 : 0;
    *text = (struct bytes){text->p + n, text->n - n};
    return line;
}

/* A cell of a continuation line: the rest of a wrapped cell, or nothing. */
static void put_more(struct table *table, size_t i, size_t line, enum out_color color) {
    bool last = line + 1 == WRAPPED_MAX && !has_flag(table, i, TABLE_ALL);
    struct bytes *rest = &table->rest[i], piece = last ? *rest : table_line(rest, table->width[i]);
    size_t n = 0, width = measure(piece, SIZE_MAX, &n);
    *rest = last ? (struct bytes){NULL, 0} : *rest;
    put_cell(table, i, piece, width, piece.n > 0 ? color : OUT_PLAIN);
}

/* Cells printed below the row. */
static void put_below(struct table *table, const struct cell *cells) {
    for (size_t i = 0; i < table->n_columns; i++) {
        if (table->hidden[i] && has_flag(table, i, TABLE_BELOW) && cells[i].n > 0) {
            struct bytes rest = {.p = table->held.p + cells[i].at, .n = cells[i].n};
            while (rest.n > 0) {
                struct bytes line = wraps(table, i) ? table_line(&rest, table->line - BELOW_INDENT) : rest;
                rest = wraps(table, i) ? rest : (struct bytes){NULL, 0};
                out_printf(table->cli, "%*s", BELOW_INDENT, "");
                out_bytes(table->cli, line);
                out_str(table->cli, "\n");
            }
        }
    }
}

static void put_row(struct table *table, const struct cell *cells) {
    bool more = true;
    for (size_t i = 0; i < table->n_columns; i++) {
        table->rest[i] = (struct bytes){.p = table->held.p + cells[i].at, .n = cells[i].n};
    }
    for (size_t line = 0; more; line++) {
        more = false;
        for (size_t i = 0; i < table->n_columns; i++) {
            if (table->hidden[i]) continue;
            if (wraps(table, i) && table->line != SIZE_MAX) {
                put_more(table, i, line, cells[i].color);
                more = more || table->rest[i].n > 0;
            } else if (line == 0) {
                put_cell(table, i, table->rest[i], cells[i].width, cells[i].color);
            } else {
                put_cell(table, i, (struct bytes){NULL, 0}, 0, OUT_PLAIN);
            }
        }
        end_line(table);
    }
    put_below(table, cells);
}

void table_flush(struct table *table) {
    if (table->held.fail) { /* reported at the end */
        table->rows = 0;
        return;
    }
    set_widths(table);
    if (!table->headed) {
        put_head(table);
    }
    for (size_t r = 0; r < table->rows; r++) {
        put_row(table, &table->cells[r * table->n_columns]);
    }
    table->rows = 0;
    buf_clear(&table->held);
}

static void add(struct table *table, struct bytes text, bool number) {
    if (!table) return;
    struct cell *cell = &table->cells[table->rows * table->n_columns + table->column];
    bool whole = table->line == SIZE_MAX || has_flag(table, table->column, TABLE_WRAP | TABLE_BELOW | TABLE_WHOLE);
    size_t most = whole ? CELL_MAX : (table->line + 1) * BYTES_A_CELL;
    if (text.n > most && has_flag(table, table->column, TABLE_TAIL)) {
        text = (struct bytes){text.p + text.n - most, most};
    }
    cell->at = table->held.n;
    text_safe(&table->held, (struct bytes){.p = text.p, .n = text.n < most ? text.n : most});
    cell->n = table->held.n - cell->at;
    cell->number = number;
    cell->color = table->color;
    table->color = OUT_PLAIN;
    size_t n = 0;
    need_widths(table, (struct bytes){.p = table->held.p + cell->at, .n = cell->n});
    cell->width = measure((struct bytes){.p = table->held.p + cell->at, .n = cell->n}, SIZE_MAX, &n);
    if (++table->column < table->n_columns) return;
    table->column = 0;
    if (++table->rows == table->hold || table->held.n > HELD_ENOUGH) {
        table_flush(table);
    }
}

void table_cell(struct table *table, struct bytes text) {
    add(table, text, false);
}

void table_number(struct table *table, struct bytes text) {
    add(table, text, true);
}

void table_color(struct table *table, enum out_color color) {
    if (table) {
        table->color = color;
    }
}

void table_text(struct table *table, const char *text) {
    table_cell(table, bytes_of(text));
}

void table_uint(struct table *table, uint64_t v) {
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    table_number(table, bytes_of(text));
}

void table_left_out(struct table *table, struct buf *out) {
    for (size_t i = 0; i < table->n_columns && out; i++) {
        if (table->hidden[i] && !has_flag(table, i, TABLE_BELOW)) {
            buf_printf(out, "%s%s", out->n > 0 ? ", " : "", table->columns[i].name);
        }
    }
    table->told = true;
}

void table_say_left_out(struct cli *cli, struct bytes names) {
    char line[400];
    if (names.n == 0) return;
    size_t columns = out_width(cli), width = 0;
    int n = snprintf(line, sizeof(line), "(no room at %zu columns: %.*s)", columns, (int)(names.n < 300 ? names.n : 300),
                     (const char *)names.p);
    struct bytes text = {(const uint8_t *)line, (size_t)n};
    size_t fits = table_fits(text, columns, &width);
    bool cut = fits < text.n;
    out_safe(cli, (struct bytes){text.p, cut && fits > 0 ? fits - 1 : fits});
    out_printf(cli, "%s\n", cut ? table_mark(cli) : "");
}

int table_end(struct table *table) {
    if (!table) return 0;
    struct cli *cli = table->cli;
    struct err err = {0};
    int rc = buf_check(&table->held, "the table", &err);
    if (rc == 0) {
        table_flush(table);
    }
    if (rc == 0 && !table->told) {
        struct buf names = {.max = CELL_MAX};
        table_left_out(table, &names);
        table_say_left_out(cli, bytes_of_buf(&names));
        buf_done(&names);
    }
    table_drop(table);
    return rc == 0 ? 0 : cli_fail_as(cli, &err, EXIT_SYSTEM);
}
