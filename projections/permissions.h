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

/* The scope is all of the other one or more: it is the same, "", or a pattern that takes it. A pattern is taken as text
 * where it is what is to be covered: "/srv/" followed by a star takes "/srv/a/" followed by one. */
bool permissions_covers(struct bytes scope, struct bytes other);
/* A row that was granted is over at that time: its end has come, or it held once and was used. */
bool permissions_is_over(const struct row *row, uint64_t at);

#endif
