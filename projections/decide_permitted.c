/* Is a permission held? Of all that was decided for this who, what concerns the question is
 *
 *   - grants that hold at the view's time (not expired, not used up, their session not over), of this group, whose scope
 *     covers what is asked: the same scope, "" for everything, or a pattern that takes it; and whose tier reaches it
 *   - denials and revocations of this group, or of no group, whose scope covers what is asked, or, when a pattern or
 *     everything is asked, has a part in common with it. A request that came after them does not undo them
 *
 * and the newest of these decides. So a denial of something wide beats an older grant of a part, and a newer grant of a
 * part beats both. When nothing concerns it, it is not permitted; nor is a scope with a fault, whatever was granted. */
#include <stdio.h>

#include "base/glob.h"
#include "ledger/scope.h"
#include "projections/decide_answer.h"
#include "projections/fold.h"
#include "projections/look.h"
#include "projections/permissions.h"
#include "projections/permitted.h"
#include "projections/reason.h"

struct best {
    bool there, grant;
    int64_t seq;
    char words[96];
    struct decision cited;
};

/* A grant of the group, of another scope. */
struct nearest {
    bool there;
    size_t alike; /* bytes at the beginning that are those of what is asked */
    int64_t seq;
    char scope[128], tier[8];
};

/* What was found so far. */
struct weighing {
    const struct decide_use *q;
    int tier;
    struct best best, near; /* near: what would cover it and does not count */
    struct nearest nearest;
};

static void weighing_init(struct weighing *w, const struct decide_use *q) {
    *w = (struct weighing){.q = q, .tier = scope_tier(q->tier)};
}

/* Why a grant that covers the scope does not count; NULL: it does. */
static const char *grant_lack(const struct weighing *w, const struct row *row) {
    if (!row_is(row, PERMISSIONS_STATE, "granted")) {
        return permissions_is_endless_by_mistake(row) ? "granted until a time that nobody named" : "expired";
    }
    if (w->q->call && row_is(row, PERMISSIONS_LIFETIME, "once")) {
        return "granted once, which a permission.used takes and a call does not";
    }
    const char *elsewhere = w->q->of_session ? permissions_session_lack(row, w->q->session, w->q->run) : NULL;
    return elsewhere != NULL ? elsewhere : permissions_tier_lack(row, w->tier);
}

static bool take(struct best *best, const struct row *row, int64_t seq, bool grant, const char *words) {
    if (best->there && best->seq > seq) {
        return false;
    }
    best->there = true;
    best->grant = grant;
    best->seq = seq;
    snprintf(best->words, sizeof(best->words), "%s", words);
    decide_begin(&best->cited);
    decide_cite_row(&best->cited, row);
    return true;
}

static void take_decision(struct weighing *w, const struct row *row, bool grant, const char *words) {
    int64_t seq = row_int(row, PERMISSIONS_DECIDED_SEQ);
    if (take(&w->best, row, seq, grant, words)) {
        decide_cite(&w->best.cited, (uint64_t)seq);
    }
}

/* What did not count, for the words of a refusal. */
static void remember(struct weighing *w, const struct row *row, const char *words) {
    take(&w->near, row, row_int(row, PERMISSIONS_BASE + FOLD_UPDATED_SEQ), false, words);
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
    if (!row_is(row, PERMISSIONS_STATE, "granted") ||
        (best->there && (best->alike > n || (best->alike == n && best->seq > seq)))) {
        return;
    }
    best->there = true;
    best->alike = n;
    best->seq = seq;
    snprintf(best->scope, sizeof(best->scope), "%.*s", REASON_NAME(scope));
    snprintf(best->tier, sizeof(best->tier), "%.*s", (int)reason_fits(tier, 7), tier.n > 0 ? (const char *)tier.p : "");
}

static void weigh_grant(struct weighing *w, const struct row *row) {
    const struct decide_use *q = w->q;
    struct bytes group = row_text(row, PERMISSIONS_GROUP);
    if (!bytes_eq(group, q->group)) {
        return;
    }
    if (row_is(row, PERMISSIONS_SCOPE, PERMISSIONS_SCOPE_UNKNOWN)) {
        remember(w, row, "granted, but for a scope that is not known");
        return;
    }
    if (!scope_covers(group, row_text(row, PERMISSIONS_SCOPE), q->scope)) {
        remember_nearest(w, row);
        return;
    }
    const char *lack = grant_lack(w, row);
    if (lack != NULL) {
        bool asked = row_is(row, PERMISSIONS_STATE, "requested");
        remember(w, row, asked ? "requested, not granted" : lack);
        return;
    }
    take_decision(w, row, true, "granted");
}

static void weigh(struct weighing *w, const struct row *row) {
    const struct decide_use *q = w->q;
    struct bytes group = row_text(row, PERMISSIONS_GROUP), scope = row_text(row, PERMISSIONS_SCOPE);
    bool same = bytes_eq(group, q->group), refuses = row_has(row, PERMISSIONS_DECISION);
    if (row_is(row, PERMISSIONS_DECISION, "granted")) {
        weigh_grant(w, row);
    } else if (refuses && (group.n == 0 || same) && scope_touches(q->group, scope, q->scope)) {
        take_decision(w, row, false, row_is(row, PERMISSIONS_DECISION, "denied") ? "denied" : "revoked");
    } else if (!refuses && same && scope_covers(group, scope, q->scope)) {
        bool asked = row_is(row, PERMISSIONS_STATE, "requested"), over = row_is(row, PERMISSIONS_STATE, "expired");
        remember(w, row, asked ? "requested, not granted" : over ? "expired" : "used, but nobody granted it");
    }
}

static const char *fault_of(const struct decide_use *q) {
    return q->one ? scope_use_fault(q->group, q->scope) : scope_fault(q->group, q->scope);
}

static void answer(struct decision *ret, const struct weighing *w, struct bytes who) {
    const struct decide_use *q = w->q;
    const struct best *by = w->best.there ? &w->best : &w->near;
    const char *fault = fault_of(q);
    char words[128], at[24] = "";
    if (by->there && fault == NULL) {
        *ret = by->cited;
    } else {
        decide_begin(ret);
    }
    if (fault != NULL) {
        snprintf(words, sizeof(words), "the %s %s", scope_form_name(scope_form_of(q->group)), fault);
    } else {
        snprintf(words, sizeof(words), "%s", by->there ? by->words : "nobody granted it");
    }
    if (fault != NULL || !w->best.there || !w->best.grant) {
        if (w->tier > 0) {
            snprintf(at, sizeof(at), " at T%d", w->tier);
        }
        decide_no(ret, "%.*s may not %.*s '%.*s'%s: %s", REASON_NAME(who), REASON_NAME(q->group), REASON_NAME(q->scope), at,
                  words);
    }
}

/* What comes nearest to a scope that nothing covers, or that is not one. */
static void add_nearest(struct decision *ret, const struct weighing *w) {
    const struct nearest *n = &w->nearest;
    if (ret->yes || !n->there || ((w->best.there || w->near.there) && fault_of(w->q) == NULL)) {
        return;
    }
    size_t at = bytes_of(ret->reason).n;
    snprintf(ret->reason + at, sizeof(ret->reason) - at, "; the nearest grant is of '%s', %s (event %lld)", n->scope,
             n->tier[0] != '\0' ? n->tier : "without a tier", (long long)n->seq);
}

static int weigh_all(struct state_view *view, size_t table, struct bytes who, struct weighing *w, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = state_rows_open(view, table, &who, 1, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        weigh(w, row);
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

static int ask(struct state_view *view, const struct bytes *who, size_t n, struct weighing *w, struct decision *ret,
               struct err *err) {
    size_t table = state_table_find(view, "permissions");
    int rc = 0;
    if (table == SIZE_MAX) {
        decide_begin(ret);
        decide_no(ret, "this view has no permissions");
        return 0;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = weigh_all(view, table, who[i], w, err);
    }
    if (rc == 0) {
        answer(ret, w, who[0]);
    }
    return rc;
}

int decide_is_permitted_any(struct state_view *view, const struct bytes *who, size_t n, const struct decide_use *use,
                            struct decision *ret, struct err *err) {
    struct weighing w;
    weighing_init(&w, use);
    int rc = ask(view, who, n, &w, ret, err);
    if (rc == 0) {
        add_nearest(ret, &w);
    }
    return rc;
}

int decide_is_permitted(struct state_view *view, struct bytes who, const struct decide_use *use, struct decision *ret,
                        struct err *err) {
    return decide_is_permitted_any(view, &who, 1, use, ret, err);
}

/* ---- many questions ---- */

void permitted_init(struct permitted *permitted, struct state_view *view, struct bytes who) {
    *permitted = (struct permitted){.view = view, .who = who};
    buf_init(&permitted->patterns, PERMITTED_PATTERNS_MAX);
}

void permitted_done(struct permitted *permitted) {
    buf_done(&permitted->patterns);
}

static void put_text(struct buf *out, struct bytes text) {
    buf_put_be32(out, (uint32_t)text.n);
    buf_put_bytes(out, text);
}

static struct bytes take_text(struct bytes *from) {
    struct bytes text = {from->p + 4, be32_get(from->p)};
    *from = (struct bytes){text.p + text.n, from->n - 4 - text.n};
    return text;
}

static int gather(struct permitted *permitted, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(permitted->view, "permissions", &permitted->who, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        struct bytes scope = row_text(row, PERMISSIONS_SCOPE);
        if (glob_is_pattern(scope)) {
            put_text(&permitted->patterns, row_text(row, PERMISSIONS_GROUP));
            put_text(&permitted->patterns, scope);
        }
    }
    permitted->gathered = true;
    permitted->all = rows != NULL && permitted->patterns.fail == 0;
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

static int weigh_row(struct permitted *permitted, struct weighing *w, struct bytes group, struct bytes scope,
                     struct err *err) {
    const struct bytes parts[] = {permitted->who, group, scope};
    struct row row;
    bool there = false;
    int rc = look_judged(permitted->view, "permissions", parts, 3, &row, &there, err);
    if (rc == 0 && there) {
        weigh(w, &row);
    }
    row_done(&row);
    return rc;
}

/* Of one group all that can cover it: the same scope, everything, and patterns. */
static int weigh_group(struct permitted *permitted, struct weighing *w, struct bytes group, struct err *err) {
    struct bytes left = bytes_of_buf(&permitted->patterns);
    int rc = weigh_row(permitted, w, group, w->q->scope, err);
    if (rc == 0 && w->q->scope.n > 0) {
        rc = weigh_row(permitted, w, group, (struct bytes){0}, err);
    }
    while (rc == 0 && left.n > 0) {
        struct bytes of = take_text(&left), scope = take_text(&left);
        if (bytes_eq(of, group) && !bytes_eq(scope, w->q->scope) && scope_touches(w->q->group, scope, w->q->scope)) {
            rc = weigh_row(permitted, w, group, scope, err);
        }
    }
    return rc;
}

int permitted_ask(struct permitted *permitted, const struct decide_use *use, struct decision *ret, struct err *err) {
    struct weighing w;
    bool wide = use->scope.n == 0 || glob_is_pattern(use->scope); /* then also what is a part of it counts */
    weighing_init(&w, use);
    int rc = permitted->gathered || wide ? 0 : gather(permitted, err);
    if (rc == 0 && (wide || !permitted->all)) {
        return ask(permitted->view, &permitted->who, 1, &w, ret, err);
    }
    rc = rc != 0 ? rc : weigh_group(permitted, &w, (struct bytes){0}, err);
    rc = rc != 0 || use->group.n == 0 ? rc : weigh_group(permitted, &w, use->group, err);
    if (rc == 0) {
        answer(ret, &w, permitted->who);
    }
    return rc;
}
