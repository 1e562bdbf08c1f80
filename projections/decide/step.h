/* May a step of T2 or T3 be taken? And does LOCKDOWN forbid it? Asked by append --checked and by whoever executes steps. */
#ifndef PROJECTIONS_DECIDE_STEP_H
#define PROJECTIONS_DECIDE_STEP_H

#include "ledger/log.h"
#include "projections/view/decision.h"
#include "projections/view/state.h"

/* Of an event run.step that has not ended. T2: a snapshot holds each path that it may write, is measured, newer than the
 * last step of T2, no older than the policies say, not expired, and was not found damaged. T3: the same when it names
 * paths. The tripcode of T3 is judged where it is used up, by the fold (projections/recovery/tripcodes.c). Of other events
 * always yes. */
int decide_may_step(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err);
/* Does such a snapshot, taken after the event `since`, hold this link? So that it was there when the snapshot was taken, `since` is the
 * plan that found it. NULL: whatever it holds. */
int decide_is_held(struct state_view *view, const char *link, uint64_t since, struct decision *ret, struct err *err);
/* Does the kind only take something away, end something or observe? */
bool decide_is_safe(struct bytes kind);
/* No while LOCKDOWN is on, unless the kind is safe. */
int decide_is_unlocked(struct state_view *view, struct bytes kind, struct decision *ret, struct err *err);
/* Does an event with this body use a tripcode up? *ret_id: which, borrowed. */
bool decide_uses_tripcode(struct bytes kind, struct bytes body, struct bytes *ret_id);

#endif
