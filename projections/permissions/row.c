/* What a grant says of its end, and of the session that it is for. */
#include "projections/permissions/row.h"

#include "projections/fold/fold.h"
#include "projections/view/look.h"

const char *permissions_session_lack(const struct row *row, struct bytes session, struct bytes run) {
    struct bytes mine = row_text(row, PERMISSIONS_SESSION);
    if (mine.n == 0) {
        return row_is(row, PERMISSIONS_LIFETIME, "session") ? "granted for a session that it does not name" : NULL;
    }
    if (session.n == 0 && run.n == 0) {
        return "granted for a session, and the use names none";
    }
    return bytes_eq(mine, session) || bytes_eq(mine, run) ? NULL : "granted for another session";
}

bool permissions_is_endless_by_mistake(const struct row *row) {
    return row_is(row, PERMISSIONS_LIFETIME, "until") && !row_has(row, PERMISSIONS_EXPIRES);
}

static bool has_ended(const struct row *row, uint64_t at) {
    return row_has(row, PERMISSIONS_EXPIRES) && row_int(row, PERMISSIONS_EXPIRES) <= (int64_t)at;
}

bool permissions_is_over(const struct row *row, uint64_t at) {
    return has_ended(row, at) || permissions_is_endless_by_mistake(row) ||
           (row_is(row, PERMISSIONS_LIFETIME, "once") && row_int(row, PERMISSIONS_USES) > 0);
}

int64_t permissions_end(const struct row *row, uint64_t at) {
    size_t column = has_ended(row, at)                       ? PERMISSIONS_EXPIRES
                    : permissions_is_endless_by_mistake(row) ? (size_t)PERMISSIONS_BASE + FOLD_SINCE
                                                             : PERMISSIONS_USED_AT;
    return row_int(row, column);
}

/* Its session is over: a run of that name came to its end. */
static int session_over(struct state_view *view, const struct row *row, bool *ret, uint64_t *ret_end, struct err *err) {
    struct bytes session = row_text(row, PERMISSIONS_SESSION);
    struct row run;
    bool there;
    if (session.n == 0) {
        return 0;
    }
    int rc = look_stored(view, "permission_sessions", &session, 1, &run, &there, err);
    if (rc == 0 && there && row_has(&run, SESSION_ENDED_SEQ)) {
        *ret = true;
        *ret_end = (uint64_t)row_int(&run, SESSION_ENDED_SEQ);
    }
    row_done(&run);
    return rc;
}

int permissions_over(struct state_view *view, const struct row *row, bool *ret, uint64_t *ret_end, struct err *err) {
    *ret = true;
    *ret_end = LEDGER_NO_SEQ;
    if (!row_is(row, PERMISSIONS_STEP, "granted")) {
        return 0;
    }
    if (row_has(row, PERMISSIONS_EXPIRES)) {
        state_past(view, row_int(row, PERMISSIONS_EXPIRES)); /* for permissions_is_over */
    }
    *ret = permissions_is_over(row, state_now(view));
    return *ret ? 0 : session_over(view, row, ret, ret_end, err);
}
