/* Cells of states as items of a JSON document. */
#ifndef LIB_JSON_CELL_H
#define LIB_JSON_CELL_H

#include "base/obj.h"
#include "projections/rows/row.h"

/* The cell of that column, under a name; times are texts of ns. */
void json_cell_put(struct obj *obj, const char *name, const struct state_column *column, const struct cell *cell);

#endif
