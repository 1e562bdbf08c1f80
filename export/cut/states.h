/* The members states/<name>.json: the rows of one projection as of the head. */
#ifndef EXPORT_CUT_STATES_H
#define EXPORT_CUT_STATES_H

#include "export/cut/cut.h"
#include "projections/view/state.h"

/* Appends the member's text, as of the cut's head; a suspected secret in it is recorded in the cut. ERR_NOTFOUND: no
 * such projection; ERR_INVALID: it is stale or stopped. */
int states_put(struct buf *out, struct cut *cut, const char *name, struct err *err);

/* The parts of that text, for a verifier that has recomputed the rows. What precedes the first table: */
void states_put_head(struct buf *out, const struct projection *projection, uint64_t position,
                     const uint8_t digest[LOG_HASH]);
/* One row, as a JSON object. */
int states_put_row(struct buf *out, const struct row *row, struct err *err);
#define STATES_TAIL "]}\n"

#endif
