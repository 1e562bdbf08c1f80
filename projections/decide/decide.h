/* Judgements: may this step be taken, is this route proven? Pure functions of a view. Whoever acts asks first, inside the
 * write transaction that records the step (ledger/write/guard.h), so that nothing can happen in between. */
#ifndef PROJECTIONS_DECIDE_DECIDE_H
#define PROJECTIONS_DECIDE_DECIDE_H

#include "projections/council/judge.h"
#include "projections/decide/body.h"
#include "projections/view/decision.h"
#include "projections/view/state.h"

/* Does whoever uses a permission with this event hold it? The table of the kinds that use one is in
 * projections/decide/use.c; others are always yes. */
int decide_may_use(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err);
/* Is the kind in that table? Then its answer depends on the states of permissions, policies and runs. */
bool decide_uses(struct bytes kind);
/* Does a proof count for the route as it is now? */
int decide_is_proven(struct state_view *view, struct bytes route, struct decision *ret, struct err *err);
/* Do its evaluations speak for the candidate of this promotion, whatever step it has reached? */
int decide_is_evaluated(struct state_view *view, struct bytes promotion, struct decision *ret, struct err *err);
/* May this promotion become `promoted`? Its steps must be legal, and the candidate's digest must have a full pass. */
int decide_may_promote(struct state_view *view, struct bytes promotion, struct decision *ret, struct err *err);
/* What the debates of voters say about its candidate; without one the decision is a no. */
int decide_is_debated(struct state_view *view, struct bytes promotion, struct debate_standing *ret, struct err *err);
/* May what this promotion made live be taken back, by what is live now? Of one that is not promoted always yes: that is for its own
 * steps. */
int decide_may_go_back(struct state_view *view, struct bytes promotion, struct decision *ret, struct err *err);
/* May an event with this content be written? The step it represents must be legal for every state it would change, at the
 * view's time, whatever time it states itself; and any permission it uses must be held. Kinds without a state are always
 * allowed. */
int decide_may_append(struct state_view *view, const struct log_draft *draft, struct decision *ret, struct err *err);
/* The same for a step that its writer takes now: the time that it states is the view's, or a moment before it, and is not judged by
 * itself. */
int decide_may_append_now(struct state_view *view, const struct log_draft *draft, struct decision *ret, struct err *err);

#endif
