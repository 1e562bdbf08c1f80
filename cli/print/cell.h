/* Cells of states as the values that rows are printed from, as text for people, and against a word that asks for them. */
#ifndef CLI_PRINT_CELL_H
#define CLI_PRINT_CELL_H

#include "base/obj.h"
#include "base/text.h"
#include "cli/call/cli.h"
#include "cli/print/rows.h"
#include "projections/rows/row.h"

/* The cell as it leaves the program: what a judge wrote as a remedy, in a column of its own or in the maps of a list, is a
 * command that reaches this ledger (cli_command). Every way of printing cells below goes through it; what is stored,
 * attested or exported does not; nor with `cli` NULL. Borrows from the row or from `room`, whose content it replaces. */
struct cell cell_shown(const struct cli *cli, const struct row *row, size_t column, struct buf *room);
/* The same. */
struct query_value cell_value(const struct cli *cli, const struct row *row, size_t column, struct buf *room);
/* How a column is printed. */
void cell_column(const struct state_column *column, struct rows_column *ret);
/* In a table: the head without the unit that cell_unit writes, "duration" of "duration_ms". */
void cell_head(const struct state_column *column, struct rows_column *ret);
/* Appends a length of time or a size with its unit, "45.0 s", "23.5 GiB". False: the column is neither, or empty. */
bool cell_unit(const struct row *row, size_t column, struct buf *out);
/* Appends the cell for the eye: times as such, seqs and texts with commas between, other lists as JSON; "-" for a digest
 * that is only a name. Nothing for null. Not made safe for a terminal. */
void cell_text(const struct cli *cli, const struct row *row, size_t column, enum when_style style, uint64_t now,
               struct buf *out);
/* On a terminal: digests in the text behind `at` are cut to the digits that tell them, "sha256:0123456789ab...", on one of
 * less than TABLE_ROOM columns "0123456789ab...". */
void cell_short(const struct cli *cli, struct buf *text, size_t at);
/* What stands for a thing whose only key is empty: the verdict over the box. */
#define CELL_NO_KEY "(the box)"
/* Appends a list for the eye, the same way. */
void cell_list(struct bytes list, struct buf *out);
/* Is it what the word asks for? Texts: equal, or beginning so with a * at the word's end; numbers and booleans as they are
 * written; a list: one of its texts; an empty word: nothing is there. */
bool cell_is(const struct row *row, size_t column, const char *word);
/* Are the cells of two rows of one table the same? */
bool cell_same(const struct row *a, const struct row *b, size_t column);
/* The value as an item of a JSON document, as rows.c prints it there: times are texts of ns. */
void cell_put(const struct cli *cli, const struct row *row, size_t column, struct obj *obj);
/* The same under another name than the column's. */
void cell_put_as(const struct cli *cli, const struct row *row, size_t column, const char *name, struct obj *obj);

/* Of the column of that name; empty or -1: the table has none such, or the cell is null. */
struct bytes cell_named(const struct row *row, const char *column);
int64_t cell_number(const struct row *row, const char *column);

/* The column of that name; SIZE_MAX, and *name has the nearest. */
size_t cell_find(const struct state_table *table, struct text_near *name);

#endif
