/* What it means that a proof counts: the one place that says so. Routes, packs and models judge by it, and decide.h.
 *
 * A proof is an evaluation that counts (eval.h) and was made for the route as it is now. Four things bind it:
 *
 *   model    the weights that the route uses (proof_model.h)
 *   config   digest of the route's configuration
 *   pack     version of the pack that the route belongs to, as it is installed now
 *   suite    the suite and its digest: the one that the route names, else the one that was declared last
 *
 * When one of them is not what the evaluation says, the proof does not count, and the reason names all that are: "model
 * drift". The rules are those of readiness_proof.def. Absent values: what the route does not say, any evaluation may say;
 * what it says, the evaluation has to say too. Weights have to be known on both sides (proof_model.h). A suite's digest that
 * the route names stands, also when the suite is declared anew.
 *
 * Of the evaluations of the route as it is now the newest one that passed in full or failed decides. One that proves
 * nothing either way (partial, cached, dirty, without verdict, stale) neither counts nor takes away an older one. */
#ifndef PROJECTIONS_READY_PROOF_H
#define PROJECTIONS_READY_PROOF_H

#include "projections/ready/models_claim.h"
#include "projections/ready/readiness.h"
#include "projections/view/reason.h"
#include "projections/view/state.h"

struct proof {
    bool asked;                   /* the route names a suite: there is something to be proven */
    bool counts;                  /* it is proven */
    uint64_t seq;                 /* the end of the evaluation, when it counts */
    char uses[MODELS_DIGEST_MAX]; /* digest of the weights that the route uses now; empty: nobody knows */
    struct readiness found;       /* otherwise all that is missing */
    struct reason reason;         /* the same in words; what was looked at in any case */
    /* For remedies: what an evaluation has to name to be one of the route as it is, as words of a command, and the commands
     * that record its scores. Empty: too long to be given, or it counts. */
    char bindings[1024], scored[1024];
};
/* `route`: a row of routes, its stored columns. */
int proof_of_route(struct state_view *view, const struct row *route, struct proof *ret, struct err *err);
#endif
