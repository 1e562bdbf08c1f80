/* How one projection's judge reads the rows of another: by the table's name. A view without that projection, or a table
 * without that row, gives an empty row. */
#ifndef PROJECTIONS_VIEW_LOOK_H
#define PROJECTIONS_VIEW_LOOK_H

#include "projections/view/state.h"
#include "projections/view/watch.h"

/* Always initialises *row: the caller calls row_done. *ret_there (may be NULL): there is such a row. */
int look_stored(struct state_view *view, const char *table, const struct bytes *parts, size_t n, struct row *row,
                bool *ret_there, struct err *err);
int look_judged(struct state_view *view, const char *table, const struct bytes *parts, size_t n, struct row *row,
                bool *ret_there, struct err *err);
/* The rows whose key begins with these parts; *ret is NULL when the view lacks the table. */
int look_rows(struct state_view *view, const char *table, const struct bytes *parts, size_t n, struct state_rows **ret,
              struct err *err);
/* The rows as stored. 0; 1 at the end, and for NULL. */
int look_next(struct state_rows *rows, const struct row **ret, struct err *err);
/* How many rows of a table give each answer to the question, if the view continues for somebody to whom the numbers are enough.
 * *ret_known false: read the rows. */
int look_sum(struct state_view *view, const char *table, const struct watch_question *question, size_t ret[WATCH_ANSWERS],
             bool *ret_known, struct err *err);

#endif
