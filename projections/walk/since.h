/* Since when a judged state is what it is. */
#ifndef PROJECTIONS_WALK_SINCE_H
#define PROJECTIONS_WALK_SINCE_H

#include "projections/view/state.h"

/* Since when a row's state is what it is, and by which event: of a state that is judged this is not in the row as it is
 * read, for it takes a walk through the log (walk.h); this fills in `since` and `since_seq`. The event is the one after
 * which it was first so, without a break until now; what time alone did has a time and no event. Both stay null where there
 * is not a state, and where nobody can tell. Rows of other tables, whose fold says it, stay as they are. */
int since_find(struct state_view *view, struct row *row, struct err *err);
/* The same for the row that state_rows_next gave. */
int since_find_next(struct state_rows *rows, struct err *err);
/* Is this column one of the two, of a table whose state is judged? */
bool since_is(const struct state_table *table, size_t column);

#endif
