/* Judges a row of permissions when it is read. The row is about one scope, and a decision about another scope may decide
 * for it: so it is compared with the answer everyone gets (permitted.h), and says so when that answer comes from another
 * row. */
#include "projections/permissions/judge.h"

#include <stdio.h>

#include "ledger/kinds/scope.h"
#include "projections/fold/fold.h"
#include "projections/permissions/find.h"
#include "projections/permissions/permitted.h"
#include "projections/permissions/row.h"
#include "projections/permissions/tiers.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

/* The tier a use of it can reach: that of the tool it belongs to, or of any call of its group. */
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

/* A refusal older than the grant of the same scope: it counts where that grant does not. */
static bool was_refused(const struct row *row) {
    return row_is(row, PERMISSIONS_DECISION, "granted") && row_has(row, PERMISSIONS_REFUSED_SEQ);
}

/* The grant made since no longer holds. */
static void refuse_again(struct row *row) {
    char words[160];
    snprintf(words, sizeof(words), "by event %lld: what event %lld granted since does not hold",
             (long long)row_int(row, PERMISSIONS_REFUSED_SEQ), (long long)row_int(row, PERMISSIONS_DECIDED_SEQ));
    row->cells[PERMISSIONS_STATE] = row->cells[PERMISSIONS_REFUSAL];
    say(row, NULL, words);
    row_cite(row, PERMISSIONS_BASE + FOLD_EVIDENCE, (uint64_t)row_int(row, PERMISSIONS_REFUSED_SEQ));
}

/* The grant holds, but not for everything that was refused before it. */
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

/* Compares the row with the answer for its scope in its session, at its own tier; for a refusal, which applies to all
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

/* The grant has ended, and it was requested again since. */
static void ask_again(struct row *row) {
    row_set_str(row, PERMISSIONS_STATE, "requested");
    row->cells[PERMISSIONS_TIER] = row->cells[PERMISSIONS_ASKED_TIER];
    row_cite(row, PERMISSIONS_BASE + FOLD_EVIDENCE, (uint64_t)row_int(row, PERMISSIONS_ASKED_SEQ));
}

/* It is refused, and was requested again since. */
static void say_asked_again(struct row *row) {
    struct bytes reason = row_text(row, PERMISSIONS_REASON);
    char words[400];
    snprintf(words, sizeof(words), "%.*s%sasked for again by event %lld", (int)reason.n,
             reason.n > 0 ? (const char *)reason.p : "", reason.n > 0 ? "; " : "",
             (long long)row_int(row, PERMISSIONS_ASKED_SEQ));
    say(row, NULL, words);
    row_cite(row, PERMISSIONS_BASE + FOLD_EVIDENCE, (uint64_t)row_int(row, PERMISSIONS_ASKED_SEQ));
}

/* Handles a grant that has ended, and one that permits nothing. */
static void judge_own(struct row *row, bool over) {
    bool nothing = row_text(row, PERMISSIONS_GROUP).n == 0 && row_is(row, PERMISSIONS_STATE, "granted");
    if (over || (nothing && was_refused(row))) {
        row_set_str(row, PERMISSIONS_STATE, "expired");
    }
    if (row_is(row, PERMISSIONS_STATE, "expired") && was_refused(row)) {
        refuse_again(row);
    } else if (row_is(row, PERMISSIONS_STATE, "expired") && row_has(row, PERMISSIONS_ASKED_SEQ)) {
        ask_again(row);
    } else if (nothing && !over) {
        say(row, "expired", PERMISSIONS_GRANT_OF_NO_GROUP);
    }
}

int permissions_judge(struct state_view *view, struct row *row, struct err *err) {
    uint64_t end = LOG_NO_SEQ;
    bool over = false, granted = row_is(row, PERMISSIONS_STEP, "granted");
    int rc = judge_tier(view, row, err);
    row->cells[PERMISSIONS_STATE] = row->cells[PERMISSIONS_STEP];
    if (rc == 0 && granted) rc = permissions_over(view, row, &over, &end, err);
    if (end != LOG_NO_SEQ) {
        row_cite(row, PERMISSIONS_BASE + FOLD_EVIDENCE, end);
    }
    if (rc == 0) {
        judge_own(row, over);
    }
    if (rc == 0) rc = judge_others(view, row, err);
    if (rc == 0 && is_refused(row) && row_has(row, PERMISSIONS_ASKED_SEQ)) {
        say_asked_again(row);
    }
    return rc;
}
