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
    char note[128];    /* what a yes leaves open, in words; empty: nothing */
};

/* What is asked for. */
struct decide_use {
    struct bytes group, scope; /* scope "": everything */
    struct bytes tier;         /* "T0" to "T3"; anything else: not known, and not compared */
    struct bytes session, run; /* only with of_session; either may be empty */
    bool of_session;           /* what was granted for a session counts only when one of these is that session */
    bool one;                  /* of a use or a call: nobody holds a pattern */
    bool call;                 /* it leaves no use behind: what was granted once does not count, for nothing uses it up */
};

/* Does `who` (pack, tool, agent, server; as a subject) hold it at the view's time? A scope with a fault (ledger/scope.h) is
 * held by nobody. The reason names the grant that came nearest. */
int decide_is_permitted(struct state_view *view, struct bytes who, const struct decide_use *use, struct decision *ret,
                        struct err *err);
/* The same of several, as if what was decided for each of them had been decided for one: the newest counts. At least one,
 * none twice. */
int decide_is_permitted_any(struct state_view *view, const struct bytes *who, size_t n, const struct decide_use *use,
                            struct decision *ret, struct err *err);
/* Does whoever uses a permission with this event hold it? The table of the kinds that use one is in decide_use.c; others
 * are always yes. */
int decide_may_use(struct state_view *view, const struct ledger_event *event, struct decision *ret, struct err *err);
/* Does a proof count for the route as it is now? */
int decide_is_proven(struct state_view *view, struct bytes route, struct decision *ret, struct err *err);
/* May this promotion become `promoted`: the steps were legal, and there is a full pass for the candidate's digest. */
int decide_may_promote(struct state_view *view, struct bytes promotion, struct decision *ret, struct err *err);
/* May an event with this content be written: the step it stands for is legal for every state it would change, at
 * the view's time, whatever time it gives itself; and a permission that it uses is held. Kinds without a state are always
 * yes. */
int decide_may_append(struct state_view *view, const struct ledger_draft *draft, struct decision *ret, struct err *err);

#endif
