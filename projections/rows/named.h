/* A row's columns by name, for readers of tables that others fold. A column the table does not have, or a row without a
 * table, gives the neutral value (row.h). */
#ifndef PROJECTIONS_ROWS_NAMED_H
#define PROJECTIONS_ROWS_NAMED_H

#include "projections/rows/row.h"

size_t named_column(const struct row *row, const char *column); /* SIZE_MAX: there is none */
bool named_has(const struct row *row, const char *column);
struct bytes named_text(const struct row *row, const char *column);
int64_t named_int(const struct row *row, const char *column);
bool named_bool(const struct row *row, const char *column);
bool named_is(const struct row *row, const char *column, const char *word);
/* Of a CELL_LIST column: the msgpack array. */
struct bytes named_list(const struct row *row, const char *column);

#endif
