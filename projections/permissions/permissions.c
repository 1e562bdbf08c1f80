/* Permissions by who holds them, group and scope: what the newest event said, and who decided it.
 *
 *   requested ──> granted ──> expired     the step that is stored; it is also expired when its end is past or its
 *       │  └────> denied                  one use was made, which is judged when the row is read
 *       └───────> revoked
 *
 * A request ends neither a grant nor a denial: `decision` keeps what was decided.
 *
 * An answer of an agent (permission.decided) counts as a grant or a denial with its lifetime; without a lifetime it holds
 * once, and when it names the request that it answers it is used up with it. So what stays granted is what stands.
 *
 * Uses count for the newest decision that covers what was used, among the row of that scope, the row of all scopes (""),
 * and those of patterns, which are listed by who and group in a second table because a fold finds rows by their whole key.
 * The list is bounded: a refusal takes the place of the oldest grant in it, and when it has refusals alone, one more makes
 * every use of the group a violation.
 * A grant that is over, or whose tier is below the use's, covers nothing. When the newest decision refuses, or there is
 * none, the use is a violation; so is one whose scope has a fault (ledger/kinds/scope.h).
 *
 * A row is of one scope, and what decides about that scope may be the decision of another: its judge asks what everybody
 * asks (permitted.h), and says so when the answer is not that of the row.
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
#include "projections/permissions/permitted.h"
#include "projections/permissions/tiers.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

#define GRANT_SCHEMA_OPEN 2 /* of permission.granted and permission.decided: from here on what decides is open */
#define COUNT(a)          (sizeof(a) / sizeof((a)[0]))

static const struct state_column columns[] = {
    [PERMISSIONS_WHO] = {"who", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "pack or tool that it is about"},
    [PERMISSIONS_GROUP] = {"group", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "group of permissions; empty: not told"},
    [PERMISSIONS_SCOPE] = {"scope", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "what it reaches; empty: everything"},
    [PERMISSIONS_STATE] =
        {"state", CELL_TEXT, COLUMN_JUDGED | COLUMN_MAIN,
         "requested, granted, denied, expired, revoked; overridden: granted, and a newer refusal is of all "
         "of it; lifted: refused, and a newer grant reaches all of it; null: it was used and nobody decided"},
    [PERMISSIONS_REASON] =
        {"reason", CELL_TEXT, COLUMN_JUDGED | COLUMN_MAIN,
         "the decision of another scope that counts for it or for a part of it instead; or why no use has it"},
    [PERMISSIONS_OVERRIDDEN] = {"overridden_by", CELL_INT, COLUMN_JUDGED | COLUMN_SEQ | COLUMN_MAIN,
                                "the event of that decision"},
    [PERMISSIONS_STEP] = {"step", CELL_TEXT, 0, "what the newest event said of it"},
    [PERMISSIONS_DECISION] = {"decision", CELL_TEXT, 0, "granted, denied or revoked, whatever was asked since"},
    [PERMISSIONS_DECIDED_SEQ] = {"decided_seq", CELL_INT, COLUMN_SEQ, "the event that decided so"},
    [PERMISSIONS_REFUSAL] = {"refusal", CELL_TEXT, 0, "denied or revoked, whatever was granted since"},
    [PERMISSIONS_REFUSED_SEQ] = {"refused_seq", CELL_INT, COLUMN_SEQ, "the newest event that refused it"},
    [PERMISSIONS_TIER] = {"tier", CELL_TEXT, COLUMN_MAIN, "T0 to T3, as who decided or asked says; null: unknown"},
    TIERS_COLUMNS,
    [PERMISSIONS_EXPIRES] = {"expires", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it ends by itself"},
    [PERMISSIONS_LIFETIME] = {"lifetime", CELL_TEXT, 0, "once, session, until, project, permanent"},
    [PERMISSIONS_SESSION] = {"session", CELL_TEXT, 0, "the session that it is for"},
    [PERMISSIONS_REQUEST] = {"request", CELL_TEXT, 0, "id of the newest request"},
    [PERMISSIONS_REQUIRED] = {"required", CELL_BOOL, 0, "the pack is blocked without it"},
    [PERMISSIONS_BY] = {"by", CELL_TEXT, 0, "who decided"},
    [PERMISSIONS_USES] = {"uses", CELL_INT, COLUMN_WORK, "how often it was used since it was granted, as it permits"},
    [PERMISSIONS_USED_AT] = {"used_at", CELL_INT, COLUMN_TIME | COLUMN_WORK, "when it was used so last"},
    [PERMISSIONS_UNPERMITTED] = {"unpermitted", CELL_INT, COLUMN_WORK, "how often it was used and was not permitted"},
    FOLD_COLUMNS,
};

static const struct state_column pattern_columns[] = {
    [PATTERN_WHO] = {"who", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "pack or tool"},
    [PATTERN_GROUP] = {"group", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "group of permissions"},
    [PATTERN_SCOPES] = {"scopes", CELL_LIST, COLUMN_MAIN, "the scopes that are patterns"},
    [PATTERN_REFUSED] = {"refused_scope", CELL_TEXT, 0, "the scope, pattern or not, that was refused last; null: none was"},
};

static const struct state_column session_columns[] = {
    [SESSION_NAME] = {"session", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "a session: the name of a run"},
    [SESSION_ENDED_SEQ] = {"ended_seq", CELL_INT, COLUMN_SEQ | COLUMN_MAIN, "the event that ended it first"},
    [SESSION_ENDED_AT] = {"ended_at", CELL_INT, COLUMN_TIME, "when that was"},
};

static const struct fold_step_rule rules[] = {
    {"granted", "requested", NULL, NULL},
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

/* A wide one also ends what is narrower; a narrow one also takes a part out of what is wider. */
static const struct fold_step_rule revoked_of_others = {"*", "revoked", "revoked", NULL};

/* ---- steps ---- */

static struct asked asked_of(const struct fold *fold) {
    static const uint8_t nothing[1];
    const struct bytes none = {nothing, 0};
    struct asked a = {fold_event(fold)->subject, none, none, none, fold_event(fold)->run, TIER_UNKNOWN, false};
    struct bytes tier = none;
    fold_text(fold, "group", &a.group);
    fold_text(fold, "scope", &a.scope);
    fold_text(fold, "session", &a.session);
    fold_text(fold, "tier", &tier);
    a.tier = scope_tier(tier);
    return a;
}

/* What is past shows in the stored step as soon as something else happens. */
static void lapse(struct row *row, uint64_t at) {
    if (row_is(row, PERMISSIONS_STEP, "granted") && permissions_is_over(row, at)) {
        row_set_str(row, PERMISSIONS_STEP, "expired");
        row_set_int(row, PERMISSIONS_BASE + FOLD_SINCE, permissions_end(row, at));
    }
}

static void put_granted(struct fold *fold, struct row *row) {
    static const size_t anew[] = {PERMISSIONS_EXPIRES, PERMISSIONS_LIFETIME, PERMISSIONS_SESSION, PERMISSIONS_USES,
                                  PERMISSIONS_USED_AT};
    bool answer = bytes_is(fold_step(fold), "decided");
    struct bytes text;
    for (size_t i = 0; i < COUNT(anew); i++) {
        row_set_null(row, anew[i]);
    }
    fold_copy(fold, row, PERMISSIONS_EXPIRES, "expires");
    fold_copy(fold, row, PERMISSIONS_LIFETIME, "lifetime");
    fold_copy(fold, row, PERMISSIONS_SESSION, "session");
    if (answer && !row_has(row, PERMISSIONS_LIFETIME) && !row_has(row, PERMISSIONS_EXPIRES)) {
        row_set_str(row, PERMISSIONS_LIFETIME, "once");
    }
    if (answer && row_is(row, PERMISSIONS_LIFETIME, "once") &&
        (fold_text(fold, "request", &text) || fold_text(fold, "call", &text))) {
        row_set_int(row, PERMISSIONS_USES, 1);
        row_set_int(row, PERMISSIONS_USED_AT, (int64_t)fold_at(fold));
    }
    if (fold_null(fold, "expires")) {
        row_set_str(row, PERMISSIONS_LIFETIME, "until");
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

/* A decision without a tier is of the tier that was asked for; one from before says nothing of it. */
static void put_tier(struct fold *fold, struct row *row, const char *step, bool was_asked) {
    bool ends = strcmp(step, "expired") == 0 || strcmp(step, "revoked") == 0; /* what was of this tier */
    if (!ends && (!was_asked || strcmp(step, "requested") == 0)) {
        row_set_null(row, PERMISSIONS_TIER);
    }
    fold_copy(fold, row, PERMISSIONS_TIER, "tier");
}

static void take(struct fold *fold, struct row *row, const char *step, const struct fold_step_rule *rule) {
    bool was_asked = row_is(row, PERMISSIONS_STEP, "requested");
    int64_t asked_seq = row_int(row, PERMISSIONS_BASE + FOLD_SINCE_SEQ);
    if (rule->to == NULL) {
        fold_touch(fold, row, PERMISSIONS_BASE);
    } else {
        fold_state(fold, row, PERMISSIONS_BASE, PERMISSIONS_STEP, rule->to);
        if (was_asked) {
            row_cite(row, PERMISSIONS_BASE + FOLD_EVIDENCE, (uint64_t)asked_seq);
        }
    }
    if (strcmp(step, "requested") != 0 && strcmp(step, "expired") != 0) {
        put_decision(fold, row, step);
    }
    if (rule->to != NULL) {
        put_tier(fold, row, step, was_asked);
        fold_copy(fold, row, PERMISSIONS_REQUEST, "request");
    }
    fold_copy(fold, row, PERMISSIONS_REQUIRED, "required");
    if (rule->why != NULL) {
        fold_violation(fold, row, PERMISSIONS_BASE, "%s", rule->why);
    }
}

/* Whether a grant of another scope covers this one, so that taking a part of it back makes sense. */
static int is_part_of_grant(struct fold *fold, struct asked *a, bool *ret, struct err *err) {
    struct found found;
    int rc = permission_find(fold, a, &found, err);
    *ret = rc == 0 && found.ground <= GROUND_OVER && found.ground != GROUND_REFUSES;
    return rc;
}

/* It does not say what it reaches: null; or, up to schema 1, which kept scopes of home directories private, not openly. */
static bool hides_scope(const struct fold *fold) {
    struct bytes scope;
    const struct ledger_event *event = fold_event(fold);
    return !fold_text(fold, "scope", &scope) &&
           (fold_null(fold, "scope") || (event->schema < GRANT_SCHEMA_OPEN && event->has_private));
}

/* What somebody refused by a scope that no use can have was not understood: it is all of its group. */
static const char *widen(struct asked *a, bool refuses) {
    const char *fault = refuses ? scope_fault(a->group, a->scope) : NULL;
    a->scope.n = fault != NULL ? 0 : a->scope.n;
    return fault;
}

static int step(struct fold *fold, const char *word, struct err *err) {
    struct asked a = asked_of(fold);
    const struct bytes named = a.scope;
    if (bytes_is(fold_step(fold), "granted") && a.group.n == 0) {
        return 0; /* its body was erased: nobody can tell what it granted */
    }
    if (strcmp(word, "granted") == 0 && hides_scope(fold)) {
        a.scope = bytes_of(PERMISSIONS_SCOPE_UNKNOWN);
    }
    bool revoked = strcmp(word, "revoked") == 0, refuses = revoked || strcmp(word, "denied") == 0;
    const char *fault = widen(&a, refuses);
    const struct bytes parts[] = {a.who, a.group, a.scope};
    bool pattern = glob_is_pattern(a.scope), listed = true, part = false;
    struct row *row;
    int rc = revoked ? is_part_of_grant(fold, &a, &part, err) : 0;
    if (rc == 0) rc = fold_row(fold, PERMISSIONS, parts, COUNT(parts), &row, err);
    if (rc == 0 && (refuses || (pattern && strcmp(word, "granted") == 0))) {
        rc = permission_list(fold, &a, refuses, &listed, err);
    }
    if (rc != 0) {
        return rc;
    }
    lapse(row, fold_at(fold));
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
    if (!listed && rule->to != NULL && strcmp(rule->to, "granted") == 0) {
        row_set_str(row, PERMISSIONS_STEP, "expired");
        fold_violation(fold, row, PERMISSIONS_BASE,
                       "granted, but no use finds it: of one holder and group %d patterns (%zu KiB) are looked at; "
                       "permission.expired of "
                       "a granted one makes room, or permission.revoked of what is wider",
                       PERMISSION_PATTERNS_MAX, ROW_LIST_MAX >> 10);
    }
    return 0;
}

/* ---- uses ---- */

/* In words; NULL: nothing is wrong with it. */
static const char *use_fault(const struct asked *a, const struct found *found, char ret[128]) {
    const struct permission_limits limits = {a->tier, a->session, a->run, .of_session = true};
    const char *fault = scope_use_fault(a->group, a->scope);
    if (fault != NULL) {
        snprintf(ret, 128, "used, but its scope %s", fault);
        return ret;
    }
    if (found->ground == GROUND_NONE) {
        return "used, but nobody granted it";
    }
    if (found->ground == GROUND_HOLDS) {
        return NULL;
    }
    const char *words = permission_ground_words(found->row, found->ground, &limits);
    if (found->ground >= GROUND_T2 && found->ground <= GROUND_T0) {
        snprintf(ret, 128, "used at T%d, but it was %s", a->tier, words);
    } else {
        snprintf(ret, 128, "used, but it was %s", words);
    }
    return ret;
}

/* How many uses the event stands for; what an older ledger says beyond what is taken today is brought within it. */
static int64_t count_of(const struct fold *fold) {
    int64_t count = 1;
    fold_int(fold, "count", &count);
    return count < 1 ? 1 : count > GRANT_COUNT_MAX ? GRANT_COUNT_MAX : count;
}

static int used(struct fold *fold, struct err *err) {
    struct asked a = asked_of(fold);
    const struct bytes parts[] = {a.who, a.group, a.scope};
    uint64_t at = fold_at(fold);
    struct found found;
    char words[128];
    int rc = permission_find(fold, &a, &found, err);
    struct row *row = found.row;
    bool own = found.ground > GROUND_OVER; /* nobody decided about it: it counts for its own scope */
    if (rc == 0 && own) rc = fold_row(fold, PERMISSIONS, parts, COUNT(parts), &row, err);
    if (rc != 0) {
        return rc;
    }
    lapse(row, permission_time(fold));
    const char *fault = use_fault(&a, &found, words);
    bool once = row_is(row, PERMISSIONS_LIFETIME, "once");
    int64_t count = count_of(fold);
    if (fault != NULL || a.untold) {
        row_add(row, PERMISSIONS_UNPERMITTED, count);
    } else {
        row_add(row, PERMISSIONS_USES, once ? 1 : count);
        row_set_int(row, PERMISSIONS_USED_AT, (int64_t)at);
    }
    if (fault != NULL) {
        fold_violation(fold, row, PERMISSIONS_BASE, "%s", fault);
    } else if (a.untold) {
        fold_violation(fold, row, PERMISSIONS_BASE, "used, but " PERMISSION_FULL);
    } else if (once) {
        fold_cite(fold, row, PERMISSIONS_BASE);
        lapse(row, at); /* so that what others go by is in the step, not in how often it was used */
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
        if (bytes_is(decision, words[i].decision)) {
            return words[i].step;
        }
    }
    return NULL;
}

/* A run came to its end, and what was granted for it. What begins again after that is another one. */
static int ended(struct fold *fold, struct err *err) {
    const struct ledger_event *event = fold_event(fold);
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
    if (bytes_is(fold_event(fold)->kind, "run.finished")) {
        return ended(fold, err);
    }
    if (bytes_is(name, "used")) {
        return used(fold, err);
    }
    if (bytes_is(name, "decided")) {
        fold_text(fold, "decision", &decision);
        const char *word = word_of(decision);
        return word == NULL ? 0 : step(fold, word, err);
    }
    for (size_t i = 0; i < COUNT(steps); i++) {
        if (bytes_is(name, steps[i])) {
            return step(fold, steps[i], err);
        }
    }
    return 0;
}

/* ---- reading ---- */

/* What a use of it can go to: that of the tool that it is of, or of any call of its group. */
static int judge_tier(struct state_view *view, struct row *row, struct err *err) {
    struct bytes who = row_text(row, PERMISSIONS_WHO);
    struct tool_call call = {
        .tool = bytes_of(""), .server = bytes_of(""), .agent = bytes_of(""), .group = row_text(row, PERMISSIONS_GROUP)};
    struct tiers_answer answer;
    if (bytes_has_prefix(who, "tool/")) {
        call.tool = (struct bytes){who.p + 5, who.n - 5};
    } else if (bytes_has_prefix(who, "agent/")) {
        call.agent = (struct bytes){who.p + 6, who.n - 6};
    } else if (bytes_has_prefix(who, "server/")) {
        call.server = (struct bytes){who.p + 7, who.n - 7};
    }
    int rc = tiers_judge(view, &call, &answer, err);
    if (rc == 0) {
        tiers_put(row, PERMISSIONS_JUDGED, &answer);
    }
    return rc;
}

static void say(struct row *row, const char *state, const char *words) {
    if (state != NULL) {
        row_set_str(row, PERMISSIONS_STATE, state);
    }
    row_set_str(row, PERMISSIONS_REASON, words);
}

static void override(struct row *row, const char *state, int64_t by, const char *words) {
    say(row, state, words);
    row_set_int(row, PERMISSIONS_OVERRIDDEN, by);
    row_cite(row, PERMISSIONS_BASE + FOLD_EVIDENCE, (uint64_t)by);
}

static bool is_refused(const struct row *row) {
    return row_is(row, PERMISSIONS_STATE, "denied") || row_is(row, PERMISSIONS_STATE, "revoked");
}

/* A refusal that is older than the grant of the same scope: it counts where that grant does not. */
static bool was_refused(const struct row *row) {
    return row_is(row, PERMISSIONS_DECISION, "granted") && row_has(row, PERMISSIONS_REFUSED_SEQ);
}

/* What was granted since holds no longer. */
static void refuse_again(struct row *row) {
    char words[160];
    snprintf(words, sizeof(words), "by event %lld: what event %lld granted since does not hold",
             (long long)row_int(row, PERMISSIONS_REFUSED_SEQ), (long long)row_int(row, PERMISSIONS_DECIDED_SEQ));
    row->cells[PERMISSIONS_STATE] = row->cells[PERMISSIONS_REFUSAL];
    say(row, NULL, words);
    row_cite(row, PERMISSIONS_BASE + FOLD_EVIDENCE, (uint64_t)row_int(row, PERMISSIONS_REFUSED_SEQ));
}

/* It holds, but not for all that was refused before it. */
static void say_limits(struct row *row) {
    struct bytes group = row_text(row, PERMISSIONS_GROUP), scope = row_text(row, PERMISSIONS_SCOPE);
    char words[160];
    bool all = row_is(row, PERMISSIONS_TIER, "T3") && !row_has(row, PERMISSIONS_EXPIRES) &&
               !row_has(row, PERMISSIONS_SESSION) && !row_is(row, PERMISSIONS_LIFETIME, "once") &&
               scope_undoes(group, scope, scope);
    if (!all) {
        snprintf(words, sizeof(words), "where this grant does not hold, event %lld counts, which %.*s it",
                 (long long)row_int(row, PERMISSIONS_REFUSED_SEQ), REASON_NAME(row_text(row, PERMISSIONS_REFUSAL)));
        say(row, NULL, words);
        row_cite(row, PERMISSIONS_BASE + FOLD_EVIDENCE, (uint64_t)row_int(row, PERMISSIONS_REFUSED_SEQ));
    }
}

static void compare_granted(struct row *row, const struct permitted *is) {
    char words[320];
    if (was_refused(row) && is->fault == NULL && is->refused_seq < row_int(row, PERMISSIONS_DECIDED_SEQ)) {
        refuse_again(row);
        return;
    }
    if (is->refused_seq < 0) {
        snprintf(words, sizeof(words), "no use has it: %s%s", is->fault != NULL ? "its scope " : "",
                 is->fault != NULL ? is->fault : is->words);
        say(row, "expired", words);
        return;
    }
    snprintf(words, sizeof(words), is->is_whole ? "by event %lld, which %s '%s'" : "but event %lld %s a part of it, '%s'",
             (long long)is->refused_seq, is->refused, is->refused_scope);
    override(row, is->is_whole ? "overridden" : NULL, is->refused_seq, words);
}

/* What the row says, held against what is so of its scope in its session; at its own tier, or of a refusal, which is of all
 * tiers, at the highest. */
static void compare(struct row *row, const struct permitted *is) {
    bool granted = row_is(row, PERMISSIONS_STATE, "granted"), refused = is_refused(row);
    bool partly = refused && !is->full && is->part_seq < 0 && is->ground >= GROUND_T2 && is->ground <= GROUND_T0;
    char words[320];
    if (granted && !is->decision.yes) {
        compare_granted(row, is);
    } else if (!granted && (is->decision.yes || partly)) {
        snprintf(words, sizeof(words),
                 partly    ? "but event %lld, of '%s': %s"
                 : refused ? "by event %lld, which granted '%s'%s"
                           : "event %lld grants '%s'%s",
                 (long long)is->seq, is->scope, partly ? is->words : "");
        override(row, refused && !partly ? "lifted" : NULL, is->seq, words);
    } else if (refused && is->part_seq >= 0) {
        snprintf(words, sizeof(words), "but event %lld grants a part of it, by '%s'", (long long)is->part_seq,
                 is->part_scope);
        override(row, NULL, is->part_seq, words);
    } else if (is->full) {
        say(row, NULL, PERMISSION_FULL);
    } else if (is->untold) {
        say(row, NULL, "there are more patterns than it is held against: a use with --checked is");
    } else if (granted && was_refused(row)) {
        say_limits(row);
    }
}

static int judge_others(struct state_view *view, struct row *row, struct err *err) {
    const struct decide_use use = {.group = row_text(row, PERMISSIONS_GROUP),
                                   .scope = row_text(row, PERMISSIONS_SCOPE),
                                   .tier = is_refused(row) ? bytes_of("T3") : row_text(row, PERMISSIONS_TIER),
                                   .session = row_text(row, PERMISSIONS_SESSION),
                                   .of_session = true};
    struct permitted is;
    int rc = use.group.n == 0 ? 0 : permitted_ask_row(view, row, &use, &is, err);
    if (rc == 0 && use.group.n > 0) {
        compare(row, &is);
    }
    return rc;
}

static int judge(struct state_view *view, struct row *row, struct err *err) {
    uint64_t end = LEDGER_NO_SEQ;
    bool over = false, granted = row_is(row, PERMISSIONS_STEP, "granted");
    int rc = judge_tier(view, row, err);
    row->cells[PERMISSIONS_STATE] = row->cells[PERMISSIONS_STEP];
    if (rc == 0 && granted) rc = permissions_over(view, row, &over, &end, err);
    if (over) {
        row_set_str(row, PERMISSIONS_STATE, "expired");
    }
    if (end != LEDGER_NO_SEQ) {
        row_cite(row, PERMISSIONS_BASE + FOLD_EVIDENCE, end);
    }
    if (was_refused(row) && row_is(row, PERMISSIONS_STATE, "expired")) {
        refuse_again(row);
    }
    if (rc == 0) rc = judge_others(view, row, err);
    return rc;
}

static const struct state_table tables[] = {
    [PERMISSIONS] = {"permissions", "permission", "A row is what somebody may do, how far, and whether it holds.", columns,
                     PERMISSIONS_BASE + FOLD_N, judge},
    [PATTERNS] = {"permission_patterns", "permission-pattern", "A row is the scopes of a group that are patterns.",
                  pattern_columns, PATTERN_COLUMNS, NULL},
    [SESSIONS] = {"permission_sessions", "permission-session",
                  "A row is a session that is over, with what was granted for it.", session_columns, SESSION_COLUMNS, NULL},
};
static const char *const kinds[] = {"permission.requested", "permission.granted", "permission.denied",
                                    "permission.decided",   "permission.expired", "permission.revoked",
                                    "permission.used",      "run.finished",       NULL};

const struct projection projection_permissions = {"permissions", 12, tables, COUNT(tables), kinds, fold_permission};
