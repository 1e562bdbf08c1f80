/* May something that rests on a debate go on? For gates. */
#ifndef PROJECTIONS_COUNCIL_JUDGE_H
#define PROJECTIONS_COUNCIL_JUDGE_H

#include "projections/view/decision.h"
#include "projections/view/state.h"

/* Yes if the debate was concluded as accepted, by the signed votes of its voters, about this target ("promotion/p-1") and this
 * digest; an empty text asks for nothing. No: in which state it is and why, with the events of it. */
int debate_judge(struct state_view *view, struct bytes debate, struct bytes target, struct bytes digest,
                 struct decision *ret, struct err *err);
/* The debate of voters about this target that was opened last, after the event `since`; ret->n stays 0 if there is none. */
int debate_newest(struct state_view *view, struct bytes target, int64_t since, struct buf *ret, struct err *err);

#endif
