/* For the fold of permissions: which decision covers a use, and which scopes of a holder are patterns. */
#ifndef PROJECTIONS_PERMISSIONS_FIND_H
#define PROJECTIONS_PERMISSIONS_FIND_H

#include "projections/fold/fold.h"
#include "projections/permissions/ground.h"

/* Patterns listed for one who and group; the list is also bounded in bytes (ROW_LIST_MAX). */
#define PERMISSION_PATTERNS_MAX 256

#define PERMISSION_FULL "more than 256 patterns refuse: nobody can tell"

enum permission_table { PERMISSIONS, PATTERNS, SESSIONS };

/* What the event is about. */
struct asked {
    struct bytes who, group, scope, session, run; /* empty where the event does not say */
    int tier;                                     /* scope_tier */
    bool whole;                                   /* of a use: of everything that the scope covers */
    bool untold;                                  /* set by permission_find: more patterns refuse than are listed */
};

/* What was decided about it. */
struct found {
    struct row *row; /* the row that holds, refuses, or is named by a refusal (ground.h); only up to GROUND_OVER */
    enum permission_ground ground;
    int64_t refused_seq; /* the newest refusal that covers all of it; -1: none */
};

int permission_find(struct fold *fold, struct asked *asked, struct found *ret, struct err *err);
/* Whether the row's grant has ended when the event is judged. */
int permission_is_over(struct fold *fold, const struct row *row, bool *ret, struct err *err);
/* Lists a scope that is a pattern, so that uses find its row; for a refusal of any scope the list records it. What the
 * refusal covers entirely is removed from the list, since it decides nothing any more. When there is no room, grants that
 * have ended are removed; then a refusal replaces the oldest grants, which end by that, and if there is still no room the
 * list is marked until a newer refusal covers everything. *ret_listed: there was room, or none is needed. */
int permission_list(struct fold *fold, const struct asked *asked, bool refuses, bool *ret_listed, struct err *err);

#endif
