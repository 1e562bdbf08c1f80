/* A row of permissions: its columns, and what they mean together. */
#ifndef PROJECTIONS_PERMISSIONS_ROW_H
#define PROJECTIONS_PERMISSIONS_ROW_H

#include "projections/view/state.h"

/* Columns of the table "permissions". `decision` is the newest of granted, denied and revoked; a later request does not
 * undo it. `refusal` is the newest of denied and revoked; a later grant undoes it only as far as that grant holds. The
 * columns `asked_` are about a request that is the newest step; any later step clears them. */
enum permissions_column {
    PERMISSIONS_WHO,
    PERMISSIONS_GROUP,
    PERMISSIONS_SCOPE,
    PERMISSIONS_STATE,
    PERMISSIONS_REASON,
    PERMISSIONS_OVERRIDDEN,
    PERMISSIONS_STEP,
    PERMISSIONS_DECISION,
    PERMISSIONS_DECIDED_SEQ,
    PERMISSIONS_REFUSAL,
    PERMISSIONS_REFUSED_SEQ,
    PERMISSIONS_TIER,
    PERMISSIONS_JUDGED, /* the four of tiers.h */
    PERMISSIONS_JUDGED_LAST = PERMISSIONS_JUDGED + 3,
    PERMISSIONS_EXPIRES,
    PERMISSIONS_LIFETIME,
    PERMISSIONS_SESSION,
    PERMISSIONS_REQUEST,
    PERMISSIONS_ASKED_SEQ,
    PERMISSIONS_ASKED_TIER,
    PERMISSIONS_ASKED_CALL,
    PERMISSIONS_REQUIRED,
    PERMISSIONS_BY,
    PERMISSIONS_USES,
    PERMISSIONS_USED_AT,
    PERMISSIONS_UNPERMITTED,
    PERMISSIONS_BASE
};

/* Columns of the table "permission_patterns". PATTERN_ERASED is set in the row of no group alone. */
enum { PATTERN_WHO, PATTERN_GROUP, PATTERN_SCOPES, PATTERN_REFUSED, PATTERN_ERASED, PATTERN_COLUMNS };

/* Columns of the table "permission_sessions". */
enum { SESSION_NAME, SESSION_ENDED_SEQ, SESSION_ENDED_AT, SESSION_COLUMNS };

/* Why a grant does not hold in that session and run (either may be empty); NULL: it does. A grant that names a session,
 * whatever its lifetime, holds where one of them is that session. */
const char *permissions_session_lack(const struct row *row, struct bytes session, struct bytes run);
/* Whether the grant of a stored row has ended at the view's time. *ret_end: the event that ended its session, or the use
 * that may have used it up; LOG_NO_SEQ: it has not ended, or for another reason. */
int permissions_over(struct state_view *view, const struct row *row, bool *ret, uint64_t *ret_end, struct err *err);
/* The grant has ended at that time: its end is past or unknown. */
bool permissions_has_ended(const struct row *row, uint64_t at);
/* Its end is unknown: it was granted until a time that is not stated. */
bool permissions_is_endless_by_mistake(const struct row *row);

/* It was granted once, and `patterns`, the row of its holder without a group in permission_patterns, records a later use
 * that may have used it up. */
bool permissions_is_taken(const struct row *row, const struct row *patterns);

/* The message for a use, or a grant, of no group. */
#define PERMISSIONS_USE_OF_NO_GROUP   "the use names no group: which permission it uses cannot be told"
#define PERMISSIONS_GRANT_OF_NO_GROUP "no use has it: it names no group, so which permission it is cannot be told"

/* The scope of a grant whose own is unknown, because its event keeps it private or states null. It has a fault, so such a
 * grant reaches nothing and covers no use. */
#define PERMISSIONS_SCOPE_UNKNOWN "(not known)/.."

#endif
