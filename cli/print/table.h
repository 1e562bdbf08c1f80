/* Tables for people: columns as wide as their content, fitted to the terminal when there is one and never cut in a pipe. */
#ifndef CLI_PRINT_TABLE_H
#define CLI_PRINT_TABLE_H

#include "base/bytes.h"
#include "cli/print/out.h"

#define TABLE_COLUMNS_MAX 2048

enum table_how {
    TABLE_RIGHT = 1,    /* numbers stand on the right; so does a column whose first cells are all numbers */
    TABLE_KEEP = 2,     /* times, short words: cut only when the other texts are cut already */
    TABLE_TAIL = 4,     /* names: the end is what tells them apart, so the beginning is cut */
    TABLE_WHOLE = 8,    /* states: never cut */
    TABLE_WRAP = 16,    /* continues in further lines instead of being cut, twelve at most */
    TABLE_SPARE = 32,   /* left out when the others would have to be cut, the last one first */
    TABLE_BELOW = 64,   /* commands: never cut; in lines of their own below the row when the columns do not fit */
    TABLE_NARROW = 128, /* left out on a terminal of less than TABLE_ROOM columns: what comes after it needs the room */
    TABLE_ALL = 256     /* with TABLE_WRAP: in as many lines as it takes */
};
#define TABLE_ROOM 100

struct table_column {
    const char *name;
    unsigned how;   /* enum table_how, or 0 */
    size_t tty_max; /* columns it may take on a terminal at most; 0: no limit */
};

struct table;

/* NULL on no memory, which counts as output that failed (out_fail): cells that are put into it are lost, and whoever
 * ends it needs not ask. `columns` is borrowed. On a terminal, what does not fit is cut with a mark, the widest columns
 * first; in a pipe, a cell that is much wider than the others only moves those after it. */
struct table *table_new(struct cli *cli, const struct table_column *columns, size_t n);
/* The next cell of the row; after the last column a new row begins. Made safe for the terminal. Rows are held back until
 * there are enough of them to know the widths; later rows keep these widths where they can. */
void table_cell(struct table *table, struct bytes text);
void table_text(struct table *table, const char *text);
void table_uint(struct table *table, uint64_t v);
/* A cell that is a number. */
void table_number(struct table *table, struct bytes text);
/* The next cell is in this colour. */
void table_color(struct table *table, enum out_color color);
/* Prints what is held back; the row must be whole. */
void table_flush(struct table *table);
/* Appends the names of the columns that were left out so far for want of room; table_end does not say them then. NULL: it
 * is enough that they are not said. */
void table_left_out(struct table *table, struct buf *out);
/* A line that names columns that were left out; nothing when there are none. */
void table_say_left_out(struct cli *cli, struct bytes names);
/* Prints what is held back, says which columns were left out, and frees. Returns 0, or an exit code after reporting. NULL
 * is fine. */
int table_end(struct table *table);
/* What is at the end of a text that was cut; one column wide. */
const char *table_mark(const struct cli *cli);
/* How many bytes of text that is safe fit into so many columns; *ret_width: how many of these they take. */
size_t table_fits(struct bytes text, size_t columns, size_t *ret_width);
/* The next line of a safe text that continues in further lines of `room` columns: up to the last blank that fits,
 * unless most of the room would be left. *text is then what comes after it. */
struct bytes table_line(struct bytes *text, size_t room);
/* Frees without printing anything, a head neither. NULL is fine. */
void table_drop(struct table *table);

#endif
