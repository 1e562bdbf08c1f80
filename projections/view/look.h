/* How one projection's judge looks at the rows of another: by the table's name. A view that leaves a projection out, or a
 * table without such a row, answers with an empty row. */
#ifndef PROJECTIONS_VIEW_LOOK_H
#define PROJECTIONS_VIEW_LOOK_H

#include "projections/view/state.h"

/* Initialises *row in any case: row_done is the caller's. *ret_there (may be NULL): there is such a row. */
int look_stored(struct state_view *view, const char *table, const struct bytes *parts, size_t n, struct row *row,
                bool *ret_there, struct err *err);
int look_judged(struct state_view *view, const char *table, const struct bytes *parts, size_t n, struct row *row,
                bool *ret_there, struct err *err);
/* The rows below these key parts; *ret is NULL when the view has no such table. */
int look_rows(struct state_view *view, const char *table, const struct bytes *parts, size_t n, struct state_rows **ret,
              struct err *err);
/* As they are stored. 0, 1 at the end, also for NULL. */
int look_next(struct state_rows *rows, const struct row **ret, struct err *err);

#endif
