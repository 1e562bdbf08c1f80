/* The rule of debates, in whole numbers. */
#include "projections/council/tally.h"

#define HALF (DEBATE_UNIT / 2)

/* In millionths. */
static bool millionths(double score, int32_t *ret) {
    if (!(score >= 0.0 && score <= 1.0)) return false;
    *ret = (int32_t)(score * 1e6 + 0.5);
    return true;
}

int32_t debate_score(double policy, double simplicity, double predicted_pass) {
    int32_t p, s, q;
    return millionths(policy, &p) && millionths(simplicity, &s) && millionths(predicted_pass, &q) ? 5 * p + 2 * s + 3 * q
                                                                                                  : DEBATE_NO_VOTE;
}

const char *debate_answer(int32_t score) {
    return score > HALF ? "for" : score < HALF ? "against" : "neither";
}

static void count(const struct debate_ballot *ballot, unsigned round, struct debate_tally *ret) {
    *ret = (struct debate_tally){.round = round + 1};
    for (size_t i = 0; i < ballot->n; i++) {
        int32_t score = ballot->score[round][i];
        ret->n += score >= 0;
        ret->n_for += score > HALF;
        ret->n_against += score >= 0 && score < HALF;
    }
}

static enum debate_outcome decide_alone(const struct debate_ballot *ballot, struct debate_tally *ret) {
    int32_t score = ballot->judge < ballot->n ? ballot->score[DEBATE_ROUNDS - 1][ballot->judge] : HALF;
    ret->by_judge = score != HALF;
    return score > HALF ? DEBATE_ACCEPTED : score < HALF ? DEBATE_REJECTED : DEBATE_RETAINED;
}

void debate_tally(const struct debate_ballot *ballot, struct debate_tally *ret) {
    count(ballot, 0, ret);
    bool agreed = ret->n_for == ballot->n || ret->n_against == ballot->n;
    if (ret->n == ballot->n && !agreed) {
        count(ballot, 1, ret);
    }
    ret->outcome = ballot->broken                ? DEBATE_ERROR
                   : ret->n < ballot->n          ? DEBATE_UNDECIDED
                   : 2 * ret->n_for > ret->n     ? DEBATE_ACCEPTED
                   : 2 * ret->n_against > ret->n ? DEBATE_REJECTED
                                                 : decide_alone(ballot, ret);
}

const char *debate_outcome_name(enum debate_outcome outcome) {
    static const char *const names[] = {[DEBATE_UNDECIDED] = "undecided",
                                        [DEBATE_ACCEPTED] = "accepted",
                                        [DEBATE_REJECTED] = "rejected",
                                        [DEBATE_RETAINED] = "retained",
                                        [DEBATE_ERROR] = "error"};
    return names[outcome];
}
