/* Cells of states: as values to print, as text for people, and compared with a condition. */
#ifndef CLI_PRINT_CELL_H
#define CLI_PRINT_CELL_H

#include "base/obj.h"
#include "base/text.h"
#include "cli/call/cli.h"
#include "cli/print/rows.h"
#include "projections/rows/row.h"

/* The cell as it is printed: remedies, in their own column or in the maps of a list, become commands that reach this ledger
 * (cli_command), unless `cli` is NULL. All functions below print through it; what is stored, attested or exported does not.
 * Borrows from the row or from `room`, whose content it replaces. */
struct cell cell_shown(const struct cli *cli, const struct row *row, size_t column, struct buf *room);
/* The same, as a value. */
struct query_value cell_value(const struct cli *cli, const struct row *row, size_t column, struct buf *room);
/* How a column is printed. */
void cell_column(const struct state_column *column, struct rows_column *ret);
/* In a table: the heading without the unit that cell_unit writes, "duration" for "duration_ms". */
void cell_head(const struct state_column *column, struct rows_column *ret);
/* Appends a duration or a size with its unit, "45.0 s", "23.5 GiB". False: the column is neither, or the cell is empty. */
bool cell_unit(const struct row *row, size_t column, struct buf *out);
/* Appends the cell for people: readable times, sequence numbers and texts separated by commas, other lists as JSON; "-" for a
 * digest that is only a name. Nothing for null. Not made safe for a terminal. */
void cell_text(const struct cli *cli, const struct row *row, size_t column, enum when_style style, uint64_t now,
               struct buf *out);
/* On a terminal: shortens digests in the text after `at` to "sha256:0123456789ab...", and on a terminal narrower than
 * TABLE_ROOM to "0123456789ab...". */
void cell_short(const struct cli *cli, struct buf *text, size_t at);
/* The two together: what stands in running text, "-" for an empty cell. */
void cell_brief(const struct cli *cli, const struct row *row, size_t column, enum when_style style, uint64_t now,
                struct buf *out);
/* The name of an entity whose only key is empty: the verdict over the box. */
#define CELL_NO_KEY "(the box)"
/* Appends a list for people, the same way. */
void cell_list(struct bytes list, struct buf *out);
/* Does the cell match the word? Texts: equal, or with a * at the word's end a prefix; numbers and booleans as written; a list:
 * one of its texts; an empty word: the cell is null. */
bool cell_is(const struct row *row, size_t column, const char *word);
/* Are the cells of two rows of one table the same? */
bool cell_same(const struct row *a, const struct row *b, size_t column);
/* Puts the value into a JSON object as rows.c prints it: times are ns, as text. */
void cell_put(const struct cli *cli, const struct row *row, size_t column, struct obj *obj);
/* The same under a different name. */
void cell_put_as(const struct cli *cli, const struct row *row, size_t column, const char *name, struct obj *obj);

/* The cell of the column with that name; empty or -1: the table has no such column, or the cell is null. */
struct bytes cell_named(const struct row *row, const char *column);
int64_t cell_number(const struct row *row, const char *column);

/* The column with that name; SIZE_MAX: none, and *name has the nearest. */
size_t cell_find(const struct state_table *table, struct text_near *name);

#endif
