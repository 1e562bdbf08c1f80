/* What the votes of a debate say.
 *
 * Each voter gives three scores from 0 to 1: policy, simplicity, and how likely the candidate passes. They weigh 0.5, 0.2 and
 * 0.3. A sum above one half is for the candidate, below it against, at it neither. Scores count to six decimals, so that sums are
 * whole numbers and a tie is a tie.
 *
 *   round 1   all are for: accepted; all are against: rejected; otherwise there is another round
 *   round 2   more than half of all votes are for: accepted; more than half are against: rejected
 *             otherwise the judge's vote of that round decides; without one, or if it is neither: retained, what is in use stays
 *   a broken rule at any time: error */
#ifndef PROJECTIONS_COUNCIL_TALLY_H
#define PROJECTIONS_COUNCIL_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEBATE_VOTERS_MAX 16
#define DEBATE_ROUNDS     2
#define DEBATE_UNIT       10000000 /* a sum of 1 */
#define DEBATE_NO_VOTE    (-1)

enum debate_outcome { DEBATE_UNDECIDED, DEBATE_ACCEPTED, DEBATE_REJECTED, DEBATE_RETAINED, DEBATE_ERROR };

struct debate_ballot {
    size_t n;                                        /* voters, at least one */
    size_t judge;                                    /* which of them; n: none */
    bool broken;                                     /* a rule was broken */
    int32_t score[DEBATE_ROUNDS][DEBATE_VOTERS_MAX]; /* debate_score, or DEBATE_NO_VOTE */
};
struct debate_tally {
    enum debate_outcome outcome;
    unsigned round;             /* from 1: the round that waits for votes, or that decided */
    size_t n_for, n_against, n; /* votes of that round */
    bool by_judge;
};

/* The weighted sum in 1/DEBATE_UNIT; DEBATE_NO_VOTE if a score is not from 0 to 1. */
int32_t debate_score(double policy, double simplicity, double predicted_pass);
/* "for", "against", "neither". */
const char *debate_answer(int32_t score);
void debate_tally(const struct debate_ballot *ballot, struct debate_tally *ret);
const char *debate_outcome_name(enum debate_outcome outcome);

#endif
