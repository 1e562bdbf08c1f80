/* Tripcodes.
 *
 *   issued ──> used (by the step that it permits)        refused: it was never valid: nobody's, without an end, ...
 *      ├─────> ended (LOCKDOWN, by a controller)
 *      └─────> obeyed (DIAGNOSTIC, by the program)
 *
 * A code permits one step: of that digest, in that run or of that promotion, before its end, by a controller that a policy
 * names when it is issued and still when it is used. Times are the ledger's own, which do not go back; the time that an
 * event states of itself counts for nothing here.
 *
 * LOCKDOWN takes effect whoever issues it, even when its content was erased: stopping needs no authority, going on does. */
#include <stdio.h>
#include <string.h>

#include "projections/recovery/recovery.h"
#include "projections/view/reason.h"

#define WHY_MAX  256
#define VKEY_MAX 512

struct issue {
    struct bytes code, digest, target;
    int64_t expires, now;
    bool ends;
};

static bool is_id(struct bytes id) {
    size_t n = 0;
    while (n < id.n && ((id.p[n] >= '0' && id.p[n] <= '9') || (id.p[n] >= 'a' && id.p[n] <= 'f'))) {
        n++;
    }
    return n == TRIPCODE_ID_LEN && id.n == TRIPCODE_ID_LEN;
}

static bool names_target(struct bytes target) {
    return (bytes_has_prefix(target, "run/") && target.n > 4) || (bytes_has_prefix(target, "promotion/") && target.n > 10);
}

/* What is wrong with a code when it is issued, in words; NULL: nothing. */
static const char *issue_fault(const struct issue *issue, struct bytes id, bool is_controllers) {
    bool permits = bytes_is(issue->code, "STEP");
    if (!is_controllers) return "it is not signed by a controller that a policy names";
    if (!is_id(id)) return "its id is not 128 bits in hex";
    if (bytes_is(issue->code, GUARD_LOCKDOWN)) return NULL;
    if (!issue->ends) return "it does not say when it expires";
    if (issue->expires <= issue->now) return "it had expired";
    if (issue->expires - issue->now > TRIPCODE_LIFE_NS) return "it expires in more than ten minutes";
    if (permits && issue->digest.n == 0) return "it does not name the digest that it is for";
    if (permits && !names_target(issue->target)) return "it does not name the run or promotion that it is for";
    return NULL;
}

static int lock(struct fold *fold, struct bytes id, struct err *err) {
    struct row *guard;
    int rc = recovery_guard(fold, GUARD_LOCKDOWN, true, &guard, err);
    if (rc == 0 && !row_is(guard, GUARD_STATE, "on")) {
        fold_state(fold, guard, GUARD_BASE_COLUMN, GUARD_STATE, "on");
        row_set_int(guard, GUARD_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_int(guard, GUARD_AT, (int64_t)fold_event(fold)->time);
        row_set_text(guard, GUARD_TRIPCODE, id);
    } else if (rc == 0) {
        fold_cite(fold, guard, GUARD_BASE_COLUMN);
    }
    return rc;
}

static int issued(struct fold *fold, struct bytes id, struct row *row, struct err *err) {
    struct issue issue = {.code = bytes_of(GUARD_LOCKDOWN), .now = (int64_t)fold_event(fold)->time};
    struct buf vkey = {.max = VKEY_MAX};
    if (row_has(row, TRIPCODE_ISSUED_SEQ)) {
        fold_violation(fold, row, TRIPCODE_BASE, "issued twice: the first time counts");
        return 0;
    }
    fold_text(fold, "code", &issue.code);
    fold_text(fold, "digest", &issue.digest);
    fold_text(fold, "target", &issue.target);
    issue.ends = fold_int(fold, "expires", &issue.expires);
    int rc = controllers_signed(fold, &vkey, err);
    const char *fault = issue_fault(&issue, id, vkey.n > 0);
    row_set_text(row, TRIPCODE_CODE, issue.code);
    fold_copy(fold, row, TRIPCODE_DIGEST, "digest");
    fold_copy(fold, row, TRIPCODE_TARGET, "target");
    fold_copy(fold, row, TRIPCODE_EXPIRES, "expires");
    row_set_int(row, TRIPCODE_ISSUED_AT, issue.now);
    row_set_int(row, TRIPCODE_ISSUED_SEQ, (int64_t)fold_event(fold)->seq);
    if (vkey.n > 0) {
        row_set_text(row, TRIPCODE_CONTROLLER, bytes_of_buf(&vkey));
    }
    bool locks = bytes_is(issue.code, GUARD_LOCKDOWN);
    fold_state(fold, row, TRIPCODE_BASE, TRIPCODE_STATE, fault == NULL || locks ? "issued" : "refused");
    if (fault != NULL) {
        fold_violation(fold, row, TRIPCODE_BASE, "issued, but %s%s", fault,
                       locks ? "; it stops everything all the same" : "");
    }
    if (rc == 0 && locks) rc = lock(fold, id, err);
    buf_done(&vkey);
    return rc;
}

/* ---- use ---- */

/* What a use of the code lacks, in words; NULL: nothing. `row` NULL: it was never issued. */
static int use_fault(struct fold *fold, const struct row *row, struct bytes digest, struct bytes target, const char **ret,
                     struct err *err) {
    struct row *guard = NULL, *t3 = NULL;
    int64_t now = (int64_t)fold_event(fold)->time, cooldown = 0;
    bool named = false;
    int rc = recovery_guard(fold, GUARD_LOCKDOWN, false, &guard, err);
    if (rc == 0) rc = recovery_guard(fold, GUARD_T3, false, &t3, err);
    if (rc == 0) rc = controllers_cooldown(fold, &cooldown, err);
    if (rc == 0 && row != NULL) rc = controllers_name(fold, row_text(row, TRIPCODE_CONTROLLER), &named, err);
    if (rc != 0) return rc;
    bool cools = t3 != NULL && row_has(t3, GUARD_AT) && now - row_int(t3, GUARD_AT) < cooldown;
    *ret = guard != NULL && row_is(guard, GUARD_STATE, "on")   ? "LOCKDOWN is on"
           : row == NULL || !row_has(row, TRIPCODE_ISSUED_SEQ) ? "nobody issued it"
           : row_is(row, TRIPCODE_STATE, "used")               ? "it was used before"
           : !row_is(row, TRIPCODE_STATE, "issued")            ? "it was not valid when it was issued"
           : !row_is(row, TRIPCODE_CODE, "STEP")               ? "it permits no step"
           : row_int(row, TRIPCODE_EXPIRES) <= now             ? "it has expired"
           : !named                                            ? "no policy names its controller any more"
           : !bytes_eq(row_text(row, TRIPCODE_DIGEST), digest) ? "it is for another digest"
           : !bytes_eq(row_text(row, TRIPCODE_TARGET), target) ? "it is for another run or promotion"
           : cools                                             ? "the last step of T3 is too recent"
                                                               : NULL;
    return 0;
}

static int use_up(struct fold *fold, struct row *row, struct err *err) {
    struct row *guard;
    row_set_int(row, TRIPCODE_USED_SEQ, (int64_t)fold_event(fold)->seq);
    fold_state(fold, row, TRIPCODE_BASE, TRIPCODE_STATE, "used");
    row_cite(row, TRIPCODE_BASE + FOLD_EVIDENCE, (uint64_t)row_int(row, TRIPCODE_ISSUED_SEQ));
    int rc = recovery_guard(fold, GUARD_T3, true, &guard, err);
    if (rc == 0) {
        fold_state(fold, guard, GUARD_BASE_COLUMN, GUARD_STATE, "stepped");
        row_set_int(guard, GUARD_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_int(guard, GUARD_AT, (int64_t)fold_event(fold)->time);
        row_set_text(guard, GUARD_TRIPCODE, row_text(row, TRIPCODE_ID));
    }
    return rc;
}

static int used(struct fold *fold, struct row *row, struct err *err) {
    struct bytes digest = {0}, target = {0};
    const char *fault = NULL;
    fold_text(fold, "digest", &digest);
    fold_text(fold, "target", &target);
    int rc = use_fault(fold, row, digest, target, &fault, err);
    if (rc != 0) return rc;
    if (fault == NULL) return use_up(fold, row, err);
    if (row->absent) {
        fold_state(fold, row, TRIPCODE_BASE, TRIPCODE_STATE, "refused");
    }
    fold_violation(fold, row, TRIPCODE_BASE, "used, but %s", fault);
    return 0;
}

/* The use was recorded just before, in the same transaction; or it is the step itself that uses the code up. */
static bool was_used_for(const struct fold *fold, const struct row *row, const struct guarded_step *step) {
    return row_is(row, TRIPCODE_STATE, "used") && !row_has(row, TRIPCODE_STEP_SEQ) &&
           row_int(row, TRIPCODE_USED_SEQ) + 1 == (int64_t)fold_event(fold)->seq &&
           bytes_eq(row_text(row, TRIPCODE_DIGEST), step->digest) &&
           bytes_eq(row_text(row, TRIPCODE_TARGET), fold_event(fold)->subject);
}

int tripcode_step(struct fold *fold, const struct guarded_step *step, struct row *guard, struct err *err) {
    const char *fault = "it names no tripcode";
    struct row *row = NULL;
    int rc = step->tripcode.n > 0 ? fold_find(fold, TRIPCODES, &step->tripcode, 1, &row, err) : 0;
    bool ready = rc == 0 && row != NULL && was_used_for(fold, row, step);
    if (rc == 0 && !ready && step->tripcode.n > 0) {
        rc = use_fault(fold, row, step->digest, fold_event(fold)->subject, &fault, err);
        if (rc == 0 && fault == NULL) rc = use_up(fold, row, err);
    }
    if (rc != 0) return rc;
    if (ready || fault == NULL) {
        row_set_int(row, TRIPCODE_STEP_SEQ, (int64_t)fold_event(fold)->seq);
        fold_cite(fold, row, TRIPCODE_BASE);
        return 0;
    }
    fold_violation(fold, guard, GUARD_BASE_COLUMN, "a step of T3 of %.*s: %s%s", REASON_NAME(fold_event(fold)->subject),
                   step->tripcode.n > 0 ? "its tripcode does not count: " : "", fault);
    return 0;
}

/* ---- what is obeyed ---- */

/* LOCKDOWN does not matter: a report only observes. */
static int obeyed(struct fold *fold, struct row *row, struct err *err) {
    int64_t now = (int64_t)fold_event(fold)->time;
    bool named = false;
    int rc = controllers_name(fold, row_text(row, TRIPCODE_CONTROLLER), &named, err);
    if (rc != 0) return rc;
    const char *fault = !row_has(row, TRIPCODE_ISSUED_SEQ)              ? "nobody issued it"
                        : !row_is(row, TRIPCODE_CODE, GUARD_DIAGNOSTIC) ? "it is no DIAGNOSTIC"
                        : row_is(row, TRIPCODE_STATE, "obeyed")         ? "it was obeyed before"
                        : !row_is(row, TRIPCODE_STATE, "issued")        ? "it was not valid when it was issued"
                        : row_int(row, TRIPCODE_EXPIRES) <= now         ? "it has expired"
                        : !named                                        ? "no policy names its controller any more"
                                                                        : NULL;
    if (fault != NULL) {
        if (row->absent) {
            fold_state(fold, row, TRIPCODE_BASE, TRIPCODE_STATE, "refused");
        }
        fold_violation(fold, row, TRIPCODE_BASE, "obeyed, but %s", fault);
        return 0;
    }
    fold_copy(fold, row, TRIPCODE_DIGEST, "digest");
    fold_state(fold, row, TRIPCODE_BASE, TRIPCODE_STATE, "obeyed");
    row_cite(row, TRIPCODE_BASE + FOLD_EVIDENCE, (uint64_t)row_int(row, TRIPCODE_ISSUED_SEQ));
    return 0;
}

/* ---- the end ---- */

static int ended(struct fold *fold, struct row *row, struct err *err) {
    struct buf vkey = {.max = VKEY_MAX};
    struct row *guard = NULL;
    int rc = controllers_signed(fold, &vkey, err);
    if (rc == 0) rc = recovery_guard(fold, GUARD_LOCKDOWN, false, &guard, err);
    bool locked = guard != NULL && row_is(guard, GUARD_STATE, "on");
    const char *fault = vkey.n == 0                          ? "it is not signed by a controller that a policy names"
                        : !row_has(row, TRIPCODE_ISSUED_SEQ) ? "nobody issued it"
                        : !row_is(row, TRIPCODE_CODE, GUARD_LOCKDOWN) ? "it is no LOCKDOWN"
                        : !locked                                     ? "no LOCKDOWN is on"
                                                                      : NULL;
    buf_done(&vkey);
    if (rc != 0) return rc;
    if (fault != NULL) {
        if (row->absent) {
            fold_state(fold, row, TRIPCODE_BASE, TRIPCODE_STATE, "refused");
        }
        fold_violation(fold, row, TRIPCODE_BASE, "ended, but %s", fault);
        return 0;
    }
    fold_state(fold, row, TRIPCODE_BASE, TRIPCODE_STATE, "ended");
    fold_state(fold, guard, GUARD_BASE_COLUMN, GUARD_STATE, "off");
    return 0;
}

int tripcode_fold(struct fold *fold, struct bytes step, struct err *err) {
    struct bytes id = fold_subject(fold);
    struct row *row;
    int rc = id.n == 0 ? 0 : fold_row(fold, TRIPCODES, &id, 1, &row, err);
    if (rc != 0 || id.n == 0) return rc;
    if (bytes_is(step, "tripcode_issued")) return issued(fold, id, row, err);
    if (bytes_is(step, "tripcode_used")) return used(fold, row, err);
    if (bytes_is(step, "tripcode_obeyed")) return obeyed(fold, row, err);
    if (bytes_is(step, "tripcode_ended")) return ended(fold, row, err);
    if (row->absent) {
        fold_state(fold, row, TRIPCODE_BASE, TRIPCODE_STATE, "refused");
    }
    row_add(row, TRIPCODE_REFUSALS, 1);
    fold_touch(fold, row, TRIPCODE_BASE);
    return 0;
}
