/* When a proof counts, defined in one place. Routes, packs, models and decide.h judge by it.
 *
 * A proof is an evaluation that counts (eval.h) and was made for the route as it is now. Four things bind it, of which the first is one or the other:
 *
 *   model    the weights that the route uses (proof_model.h); of a tool's route instead
 *   program  the digest of the program that it uses: as the route states it, or a newer decision found it
 *   config   digest of the route's configuration
 *   pack     version of the pack that the route belongs to, and digest of all its files, as it is installed now
 *   suite    the suite and its digest: the one that the route names, else the one that was declared last
 *
 * When one of them differs from what the evaluation states, the proof does not count, and the reason names every
 * difference: "model drift". The rules are those of readiness_proof.def. Absent values: what the route does not state, the
 * evaluation may have any value for; what it states, the evaluation must state too. Weights have to be known on both sides
 * (proof_model.h). A suite's digest that the route names stays in force when the suite is declared again.
 *
 * Among the evaluations of the route as it is now, the newest full pass or failure decides. One that proves nothing either
 * way (partial, cached, dirty, without verdict, stale) neither counts nor overrides an older one. */
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
    char uses[MODELS_DIGEST_MAX]; /* digest of the weights that the route uses now; empty: unknown */
    struct readiness found;       /* otherwise everything that is missing */
    struct reason reason;         /* the same in words; always cites what was read */
};
/* `route`: a row of routes, its stored columns. */
int proof_of_route(struct state_view *view, const struct row *route, struct proof *ret, struct err *err);
#endif
