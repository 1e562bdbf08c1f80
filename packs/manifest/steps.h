/* The steps of a manifest: what they refer to, what feeds what, in which order they can run, and what uses what. */
#ifndef PACKS_MANIFEST_STEPS_H
#define PACKS_MANIFEST_STEPS_H

#include "packs/manifest/check.h"

/* Checks the steps, and what only they can make use of (artifacts, inputs, routes, permissions). Fills `order`, which has
 * room for every step, with indices in an order in which they can run; with a cycle, which is an error, in any order.
 * ERR_NOMEM. */
int steps_check(struct checking *c, size_t *order, struct err *err);

#endif
