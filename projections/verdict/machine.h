/* Clauses about what the machine has to carry (machine.c). */
#ifndef PROJECTIONS_VERDICT_MACHINE_H
#define PROJECTIONS_VERDICT_MACHINE_H

#include "projections/verdict/verdict.h"

int verdict_pack_capacity(struct verdict_case *c, struct err *err);
/* Finds that a promotion under way has not taken a step for long. */
void verdict_promotion_waits(struct verdict_case *c, const struct row *row);

#endif
