/* What others may know of promotions beyond their rows. */
#ifndef PROJECTIONS_READY_PROMOTIONS_H
#define PROJECTIONS_READY_PROMOTIONS_H

#include "projections/ready/readiness.h"
#include "projections/view/state.h"

/* Columns of the table "promotions". */
enum promotions_column {
    PROMOTIONS_PROMOTION,
    PROMOTIONS_STATE,
    PROMOTIONS_WHAT,
    PROMOTIONS_PACK,
    PROMOTIONS_ROUTE,
    PROMOTIONS_MODEL,
    PROMOTIONS_DIGEST,
    PROMOTIONS_DIGEST_BEFORE,
    PROMOTIONS_VERSION,
    PROMOTIONS_GATE,
    PROMOTIONS_GATE_SEQ,
    PROMOTIONS_GATE_DIGEST,
    PROMOTIONS_SIMULATED,
    PROMOTIONS_SIMULATED_SEQ,
    PROMOTIONS_TRIALS,
    PROMOTIONS_TRIALS_FAILED,
    PROMOTIONS_SUITES,
    PROMOTIONS_EVALS,
    PROMOTIONS_NAMED_SEQ,
    PROMOTIONS_ERASED_SEQ,
    PROMOTIONS_TRIPPED,
    PROMOTIONS_TRIPPED_UNTIL,
    PROMOTIONS_TRIPPED_SEQ,
    PROMOTIONS_REASON,
    PROMOTIONS_MISSING,
    PROMOTIONS_BASE
};

bool promotions_is_under_way(const struct row *row);
/* Does a tripcode hold at that time? */
bool promotions_is_tripped(const struct row *row, uint64_t at);
/* Why the promotion may not become `promoted` at that time, as far as its own steps say; false: there is no reason. */
bool promotions_is_barred(const struct row *row, uint64_t at, struct readiness *ret);
/* The same of its tripcode alone: what is not under way may not be planned as long as one holds. */
bool promotions_is_held(const struct row *row, uint64_t at, struct readiness *ret);
/* All that it lacks at the view's time: the same, which *ret_barred says, and what its evaluations lack. `cite` gets those
 * that decided. Both were initialised by the caller. */
int promotions_weigh(struct state_view *view, const struct row *row, struct readiness *found, bool *ret_barred,
                     struct reason *cite, struct err *err);
/* The judge of the table. */
int promotions_judge(struct state_view *view, struct row *row, struct err *err);

#endif
