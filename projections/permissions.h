/* What others may know of permissions beyond their rows. */
#ifndef PROJECTIONS_PERMISSIONS_H
#define PROJECTIONS_PERMISSIONS_H

#include "projections/row.h"

/* Columns of the table "permissions". `decision` is the newest of granted, denied and revoked: a request after it does not
 * undo it. */
enum permissions_column {
    PERMISSIONS_WHO,
    PERMISSIONS_GROUP,
    PERMISSIONS_SCOPE,
    PERMISSIONS_STATE,
    PERMISSIONS_STEP,
    PERMISSIONS_DECISION,
    PERMISSIONS_DECIDED_SEQ,
    PERMISSIONS_TIER,
    PERMISSIONS_JUDGED, /* the four of tiers.h */
    PERMISSIONS_JUDGED_LAST = PERMISSIONS_JUDGED + 3,
    PERMISSIONS_EXPIRES,
    PERMISSIONS_LIFETIME,
    PERMISSIONS_SESSION,
    PERMISSIONS_REQUEST,
    PERMISSIONS_REQUIRED,
    PERMISSIONS_BY,
    PERMISSIONS_USES,
    PERMISSIONS_USED_AT,
    PERMISSIONS_BASE
};

/* What a grant lacks for a use of that tier (scope_tier): NULL, or words. A grant without a tier reaches T0; a use whose
 * tier is not known is not compared. */
const char *permissions_tier_lack(const struct row *row, int tier);
/* A row that was granted is over at that time: its end has come, or it held once and was used. */
bool permissions_is_over(const struct row *row, uint64_t at);

#endif
