/* Which changes count: what commands tell people of when states are compared. */
#ifndef PROJECTIONS_WALK_MATTERS_H
#define PROJECTIONS_WALK_MATTERS_H

#include "projections/rows/projection.h"

/* Do its rows accumulate with the work that is done, such as runs and scores? */
bool matters_accumulates(const struct state_table *table);
/* Is a table compared by default? Not those whose rows accumulate, not auxiliary ones, and not the keys that change
 * daily. */
bool matters_table(const struct state_table *table);
/* Does a change of this column count as a change of the entity? Counters, times, seqs, measurements and authors do not:
 * they differ with every event. */
bool matters_column(const struct state_table *table, size_t column);

#endif
