/* The other spelling of a path: scopes are compared as written, and a path below the workspace is written in two ways. */
#ifndef PACKS_RUN_SPELLING_H
#define PACKS_RUN_SPELLING_H

#include "projections/permissions/permitted.h"

/* Says no if the same path, absolute instead of relative to `workspace` or the other way round, was refused after what permits
 * the use, whose group has paths. `ret` stays as it is otherwise. */
int spelling_judge(struct state_view *view, struct bytes who, const struct decide_use *use, const char *workspace,
                   struct decision *ret, struct err *err);

#endif
