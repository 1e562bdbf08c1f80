/* A fold finds rows by their whole key, so scopes that are patterns are listed by who and group in a table of their own,
 * together with the scope refused last, which is a part of everything. Only the listed rows that can matter for a use are
 * read. The list is bounded: a newer and wider refusal removes what it covers, and grants that have ended are removed when
 * room is needed; then a refusal replaces the oldest grant, and when the list holds only refusals, one more makes every use
 * of the group a violation. */
#include "projections/permissions/find.h"

#include <string.h>

#include "base/glob.h"
#include "ledger/kinds/scope.h"
#include "projections/permissions/row.h"
#include "projections/rows/list.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define MARKS_MAX 16 /* bytes around a text in a list, and the mark that more patterns refuse */

/* ---- the decision that covers a use ---- */

static int row_of(struct fold *fold, const struct asked *a, struct bytes group, struct bytes scope, struct row **ret,
                  struct err *err) {
    const struct bytes parts[] = {a->who, group, scope};
    return fold_find(fold, PERMISSIONS, parts, COUNT(parts), ret, err);
}

/* The newest decision of each ground. */
struct grounds {
    int64_t seq[GROUNDS];
    struct row *row[GROUNDS];
    int64_t whole; /* the newest refusal of all that is asked for */
};

static void take_newer(struct grounds *found, enum permission_ground ground, struct row *row, int64_t seq) {
    if (seq > found->seq[ground]) {
        found->seq[ground] = seq;
        found->row[ground] = row;
    }
}

/* When a use is judged: now, or at the later time it states. With a time in the past it could use a grant that has
 * ended. */
static uint64_t judged_at(const struct fold *fold) {
    uint64_t told = fold_at(fold), written = fold_event(fold)->time;
    return told > written ? told : written;
}

int permission_is_over(struct fold *fold, const struct row *row, bool *ret, struct err *err) {
    const struct bytes of_holder[] = {row_text(row, PERMISSIONS_WHO), {(const uint8_t *)"", 0}};
    struct bytes session = row_text(row, PERMISSIONS_SESSION);
    struct row *end = NULL, *patterns = NULL;
    bool once = row_is(row, PERMISSIONS_LIFETIME, "once");
    *ret = !row_is(row, PERMISSIONS_STEP, "granted") || permissions_has_ended(row, judged_at(fold));
    int rc = *ret || session.n == 0 ? 0 : fold_find(fold, SESSIONS, &session, 1, &end, err);
    if (rc == 0 && !*ret && once) rc = fold_find(fold, PATTERNS, of_holder, COUNT(of_holder), &patterns, err);
    *ret = *ret || end != NULL || (patterns != NULL && permissions_is_taken(row, patterns));
    return rc;
}

/* Without a group (of a tool that has none) only refusals count, for any group. */
static int consider(struct fold *fold, const struct asked *a, struct bytes group, struct bytes scope, struct grounds *found,
                    struct err *err) {
    const struct permission_limits limits = {a->tier, a->session, a->run, .of_session = true};
    struct row *row;
    bool over;
    int rc = row_of(fold, a, group, scope, &row, err);
    if (rc != 0 || row == NULL) return rc;
    if (row_has(row, PERMISSIONS_REFUSED_SEQ) && scope_touches(a->group, scope, a->scope)) {
        int64_t seq = row_int(row, PERMISSIONS_REFUSED_SEQ);
        take_newer(found, GROUND_REFUSES, row, seq);
        found->whole = seq > found->whole && scope_refuses(a->group, scope, a->scope) ? seq : found->whole;
    }
    if (!row_is(row, PERMISSIONS_DECISION, "granted") || !bytes_eq(group, a->group) ||
        !scope_covers(group, scope, a->scope)) {
        return 0;
    }
    rc = permission_is_over(fold, row, &over, err);
    if (rc == 0) {
        take_newer(found, permission_ground(row, over, &limits), row, row_int(row, PERMISSIONS_DECIDED_SEQ));
    }
    return rc;
}

static int consider_group(struct fold *fold, struct asked *a, struct bytes group, struct grounds *found, struct err *err) {
    const struct bytes parts[] = {a->who, group};
    struct bytes item, scope, host = scope_host(a->group, a->scope);
    struct row *patterns;
    struct list list;
    int rc = consider(fold, a, group, a->scope, found, err);
    if (rc == 0 && a->scope.n != 0) rc = consider(fold, a, group, (struct bytes){a->scope.p, 0}, found, err);
    if (rc == 0 && host.n != a->scope.n) rc = consider(fold, a, group, host, found, err);
    if (rc == 0) rc = fold_find(fold, PATTERNS, parts, COUNT(parts), &patterns, err);
    if (rc != 0 || patterns == NULL) return rc;
    if (a->scope.n == 0 &&
        row_has(patterns, PATTERN_REFUSED)) { /* every scope is a part of everything: the newest decides */
        rc = consider(fold, a, group, row_text(patterns, PATTERN_REFUSED), found, err);
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

/* The ground when nothing was decided about the scope, where it is nearer than the one of another holder. */
static int ground_without(struct fold *fold, const struct asked *a, enum permission_ground *ret, struct err *err) {
    struct row *row;
    int rc = row_of(fold, a, a->group, bytes_of(PERMISSIONS_SCOPE_UNKNOWN), &row, err);
    if (rc == 0 && row != NULL && row_is(row, PERMISSIONS_DECISION, "granted")) {
        *ret = GROUND_HIDDEN;
        return 0;
    }
    if (rc == 0) rc = row_of(fold, a, a->group, a->scope, &row, err);
    if (rc == 0 && row != NULL && !row_has(row, PERMISSIONS_DECISION) && row_has(row, PERMISSIONS_ASKED_SEQ) &&
        *ret == GROUND_NONE) {
        *ret = GROUND_ASKED;
    }
    return rc;
}

int permission_find(struct fold *fold, struct asked *a, struct found *ret, struct err *err) {
    struct permission_holders holders;
    struct grounds found = {.whole = -1};
    int rc = 0;
    for (size_t g = 0; g < GROUNDS; g++) {
        found.seq[g] = -1;
    }
    permission_holders_of(a->who, &holders);
    for (size_t i = 0; i < holders.n && rc == 0; i++) {
        a->who = holders.who[i];
        rc = consider_group(fold, a, a->group, &found, err);
        if (rc == 0 && a->group.n != 0) rc = consider_group(fold, a, (struct bytes){a->group.p, 0}, &found, err);
    }
    ret->ground = permission_ground_pick(found.seq);
    ret->refused_seq = found.whole;
    ret->row = ret->ground != GROUND_NONE ? found.row[ret->ground] : NULL;
    bool decided = ret->ground != GROUND_NONE;
    for (size_t i = 0; i < holders.n && rc == 0 && !decided; i++) {
        a->who = holders.who[i];
        rc = ground_without(fold, a, &ret->ground, err);
    }
    a->who = holders.who[0];
    return rc;
}

/* ---- patterns ---- */

struct listing {
    const struct asked *asked;
    struct row *row;
    bool refuses;
    bool there, marked;                 /* the pattern is listed; the list has the mark */
    uint32_t n;                         /* patterns that stay */
    size_t bytes;                       /* of the list as it stays, at most */
    bool goes[PERMISSION_PATTERNS_MAX]; /* the pattern of this number */
    bool unmarks;                       /* all earlier refusals are covered by this one */
    bool changed;
};

/* No use finds the grant any more, so it ends. */
static void end_grant(struct fold *fold, struct row *row) {
    if (row_is(row, PERMISSIONS_STEP, "granted")) {
        fold_state(fold, row, PERMISSIONS_BASE, PERMISSIONS_STEP, "expired");
    }
}

static void leaves(struct listing *l, uint32_t number, size_t bytes) {
    l->goes[number] = l->changed = true;
    l->n--;
    l->bytes -= bytes;
}

static bool has_room(const struct listing *l) {
    return l->n < PERMISSION_PATTERNS_MAX && l->bytes + l->asked->scope.n + MARKS_MAX <= ROW_LIST_MAX;
}

/* Reads the list, and drops what a refusal covers: everything in it is older. */
static void look_through(struct listing *l) {
    const struct asked *a = l->asked;
    struct list list;
    struct bytes item, scope;
    uint32_t number = 0;
    l->bytes = row_list(l->row, PATTERN_SCOPES).n;
    list_open(&list, row_list(l->row, PATTERN_SCOPES));
    while (list_next(&list, &item)) {
        if (!list_name(item, "", &scope)) {
            l->marked = true;
            continue;
        }
        bool same = bytes_eq(scope, a->scope);
        l->there = l->there || same;
        l->n++;
        if (l->refuses && !same && number < PERMISSION_PATTERNS_MAX && scope_refuses(a->group, a->scope, scope)) {
            leaves(l, number, item.n);
        }
        number++;
    }
}

/* Removes grants that have ended, or (`all`) the oldest grants, until there is room. Refusals stay. */
static int make_room(struct fold *fold, struct listing *l, bool all, struct err *err) {
    struct list list;
    struct bytes item, scope;
    struct row *row;
    bool over = false;
    uint32_t number = 0;
    int rc = 0;
    list_open(&list, row_list(l->row, PATTERN_SCOPES));
    while (rc == 0 && !has_room(l) && number < PERMISSION_PATTERNS_MAX && list_next(&list, &item)) {
        if (!list_name(item, "", &scope)) continue;
        bool stays = !l->goes[number];
        rc = stays ? row_of(fold, l->asked, l->asked->group, scope, &row, err) : 0;
        if (rc == 0 && stays && row != NULL && !row_has(row, PERMISSIONS_REFUSED_SEQ)) {
            rc = permission_is_over(fold, row, &over, err);
            if (rc == 0 && (all || over)) {
                leaves(l, number, item.n);
                end_grant(fold, row);
            }
        }
        number++;
    }
    return rc;
}

/* Writes the list again: without what goes, and with the pattern or, where there is no room for it, with the mark. */
static int put_list(const struct listing *l, bool adds, bool marks, struct err *err) {
    struct list list;
    struct list_out out;
    struct bytes item, scope;
    uint32_t number = 0;
    list_out_init(&out);
    list_open(&list, row_list(l->row, PATTERN_SCOPES));
    while (list_next(&list, &item)) {
        bool text = list_name(item, "", &scope);
        if (!text && l->unmarks) continue;
        if (!text || number >= PERMISSION_PATTERNS_MAX || !l->goes[number]) {
            list_out_raw(&out, item);
        }
        number += text;
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

int permission_list(struct fold *fold, const struct asked *a, bool refuses, bool *ret_listed, struct err *err) {
    const struct bytes parts[] = {a->who, a->group};
    struct listing l = {.asked = a, .refuses = refuses};
    bool pattern = glob_is_pattern(a->scope), fits = a->scope.n <= ROW_TEXT_MAX;
    int rc = fold_row(fold, PATTERNS, parts, COUNT(parts), &l.row, err);
    if (rc != 0) return rc;
    if (refuses) {
        row_set_text(l.row, PATTERN_REFUSED, a->scope);
    }
    look_through(&l);
    l.unmarks = l.marked && refuses && scope_refuses(a->group, a->scope, (struct bytes){0});
    l.changed = l.changed || l.unmarks;
    bool wants = pattern && !l.there && fits;
    rc = wants ? make_room(fold, &l, false, err) : 0;
    if (rc == 0 && wants && refuses) rc = make_room(fold, &l, true, err);
    bool adds = wants && has_room(&l), marks = pattern && !l.there && !adds && refuses && !l.marked;
    *ret_listed = !pattern || l.there || adds;
    if (rc == 0 && (adds || marks || l.changed)) rc = put_list(&l, adds, marks, err);
    return rc;
}
