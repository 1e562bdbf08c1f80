/* Tables for people: columns as wide as their content, fitted to a terminal and never cut in a pipe. */
#ifndef CLI_PRINT_TABLE_H
#define CLI_PRINT_TABLE_H

#include "base/bytes.h"
#include "cli/print/out.h"

#define TABLE_COLUMNS_MAX 2048

enum table_how {
    TABLE_RIGHT = 1,    /* right-aligned; so is a column whose first cells are all numbers */
    TABLE_KEEP = 2,     /* times, short words: cut only after the other texts */
    TABLE_TAIL = 4,     /* names differ at the end, so the beginning is cut */
    TABLE_WHOLE = 8,    /* states: never cut */
    TABLE_WRAP = 16,    /* wrapped instead of cut, in at most twelve lines */
    TABLE_SPARE = 32,   /* left out if others would have to be cut, the last one first */
    TABLE_BELOW = 64,   /* commands: never cut; on their own lines below the row if the columns do not fit. With TABLE_WRAP
                         * wrapped there */
    TABLE_NARROW = 128, /* left out (or below) on a terminal narrower than TABLE_ROOM, to make room for the next columns */
    TABLE_ALL = 256     /* with TABLE_WRAP: any number of lines */
};
#define TABLE_ROOM 100

struct table_column {
    const char *name;
    unsigned how;   /* enum table_how, or 0 */
    size_t tty_max; /* maximum width on a terminal; 0: no limit */
};

struct table;

/* NULL if out of memory, which counts as failed output (out_fail): cells of a NULL table are lost, and callers need not
 * check. `columns` is borrowed. On a terminal, what does not fit is cut with a mark, the widest columns first; in a pipe, a
 * cell that is much wider than the others only shifts those after it. */
struct table *table_new(struct cli *cli, const struct table_column *columns, size_t n);
/* The next cell of the row; after the last column a new row begins. Made safe for the terminal. Rows are held back until
 * there are enough to know the widths; later rows keep these widths if possible. */
void table_cell(struct table *table, struct bytes text);
void table_text(struct table *table, const char *text);
void table_uint(struct table *table, uint64_t v);
/* A cell that is a number. */
void table_number(struct table *table, struct bytes text);
/* Sets the colour of the next cell. */
void table_color(struct table *table, enum out_color color);
/* Prints the rows held back; the last row must be complete. */
void table_flush(struct table *table);
/* Appends the names of the columns left out so far, unless `out` is NULL; table_end then does not report them. */
void table_left_out(struct table *table, struct buf *out);
/* Prints a line that names left-out columns; nothing if `names` is empty. */
void table_say_left_out(struct cli *cli, struct bytes names);
/* Prints the rows held back, reports which columns were left out, and frees. Returns 0, or an exit code after reporting.
 * NULL is fine. */
int table_end(struct table *table);
/* The mark where a text was cut; one column wide. */
const char *table_mark(const struct cli *cli);
/* How many bytes of safe text fit into `columns`; *ret_width: their width. */
size_t table_fits(struct bytes text, size_t columns, size_t *ret_width);
/* Takes the next line, at most `room` columns wide, off a safe text that is wrapped: up to the last blank that fits, unless
 * that would leave most of the line empty. *text becomes the rest. */
struct bytes table_line(struct bytes *text, size_t room);
/* Frees without printing anything, not even the heading. NULL is fine. */
void table_drop(struct table *table);

#endif
