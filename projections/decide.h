/* Judgements: may this step be taken, is this route proven, is this permission held? Pure functions of a view. Whoever acts
 * asks first, inside the write transaction that records the step (ledger/guard.h), so that nothing comes between. */
#ifndef PROJECTIONS_DECIDE_H
#define PROJECTIONS_DECIDE_H

#include "projections/state.h"

struct decision {
    bool yes;
    char reason[512]; /* in words, when the answer is no; empty otherwise */
    uint64_t evidence[ROW_SEQS_MAX];
    size_t n_evidence; /* seqs that the answer rests on */
};

/* Is (pack or tool, group, scope) granted at the view's time? A grant of scope "" or one whose glob matches covers it. */
int decide_is_permitted(struct state_view *view, struct bytes who, struct bytes group, struct bytes scope,
                        struct decision *ret, struct err *err);
/* The same in a session: what was granted for another one does not count. */
int decide_is_permitted_in(struct state_view *view, struct bytes who, struct bytes group, struct bytes scope,
                           struct bytes session, struct decision *ret, struct err *err);
/* Does a proof count for the route as it is now? */
int decide_is_proven(struct state_view *view, struct bytes route, struct decision *ret, struct err *err);
/* May this promotion become `promoted`: the steps were legal, and there is a full pass for the candidate's digest. */
int decide_may_promote(struct state_view *view, struct bytes promotion, struct decision *ret, struct err *err);
/* May an event with this content be written: the step it stands for is legal for every state it would change, at
 * the view's time, whatever time it gives itself. Kinds without a state are always yes. */
int decide_may_append(struct state_view *view, const struct ledger_draft *draft, struct decision *ret, struct err *err);

#endif
