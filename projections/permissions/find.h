/* Inside the fold of permissions: which decision covers a use, and which scopes of a holder are patterns. */
#ifndef PROJECTIONS_PERMISSIONS_FIND_H
#define PROJECTIONS_PERMISSIONS_FIND_H

#include "projections/fold/fold.h"
#include "projections/permissions/ground.h"

/* Scopes that are patterns, of one who and group; also bounded by their bytes (ROW_LIST_MAX). */
#define PERMISSION_PATTERNS_MAX 256

enum permission_table { PERMISSIONS, PATTERNS };

/* Columns of the table "permission_patterns". */
enum { PATTERN_WHO, PATTERN_GROUP, PATTERN_SCOPES, PATTERN_COLUMNS };

/* What the event is about. */
struct asked {
    struct bytes who, group, scope, session, run; /* empty where the event does not say */
    int tier;                                     /* scope_tier */
    bool untold;                                  /* set by permission_find: more patterns refuse than are listed */
};

/* What was decided of it. */
struct found {
    struct row *row; /* that holds, that refuses, or that a refusal names (projections/permissions/ground.h); NULL: none */
    enum permission_ground ground;
};

int permission_find(struct fold *fold, struct asked *asked, struct found *ret, struct err *err);
/* The pattern is listed from here on, so that uses find its row. A refusal takes the place of the oldest grant, which is
 * over with that, and says so in the list even when it has none. *ret_listed: there was room. */
int permission_list(struct fold *fold, const struct asked *asked, bool refuses, bool *ret_listed, struct err *err);

#endif
