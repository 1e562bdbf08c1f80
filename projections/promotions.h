/* What others may know of promotions beyond their rows. */
#ifndef PROJECTIONS_PROMOTIONS_H
#define PROJECTIONS_PROMOTIONS_H

#include "projections/readiness.h"
#include "projections/row.h"

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
    PROMOTIONS_TRIPPED,
    PROMOTIONS_TRIPPED_UNTIL,
    PROMOTIONS_TRIPPED_SEQ,
    PROMOTIONS_REASON,
    PROMOTIONS_BASE
};

/* Why the promotion may not become `promoted` at that time, as far as its own steps say; false: there is no reason. */
bool promotions_is_barred(const struct row *row, uint64_t at, struct readiness *ret);

#endif
