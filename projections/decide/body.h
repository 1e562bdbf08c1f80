/* Fields of a body, for judgements. */
#ifndef PROJECTIONS_DECIDE_BODY_H
#define PROJECTIONS_DECIDE_BODY_H

#include "base/bytes.h"

/* A text field of a body; empty when it has none of that name. Borrowed. */
struct bytes decide_text(struct bytes body, const char *name);

#endif
