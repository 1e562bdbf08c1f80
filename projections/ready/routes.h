/* Routes: which model or program answers which kind of work, and whether that is proven.
 *
 * Stored are what a route is declared or configured as, and what was recorded about it (parked, offline, on its fallback).
 * Its state is judged: whether a proof counts depends on what its model's name leads to now, on its pack's version and on
 * the age of the evaluation (proof.h). */
#ifndef PROJECTIONS_READY_ROUTES_H
#define PROJECTIONS_READY_ROUTES_H

#include "projections/fold/fold.h"

enum { ROUTES, ROUTE_PACKS, ROUTE_MODELS, ROUTES_TABLES };

enum {
    ROUTE_NAME,
    ROUTE_STATE,
    ROUTE_REASON,
    ROUTE_MISSING,
    ROUTE_STEP,
    ROUTE_PACK,
    ROUTE_PACK_VERSION,
    ROUTE_CONFIG_DIGEST,
    ROUTE_MODEL,
    ROUTE_DIGEST,
    ROUTE_RUNTIME,
    ROUTE_SUITE,
    ROUTE_SUITE_DIGEST,
    ROUTE_FALLBACK,
    ROUTE_REQUIRED,
    ROUTE_PARKED,
    ROUTE_OFFLINE,
    ROUTE_DEGRADED,
    ROUTE_DECISIONS,
    ROUTE_FALLBACKS,
    ROUTE_DECIDED_AT,
    ROUTE_PROOF,
    ROUTE_WHY_PARKED,
    ROUTE_WHY_OFFLINE,
    ROUTE_DECLARED_SEQ,
    ROUTE_CONFIGURED_SEQ,
    ROUTE_PARKED_SEQ,
    ROUTE_OFFLINE_SEQ,
    ROUTE_DEGRADED_SEQ,
    ROUTE_DEGRADED_AT,
    ROUTE_USED_MODEL,
    ROUTE_USED_DIGEST,
    ROUTE_USED_RUNTIME,
    ROUTE_USED_SEQ,
    ROUTE_USED_AT,
    ROUTE_SAID_AT,
    ROUTE_USES_DIGEST,
    ROUTE_SEEN_AT,
    ROUTE_LATE,
    ROUTE_ROLE,
    ROUTE_PROGRAM,
    ROUTE_PROGRAM_DIGEST,
    ROUTE_USED_PROGRAM,
    ROUTE_USED_PROGRAM_SEQ,
    ROUTE_USED_PROGRAM_AT,
    ROUTE_THRESHOLDS,
    ROUTE_BASE
};
enum { ROUTE_PACK_PACK, ROUTE_PACK_ROUTE };
enum { ROUTE_MODEL_OF, ROUTE_MODEL_ROUTE };

/* Does a program serve it? So it says or, without a role, it names a program and no model. */
bool routes_is_tool(const struct row *route);

/* The table's judge (routes_judge.c). */
int routes_judge(struct state_view *view, struct row *row, struct err *err);

#endif
