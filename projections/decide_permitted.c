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
#include "projections/permissions.h"
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
    *ret_words = row_is(row, PERMISSIONS_DECISION, "denied") ? "denied" : "revoked";
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
    int64_t seq = row_int(row, PERMISSIONS_BASE + FOLD_SINCE_SEQ);
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

static int ask(struct state_view *view, struct bytes who, const struct question *q, struct decision *ret, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    struct best best = {0}, near = {0};
    size_t table = state_table_find(view, "permissions");
    if (table == SIZE_MAX) {
        decide_begin(ret);
        decide_no(ret, "this view has no permissions");
        return 0;
    }
    int rc = state_rows_open(view, table, &who, 1, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        bool grant;
        const char *words;
        if (concerns(q, row, &grant, &words)) {
            take(&best, row, grant, words);
        } else {
            remember(&near, q, row, words);
        }
    }
    state_rows_close(rows);
    if (rc < 0) {
        return rc;
    }
    answer(ret, q, who, &best, &near);
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
