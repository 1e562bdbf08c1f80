/* Clauses about what the box holds (held.c), and about what others report of it (reported.c). */
#ifndef PROJECTIONS_VERDICT_HELD_H
#define PROJECTIONS_VERDICT_HELD_H

#include "projections/verdict/verdict.h"

/* The check of a pack's files; the target is its name. It has a clause of its own. */
#define VERDICT_PACK_FILES "pack-files"

int verdict_pack_files(struct verdict_case *c, struct err *err);
int verdict_permissions(struct verdict_case *c, struct err *err);
int verdict_evaluations(struct verdict_case *c, struct err *err);
int verdict_agents(struct verdict_case *c, struct err *err);

#endif
