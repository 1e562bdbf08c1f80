/* Since when a judged state is what it is. */
#ifndef PROJECTIONS_WALK_SINCE_H
#define PROJECTIONS_WALK_SINCE_H

#include "projections/view/state.h"

/* Since when a row's state is what it is, and by which event. A judged state does not have that in its row, because it
 * takes a walk through the log (walk.h); this fills in `since` and `since_seq`. The event is the first one after which the
 * state held without a break until now; a change by time alone has a time and no event. Both stay null where there is no
 * state, or where the cause cannot be found. Rows of other tables, whose fold sets the columns, stay as they are. */
int since_find(struct state_view *view, struct row *row, struct err *err);
/* The same for the row that state_rows_next returned last. */
int since_find_next(struct state_rows *rows, struct err *err);
/* Is this column one of the two, in a table with a judged state? */
bool since_is(const struct state_table *table, size_t column);

#endif
