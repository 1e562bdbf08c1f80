/* Snapshots are compared path by path, as written: a path holds itself and what is below it. Of those that do not fit the
 * newest is named, with the first thing that it lacks. */
#include "projections/decide/step.h"

#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "ledger/kinds/scope.h"
#include "projections/decide/body.h"
#include "projections/recovery/recovery.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

#define MS_NS INT64_C(1000000)

/* ---- LOCKDOWN ---- */

bool decide_is_safe(struct bytes kind) {
    static const char *const families[] = {"recovery.", "ledger.", "doctor."};
    static const char *const kinds[] = {
        "permission.requested", "permission.denied",     "permission.revoked", "permission.expired", "promotion.aborted",
        "promotion.tripped",    "promotion.rolled_back", "promotion.applied",  "pack.parked",        "pack.removed",
        "pack.checked",         "route.parked",          "route.offline",      "route.removed",      "run.finished",
        "run.tool_returned",    "run.model_returned",    "run.logged",         "policy.violated"};
    bool safe = false;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        safe = safe || bytes_has_prefix(kind, families[i]);
    }
    safe = safe && !bytes_is(kind, "ledger.corrected") && !bytes_is(kind, "ledger.erased"); /* they take evidence away */
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        safe = safe || bytes_is(kind, kinds[i]);
    }
    return safe;
}

int decide_is_unlocked(struct state_view *view, struct bytes kind, struct decision *ret, struct err *err) {
    const struct bytes name = bytes_of(GUARD_LOCKDOWN);
    struct row row;
    bool there = false;
    decide_begin(ret);
    if (decide_is_safe(kind)) return 0;
    int rc = look_stored(view, "guards", &name, 1, &row, &there, err);
    if (rc == 0 && there && row_is(&row, GUARD_STATE, "on")) {
        decide_cite(ret, (uint64_t)row_int(&row, GUARD_SEQ));
        decide_no(ret, "LOCKDOWN is on since event %lld, until a controller ends it ('ledger tripcode end')",
                  (long long)row_int(&row, GUARD_SEQ));
    }
    row_done(&row);
    return rc;
}

/* ---- snapshots ---- */

struct search {
    struct state_view *view;
    struct bytes writes;
    int64_t since;                        /* it was taken after this event; -1: whenever */
    int64_t last_t2, last_at, max_age_ns; /* the newest step of T2, and its time; -1: none */
    int64_t found;                        /* seq of the newest that fits; -1: none */
    int64_t newest;                       /* of all; -1: none */
    char why[480];                        /* what that lacks */
};

static bool holds(struct bytes path, struct bytes write) {
    bool root = bytes_is(path, "/");
    if (root) return write.n > 0 && write.p[0] == '/';
    return path.n > 0 && path.p[0] == '/' && bytes_has_prefix(write, "") && write.n >= path.n &&
           memcmp(write.p, path.p, path.n) == 0 && (write.n == path.n || write.p[path.n] == '/');
}

/* The first path that no path of the snapshot holds; empty: all are held. */
static struct bytes not_held(const struct row *row, struct bytes writes) {
    struct list list, paths;
    struct bytes item, write, path;
    list_open(&list, writes);
    while (list_next(&list, &item)) {
        bool held = false;
        if (!list_name(item, "", &write)) continue;
        list_open(&paths, row_list(row, SNAPSHOT_PATHS));
        while (!held && list_next(&paths, &item)) {
            held = list_name(item, "", &path) && scope_use_fault(bytes_of("filesystem.write"), path) == NULL &&
                   holds(path, write);
        }
        if (!held) return write;
    }
    return (struct bytes){0};
}

/* What the snapshot lacks; NULL: nothing. */
static const char *lacks(struct search *s, const struct row *row, char *room, size_t size) {
    int64_t taken = row_int(row, SNAPSHOT_TAKEN_AT);
    struct bytes open = not_held(row, s->writes);
    if (!row_has(row, SNAPSHOT_TAKEN_SEQ)) return "was never taken";
    if (!row_is(row, SNAPSHOT_GRADE, "measured")) return "is not measured";
    if (row_is(row, SNAPSHOT_STATE, "damaged") || row_is(row, SNAPSHOT_STATE, "missing")) {
        snprintf(room, size, "was found %.*s", REASON_NAME(row_text(row, SNAPSHOT_STATE)));
        return room;
    }
    if (row_int(row, SNAPSHOT_TAKEN_SEQ) < s->last_t2 || taken < s->last_at) return "is older than the last step of T2";
    if (row_int(row, SNAPSHOT_TAKEN_SEQ) <= s->since) return "was taken before it was planned";
    if (row_has(row, SNAPSHOT_EXPIRES) && state_past(s->view, row_int(row, SNAPSHOT_EXPIRES))) return "has expired";
    if (taken > INT64_MAX - s->max_age_ns || state_past(s->view, taken + s->max_age_ns)) return "is too old";
    if (open.n > 0) {
        snprintf(room, size, "does not hold '%.*s'", REASON_PATH(open));
        return room;
    }
    return NULL;
}

static void weigh(struct search *s, const struct row *row) {
    char room[340];
    const char *why = lacks(s, row, room, sizeof(room));
    int64_t seq = row_int(row, SNAPSHOT_TAKEN_SEQ);
    if (why == NULL) {
        s->found = seq > s->found ? seq : s->found;
    } else if (seq >= s->newest) {
        s->newest = seq;
        snprintf(s->why, sizeof(s->why), "snapshot '%.*s' %s", REASON_NAME(row_text(row, SNAPSHOT_ID)), why);
    }
}

/* The shortest age that a policy in force asks for. */
static int read_max_age(struct search *s, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int64_t ms = -1;
    int rc = look_rows(s->view, "guard_policies", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        if (!row_is(row, GUARD_POLICY_STATE, "in_force") || !row_has(row, GUARD_MAX_AGE_MS)) continue;
        int64_t one = row_int(row, GUARD_MAX_AGE_MS);
        ms = ms < 0 || one < ms ? one : ms;
    }
    state_rows_close(rows);
    ms = ms < 0 ? SNAPSHOT_MAX_AGE_MS : ms;
    s->max_age_ns = ms > INT64_MAX / MS_NS ? INT64_MAX : ms * MS_NS;
    return rc == 1 ? 0 : rc;
}

static int read_last(struct search *s, struct err *err) {
    const struct bytes name = bytes_of(GUARD_T2);
    struct row row;
    bool there = false;
    int rc = look_stored(s->view, "guards", &name, 1, &row, &there, err);
    there = there && row_has(&row, GUARD_SEQ);
    s->last_t2 = there ? row_int(&row, GUARD_SEQ) : -1;
    s->last_at = there ? row_int(&row, GUARD_AT) : -1;
    row_done(&row);
    return rc;
}

static int needs_snapshot(struct state_view *view, struct bytes writes, int64_t since, struct decision *ret,
                          struct err *err) {
    struct search s = {.view = view, .writes = writes, .since = since, .found = -1, .newest = -1};
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = read_last(&s, err);
    if (rc == 0) rc = read_max_age(&s, err);
    if (rc == 0) rc = look_rows(view, "snapshots", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        weigh(&s, row);
    }
    state_rows_close(rows);
    if (rc < 0) return rc;
    if (s.found >= 0) {
        decide_cite(ret, (uint64_t)s.found);
    } else {
        decide_no(ret, "no snapshot permits the step: %s",
                  s.newest >= 0 ? s.why : "none was taken ('ledger recovery snapshot')");
        if (s.newest >= 0) {
            decide_cite(ret, (uint64_t)s.newest);
        }
    }
    return 0;
}

/* A path that could be spelled in more than one way, or a pattern, is held by nothing. */
static bool check_writes(struct bytes writes, struct decision *ret) {
    struct list list;
    struct bytes item, path;
    list_open(&list, writes);
    while (list_next(&list, &item)) {
        bool text = list_name(item, "", &path);
        const char *fault = text ? scope_use_fault(bytes_of("filesystem.write"), path) : "is no text";
        if (fault == NULL && (path.n == 0 || path.p[0] != '/')) {
            fault = "is not absolute";
        }
        if (fault != NULL) {
            decide_no(ret, "the step may write '%.*s', which %s", REASON_NAME(text ? path : bytes_of("")), fault);
            return false;
        }
    }
    return true;
}

/* ---- */

int decide_may_step(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err) {
    struct bytes status = decide_text(event->body, "status"), writes = {0};
    struct list list;
    int tier = scope_tier(decide_text(event->body, "tier"));
    decide_begin(ret);
    if (!bytes_is(event->kind, "run.step") || tier < 2 || recovery_step_is_over(status)) return 0;
    if (recovery_step_is_claimed(event->source, event->grade)) {
        decide_no(ret, "what a step reports of itself is no step of T%d: whoever executes it records that", tier);
        return 0;
    }
    mp_map_get(event->body, "writes", &writes);
    list_open(&list, writes);
    if (tier == 2 && list.left == 0) {
        decide_no(
            ret,
            "a step of T2 names the paths that it may write, as 'writes': without them no snapshot is known to hold them");
        return 0;
    }
    return !check_writes(writes, ret) || list.left == 0 ? 0 : needs_snapshot(view, writes, -1, ret, err);
}

int decide_is_held(struct state_view *view, const char *link, uint64_t since, struct decision *ret, struct err *err) {
    struct buf writes = {.max = 3 * 4096};
    mp_put_array(&writes, link != NULL ? 1 : 0);
    if (link != NULL) {
        mp_put_text(&writes, link);
    }
    int rc = buf_check(&writes, "a path", err);
    decide_begin(ret);
    if (rc == 0 && check_writes(bytes_of_buf(&writes), ret)) {
        rc = needs_snapshot(view, bytes_of_buf(&writes), (int64_t)since, ret, err);
    }
    buf_done(&writes);
    return rc;
}

bool decide_uses_tripcode(struct bytes kind, struct bytes body, struct bytes *ret_id) {
    struct bytes id = decide_text(body, "tripcode");
    bool over = recovery_step_is_over(decide_text(body, "status"));
    bool step = bytes_is(kind, "run.step") && scope_tier(decide_text(body, "tier")) == 3 && !over;
    bool uses = id.n > 0 && (step || bytes_is(kind, "promotion.promoted"));
    if (uses) {
        *ret_id = id;
    }
    return uses;
}
