/* What decides about a use, and what a refusal names: one order for the fold, which sees only its own rows, and for the
 * judge. The decisions about the requested scope are sorted by grounds; within a ground the newest counts.
 *
 *   the newest of what holds and what refuses decides. When that refuses, or there is neither, the refusal names
 *     1. of the grants that reach the scope, are newer than that refusal and do not hold: the one of the nearest ground,
 *        in the order of the enumeration
 *     2. what refuses
 *     3. a grant whose scope is not known, then a request */
#ifndef PROJECTIONS_PERMISSIONS_GROUND_H
#define PROJECTIONS_PERMISSIONS_GROUND_H

#include "projections/rows/row.h"

/* The holders whose decisions apply: the holder itself and, for a tool whose name contains its server (mcp__SERVER__TOOL),
 * that server. */
#define PERMISSION_HOLDERS_MAX 2
struct permission_holders {
    size_t n;
    struct bytes who[PERMISSION_HOLDERS_MAX]; /* the first is borrowed, the other in `text` */
    char text[512];
};
void permission_holders_of(struct bytes who, struct permission_holders *ret);

enum permission_ground {
    GROUND_HOLDS,   /* granted, and the use is within it */
    GROUND_REFUSES, /* denied or revoked */
    GROUND_T2,      /* granted up to this tier only; without a tier is T0 */
    GROUND_T1,
    GROUND_T0,
    GROUND_SESSION, /* granted for another session */
    GROUND_ONCE,    /* granted once, and requested for a call */
    GROUND_OVER,    /* expired, used up, its session ended */
    GROUND_HIDDEN,  /* granted, for an unknown scope */
    GROUND_ASKED,   /* requested, never decided */
    GROUNDS,
    GROUND_NONE = GROUNDS /* no event concerns it */
};

/* What a use requires of a grant besides its scope. */
struct permission_limits {
    int tier;                  /* scope_tier */
    struct bytes session, run; /* only with of_session; either may be empty */
    bool of_session, call;
};

/* The ground of a grant that reaches the scope; `over`: it has ended. With several reasons, the farthest. */
enum permission_ground permission_ground(const struct row *row, bool over, const struct permission_limits *limits);
/* What follows "it was ...": "granted only up to T1". Static. */
const char *permission_ground_words(const struct row *row, enum permission_ground ground,
                                    const struct permission_limits *limits);

/* The ground that decides or is named, given the newest seq of each; negative: none. */
enum permission_ground permission_ground_pick(const int64_t seqs[GROUNDS]);

#endif
