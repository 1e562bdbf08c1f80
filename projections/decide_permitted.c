/* Is a permission held? Of all that was decided for this who, what concerns the question is
 *
 *   - grants that hold at the view's time (not expired, not used up, their session not over), of this group, whose scope
 *     covers what is asked: the same scope, "" for everything, or a pattern that takes it
 *   - denials and revocations of this group, or of no group, whose scope covers what is asked, or, when a pattern or
 *     everything is asked, is a part of it. A request that came after them does not undo them
 *
 * and the newest of these decides. So a denial of something wide beats an older grant of a part, and a newer grant of a
 * part beats both. When nothing concerns it, it is not permitted. */
#include <stdio.h>

#include "base/glob.h"
#include "projections/decide_answer.h"
#include "projections/fold.h"
#include "projections/look.h"
#include "projections/permissions.h"
#include "projections/permitted.h"
#include "projections/reason.h"

struct question {
    struct bytes group, scope, session;
    bool of_session; /* only what holds in this session */
};

struct best {
    bool there, grant;
    int64_t seq;
    char words[32];
    struct decision cited;
};

/* False: the row has nothing to say. */
static bool concerns(const struct question *q, const struct row *row, bool *ret_grant, const char **ret_words) {
    struct bytes group = row_text(row, PERMISSIONS_GROUP), scope = row_text(row, PERMISSIONS_SCOPE);
    bool covers = permissions_covers(scope, q->scope);
    bool wide = q->scope.n == 0 || glob_is_pattern(q->scope);
    *ret_grant = row_is(row, PERMISSIONS_DECISION, "granted");
    if (*ret_grant) {
        bool elsewhere = q->of_session && row_is(row, PERMISSIONS_LIFETIME, "session") &&
                         !bytes_eq(row_text(row, PERMISSIONS_SESSION), q->session);
        *ret_words = elsewhere ? "granted for another session" : "granted";
        *ret_grant = row_is(row, PERMISSIONS_STATE, "granted") && !elsewhere;
        return *ret_grant && covers && bytes_eq(group, q->group);
    }
    *ret_words = row_is(row, PERMISSIONS_DECISION, "denied") ? "denied"
                 : row_has(row, PERMISSIONS_DECISION)        ? "revoked"
                                                             : "used, but nobody granted it";
    return row_has(row, PERMISSIONS_DECISION) && (group.n == 0 || bytes_eq(group, q->group)) &&
           (covers || (wide && permissions_covers(q->scope, scope)));
}

static void take(struct best *best, const struct row *row, bool grant, const char *words) {
    int64_t seq = row_int(row, PERMISSIONS_DECIDED_SEQ);
    if (best->there && best->seq > seq) {
        return;
    }
    best->there = true;
    best->grant = grant;
    best->seq = seq;
    snprintf(best->words, sizeof(best->words), "%s", words);
    decide_begin(&best->cited);
    decide_cite_row(&best->cited, row);
    decide_cite(&best->cited, (uint64_t)seq);
}

/* What did not count, for the words of a refusal. */
static void remember(struct best *near, const struct question *q, const struct row *row, const char *words) {
    bool same = bytes_eq(row_text(row, PERMISSIONS_GROUP), q->group) &&
                permissions_covers(row_text(row, PERMISSIONS_SCOPE), q->scope);
    int64_t seq = row_int(row, PERMISSIONS_BASE + FOLD_UPDATED_SEQ);
    bool asked = row_is(row, PERMISSIONS_STATE, "requested"), over = row_is(row, PERMISSIONS_STATE, "expired");
    if (!same || (near->there && near->seq > seq)) {
        return;
    }
    near->there = true;
    near->seq = seq;
    snprintf(near->words, sizeof(near->words), "%s", asked ? "requested, not granted" : over ? "expired" : words);
    decide_begin(&near->cited);
    decide_cite_row(&near->cited, row);
}

static void answer(struct decision *ret, const struct question *q, struct bytes who, const struct best *best,
                   const struct best *near) {
    const struct best *by = best->there ? best : near;
    if (by->there) {
        *ret = by->cited;
    } else {
        decide_begin(ret);
    }
    if (!best->there || !best->grant) {
        decide_no(ret, "%.*s may not %.*s '%.*s': %s", REASON_NAME(who), REASON_NAME(q->group), REASON_NAME(q->scope),
                  by->there ? by->words : "nobody granted it");
    }
}

/* What was found so far. */
struct weighing {
    const struct question *q;
    struct best best, near;
};

static void weigh(struct weighing *w, const struct row *row) {
    bool grant;
    const char *words;
    if (concerns(w->q, row, &grant, &words)) {
        take(&w->best, row, grant, words);
    } else {
        remember(&w->near, w->q, row, words);
    }
}

static int ask(struct state_view *view, struct bytes who, const struct question *q, struct decision *ret, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    struct weighing w = {.q = q};
    size_t table = state_table_find(view, "permissions");
    if (table == SIZE_MAX) {
        decide_begin(ret);
        decide_no(ret, "this view has no permissions");
        return 0;
    }
    int rc = state_rows_open(view, table, &who, 1, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        weigh(&w, row);
    }
    state_rows_close(rows);
    if (rc < 0) {
        return rc;
    }
    answer(ret, q, who, &w.best, &w.near);
    return 0;
}

int decide_is_permitted(struct state_view *view, struct bytes who, struct bytes group, struct bytes scope,
                        struct decision *ret, struct err *err) {
    const struct question q = {.group = group, .scope = scope};
    return ask(view, who, &q, ret, err);
}

int decide_is_permitted_in(struct state_view *view, struct bytes who, struct bytes group, struct bytes scope,
                           struct bytes session, struct decision *ret, struct err *err) {
    const struct question q = {.group = group, .scope = scope, .session = session, .of_session = true};
    return ask(view, who, &q, ret, err);
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
        if (bytes_eq(of, group) && !bytes_eq(scope, w->q->scope) && permissions_covers(scope, w->q->scope)) {
            rc = weigh_row(permitted, w, group, scope, err);
        }
    }
    return rc;
}

int permitted_ask(struct permitted *permitted, struct bytes group, struct bytes scope, struct decision *ret,
                  struct err *err) {
    const struct question q = {.group = group, .scope = scope};
    struct weighing w = {.q = &q};
    bool wide = scope.n == 0 || glob_is_pattern(scope); /* then also what is a part of it counts */
    int rc = permitted->gathered || wide ? 0 : gather(permitted, err);
    if (rc == 0 && (wide || !permitted->all)) {
        return ask(permitted->view, permitted->who, &q, ret, err);
    }
    rc = rc != 0 ? rc : weigh_group(permitted, &w, (struct bytes){0}, err);
    rc = rc != 0 || group.n == 0 ? rc : weigh_group(permitted, &w, group, err);
    if (rc == 0) {
        answer(ret, &q, permitted->who, &w.best, &w.near);
    }
    return rc;
}
