/* The list of all projections. */
#include "projections/rows/projection.h"

#define PROJECTION(name) extern const struct projection projection_##name;
#include "projections/all.def"
#undef PROJECTION

const struct projection *const projection_all[] = {
#define PROJECTION(name) &projection_##name,
#include "projections/all.def"
#undef PROJECTION
    NULL};

_Static_assert(sizeof(projection_all) / sizeof(projection_all[0]) <= PROJECTIONS_MAX + 1, "a bit for each projection");
