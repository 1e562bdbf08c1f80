/* A fold finds rows by their whole key, so scopes that are patterns are listed by who and group in a table of their own. Of
 * those listed only the rows that can matter for a use are looked at. The list is bounded: a refusal takes the place of the
 * oldest grant in it, and when it has refusals alone, one more makes every use of the group a violation. */
#include "projections/permissions/find.h"

#include <string.h>

#include "base/glob.h"
#include "ledger/kinds/scope.h"
#include "projections/permissions/row.h"
#include "projections/rows/list.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define MARKS_MAX 16 /* bytes around a text in a list, and the mark that more refuse */

/* ---- the decision that covers a use ---- */

static int row_of(struct fold *fold, const struct asked *a, struct bytes group, struct bytes scope, struct row **ret,
                  struct err *err) {
    const struct bytes parts[] = {a->who, group, scope};
    return fold_find(fold, PERMISSIONS, parts, COUNT(parts), ret, err);
}

/* The newest of each ground. */
struct grounds {
    int64_t seq[GROUNDS];
    struct row *row[GROUNDS];
};

static void take_newer(struct grounds *found, enum permission_ground ground, struct row *row) {
    int64_t seq = row_int(row, PERMISSIONS_DECIDED_SEQ);
    if (seq > found->seq[ground]) {
        found->seq[ground] = seq;
        found->row[ground] = row;
    }
}

/* Without a group (of a tool that has none) only what refuses counts for any group. */
static int consider(struct fold *fold, const struct asked *a, struct bytes group, struct bytes scope, struct grounds *found,
                    struct err *err) {
    const struct permission_limits limits = {a->tier, a->session, a->run, .of_session = true};
    struct row *row;
    int rc = row_of(fold, a, group, scope, &row, err);
    if (rc != 0 || row == NULL || !row_has(row, PERMISSIONS_DECIDED_SEQ)) {
        return rc;
    }
    if (!row_is(row, PERMISSIONS_DECISION, "granted")) {
        if (scope_touches(a->group, scope, a->scope)) {
            take_newer(found, GROUND_REFUSES, row);
        }
    } else if (bytes_eq(group, a->group) && scope_covers(group, scope, a->scope)) {
        bool over = !row_is(row, PERMISSIONS_STEP, "granted") || permissions_is_over(row, fold_at(fold));
        take_newer(found, permission_ground(row, over, &limits), row);
    }
    return rc;
}

static int consider_group(struct fold *fold, struct asked *a, struct bytes group, struct grounds *found, struct err *err) {
    const struct bytes parts[] = {a->who, group};
    struct bytes item, scope, host = scope_host(a->group, a->scope);
    struct row *patterns;
    struct list list;
    int rc = consider(fold, a, group, a->scope, found, err);
    rc = rc != 0 || a->scope.n == 0 ? rc : consider(fold, a, group, (struct bytes){a->scope.p, 0}, found, err);
    rc = rc != 0 || host.n == a->scope.n ? rc : consider(fold, a, group, host, found, err);
    rc = rc != 0 ? rc : fold_find(fold, PATTERNS, parts, COUNT(parts), &patterns, err);
    if (rc != 0 || patterns == NULL) {
        return rc;
    }
    list_open(&list, row_list(patterns, PATTERN_SCOPES));
    while (rc == 0 && list_next(&list, &item)) {
        if (!list_name(item, "", &scope)) {
            a->untold = true;
        } else if (scope_touches(a->group, scope, a->scope)) {
            rc = consider(fold, a, group, scope, found, err);
        }
    }
    return rc;
}

int permission_find(struct fold *fold, struct asked *a, struct found *ret, struct err *err) {
    struct grounds found = {0};
    for (size_t g = 0; g < GROUNDS; g++) {
        found.seq[g] = -1;
    }
    int rc = consider_group(fold, a, a->group, &found, err);
    rc = rc != 0 || a->group.n == 0 ? rc : consider_group(fold, a, (struct bytes){a->group.p, 0}, &found, err);
    ret->ground = permission_ground_pick(found.seq);
    ret->row = ret->ground != GROUND_NONE ? found.row[ret->ground] : NULL;
    return rc;
}

/* ---- patterns ---- */

struct listing {
    const struct asked *asked;
    struct row *row;
    bool there, marked; /* the pattern is listed; more refuse than are listed */
    bool makes_room;
    struct bytes out; /* a grant that has to go; it was found when makes_room */
};

/* No use finds it any more, so it is over. */
static void end_grant(struct fold *fold, struct row *row) {
    if (row_is(row, PERMISSIONS_STEP, "granted")) {
        fold_state(fold, row, PERMISSIONS_BASE, PERMISSIONS_STEP, "expired");
    }
}

/* Whether there is room for one more. */
static bool look_through(struct listing *l) {
    struct list list;
    struct bytes item, scope, all = row_list(l->row, PATTERN_SCOPES);
    uint32_t n = 0;
    list_open(&list, all);
    while (list_next(&list, &item)) {
        bool text = list_name(item, "", &scope);
        l->there = l->there || (text && bytes_eq(scope, l->asked->scope));
        l->marked = l->marked || !text;
        n += text;
    }
    return n < PERMISSION_PATTERNS_MAX && all.n + l->asked->scope.n + MARKS_MAX <= ROW_LIST_MAX;
}

/* The oldest grant of the list makes room. */
static int make_room(struct fold *fold, struct listing *l, struct err *err) {
    struct list list;
    struct bytes item, scope;
    struct row *row;
    int rc = 0;
    list_open(&list, row_list(l->row, PATTERN_SCOPES));
    while (rc == 0 && !l->makes_room && list_next(&list, &item)) {
        if (!list_name(item, "", &scope)) {
            continue;
        }
        rc = row_of(fold, l->asked, l->asked->group, scope, &row, err);
        if (rc == 0 && (row == NULL || row_is(row, PERMISSIONS_DECISION, "granted"))) {
            l->makes_room = true;
            l->out = scope;
            if (row != NULL) {
                end_grant(fold, row);
            }
        }
    }
    return rc;
}

/* Writes the list anew: without what goes, with the pattern or, where it has no room, with the mark. */
static int put_list(const struct listing *l, bool adds, bool marks, struct err *err) {
    struct list list;
    struct list_out out;
    struct bytes item, scope;
    list_out_init(&out);
    list_open(&list, row_list(l->row, PATTERN_SCOPES));
    while (list_next(&list, &item)) {
        if (!l->makes_room || !list_name(item, "", &scope) || !bytes_eq(scope, l->out)) {
            list_out_raw(&out, item);
        }
    }
    if (adds) {
        list_out_text(&out, l->asked->scope);
    } else if (marks) {
        list_out_raw(&out, (struct bytes){(const uint8_t *)"\xc3", 1}); /* true */
    }
    int rc = list_out_set(&out, l->row, PATTERN_SCOPES, err);
    list_out_done(&out);
    return rc;
}

/* The pattern is listed from here on. *ret_listed: there was room. */
int permission_list(struct fold *fold, const struct asked *a, bool refuses, bool *ret_listed, struct err *err) {
    const struct bytes parts[] = {a->who, a->group};
    struct listing l = {.asked = a};
    int rc = fold_row(fold, PATTERNS, parts, COUNT(parts), &l.row, err);
    if (rc != 0) {
        return rc;
    }
    bool room = look_through(&l), fits = a->scope.n <= ROW_TEXT_MAX;
    if (!l.there && !room && fits && refuses) {
        rc = make_room(fold, &l, err);
    }
    bool adds = !l.there && fits && (room || l.makes_room), marks = !l.there && !adds && refuses && !l.marked;
    *ret_listed = l.there || adds;
    return rc != 0 || (!adds && !marks) ? rc : put_list(&l, adds, marks, err);
}
