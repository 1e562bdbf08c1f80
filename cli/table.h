/* Tables for people: columns as wide as their content, cut to the terminal when there is one and never in a pipe. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/bytes.h"
#include "cli/cli.h"

#define TABLE_COLUMNS_MAX 8

struct table_column {
    const char *name;
    bool right;     /* numbers stand on the right */
    size_t tty_max; /* columns it may take on a terminal at most; 0: no limit */
};

struct table;

/* NULL on no memory. `columns` is borrowed. The last column takes what remains of the line. */
struct table *table_new(struct cli *cli, const struct table_column *columns, size_t n);
/* The next cell of the row; after the last column a new row begins. Made safe for the terminal. Rows are held back until
 * there are enough of them to know the widths; later rows keep these widths. */
void table_cell(struct table *table, struct bytes text);
void table_text(struct table *table, const char *text);
void table_uint(struct table *table, uint64_t v);
/* Prints what is held back and frees. Returns 0, or an exit code after reporting. NULL is fine. */
int table_end(struct table *table);

#endif
