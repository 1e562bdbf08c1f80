/* May something that rests on a debate go on? For gates. */
#ifndef PROJECTIONS_COUNCIL_JUDGE_H
#define PROJECTIONS_COUNCIL_JUDGE_H

#include "projections/view/decision.h"
#include "projections/view/state.h"

/* Yes if the debate was concluded as accepted, by the signed votes of its voters, about this target ("promotion/p-1") and this
 * digest; an empty text asks for nothing. No: in which state it is and why, with the events of it. */
int debate_judge(struct state_view *view, struct bytes debate, struct bytes target, struct bytes digest,
                 struct decision *ret, struct err *err);
/* What debates of voters say about a candidate. */
enum debate_next { DEBATE_NEXT_VOTE, DEBATE_NEXT_CONCLUDE, DEBATE_NEXT_ANEW };
struct debate_standing {
    bool there;               /* one speaks about it; otherwise nothing else is set */
    struct decision decision; /* no: why it bars the candidate */
    enum debate_next next;    /* what helps: votes, its conclusion, another debate */
    size_t voters;            /* of the debate that decides; of two the fewer */
    char state[16];           /* of that debate */
    char about[320];          /* target of the debate that bars; empty: too long */
};
/* Of the debates of this target that were opened after `since`, and of those of the same digest, whichever promotion they are of,
 * the one that was opened last has to have been accepted. So a rejection stays with the candidate when it is planned anew
 * (decision 075). */
int debate_stands(struct state_view *view, struct bytes target, int64_t since, struct bytes digest,
                  struct debate_standing *ret, struct err *err);
/* The debate of voters about this target that was opened last, after the event `since`; ret->n stays 0 if there is none. */
int debate_newest(struct state_view *view, struct bytes target, int64_t since, struct buf *ret, struct err *err);

#endif
