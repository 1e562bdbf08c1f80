/* When a grant ends, and which session it is for. */
#include "projections/permissions/row.h"

#include "projections/fold/fold.h"
#include "projections/view/look.h"

const char *permissions_session_lack(const struct row *row, struct bytes session, struct bytes run) {
    struct bytes mine = row_text(row, PERMISSIONS_SESSION);
    bool limited = row_has(row, PERMISSIONS_SESSION) || row_is(row, PERMISSIONS_LIFETIME, "session");
    if (mine.n == 0) return limited ? "granted for a session that it does not name" : NULL;
    if (session.n == 0 && run.n == 0) return "granted for a session, and the use names none";
    return bytes_eq(mine, session) || bytes_eq(mine, run) ? NULL : "granted for another session";
}

bool permissions_is_endless_by_mistake(const struct row *row) {
    return row_is(row, PERMISSIONS_LIFETIME, "until") && !row_has(row, PERMISSIONS_EXPIRES);
}

bool permissions_has_ended(const struct row *row, uint64_t at) {
    bool past = row_has(row, PERMISSIONS_EXPIRES) && row_int(row, PERMISSIONS_EXPIRES) <= (int64_t)at;
    return past || permissions_is_endless_by_mistake(row);
}

bool permissions_is_taken(const struct row *row, const struct row *patterns) {
    return row_is(row, PERMISSIONS_LIFETIME, "once") && row_has(patterns, PATTERN_ERASED) &&
           row_int(patterns, PATTERN_ERASED) > row_int(row, PERMISSIONS_DECIDED_SEQ);
}

/* A use whose body was erased counts against every grant of its holder that holds once. */
static int taken(struct state_view *view, const struct row *row, bool *ret, uint64_t *ret_end, struct err *err) {
    const struct bytes parts[] = {row_text(row, PERMISSIONS_WHO), {(const uint8_t *)"", 0}};
    struct row patterns;
    bool there;
    if (!row_is(row, PERMISSIONS_LIFETIME, "once")) return 0;
    int rc = look_stored(view, "permission_patterns", parts, 2, &patterns, &there, err);
    if (rc == 0 && there && permissions_is_taken(row, &patterns)) {
        *ret = true;
        *ret_end = (uint64_t)row_int(&patterns, PATTERN_ERASED);
    }
    row_done(&patterns);
    return rc;
}

/* Its session has ended: a run of that name ended. */
static int session_over(struct state_view *view, const struct row *row, bool *ret, uint64_t *ret_end, struct err *err) {
    struct bytes session = row_text(row, PERMISSIONS_SESSION);
    struct row run;
    bool there;
    if (session.n == 0) return 0;
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
    *ret_end = LOG_NO_SEQ;
    if (!row_is(row, PERMISSIONS_STEP, "granted")) return 0;
    if (row_has(row, PERMISSIONS_EXPIRES)) {
        state_past(view, row_int(row, PERMISSIONS_EXPIRES)); /* for permissions_has_ended */
    }
    *ret = permissions_has_ended(row, state_now(view));
    int rc = *ret ? 0 : session_over(view, row, ret, ret_end, err);
    return rc == 0 && !*ret ? taken(view, row, ret, ret_end, err) : rc;
}
