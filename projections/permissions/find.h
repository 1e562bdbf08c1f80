/* Inside the fold of permissions: which decision covers a use, and which scopes of a holder are patterns. */
#ifndef PROJECTIONS_PERMISSIONS_FIND_H
#define PROJECTIONS_PERMISSIONS_FIND_H

#include "projections/fold/fold.h"
#include "projections/permissions/ground.h"

/* Scopes that are patterns, of one who and group; also bounded by their bytes (ROW_LIST_MAX). */
#define PERMISSION_PATTERNS_MAX 256

#define PERMISSION_FULL "more than 256 patterns refuse: nobody can tell"

enum permission_table { PERMISSIONS, PATTERNS, SESSIONS };

/* What the event is about. */
struct asked {
    struct bytes who, group, scope, session, run; /* empty where the event does not say */
    int tier;                                     /* scope_tier */
    bool untold;                                  /* set by permission_find: more patterns refuse than are listed */
};

/* What was decided of it. */
struct found {
    struct row *row; /* that holds, that refuses, or that a refusal names (ground.h); only up to GROUND_OVER */
    enum permission_ground ground;
    int64_t refused_seq; /* the newest refusal of all of it; -1: none */
};

int permission_find(struct fold *fold, struct asked *asked, struct found *ret, struct err *err);
/* Whether what the row was granted is over when the event is judged. */
int permission_is_over(struct fold *fold, const struct row *row, bool *ret, struct err *err);
/* A scope that is a pattern is listed from here on, so that uses find its row; of a refusal of any scope the list takes
 * note. What it refuses altogether leaves the list, for it decides nothing any more. Where there is no room, grants that
 * are over leave it; a refusal then takes the place of the oldest grants, which are over with that, and says so in the list
 * even when it has none, until everything is refused by a newer one. *ret_listed: there was room, or none is needed. */
int permission_list(struct fold *fold, const struct asked *asked, bool refuses, bool *ret_listed, struct err *err);

#endif
