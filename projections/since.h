/* Since when a judged state is what it is (state_since): the part that the reading of rows has in it. */
#ifndef PROJECTIONS_SINCE_H
#define PROJECTIONS_SINCE_H

#include "projections/projection.h"

/* What a fold says of the step that it stores is nothing that may be shown of a state that is judged. */
void since_forget(struct row *row);

#endif
