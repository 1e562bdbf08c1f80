/* Debates.
 *
 *   opened ──> open ──> accepted, rejected, retained      as its votes say (tally.h), when it is concluded
 *                 └───> error                              a rule was broken, or a vote was missing when it was concluded
 *
 * A debate that names voters with their keys is decided by their signed votes alone. What breaks a rule closes it: a vote that
 * nobody signed or someone else, by nobody who was named, on something else, without a score or with one out of range, twice in a
 * round. A vote for a round that is not under way is not counted, and neither is one after the end.
 *
 * A debate without voters is kept as its events tell it; nothing rests on it (judge.h). */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "projections/council/council.h"
#include "projections/council/tally.h"
#include "projections/fold/author.h"
#include "projections/rows/list.h"
#include "projections/view/reason.h"

#define FAULT_MAX 256

/* ---- faults ---- */

static void break_rule(struct fold *fold, struct row *row, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void break_rule(struct fold *fold, struct row *row, const char *fmt, ...) {
    char words[FAULT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    fold_violation(fold, row, DEBATES_BASE, "%s", words);
    row_set_text(row, DEBATES_FAULT, row_text(row, DEBATES_BASE + FOLD_VIOLATION));
    row_set_int(row, DEBATES_FAULT_SEQ, (int64_t)fold_event(fold)->seq);
    row_set_str(row, DEBATES_SAYS, debate_outcome_name(DEBATE_ERROR));
    row_set_null(row, DEBATES_WAITING);
    council_move(fold, row, DEBATES_BASE, DEBATES_STATE, "error");
}

/* ---- voters ---- */

static size_t find_voter(struct bytes voters, const char *field, struct bytes name) {
    struct list list;
    struct bytes item, one;
    size_t i = 0;
    list_open(&list, voters);
    while (list_next(&list, &item)) {
        if (list_text(item, field, &one) && bytes_eq(one, name)) return i;
        i++;
    }
    return SIZE_MAX;
}

/* What is wrong with the voters that are named, in words; NULL: nothing. *ret_n: how many there are. */
static const char *voters_fault(struct bytes voters, struct bytes judge, size_t *ret_n) {
    struct list list;
    struct bytes item, name, vkey;
    struct note_vkey key;
    list_open(&list, voters);
    *ret_n = 0;
    if (list.left == 0 || list.left > DEBATE_VOTERS_MAX) return "it names no voters, or more than sixteen";
    while (list_next(&list, &item)) {
        if (!list_text(item, "name", &name) || name.n == 0 || !list_text(item, "vkey", &vkey) ||
            note_vkey_decode(vkey, &key, NULL) != 0 || key.alg != NOTE_ED25519) {
            return "a voter has no name or no key";
        }
        if (find_voter(voters, "name", name) != *ret_n || find_voter(voters, "vkey", vkey) != *ret_n) {
            return "two voters have one name or one key";
        }
        ++*ret_n;
    }
    return judge.n > 0 && find_voter(voters, "name", judge) == SIZE_MAX ? "its judge is not one of its voters" : NULL;
}

/* ---- votes ---- */

static int vote_row(struct fold *fold, struct bytes id, unsigned round, struct bytes name, bool make, struct row **ret,
                    struct err *err) {
    const struct bytes parts[] = {id, bytes_of(round == 1 ? "1" : "2"), name};
    return make ? fold_row(fold, DEBATE_VOTES, parts, 3, ret, err) : fold_find(fold, DEBATE_VOTES, parts, 3, ret, err);
}

static int load_ballot(struct fold *fold, const struct row *row, struct debate_ballot *ret, struct err *err) {
    struct bytes id = row_text(row, DEBATES_ID), voters = row_list(row, DEBATES_VOTERS),
                 judge = row_text(row, DEBATES_JUDGE);
    struct list list;
    struct bytes item, name;
    struct row *vote;
    int rc = 0;
    *ret = (struct debate_ballot){.broken = row_has(row, DEBATES_FAULT)};
    list_open(&list, voters);
    for (; rc == 0 && ret->n < DEBATE_VOTERS_MAX && list_next(&list, &item); ret->n++) {
        for (unsigned r = 0; rc == 0 && r < DEBATE_ROUNDS; r++) {
            ret->score[r][ret->n] = DEBATE_NO_VOTE;
            vote = NULL;
            if (list_text(item, "name", &name)) rc = vote_row(fold, id, r + 1, name, false, &vote, err);
            if (rc == 0 && vote != NULL) {
                ret->score[r][ret->n] = (int32_t)lround(row_real(vote, VOTES_SCORE) * DEBATE_UNIT);
                if (row_int(vote, VOTES_SEQ) != (int64_t)fold_event(fold)->seq) {
                    fold_leave(vote);
                }
            }
        }
    }
    size_t which = judge.n > 0 ? find_voter(voters, "name", judge) : SIZE_MAX;
    ret->judge = which == SIZE_MAX ? ret->n : which;
    return rc;
}

/* What the votes say now. */
static int count_votes(struct fold *fold, struct row *row, struct debate_tally *tally, struct err *err) {
    struct debate_ballot ballot;
    struct list_out waiting;
    struct list list;
    struct bytes item, name;
    int rc = load_ballot(fold, row, &ballot, err);
    if (rc != 0) return rc;
    debate_tally(&ballot, tally);
    row_set_str(row, DEBATES_SAYS, debate_outcome_name(tally->outcome));
    row_set_int(row, DEBATES_ROUND, tally->round);
    row_set_int(row, DEBATES_FOR, (int64_t)tally->n_for);
    row_set_int(row, DEBATES_AGAINST, (int64_t)tally->n_against);
    list_out_init(&waiting);
    list_open(&list, row_list(row, DEBATES_VOTERS));
    for (size_t i = 0; tally->outcome == DEBATE_UNDECIDED && i < ballot.n && list_next(&list, &item); i++) {
        if (ballot.score[tally->round - 1][i] == DEBATE_NO_VOTE && list_text(item, "name", &name)) {
            list_out_text(&waiting, name);
        }
    }
    rc = list_out_set(&waiting, row, DEBATES_WAITING, err);
    list_out_done(&waiting);
    return rc;
}

struct vote {
    struct bytes participant, word, digest;
    int64_t round;
    double policy, simplicity, predicted_pass;
    int32_t score;
};

static void read_vote(const struct fold *fold, struct vote *ret) {
    struct bytes raw, item;
    struct mp_reader reader;
    struct mp_item head = {0};
    *ret = (struct vote){.policy = -1, .simplicity = -1, .predicted_pass = -1};
    fold_text(fold, "participant", &ret->participant);
    fold_text(fold, "vote", &ret->word);
    fold_text(fold, "digest", &ret->digest);
    fold_int(fold, "round", &ret->round);
    if (fold_raw(fold, "scores", &raw)) {
        mp_reader_init(&reader, raw);
        bool three = mp_next(&reader, &head, NULL) == 0 && head.type == MP_MAP && head.count == 3;
        item = three ? raw : (struct bytes){0};
        list_real(item, "policy", &ret->policy);
        list_real(item, "simplicity", &ret->simplicity);
        list_real(item, "predicted_pass", &ret->predicted_pass);
    }
    ret->score = debate_score(ret->policy, ret->simplicity, ret->predicted_pass);
}

/* Is it signed with the voter's key? */
static int signed_by(struct fold *fold, struct bytes voters, size_t voter, bool *ret, struct err *err) {
    const struct bytes key = bytes_of("ledger");
    struct list list;
    struct bytes item, vkey = {0};
    struct author author;
    struct row *base;
    int rc = fold_find(fold, COUNCIL_BASE, &key, 1, &base, err);
    if (rc != 0) return rc;
    list_open(&list, voters);
    for (size_t i = 0; i <= voter && list_next(&list, &item); i++) {
        list_text(item, "vkey", &vkey);
    }
    struct bytes none = {0};
    rc = author_open(fold, base != NULL ? row_text(base, COUNCIL_GENESIS) : none,
                     base != NULL ? row_text(base, COUNCIL_ORIGIN) : none, &author, err);
    *ret = rc == 0 && fold_event(fold)->author.n > 0 && author_is(&author, vkey);
    author_done(&author);
    if (base != NULL) {
        fold_leave(base);
    }
    return rc;
}

static int put_vote(struct fold *fold, struct row *row, const struct vote *vote, struct err *err) {
    struct debate_tally tally;
    struct row *mine;
    int rc = vote_row(fold, row_text(row, DEBATES_ID), (unsigned)vote->round, vote->participant, true, &mine, err);
    if (rc != 0) return rc;
    row_set_str(mine, VOTES_VOTE, debate_answer(vote->score));
    row_set_real(mine, VOTES_SCORE, (double)vote->score / DEBATE_UNIT);
    row_set_real(mine, VOTES_POLICY, vote->policy);
    row_set_real(mine, VOTES_SIMPLICITY, vote->simplicity);
    row_set_real(mine, VOTES_PREDICTED_PASS, vote->predicted_pass);
    row_set_int(mine, VOTES_SEQ, (int64_t)fold_event(fold)->seq);
    fold_copy(fold, mine, VOTES_MODEL, "model");
    fold_cite(fold, row, DEBATES_BASE);
    return count_votes(fold, row, &tally, err);
}

static int take_vote(struct fold *fold, struct row *row, const struct vote *vote, struct err *err) {
    struct bytes voters = row_list(row, DEBATES_VOTERS), digest = row_text(row, DEBATES_DIGEST);
    size_t voter = find_voter(voters, "name", vote->participant);
    struct row *before = NULL;
    bool is_signed = false;
    int rc = voter == SIZE_MAX ? 0 : signed_by(fold, voters, voter, &is_signed, err);
    if (rc == 0 && voter != SIZE_MAX && (vote->round == 1 || vote->round == 2)) {
        rc = vote_row(fold, row_text(row, DEBATES_ID), (unsigned)vote->round, vote->participant, false, &before, err);
    }
    if (rc != 0) return rc;
    if (before != NULL) {
        fold_leave(before);
    }
    const char *name = (const char *)vote->participant.p;
    int n = (int)reason_fits(vote->participant, 60);
    if (fold_event(fold)->body.n == 0) {
        break_rule(fold, row, "the content of a vote was erased");
    } else if (voter == SIZE_MAX) {
        break_rule(fold, row, "'%.*s' voted and is not one of the voters", n, n > 0 ? name : "");
    } else if (!is_signed) {
        break_rule(fold, row, "the vote of '%.*s' is not signed with the voter's key", n, name);
    } else if (vote->round < 1 || vote->round > DEBATE_ROUNDS) {
        break_rule(fold, row, "the vote of '%.*s' names no round of 1 or 2", n, name);
    } else if (before != NULL) {
        break_rule(fold, row, "'%.*s' voted twice in round %lld", n, name, (long long)vote->round);
    } else if (digest.n > 0 && !bytes_eq(digest, vote->digest)) {
        break_rule(fold, row, "the vote of '%.*s' is on another digest", n, name);
    } else if (vote->score == DEBATE_NO_VOTE) {
        break_rule(fold, row, "the vote of '%.*s' lacks a score from 0 to 1 for policy, simplicity or predicted_pass", n,
                   name);
    } else if (vote->word.n > 0 && !bytes_is(vote->word, debate_answer(vote->score))) {
        break_rule(fold, row, "the vote of '%.*s' says one thing and its scores another", n, name);
    } else if (!row_is(row, DEBATES_SAYS, "undecided") || vote->round != row_int(row, DEBATES_ROUND)) {
        fold_violation(fold, row, DEBATES_BASE, "a vote for round %lld, which is not under way", (long long)vote->round);
    } else {
        return put_vote(fold, row, vote, err);
    }
    return 0;
}

/* ---- steps ---- */

/* By what it is about it is found again. */
static int put_about(struct fold *fold, const struct row *row, size_t column, struct err *err) {
    struct bytes target = row_text(row, DEBATES_TARGET);
    const struct bytes parts[] = {row_text(row, column), row_text(row, DEBATES_ID)};
    struct row *about;
    if (parts[0].n == 0) return 0;
    int rc = fold_row(fold, DEBATES_ABOUT, parts, 2, &about, err);
    if (rc != 0) return rc;
    if (target.n > 0) row_set_text(about, ABOUT_TARGET, target);
    row_set_int(about, ABOUT_OPENED_SEQ, (int64_t)fold_event(fold)->seq);
    return 0;
}

static int opened(struct fold *fold, struct row *row, struct err *err) {
    struct bytes raw, judge = {0};
    struct debate_tally tally;
    size_t n;
    int64_t rounds = DEBATE_ROUNDS;
    if (row_has(row, DEBATES_OPENED_SEQ)) {
        fold_violation(fold, row, DEBATES_BASE, "opened twice: the first time counts");
        return 0;
    }
    fold_copy(fold, row, DEBATES_TARGET, "target");
    fold_copy(fold, row, DEBATES_TOPIC, "topic");
    fold_copy(fold, row, DEBATES_DIGEST, "digest");
    fold_copy(fold, row, DEBATES_VOTERS, "voters");
    fold_copy(fold, row, DEBATES_JUDGE, "judge");
    fold_text(fold, "judge", &judge);
    fold_int(fold, "rounds", &rounds);
    row_set_int(row, DEBATES_OPENED_SEQ, (int64_t)fold_event(fold)->seq);
    row_set_text(row, DEBATES_BY, fold_event(fold)->actor);
    council_move(fold, row, DEBATES_BASE, DEBATES_STATE, "open");
    if (!fold_raw(fold, "voters", &raw)) return 0;
    int rc = row_has(row, DEBATES_VOTERS) ? put_about(fold, row, DEBATES_TARGET, err) : 0;
    if (rc == 0 && row_has(row, DEBATES_VOTERS)) rc = put_about(fold, row, DEBATES_DIGEST, err);
    if (rc != 0) return rc;
    const char *fault = voters_fault(raw, judge, &n);
    fault = fault == NULL && rounds != DEBATE_ROUNDS ? "it has two rounds, and no other number" : fault;
    if (fault != NULL) {
        break_rule(fold, row, "%s", fault);
        return 0;
    }
    return count_votes(fold, row, &tally, err);
}

static int voted(struct fold *fold, struct row *row, struct err *err) {
    struct vote vote;
    if (!row_is(row, DEBATES_STATE, "open")) {
        bool unknown = row_is(row, DEBATES_STATE, "unknown");
        fold_violation(fold, row, DEBATES_BASE, "a vote %s", unknown ? "before the debate was opened" : "after the end");
        return 0;
    }
    if (!row_has(row, DEBATES_VOTERS)) {
        fold_cite(fold, row, DEBATES_BASE);
        return 0;
    }
    read_vote(fold, &vote);
    return take_vote(fold, row, &vote, err);
}

static bool is_outcome(struct bytes word) {
    for (int i = DEBATE_UNDECIDED; i <= DEBATE_ERROR; i++) {
        if (bytes_is(word, debate_outcome_name((enum debate_outcome)i))) return true;
    }
    return false;
}

/* Ends a debate of which the votes have been counted. */
static int end(struct fold *fold, struct row *row, struct bytes outcome, struct err *err) {
    struct debate_ballot ballot;
    struct debate_tally tally;
    struct bytes memory = row_text(row, DEBATES_TARGET);
    int rc = load_ballot(fold, row, &ballot, err);
    if (rc != 0) return rc;
    debate_tally(&ballot, &tally);
    bool missing = tally.outcome == DEBATE_UNDECIDED;
    const char *says = debate_outcome_name(missing ? DEBATE_ERROR : tally.outcome);
    if (!bytes_is(outcome, says)) {
        fold_violation(fold, row, DEBATES_BASE, "concluded as '%.*s', but its votes say %s", (int)reason_fits(outcome, 40),
                       outcome.n > 0 ? (const char *)outcome.p : "", missing ? "error: some are missing" : says);
        return 0;
    }
    if (missing) {
        row_set_str(row, DEBATES_FAULT, "it was concluded while votes were missing");
        row_set_int(row, DEBATES_FAULT_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_str(row, DEBATES_SAYS, says);
    }
    row_set_int(row, DEBATES_CONCLUDED_SEQ, (int64_t)fold_event(fold)->seq);
    council_move(fold, row, DEBATES_BASE, DEBATES_STATE, says);
    if (tally.outcome != DEBATE_ACCEPTED || !bytes_has_prefix(memory, "memory/")) return 0;
    memory.p += 7;
    memory.n -= 7;
    return memories_debated(fold, memory, row_text(row, DEBATES_ID), row_text(row, DEBATES_DIGEST), err);
}

static int concluded(struct fold *fold, struct row *row, struct err *err) {
    struct bytes outcome = {0};
    fold_text(fold, "outcome", &outcome);
    if (row_has(row, DEBATES_CONCLUDED_SEQ) || row_is(row, DEBATES_STATE, "unknown")) {
        bool again = row_has(row, DEBATES_CONCLUDED_SEQ);
        fold_violation(fold, row, DEBATES_BASE, "concluded %s",
                       again ? "twice: the first time counts" : "before it was opened");
        return 0;
    }
    if (row_has(row, DEBATES_VOTERS)) return end(fold, row, outcome, err);
    row_set_int(row, DEBATES_CONCLUDED_SEQ, (int64_t)fold_event(fold)->seq);
    char word[16];
    snprintf(word, sizeof(word), "%.*s", (int)(is_outcome(outcome) ? outcome.n : 9),
             is_outcome(outcome) ? (const char *)outcome.p : "undecided");
    council_move(fold, row, DEBATES_BASE, DEBATES_STATE, word);
    return 0;
}

int debates_fold(struct fold *fold, struct err *err) {
    struct bytes id = fold_subject(fold), step = fold_step(fold);
    struct row *row;
    int rc = id.n == 0 ? 0 : fold_row(fold, DEBATES, &id, 1, &row, err);
    if (rc != 0 || id.n == 0) return rc;
    council_introduce(fold, row, DEBATES_BASE, DEBATES_STATE);
    if (bytes_is(step, "opened")) return opened(fold, row, err);
    if (bytes_is(step, "voted")) return voted(fold, row, err);
    if (bytes_is(step, "concluded")) return concluded(fold, row, err);
    fold_touch(fold, row, DEBATES_BASE);
    return 0;
}
