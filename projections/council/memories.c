/* Memories of agents: nothing enters unseen, and everything can be taken back.
 *
 *   candidate ──> sanitised ──> (debated) ──> validated ──> admitted ──> revoked
 *        └─────────────┴────────────┴─────────────┴──> quarantined       rejected, from any before admitted
 *
 * A memory is its digest: a step that names another one, or none, is about something else and is not taken. Where its proposal asks
 * for a debate, it is admitted only after one accepted this very digest (debates.c says so, not the event). That it was sanitised
 * and validated is taken only from what did it: the grade says so, "measured". Content in which something was masked is not validated. Content that was revoked does not come back under another id, unless its proposal says
 * that this is known; what is revoked after that proposal is revoked.
 *
 * Safe side: quarantined and revoked always take effect. That a model got a memory is a fact, whatever the state: it is kept. */
#include <stdio.h>
#include <string.h>

#include "projections/council/council.h"
#include "projections/view/reason.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define WHO_MAX  256
#define WHY_MAX  320

static const struct fold_step_rule rules[] = {
    {"unknown", "proposed", "candidate", NULL},
    {"*", "proposed", NULL, "the first proposal counts; another one gets an id of its own"},
    {"candidate", "sanitised", "sanitised", NULL},
    {"sanitised", "sanitised", "sanitised", NULL},
    {"unknown", "sanitised", NULL, "it has to be proposed first"},
    {"*", "sanitised", NULL, "that comes before it is validated"},
    {"sanitised", "validated", "validated", NULL},
    {"debated", "validated", "validated", NULL},
    {"validated", "validated", "validated", NULL},
    {"quarantined", "validated", NULL, "it is proposed anew, without what was found"},
    {"*", "validated", NULL, "it has to be sanitised first"},
    {"quarantined", "quarantined", "quarantined", NULL},
    {"rejected", "quarantined", NULL, NULL},
    {"revoked", "quarantined", NULL, NULL},
    {"*", "quarantined", "quarantined", NULL},
    {"validated", "admitted", "admitted", NULL},
    {"admitted", "admitted", NULL, "nothing is left to do"},
    {"quarantined", "admitted", NULL, "it is proposed anew, without what was found"},
    {"rejected", "admitted", NULL, "it is proposed anew, with an id of its own"},
    {"revoked", "admitted", NULL, "it is proposed anew, with an id of its own"},
    {"*", "admitted", NULL, "it has to be sanitised and validated first"},
    {"admitted", "rejected", NULL, "revoke it instead: ledger memory revoke "},
    {"rejected", "rejected", NULL, "nothing is left to do"},
    {"revoked", "rejected", NULL, "nothing is left to do"},
    {"*", "rejected", "rejected", NULL},
    {"revoked", "revoked", NULL, "nothing is left to do"},
    {"*", "revoked", "revoked", NULL},
    {"admitted", "recalled", NULL, NULL},
    {"*", "recalled", NULL, "a model was given it all the same"},
};

/* Another content than the row's; a step that needs to say which says none. */
static bool is_other(const struct fold *fold, const struct row *row, bool must) {
    struct bytes digest = {0}, mine = row_text(row, MEMORIES_DIGEST);
    bool says = fold_text(fold, "digest", &digest);
    return says ? mine.n > 0 && !bytes_eq(digest, mine) : must;
}

static bool proposes_again(const struct fold *fold) {
    bool again = false;
    return fold_bool(fold, "again", &again) && again;
}

static void put_proposal(struct fold *fold, struct row *row) {
    static const struct {
        size_t column;
        const char *field;
    } copied[] = {{MEMORIES_DIGEST, "digest"}, {MEMORIES_SCOPE, "scope"},
                  {MEMORIES_AGENT, "agent"},   {MEMORIES_MODEL, "model"},
                  {MEMORIES_TOOLS, "tools"},   {MEMORIES_DATA_DIGEST, "data_digest"},
                  {MEMORIES_POLICY, "policy"}, {MEMORIES_POLICY_DIGEST, "policy_digest"}};
    bool needs = fold_event(fold)->body.n == 0; /* what an erased proposal asked for is unknown */
    fold_bool(fold, "needs_debate", &needs);
    for (size_t i = 0; i < COUNT(copied); i++) {
        fold_copy(fold, row, copied[i].column, copied[i].field);
    }
    row_set_bool(row, MEMORIES_NEEDS_DEBATE, needs);
    row_set_bool(row, MEMORIES_AGAIN, proposes_again(fold));
    row_set_int(row, MEMORIES_PROPOSED_AT, (int64_t)fold_when(fold));
    row_set_int(row, MEMORIES_PROPOSED_SEQ, (int64_t)fold_event(fold)->seq);
    row_set_text(row, MEMORIES_BY, fold_event(fold)->actor);
}

/* The digest is that of what is left. */
static void put_sanitised(struct fold *fold, struct row *row) {
    int64_t masked = 1; /* of a step that does not say it is not known that nothing was found */
    struct bytes digest = {0};
    fold_int(fold, "masked", &masked);
    bool same = fold_text(fold, "digest", &digest) && bytes_eq(digest, row_text(row, MEMORIES_DIGEST));
    fold_replace(fold, row, MEMORIES_DIGEST, "digest");
    fold_replace(fold, row, MEMORIES_FINDINGS, "findings");
    fold_replace(fold, row, MEMORIES_CHECKS, "checks");
    row_set_int(row, MEMORIES_MASKED, masked);
    row_set_int(row, MEMORIES_SANITISED_SEQ, (int64_t)fold_event(fold)->seq);
    if (!same) {
        row_set_null(row, MEMORIES_DEBATE);
        row_set_null(row, MEMORIES_DEBATED_SEQ);
    }
}

static int put_recall(struct fold *fold, struct row *row, struct err *err) {
    const struct log_event *event = fold_event(fold);
    struct bytes agent = {0};
    char who[WHO_MAX];
    struct row *reach;
    fold_text(fold, "agent", &agent);
    bool run = event->run.n > 0;
    snprintf(who, sizeof(who), "%s%.*s",
             run           ? "run/"
             : agent.n > 0 ? "agent/"
                           : "someone",
             (int)reason_fits(run ? event->run : agent, 200),
             run           ? (const char *)event->run.p
             : agent.n > 0 ? (const char *)agent.p
                           : "");
    const struct bytes parts[] = {row_text(row, MEMORIES_ID), bytes_of(who)};
    int rc = fold_row(fold, MEMORY_REACH, parts, 2, &reach, err);
    if (rc != 0) return rc;
    if (reach->absent) {
        row_set_int(reach, REACH_FIRST_SEQ, (int64_t)event->seq);
    }
    row_add(reach, REACH_RECALLS, 1);
    row_set_int(reach, REACH_LAST_SEQ, (int64_t)event->seq);
    fold_copy(fold, reach, REACH_AGENT, "agent");
    fold_copy(fold, reach, REACH_DIGEST, "digest");
    row_add(row, MEMORIES_RECALLS, 1);
    row_set_int(row, MEMORIES_RECALLED_SEQ, (int64_t)event->seq);
    return 0;
}

/* What a rule does not see, in words; NULL: nothing. */
static const char *refusal(struct fold *fold, const struct row *row, struct bytes step) {
    bool validates = bytes_is(step, "validated"), admits = bytes_is(step, "admitted"), first = bytes_is(step, "sanitised");
    struct bytes digest;
    if ((first || validates) && !bytes_is(fold_event(fold)->grade, "measured")) {
        return "nobody measured it: a text is searched by ledger memory propose FILE";
    }
    if ((validates || admits || bytes_is(step, "rejected")) && is_other(fold, row, validates || admits)) {
        return "it names another digest than the memory's, or none";
    }
    if (first && !fold_text(fold, "digest", &digest)) return "it names no digest";
    if (validates && row_int(row, MEMORIES_MASKED) != 0) return "something was masked in it: it belongs in quarantine";
    if (admits && row_bool(row, MEMORIES_NEEDS_DEBATE) && !row_has(row, MEMORIES_DEBATED_SEQ)) {
        return "it needs a debate that accepts it";
    }
    return NULL;
}

/* ---- what was revoked ---- */

static int put_revoked(struct fold *fold, const struct row *row, struct err *err) {
    struct bytes digest = row_text(row, MEMORIES_DIGEST);
    struct row *revoked;
    if (digest.n == 0 && !fold_text(fold, "digest", &digest)) return 0;
    int rc = digest.n == 0 ? 0 : fold_row(fold, MEMORY_REVOKED, &digest, 1, &revoked, err);
    if (rc != 0 || digest.n == 0) return rc;
    row_set_text(revoked, REVOKED_MEMORY, row_text(row, MEMORIES_ID));
    fold_replace(fold, revoked, REVOKED_REASON, "reason");
    row_set_int(revoked, REVOKED_SEQ, (int64_t)fold_event(fold)->seq);
    return 0;
}

/* *ret_why: what the step would bring back; left alone if that is nothing, or if its proposal knew of it. */
static int find_revoked(struct fold *fold, const struct row *row, struct bytes step, char ret_why[WHY_MAX],
                        struct err *err) {
    bool proposes = bytes_is(step, "proposed"), first = proposes || bytes_is(step, "sanitised");
    struct bytes digest = row_text(row, MEMORIES_DIGEST);
    struct row *revoked = NULL;
    if (first) fold_text(fold, "digest", &digest);
    if ((!first && !bytes_is(step, "admitted")) || digest.n == 0) return 0;
    int rc = fold_find(fold, MEMORY_REVOKED, &digest, 1, &revoked, err);
    if (rc != 0 || revoked == NULL) return rc;
    int64_t seq = row_int(revoked, REVOKED_SEQ);
    bool known =
        proposes ? proposes_again(fold) : row_bool(row, MEMORIES_AGAIN) && seq < row_int(row, MEMORIES_PROPOSED_SEQ);
    if (!known) {
        snprintf(ret_why, WHY_MAX,
                 "its content was revoked by event %lld (memory '%.*s', %.*s): only a proposal that says so%s",
                 (long long)seq, (int)reason_fits(row_text(revoked, REVOKED_MEMORY), 60),
                 (const char *)row_text(revoked, REVOKED_MEMORY).p, REASON_NAME(row_text(revoked, REVOKED_REASON)),
                 " brings it back (ledger memory propose --again REASON)");
    }
    fold_leave(revoked);
    return 0;
}

static void put_step(struct fold *fold, struct row *row, struct bytes step) {
    int64_t seq = (int64_t)fold_event(fold)->seq;
    if (bytes_is(step, "proposed")) {
        put_proposal(fold, row);
    } else if (bytes_is(step, "sanitised")) {
        put_sanitised(fold, row);
    } else if (bytes_is(step, "validated")) {
        row_set_int(row, MEMORIES_VALIDATED_SEQ, seq);
    } else if (bytes_is(step, "admitted")) {
        row_set_int(row, MEMORIES_ADMITTED_SEQ, seq);
        fold_copy(fold, row, MEMORIES_EXPIRES, "expires");
    } else if (bytes_is(step, "quarantined")) {
        fold_copy(fold, row, MEMORIES_FINDINGS, "findings");
    }
    fold_copy(fold, row, MEMORIES_REASON, "reason");
}

/* It needs no quotes in a shell. */
static bool is_plain(struct bytes word) {
    bool plain = word.n > 0 && word.p[0] != '-';
    for (size_t i = 0; i < word.n && plain; i++) {
        uint8_t c = word.p[i];
        plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != 0 && strchr("-_.:/@", c));
    }
    return plain;
}

/* "it is admitted, and may not be rejected: revoke it instead: ledger memory revoke m1". A command that ends in a blank gets the id. */
static void refuse(struct fold *fold, struct row *row, struct bytes step, const char *why) {
    struct bytes state = row_text(row, MEMORIES_STATE), id = row_text(row, MEMORIES_ID), end = {0};
    if (why[strlen(why) - 1] == ' ') {
        end = is_plain(id) ? id : bytes_of("ID");
    }
    fold_violation(fold, row, MEMORIES_BASE, "it is %.*s, and may not be %.*s%s: %s%.*s",
                   REASON_NAME(bytes_is(state, "candidate") ? bytes_of("a candidate")
                               : bytes_is(state, "unknown") ? bytes_of("not proposed")
                                                            : state),
                   REASON_NAME(step), bytes_eq(state, step) ? " again" : "", why, REASON_NAME(end));
}

static int take_step(struct fold *fold, struct row *row, struct bytes step, struct err *err) {
    const struct fold_step_rule *rule = fold_rule(rules, COUNT(rules), row_text(row, MEMORIES_STATE), step);
    bool recalled = bytes_is(step, "recalled");
    if (rule == NULL) {
        fold_touch(fold, row, MEMORIES_BASE);
        return 0;
    }
    char revoked[WHY_MAX] = "";
    const char *why = rule->why != NULL ? rule->why : refusal(fold, row, step);
    int rc = why == NULL ? find_revoked(fold, row, step, revoked, err) : 0;
    if (rc != 0) return rc;
    if (revoked[0] != '\0') why = revoked;
    if (why != NULL) {
        refuse(fold, row, step, why);
        return recalled ? put_recall(fold, row, err) : 0;
    }
    if (rule->to != NULL) {
        council_move(fold, row, MEMORIES_BASE, MEMORIES_STATE, rule->to);
        put_step(fold, row, step);
        rc = bytes_is(step, "revoked") ? put_revoked(fold, row, err) : 0;
    } else {
        fold_touch(fold, row, MEMORIES_BASE);
    }
    return rc == 0 && recalled ? put_recall(fold, row, err) : rc;
}

int memories_fold(struct fold *fold, struct err *err) {
    struct bytes id = fold_subject(fold);
    struct row *row;
    int rc = id.n == 0 ? 0 : fold_row(fold, MEMORIES, &id, 1, &row, err);
    if (rc != 0 || id.n == 0) return rc;
    council_introduce(fold, row, MEMORIES_BASE, MEMORIES_STATE);
    return take_step(fold, row, fold_step(fold), err);
}

int memories_debated(struct fold *fold, struct bytes memory, struct bytes debate, struct bytes digest, struct err *err) {
    struct row *row;
    int rc = fold_find(fold, MEMORIES, &memory, 1, &row, err);
    if (rc != 0 || row == NULL) return rc;
    bool takes = row_is(row, MEMORIES_STATE, "sanitised") || row_is(row, MEMORIES_STATE, "debated") ||
                 row_is(row, MEMORIES_STATE, "validated");
    if (!takes || digest.n == 0 || !bytes_eq(digest, row_text(row, MEMORIES_DIGEST))) {
        fold_violation(fold, row, MEMORIES_BASE, "a debate accepted something else, or at the wrong time");
        return 0;
    }
    row_set_text(row, MEMORIES_DEBATE, debate);
    row_set_int(row, MEMORIES_DEBATED_SEQ, (int64_t)fold_event(fold)->seq);
    council_move(fold, row, MEMORIES_BASE, MEMORIES_STATE,
                 row_is(row, MEMORIES_STATE, "validated") ? "validated" : "debated");
    return 0;
}
