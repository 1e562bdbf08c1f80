/* Permissions by who holds them, group and scope: what the newest event said, and who decided it.
 *
 *   requested ──> granted ──> expired     the step that is stored; it is also expired when its end is past, which is
 *       │  └────> denied                  judged when the row is read: no event stores that, since each brings a time of
 *       └───────> revoked                 its own
 *
 * A request does not end a decision: it is kept beside it (`asked_seq`) until the next step, which may be the answer.
 *
 * An answer of an agent (permission.decided) counts as a grant or a denial with its lifetime. Without a lifetime it holds
 * once, and when it names the request or call that it answers, it ends with that. So only lasting decisions stay, and an
 * answer that holds once leaves a lasting grant as it is.
 *
 * A use counts for the newest decision that covers it, among the row of its scope, the row of all scopes (""), and those of
 * patterns, which are listed by who and group in a second table because a fold finds rows by their whole key. The list is
 * bounded: a refusal replaces the oldest grant in it, and when it holds only refusals, one more makes every use of the
 * group a violation. A grant that has ended, or whose tier is below the use's, covers nothing. When the newest decision
 * refuses, or there is none, the use is a violation; so is one whose scope has a fault (ledger/kinds/scope.h). A use of
 * all that a pattern covers (`whole`) is one use; refusals of single scopes within it are not looked for here.
 *
 * Safe side: denied and revoked always take effect, whatever came before. */
#include "projections/permissions/row.h"

#include <stdio.h>
#include <string.h>

#include "base/glob.h"
#include "ledger/kinds/grant.h"
#include "ledger/kinds/scope.h"
#include "projections/fold/fold.h"
#include "projections/permissions/find.h"
#include "projections/permissions/judge.h"
#include "projections/permissions/tiers.h"
#include "projections/rows/list.h"
#include "projections/view/reason.h"

#define GRANT_SCHEMA_OPEN                                                                                                  \
    2 /* of permission.granted and permission.decided: from this schema on, the fields that decide are open */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct state_column columns[] = {
    [PERMISSIONS_WHO] = {"who", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "pack or tool that holds it"},
    [PERMISSIONS_GROUP] = {"group", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "group of permissions; empty: unknown"},
    [PERMISSIONS_SCOPE] = {"scope", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "what it covers; empty: everything"},
    [PERMISSIONS_STATE] =
        {"state", CELL_TEXT, COLUMN_JUDGED | COLUMN_MAIN,
         "requested, granted, denied, expired, revoked; overridden: granted, but a newer refusal covers all "
         "of it; lifted: refused, but a newer grant covers all of it; null: it was used without a decision"},
    [PERMISSIONS_REASON] =
        {"reason", CELL_TEXT, COLUMN_JUDGED | COLUMN_MAIN,
         "the decision on another scope that applies to it or to a part of it instead; or why no use can rely on it"},
    [PERMISSIONS_OVERRIDDEN] = {"overridden_by", CELL_INT, COLUMN_JUDGED | COLUMN_SEQ | COLUMN_MAIN,
                                "the event of that decision"},
    [PERMISSIONS_STEP] = {"step", CELL_TEXT, 0, "the step of the newest event"},
    [PERMISSIONS_DECISION] = {"decision", CELL_TEXT, 0, "granted, denied or revoked, regardless of later requests"},
    [PERMISSIONS_DECIDED_SEQ] = {"decided_seq", CELL_INT, COLUMN_SEQ, "the event with that decision"},
    [PERMISSIONS_REFUSAL] = {"refusal", CELL_TEXT, 0, "denied or revoked, regardless of later grants"},
    [PERMISSIONS_REFUSED_SEQ] = {"refused_seq", CELL_INT, COLUMN_SEQ, "the newest event that refused it"},
    [PERMISSIONS_TIER] = {"tier", CELL_TEXT, COLUMN_MAIN, "T0 to T3, as decided or requested; null: unknown"},
    TIERS_COLUMNS,
    [PERMISSIONS_EXPIRES] = {"expires", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it expires"},
    [PERMISSIONS_LIFETIME] = {"lifetime", CELL_TEXT, 0, "once, session, until, project, permanent"},
    [PERMISSIONS_SESSION] = {"session", CELL_TEXT, 0, "the session that it is limited to"},
    [PERMISSIONS_REQUEST] = {"request", CELL_TEXT, 0, "id of the newest request"},
    [PERMISSIONS_ASKED_SEQ] = {"asked_seq", CELL_INT, COLUMN_SEQ, "that request, while no later step has answered it"},
    [PERMISSIONS_ASKED_TIER] = {"asked_tier", CELL_TEXT, 0, "the tier requested"},
    [PERMISSIONS_ASKED_CALL] = {"asked_call", CELL_TEXT, 0, "the call that it was requested for"},
    [PERMISSIONS_REQUIRED] = {"required", CELL_BOOL, 0, "the pack is blocked without it"},
    [PERMISSIONS_BY] = {"by", CELL_TEXT, 0, "who decided"},
    [PERMISSIONS_USES] = {"uses", CELL_INT, COLUMN_WORK, "permitted uses since it was granted"},
    [PERMISSIONS_USED_AT] = {"used_at", CELL_INT, COLUMN_TIME | COLUMN_WORK, "when the newest permitted use was"},
    [PERMISSIONS_UNPERMITTED] = {"unpermitted", CELL_INT, COLUMN_WORK, "uses that it did not permit"},
    FOLD_COLUMNS,
};

static const struct state_column pattern_columns[] = {
    [PATTERN_WHO] = {"who", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "pack or tool"},
    [PATTERN_GROUP] = {"group", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "group of permissions"},
    [PATTERN_SCOPES] = {"scopes", CELL_LIST, COLUMN_MAIN, "the scopes that are patterns"},
    [PATTERN_REFUSED] = {"refused_scope", CELL_TEXT, 0, "the scope, pattern or not, that was refused last; null: none"},
    [PATTERN_ERASED] = {"erased_use_seq", CELL_INT, COLUMN_SEQ,
                        "in the row without a group: the holder's newest use whose body was erased"},
};

static const struct state_column session_columns[] = {
    [SESSION_NAME] = {"session", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "the session's name, which is that of a run"},
    [SESSION_ENDED_SEQ] = {"ended_seq", CELL_INT, COLUMN_SEQ | COLUMN_MAIN, "the first event that ended it"},
    [SESSION_ENDED_AT] = {"ended_at", CELL_INT, COLUMN_TIME, "when that was"},
};

static const struct fold_step_rule rules[] = {
    {"granted", "requested", NULL, NULL},
    {"expired", "requested", NULL, NULL},
    {"denied", "requested", NULL, NULL},
    {"revoked", "requested", NULL, NULL},
    {"*", "requested", "requested", NULL},
    {"*", "granted", "granted", NULL},
    {"*", "denied", "denied", NULL},
    {"granted", "expired", "expired", NULL},
    {"expired", "expired", NULL, NULL},
    {"denied", "expired", NULL, "expired, but it was denied"},
    {"revoked", "expired", NULL, "expired, but it was revoked"},
    {"*", "expired", "expired", "expired, but it was never granted"},
    {"granted", "revoked", "revoked", NULL},
    {"expired", "revoked", "revoked", NULL},
    {"revoked", "revoked", "revoked", NULL},
    {"denied", "revoked", "revoked", "revoked, but it was denied"},
    {"*", "revoked", "revoked", "revoked, but it was never granted"},
};

/* A wide one also ends narrower ones; a narrow one also takes a part out of wider ones. */
static const struct fold_step_rule revoked_of_others = {"*", "revoked", "revoked", NULL};

/* ---- steps ---- */

static struct asked asked_of(const struct fold *fold) {
    static const uint8_t nothing[1];
    const struct bytes none = {nothing, 0};
    struct asked a = {.who = fold_event(fold)->subject,
                      .group = none,
                      .scope = none,
                      .session = none,
                      .run = fold_event(fold)->run,
                      .tier = TIER_UNKNOWN};
    struct bytes tier = none;
    fold_text(fold, "group", &a.group);
    fold_text(fold, "scope", &a.scope);
    fold_text(fold, "session", &a.session);
    fold_text(fold, "tier", &tier);
    fold_bool(fold, "whole", &a.whole);
    a.tier = scope_tier(tier);
    return a;
}

/* An answer that holds once; `spent`: it was for the request or call that it names. */
struct answer {
    bool once, spent;
};

static struct answer answer_of(const struct fold *fold) {
    struct bytes text, lifetime;
    int64_t end;
    bool says = fold_text(fold, "lifetime", &lifetime);
    bool once = says ? bytes_is(lifetime, "once") : !fold_int(fold, "expires", &end) && !fold_null(fold, "expires");
    bool names = fold_text(fold, "request", &text) || fold_text(fold, "call", &text);
    once = once && bytes_is(fold_step(fold), "decided");
    return (struct answer){once, once && names};
}

/* A limit that cannot be read makes the grant hold nowhere: a time in the past, a session without a name. */
static void put_granted(struct fold *fold, struct row *row) {
    static const size_t anew[] = {PERMISSIONS_EXPIRES, PERMISSIONS_LIFETIME, PERMISSIONS_SESSION, PERMISSIONS_USES,
                                  PERMISSIONS_USED_AT};
    for (size_t i = 0; i < COUNT(anew); i++) {
        row_set_null(row, anew[i]);
    }
    fold_copy(fold, row, PERMISSIONS_EXPIRES, "expires");
    fold_copy(fold, row, PERMISSIONS_LIFETIME, "lifetime");
    fold_copy(fold, row, PERMISSIONS_SESSION, "session");
    if (answer_of(fold).once) {
        row_set_str(row, PERMISSIONS_LIFETIME, "once");
    }
    if (fold_null(fold, "expires")) {
        row_set_str(row, PERMISSIONS_LIFETIME, "until");
    }
    if (fold_null(fold, "session")) {
        row_set_str(row, PERMISSIONS_SESSION, "");
    }
    if (row_is(row, PERMISSIONS_LIFETIME, "session") && !row_has(row, PERMISSIONS_SESSION) && fold_event(fold)->run.n > 0) {
        row_set_text(row, PERMISSIONS_SESSION, fold_event(fold)->run);
    }
}

static void put_decision(struct fold *fold, struct row *row, const char *step) {
    row_set_str(row, PERMISSIONS_DECISION, step);
    row_set_int(row, PERMISSIONS_DECIDED_SEQ, (int64_t)fold_event(fold)->seq);
    row_set_text(row, PERMISSIONS_BY, fold_event(fold)->actor);
    if (strcmp(step, "granted") == 0) {
        put_granted(fold, row);
    } else {
        row_set_str(row, PERMISSIONS_REFUSAL, step);
        row_set_int(row, PERMISSIONS_REFUSED_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_null(row, PERMISSIONS_EXPIRES);
        row_set_null(row, PERMISSIONS_LIFETIME);
        row_set_null(row, PERMISSIONS_SESSION);
    }
}

/* Does the event answer the open request? Both must name the same request or call. */
static bool is_answer(const struct fold *fold, const struct row *row) {
    struct bytes id;
    if (!row_has(row, PERMISSIONS_ASKED_SEQ)) return false;
    if (fold_text(fold, "request", &id)) return bytes_eq(id, row_text(row, PERMISSIONS_REQUEST));
    return !fold_text(fold, "call", &id) || bytes_eq(id, row_text(row, PERMISSIONS_ASKED_CALL)) ||
           bytes_eq(id, row_text(row, PERMISSIONS_REQUEST));
}

/* The tier of a decision: its own, or that of the request it answers; the end of a grant has the grant's tier. Empty:
 * unknown. */
static struct bytes tier_of(const struct fold *fold, const struct row *row, const char *step) {
    bool ends = strcmp(step, "expired") == 0 || strcmp(step, "revoked") == 0;
    struct bytes tier = {0};
    if (!fold_text(fold, "tier", &tier) && (ends || is_answer(fold, row))) {
        tier = row_text(row, ends ? PERMISSIONS_TIER : PERMISSIONS_ASKED_TIER);
    }
    return tier;
}

static void put_text(struct row *row, size_t column, struct bytes text) {
    if (text.n > 0) {
        row_set_text(row, column, text);
    } else {
        row_set_null(row, column);
    }
}

static void ask(struct fold *fold, struct row *row) {
    static const size_t anew[] = {PERMISSIONS_ASKED_TIER, PERMISSIONS_ASKED_CALL, PERMISSIONS_REQUEST};
    for (size_t i = 0; i < COUNT(anew); i++) {
        row_set_null(row, anew[i]);
    }
    row_set_int(row, PERMISSIONS_ASKED_SEQ, (int64_t)fold_event(fold)->seq);
    fold_copy(fold, row, PERMISSIONS_ASKED_TIER, "tier");
    fold_copy(fold, row, PERMISSIONS_ASKED_CALL, "call");
    fold_copy(fold, row, PERMISSIONS_REQUEST, "request");
    if (row_is(row, PERMISSIONS_STEP, "requested")) {
        put_text(row, PERMISSIONS_TIER, row_text(row, PERMISSIONS_ASKED_TIER));
    }
}

/* Clears the request: another step followed it. */
static void answered(struct fold *fold, struct row *row) {
    row_set_null(row, PERMISSIONS_ASKED_SEQ);
    row_set_null(row, PERMISSIONS_ASKED_TIER);
    row_set_null(row, PERMISSIONS_ASKED_CALL);
    fold_copy(fold, row, PERMISSIONS_REQUEST, "request");
}

static void take(struct fold *fold, struct row *row, const char *step, const struct fold_step_rule *rule) {
    bool asks = strcmp(step, "requested") == 0;
    if (rule->to == NULL) {
        fold_touch(fold, row, PERMISSIONS_BASE);
    } else {
        fold_state(fold, row, PERMISSIONS_BASE, PERMISSIONS_STEP, rule->to);
        if (asks ? row_has(row, PERMISSIONS_ASKED_SEQ) : is_answer(fold, row)) {
            row_cite(row, PERMISSIONS_BASE + FOLD_EVIDENCE, (uint64_t)row_int(row, PERMISSIONS_ASKED_SEQ));
        }
    }
    if (!asks && rule->to != NULL) {
        put_text(row, PERMISSIONS_TIER, tier_of(fold, row, step));
    }
    if (!asks && strcmp(step, "expired") != 0) {
        put_decision(fold, row, step);
    }
    if (asks) {
        ask(fold, row);
    } else {
        answered(fold, row);
    }
    fold_copy(fold, row, PERMISSIONS_REQUIRED, "required");
    if (rule->why != NULL) {
        fold_violation(fold, row, PERMISSIONS_BASE, "%s", rule->why);
    }
}

/* A grant of the same row that an answer leaves as it is: it holds, and the answer is spent or adds nothing. An answer left
 * for a later use adds something when a refusal newer than the grant covers all of it. */
static int stands(struct fold *fold, struct asked *a, struct row *row, bool spent, bool *ret, struct err *err) {
    struct found found;
    bool over;
    int rc = permission_is_over(fold, row, &over, err);
    *ret = rc == 0 && !over;
    if (!*ret || spent) return rc;
    int tier = scope_tier(row_text(row, PERMISSIONS_TIER)), wanted = scope_tier(tier_of(fold, row, "granted"));
    bool there = !row_has(row, PERMISSIONS_SESSION) ||
                 (a->session.n > 0 && bytes_eq(row_text(row, PERMISSIONS_SESSION), a->session));
    rc = permission_find(fold, a, &found, err);
    *ret = rc == 0 && there && (tier < 0 ? 0 : tier) >= wanted && found.refused_seq < row_int(row, PERMISSIONS_DECIDED_SEQ);
    return rc;
}

/* Whether a grant of another scope covers this one, so that it makes sense to take a part of it back. */
static int is_part_of_grant(struct fold *fold, struct asked *a, bool *ret, struct err *err) {
    struct found found;
    int rc = permission_find(fold, a, &found, err);
    *ret = rc == 0 && found.ground <= GROUND_OVER && found.ground != GROUND_REFUSES;
    return rc;
}

/* Its scope is not stated: null; or, up to schema 1, which kept scopes of home directories private, not open. */
static bool hides_scope(const struct fold *fold) {
    struct bytes scope;
    const struct log_event *event = fold_event(fold);
    return !fold_text(fold, "scope", &scope) &&
           (fold_null(fold, "scope") || (event->schema < GRANT_SCHEMA_OPEN && event->has_private));
}

/* A refusal with a scope that no use can have was meant to refuse something: it refuses its whole group. */
static const char *widen(struct asked *a, bool refuses) {
    const char *fault = refuses ? scope_fault(a->group, a->scope) : NULL;
    a->scope.n = fault != NULL ? 0 : a->scope.n;
    return fault;
}

/* A grant for which the list of patterns has no room. */
static void not_listed(struct fold *fold, struct row *row) {
    row_set_str(row, PERMISSIONS_STEP, "expired");
    fold_violation(fold, row, PERMISSIONS_BASE,
                   "granted, but no use finds it: of one holder and group %d patterns (%zu KiB) are looked at; "
                   "permission.expired of "
                   "a granted one makes room, or permission.revoked of what is wider",
                   PERMISSION_PATTERNS_MAX, ROW_LIST_MAX >> 10);
}

static int step(struct fold *fold, const char *word, struct err *err) {
    struct asked a = asked_of(fold);
    const struct bytes named = a.scope;
    bool revoked = strcmp(word, "revoked") == 0, refuses = revoked || strcmp(word, "denied") == 0;
    bool granted = strcmp(word, "granted") == 0, listed = true, part = false, left = false;
    const struct answer answer = answer_of(fold);
    if (granted && hides_scope(fold)) {
        a.scope = bytes_of(PERMISSIONS_SCOPE_UNKNOWN);
    }
    const char *fault = widen(&a, refuses);
    const struct bytes parts[] = {a.who, a.group, a.scope};
    bool pattern = glob_is_pattern(a.scope);
    struct row *row;
    int rc = revoked ? is_part_of_grant(fold, &a, &part, err) : 0;
    if (rc == 0) rc = fold_row(fold, PERMISSIONS, parts, COUNT(parts), &row, err);
    if (rc == 0 && granted && answer.once) rc = stands(fold, &a, row, answer.spent, &left, err);
    if (rc == 0 && left) {
        fold_touch(fold, row, PERMISSIONS_BASE);
        answered(fold, row);
        return 0;
    }
    if (rc == 0 && (refuses || (pattern && granted))) rc = permission_list(fold, &a, refuses, &listed, err);
    if (rc != 0) return rc;
    const struct fold_step_rule *rule = fold_rule(rules, COUNT(rules), row_text(row, PERMISSIONS_STEP), bytes_of(word));
    bool first = !row_has(row, PERMISSIONS_DECISION);
    if (revoked && first && (part || pattern || a.scope.n == 0)) {
        rule = &revoked_of_others;
    }
    take(fold, row, word, rule);
    if (fault != NULL) {
        fold_violation(fold, row, PERMISSIONS_BASE, "%s '%.*s', which %s: that is taken as everything", word,
                       REASON_NAME(named), fault);
    }
    if (!listed && granted) {
        not_listed(fold, row);
    } else if (granted && answer.spent) {
        row_set_str(row, PERMISSIONS_STEP, "expired");
    }
    return 0;
}

/* What an event without its body decided is unknown: it refuses everything of its holder, and grants nothing. */
static int step_erased(struct fold *fold, struct bytes name, struct err *err) {
    bool ends =
        bytes_is(name, "denied") || bytes_is(name, "revoked") || bytes_is(name, "expired") || bytes_is(name, "decided");
    return ends ? step(fold, "denied", err) : 0;
}

/* ---- uses ---- */

/* What is wrong with the use, in words; NULL: nothing. */
static const char *use_fault(const struct asked *a, const struct found *found, char ret[128]) {
    const struct permission_limits limits = {a->tier, a->session, a->run, .of_session = true};
    const char *fault = a->whole ? scope_fault(a->group, a->scope) : scope_use_fault(a->group, a->scope);
    if (a->group.n == 0) return "used, but " PERMISSIONS_USE_OF_NO_GROUP;
    if (fault != NULL) {
        snprintf(ret, 128, "used, but its scope %s", fault);
        return ret;
    }
    if (found->ground == GROUND_NONE) return "used, but nobody granted it";
    if (found->ground == GROUND_HOLDS) return NULL;
    const char *words = permission_ground_words(found->row, found->ground, &limits);
    if (found->ground >= GROUND_T2 && found->ground <= GROUND_T0) {
        snprintf(ret, 128, "used at T%d, but it was %s", a->tier, words);
    } else {
        snprintf(ret, 128, "used, but it was %s", words);
    }
    return ret;
}

/* How many uses the event stands for; larger numbers from older ledgers are clamped to today's range. */
static int64_t count_of(const struct fold *fold) {
    int64_t count = 1;
    fold_int(fold, "count", &count);
    return count < 1 ? 1 : count > GRANT_COUNT_MAX ? GRANT_COUNT_MAX : count;
}

/* The permission it used was erased with its body; the fact that it used one was not. */
static int used_erased(struct fold *fold, struct err *err) {
    struct permission_holders holders;
    struct row *row;
    int rc = 0;
    permission_holders_of(fold_event(fold)->subject, &holders);
    for (size_t i = 0; i < holders.n && rc == 0; i++) {
        const struct bytes parts[] = {holders.who[i], {(const uint8_t *)"", 0}};
        rc = fold_row(fold, PATTERNS, parts, COUNT(parts), &row, err);
        if (rc == 0) {
            row_set_int(row, PATTERN_ERASED, (int64_t)fold_event(fold)->seq);
        }
    }
    return rc;
}

static int used(struct fold *fold, struct err *err) {
    struct asked a = asked_of(fold);
    const struct bytes parts[] = {a.who, a.group, a.scope};
    struct found found;
    char words[128];
    int rc = permission_find(fold, &a, &found, err);
    struct row *row = found.row;
    bool own = found.ground > GROUND_OVER || a.group.n == 0; /* nothing was decided about it: it counts for its own scope */
    if (rc == 0 && own) rc = fold_row(fold, PERMISSIONS, parts, COUNT(parts), &row, err);
    if (rc != 0) return rc;
    const char *fault = use_fault(&a, &found, words);
    bool once = row_is(row, PERMISSIONS_LIFETIME, "once");
    int64_t count = count_of(fold);
    if (fault != NULL || a.untold) {
        row_add(row, PERMISSIONS_UNPERMITTED, count);
    } else {
        row_add(row, PERMISSIONS_USES, once ? 1 : count);
        row_set_int(row, PERMISSIONS_USED_AT, (int64_t)fold_at(fold));
    }
    if (fault != NULL) {
        fold_violation(fold, row, PERMISSIONS_BASE, "%s", fault);
    } else if (a.untold) {
        fold_violation(fold, row, PERMISSIONS_BASE, "used, but " PERMISSION_FULL);
    } else if (once) {
        fold_cite(fold, row, PERMISSIONS_BASE);
        row_set_str(row, PERMISSIONS_STEP, "expired"); /* readers go by the step, not by the number of uses */
        if (count > 1) {
            row_add(row, PERMISSIONS_UNPERMITTED, count - 1);
            fold_violation(fold, row, PERMISSIONS_BASE, "used %lld times, but it was granted for once", (long long)count);
        }
    } else {
        fold_touch(fold, row, PERMISSIONS_BASE);
    }
    return 0;
}

static const char *word_of(struct bytes decision) {
    static const struct {
        const char *decision, *step;
    } words[] = {{"allow", "granted"}, {"modify", "granted"}, {"deny", "denied"},
                 {"abort", "denied"},  {"ask", "requested"},  {"defer", "requested"}};
    for (size_t i = 0; i < COUNT(words); i++) {
        if (bytes_is(decision, words[i].decision)) return words[i].step;
    }
    return NULL;
}

/* A run ended, and with it what was granted for it. A run that starts under the same name later is another one. */
static int ended(struct fold *fold, struct err *err) {
    const struct log_event *event = fold_event(fold);
    struct bytes session = bytes_has_prefix(event->subject, "run/") ? fold_subject(fold) : event->run;
    struct row *row;
    int rc = session.n == 0 ? 0 : fold_row(fold, SESSIONS, &session, 1, &row, err);
    if (rc == 0 && session.n > 0 && !row_has(row, SESSION_ENDED_SEQ)) {
        row_set_int(row, SESSION_ENDED_SEQ, (int64_t)event->seq);
        row_set_int(row, SESSION_ENDED_AT, (int64_t)fold_at(fold));
    }
    return rc;
}

static int fold_permission(struct fold *fold, struct err *err) {
    static const char *const steps[] = {"requested", "granted", "denied", "expired", "revoked"};
    struct bytes name = fold_step(fold), decision = {0};
    if (bytes_is(fold_event(fold)->kind, "run.finished")) return ended(fold, err);
    bool erased = fold_event(fold)->body.n == 0;
    if (bytes_is(name, "used")) return erased ? used_erased(fold, err) : used(fold, err);
    if (erased) return step_erased(fold, name, err);
    if (bytes_is(name, "decided")) {
        fold_text(fold, "decision", &decision);
        const char *word = word_of(decision);
        return word == NULL ? 0 : step(fold, word, err);
    }
    for (size_t i = 0; i < COUNT(steps); i++) {
        if (bytes_is(name, steps[i])) return step(fold, steps[i], err);
    }
    return 0;
}

static const struct state_table tables[] = {
    [PERMISSIONS] = {"permissions", "permission",
                     "A row is a permission: who may do what, up to which tier, and whether it is in force.", columns,
                     PERMISSIONS_BASE + FOLD_N, permissions_judge},
    [PATTERNS] = {"permission_patterns", "permission-pattern", "A row lists the scopes of a group that are patterns.",
                  pattern_columns, PATTERN_COLUMNS, NULL},
    [SESSIONS] = {"permission_sessions", "permission-session",
                  "A row is a session that has ended, with what was granted for it.", session_columns, SESSION_COLUMNS,
                  NULL},
};
static const char *const kinds[] = {"permission.requested", "permission.granted", "permission.denied",
                                    "permission.decided",   "permission.expired", "permission.revoked",
                                    "permission.used",      "run.finished",       NULL};

const struct projection projection_permissions = {"permissions", 15, tables, COUNT(tables), kinds, fold_permission};
