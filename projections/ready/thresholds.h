/* What a route itself asks of its proofs: a pack's manifest names metrics and what they must reach. */
#ifndef PROJECTIONS_READY_THRESHOLDS_H
#define PROJECTIONS_READY_THRESHOLDS_H

#include "projections/ready/eval.h"

/* Holds the evaluation's scores against the route's thresholds as well: both must pass, so the stricter one decides. What is
 * found is added to its verdict; a score on the wrong side makes it a failure. */
int thresholds_judge(struct state_view *view, const struct row *route, const struct row *eval, struct eval_verdict *verdict,
                     struct err *err);

#endif
