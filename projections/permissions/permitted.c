/* Is a permission held? Of all that was decided for this who, what concerns the question is
 *
 *   - grants of this group whose scope covers what is asked: the same scope, "" for everything, or a pattern that takes it
 *   - denials and revocations of this group, or of no group, whose scope covers what is asked, or, when a pattern or
 *     everything is asked, has a part in common with it. A request that came after them does not undo them
 *
 * and the newest of those that refuse and those that hold (at the view's time: not expired, not used up, session not ended,
 * tier high enough) decides. So a denial of something wide beats an older grant of a part, and a newer grant of a part
 * beats both. If nothing applies, it is not permitted; nor is a scope with a fault, whatever was granted. Which decision a
 * refusal names follows one order (projections/permissions/ground.h).
 *
 * Rows are read as stored, and whether they have ended is judged here: a row's own judge asks this file. */
#include <stdio.h>
#include <string.h>

#include "base/glob.h"
#include "ledger/kinds/scope.h"
#include "projections/fold/fold.h"
#include "projections/permissions/find.h"
#include "projections/permissions/ground.h"
#include "projections/permissions/permitted.h"
#include "projections/permissions/row.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

/* The newest decision of a ground. */
struct newest {
    int64_t seq; /* -1: none */
    char words[64], scope[128], who[128];
    struct decision cited;
};

/* A grant of the group with another scope. */
struct nearest {
    bool there;
    size_t alike; /* length of the prefix it shares with the requested scope */
    int64_t seq;
    char scope[128], tier[8];
};

/* What was found so far. */
struct weighing {
    struct state_view *view;
    const struct decide_use *q;
    struct permission_limits limits;
    struct newest newest[GROUNDS];
    struct newest whole; /* the newest refusal that covers all of it */
    struct newest part;  /* the newest grant that reaches it, but not all that is refused with it */
    bool undoes;         /* the question is about all that a refusal of the scope refuses */
    struct nearest nearest;
    size_t steps; /* of comparing patterns, at most */
    bool bounded; /* by STEPS_MAX */
    bool full;    /* more patterns refuse than the fold lists, so it cannot tell which uses they refuse; neither can this */
};

#define STEPS_MAX      ((size_t)1 << 20)
#define STEPS_OF_A_ROW 128 /* cost as much as reading a row */

static void weighing_init(struct weighing *w, struct state_view *view, const struct decide_use *q) {
    w->view = view;
    w->q = q;
    w->limits = (struct permission_limits){scope_tier(q->tier), q->session, q->run, q->of_session, q->call};
    for (size_t g = 0; g < GROUNDS; g++) {
        w->newest[g].seq = -1;
    }
    w->whole.seq = w->part.seq = -1;
    w->nearest.there = w->bounded = w->undoes = w->full = false;
    w->steps = 0;
}

static void take_into(struct newest *n, const struct weighing *w, enum permission_ground ground, const struct row *row,
                      int64_t seq) {
    if (n->seq > seq) return;
    n->seq = seq;
    snprintf(n->words, sizeof(n->words), "%s", permission_ground_words(row, ground, &w->limits));
    snprintf(n->scope, sizeof(n->scope), "%.*s", REASON_NAME(row_text(row, PERMISSIONS_SCOPE)));
    snprintf(n->who, sizeof(n->who), "%.*s", REASON_NAME(row_text(row, PERMISSIONS_WHO)));
    decide_begin(&n->cited);
    if (ground != GROUND_REFUSES || seq == row_int(row, PERMISSIONS_DECIDED_SEQ)) {
        decide_cite_row(&n->cited, row); /* what it cites led to its newest decision */
    }
    if (ground == GROUND_HOLDS || ground == GROUND_REFUSES || ground == GROUND_ASKED) {
        decide_cite(&n->cited, (uint64_t)seq);
    }
}

static void take(struct weighing *w, enum permission_ground ground, const struct row *row, int64_t seq, uint64_t end) {
    struct newest *n = &w->newest[ground];
    take_into(n, w, ground, row, seq);
    if (n->seq == seq && end != LOG_NO_SEQ) {
        decide_cite(&n->cited, end);
    }
}

static size_t alike(struct bytes a, struct bytes b) {
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[n] == b.p[n]) {
        n++;
    }
    return n;
}

static void remember_nearest(struct weighing *w, const struct row *row) {
    struct nearest *best = &w->nearest;
    struct bytes scope = row_text(row, PERMISSIONS_SCOPE), tier = row_text(row, PERMISSIONS_TIER);
    size_t n = alike(scope, w->q->scope);
    int64_t seq = row_int(row, PERMISSIONS_DECIDED_SEQ);
    if (best->there && (best->alike > n || (best->alike == n && best->seq > seq))) return;
    best->there = true;
    best->alike = n;
    best->seq = seq;
    snprintf(best->scope, sizeof(best->scope), "%.*s", REASON_NAME(scope));
    snprintf(best->tier, sizeof(best->tier), "%.*s", REASON_PART(tier, 7));
}

static int weigh_grant(struct weighing *w, const struct row *row, struct err *err) {
    const struct decide_use *q = w->q;
    int64_t seq = row_int(row, PERMISSIONS_DECIDED_SEQ);
    uint64_t end;
    bool over;
    if (!bytes_eq(row_text(row, PERMISSIONS_GROUP), q->group)) return 0;
    if (row_is(row, PERMISSIONS_SCOPE, PERMISSIONS_SCOPE_UNKNOWN)) {
        take(w, GROUND_HIDDEN, row, seq, LOG_NO_SEQ);
        return 0;
    }
    int rc = permissions_over(w->view, row, &over, &end, err);
    if (rc == 0 && scope_covers(q->group, row_text(row, PERMISSIONS_SCOPE), q->scope)) {
        enum permission_ground ground = permission_ground(row, over, &w->limits);
        if (!w->undoes || scope_undoes(q->group, row_text(row, PERMISSIONS_SCOPE), q->scope)) {
            take(w, ground, row, seq, end);
        } else if (ground == GROUND_HOLDS || (ground >= GROUND_T2 && ground <= GROUND_T0)) {
            take_into(&w->part, w, ground, row, seq);
        }
    } else if (rc == 0 && !over) {
        remember_nearest(w, row);
    }
    return rc;
}

static int weigh(struct weighing *w, const struct row *row, struct err *err) {
    const struct decide_use *q = w->q;
    struct bytes group = row_text(row, PERMISSIONS_GROUP), scope = row_text(row, PERMISSIONS_SCOPE);
    bool same = bytes_eq(group, q->group);
    int64_t refused = row_int(row, PERMISSIONS_REFUSED_SEQ);
    if (row_has(row, PERMISSIONS_REFUSED_SEQ) && (group.n == 0 || same) && scope_touches(q->group, scope, q->scope)) {
        take(w, GROUND_REFUSES, row, refused, LOG_NO_SEQ);
        if (scope_refuses(q->group, scope, q->scope)) {
            take_into(&w->whole, w, GROUND_REFUSES, row, refused);
        }
    }
    if (row_is(row, PERMISSIONS_DECISION, "granted")) return weigh_grant(w, row, err);
    if (!row_has(row, PERMISSIONS_DECISION) && row_has(row, PERMISSIONS_ASKED_SEQ) && same && bytes_eq(scope, q->scope)) {
        take(w, GROUND_ASKED, row, row_int(row, PERMISSIONS_ASKED_SEQ), LOG_NO_SEQ);
    }
    return 0;
}

static const char *fault_of(const struct decide_use *q) {
    return q->one ? scope_use_fault(q->group, q->scope) : scope_fault(q->group, q->scope);
}

/* The refusal against it, whatever the answer names. */
static void answer_refused(struct permitted *ret, const struct weighing *w) {
    const struct newest *holds = &w->newest[GROUND_HOLDS], *refuses = &w->newest[GROUND_REFUSES];
    ret->refused_seq = -1;
    if (ret->fault == NULL && refuses->seq > holds->seq) {
        ret->is_whole = w->whole.seq > holds->seq;
        refuses = ret->is_whole ? &w->whole : refuses;
        ret->refused_seq = refuses->seq;
        snprintf(ret->refused, sizeof(ret->refused), "%s", refuses->words);
        snprintf(ret->refused_scope, sizeof(ret->refused_scope), "%s", refuses->scope);
    }
    ret->part_seq = -1;
    if (!w->full && w->part.seq > w->newest[GROUND_REFUSES].seq) {
        ret->part_seq = w->part.seq;
        snprintf(ret->part_scope, sizeof(ret->part_scope), "%s", w->part.scope);
    }
}

static enum permission_ground ground_of(const struct weighing *w) {
    int64_t seqs[GROUNDS];
    for (size_t g = 0; g < GROUNDS; g++) {
        seqs[g] = w->newest[g].seq;
    }
    return permission_ground_pick(seqs);
}

static void answer(struct permitted *ret, const struct weighing *w, struct bytes who) {
    const struct decide_use *q = w->q;
    const char *fault = fault_of(q);
    enum permission_ground ground = fault == NULL ? ground_of(w) : GROUND_NONE;
    const struct newest *by = ground != GROUND_NONE ? &w->newest[ground] : NULL;
    char words[128], name[sizeof(by->who)], at[24] = "";
    bool held = ground == GROUND_HOLDS && !w->full;
    *ret = (struct permitted){.ground = ground, .fault = fault, .full = w->full};
    decide_begin(&ret->decision);
    if (by != NULL) {
        ret->decision = by->cited;
        ret->seq = by->seq;
        snprintf(ret->words, sizeof(ret->words), "%s", ground == GROUND_HOLDS && !held ? PERMISSION_FULL : by->words);
        snprintf(ret->scope, sizeof(ret->scope), "%s", by->scope);
    }
    answer_refused(ret, w);
    if (fault != NULL) {
        snprintf(words, sizeof(words), "the %s %s", scope_form_name(scope_form_of(q->group)), fault);
    } else {
        snprintf(words, sizeof(words), "%s", by != NULL ? ret->words : "nobody granted it");
    }
    if (!held) {
        bool other = by != NULL && snprintf(name, sizeof(name), "%.*s", REASON_NAME(who)) > 0 && strcmp(name, by->who) != 0;
        if (w->limits.tier > 0) {
            snprintf(at, sizeof(at), " at T%d", w->limits.tier);
        }
        decide_no(&ret->decision, "%.*s may not %.*s '%.*s'%s: %s%s%s", REASON_NAME(who), REASON_NAME(q->group),
                  REASON_NAME(q->scope), at, words, other ? " for " : "", other ? by->who : "");
    }
}

/* Adds the grant nearest to a scope that nothing covers. */
static void add_nearest(struct permitted *ret, const struct weighing *w) {
    const struct nearest *n = &w->nearest;
    char *reason = ret->decision.reason;
    if (ret->decision.yes || !n->there || ret->ground != GROUND_NONE) return;
    size_t at = bytes_of(reason).n;
    snprintf(reason + at, sizeof(ret->decision.reason) - at, "; the nearest grant is of '%s', %s", n->scope,
             n->tier[0] != '\0' ? n->tier : "without a tier");
    decide_cite(&ret->decision, (uint64_t)n->seq);
}

/* Whether the fold lists all patterns of a group that refuse. */
static int look_full(struct weighing *w, struct bytes who, struct bytes group, struct err *err) {
    const struct bytes parts[] = {who, group};
    struct bytes item, scope;
    struct list list;
    struct row row;
    bool there = false;
    int rc = look_stored(w->view, "permission_patterns", parts, 2, &row, &there, err);
    list_open(&list, rc == 0 && there ? row_list(&row, PATTERN_SCOPES) : (struct bytes){0});
    while (rc == 0 && list_next(&list, &item)) {
        w->full = w->full || !list_name(item, "", &scope);
    }
    row_done(&row);
    return rc;
}

/* All rows of a group. */
static int weigh_all(struct weighing *w, struct bytes who, struct bytes group, struct err *err) {
    const struct bytes parts[] = {who, group};
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_full(w, who, group, err);
    if (rc == 0) rc = look_rows(w->view, "permissions", parts, 2, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        rc = weigh(w, row, err);
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

/* Each of them once. */
static int weigh_who(struct weighing *w, const struct permission_holders *holders, struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < holders->n && rc == 0; i++) {
        rc = weigh_all(w, holders->who[i], (struct bytes){0}, err);
        if (rc == 0 && w->q->group.n != 0) rc = weigh_all(w, holders->who[i], w->q->group, err);
    }
    return rc;
}

static bool is_among(struct bytes who, const struct bytes *all, size_t n) {
    size_t i = 0;
    while (i < n && !bytes_eq(all[i], who)) {
        i++;
    }
    return i < n;
}

int decide_is_permitted_any(struct state_view *view, const struct bytes *who, size_t n, const struct decide_use *use,
                            struct decision *ret, struct err *err) {
    struct permission_holders holders;
    struct weighing w;
    struct permitted found;
    int rc = 0;
    if (state_table_find(view, "permissions") == SIZE_MAX) {
        decide_begin(ret);
        decide_no(ret, "this view has no permissions");
        return 0;
    }
    weighing_init(&w, view, use);
    for (size_t i = 0; i < n && rc == 0; i++) {
        permission_holders_of(who[i], &holders);
        holders.n = holders.n > 1 && is_among(holders.who[1], who, n) ? 1 : holders.n;
        rc = weigh_who(&w, &holders, err);
    }
    if (rc == 0) {
        answer(&found, &w, who[0]);
        add_nearest(&found, &w);
        *ret = found.decision;
    }
    return rc;
}

void permitted_why(const struct permitted *is, char *ret, size_t size) {
    if (is->decision.yes) {
        snprintf(ret, size, "granted by event %lld, of '%s'", (long long)is->seq, is->scope);
    } else if (is->fault != NULL) {
        snprintf(ret, size, "not granted: its scope %s", is->fault);
    } else if (is->full && is->ground == GROUND_HOLDS) {
        snprintf(ret, size, "not granted: %s", is->words);
    } else if (is->ground == GROUND_REFUSES) {
        snprintf(ret, size, "%s by event %lld", is->words, (long long)is->seq);
    } else if (is->ground == GROUND_NONE) {
        snprintf(ret, size, "not granted");
    } else {
        snprintf(ret, size, "%s (event %lld)", is->words, (long long)is->seq);
    }
}

int decide_is_permitted(struct state_view *view, struct bytes who, const struct decide_use *use, struct decision *ret,
                        struct err *err) {
    return decide_is_permitted_any(view, &who, 1, use, ret, err);
}

/* ---- without all rows ---- */

static int weigh_row(struct weighing *w, struct bytes who, struct bytes group, struct bytes scope, struct err *err) {
    const struct bytes parts[] = {who, group, scope};
    struct row row;
    bool there = false;
    int rc = look_stored(w->view, "permissions", parts, 3, &row, &there, err);
    rc = rc == 0 && there ? weigh(w, &row, err) : rc;
    row_done(&row);
    return rc;
}

/* The listed patterns, and for everything the scope refused last. *ret_untold: more refuse than are listed, or they are too
 * many and too long. */
static int weigh_patterns(struct weighing *w, struct bytes who, struct bytes group, bool *ret_untold, struct err *err) {
    const struct bytes parts[] = {who, group};
    struct bytes item, scope;
    struct list list;
    struct row row;
    bool there = false;
    int rc = look_stored(w->view, "permission_patterns", parts, 2, &row, &there, err);
    if (rc == 0 && there && w->q->scope.n == 0 &&
        row_has(&row, PATTERN_REFUSED)) { /* every scope is a part of everything */
        rc = weigh_row(w, who, group, row_text(&row, PATTERN_REFUSED), err);
    }
    list_open(&list, rc == 0 && there ? row_list(&row, PATTERN_SCOPES) : (struct bytes){0});
    while (rc == 0 && list_next(&list, &item)) {
        bool text = list_name(item, "", &scope);
        w->steps += text ? 128 + scope.n * w->q->scope.n : 0;
        w->full = w->full || !text;
        if (!text || (w->bounded && w->steps > STEPS_MAX)) {
            *ret_untold = true;
        } else if (!bytes_eq(scope, w->q->scope) && scope_touches(w->q->group, scope, w->q->scope)) {
            rc = weigh_row(w, who, group, scope, err);
        }
    }
    row_done(&row);
    return rc;
}

/* All rows of one group that can cover it, except the row of the same scope: everything, its host, and patterns. */
static int weigh_wider(struct weighing *w, struct bytes who, struct bytes group, bool *ret_untold, struct err *err) {
    struct bytes scope = w->q->scope, host = scope_host(w->q->group, scope);
    int rc = scope.n == 0 ? 0 : weigh_row(w, who, group, (struct bytes){0}, err);
    if (rc == 0 && host.n != scope.n) rc = weigh_row(w, who, group, host, err);
    if (rc == 0) rc = weigh_patterns(w, who, group, ret_untold, err);
    return rc;
}

/* All of these; with `own` without the first holder's row of the scope itself, which the caller has. */
static int weigh_others(struct weighing *w, const struct permission_holders *holders, bool own, bool *ret_untold,
                        struct err *err) {
    const struct decide_use *q = w->q;
    int rc = 0;
    for (size_t i = 0; i < holders->n && rc == 0; i++) {
        struct bytes who = holders->who[i];
        rc = own && i == 0 ? 0 : weigh_row(w, who, q->group, q->scope, err);
        if (rc == 0) rc = weigh_wider(w, who, q->group, ret_untold, err);
        if (rc == 0 && q->group.n > 0) rc = weigh_row(w, who, (struct bytes){0}, q->scope, err);
        if (rc == 0 && q->group.n > 0) rc = weigh_wider(w, who, (struct bytes){0}, ret_untold, err);
    }
    return rc;
}

int permitted_ask(struct state_view *view, struct bytes who, const struct decide_use *use, struct permitted *ret,
                  struct err *err) {
    struct permission_holders holders;
    struct weighing w;
    bool untold = use->scope.n == 0 || glob_is_pattern(use->scope); /* then parts of it count too */
    int rc = 0;
    weighing_init(&w, view, use);
    permission_holders_of(who, &holders);
    if (!untold) {
        rc = weigh_others(&w, &holders, false, &untold, err);
        for (size_t i = 0; i < holders.n && rc == 0; i++) {
            rc = weigh_row(&w, holders.who[i], use->group, bytes_of(PERMISSIONS_SCOPE_UNKNOWN), err);
        }
    }
    rc = rc == 0 && untold ? weigh_who(&w, &holders, err) : rc;
    if (rc == 0) {
        answer(ret, &w, who);
    }
    return rc;
}

int permitted_ask_row(struct state_view *view, const struct row *row, const struct decide_use *use, struct permitted *ret,
                      struct err *err) {
    struct permission_holders holders;
    struct weighing w;
    bool untold = false;
    weighing_init(&w, view, use);
    permission_holders_of(row_text(row, PERMISSIONS_WHO), &holders);
    w.bounded = true;
    w.undoes = row_is(row, PERMISSIONS_STATE, "denied") || row_is(row, PERMISSIONS_STATE, "revoked");
    int rc = weigh(&w, row, err);
    if (rc == 0) rc = weigh_others(&w, &holders, true, &untold, err);
    state_worked(view, w.steps / STEPS_OF_A_ROW);
    if (rc == 0) {
        answer(ret, &w, row_text(row, PERMISSIONS_WHO));
        ret->untold = untold;
    }
    return rc;
}
