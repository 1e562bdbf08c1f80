/* What helps when a gate is closed. */
#ifndef EVALS_GATE_HELP_H
#define EVALS_GATE_HELP_H

#include "base/bytes.h"
#include "projections/rows/row.h"

/* Appends the command: words in capitals are for the reader to replace. Nothing is appended where no command helps, or where the
 * promotion's own findings name it. `value`: what the gate measured; `why`: why it is closed; `promotion`: its row, judged. */
void gate_help(struct bytes gate, struct bytes value, struct bytes why, const struct row *promotion, struct buf *out);
/* The commands that plan it once more, with a tier. */
void gate_help_plan(const struct row *promotion, struct buf *out);

#endif
