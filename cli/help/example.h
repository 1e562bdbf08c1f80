/* An example event of a kind, generated from the catalog. */
#ifndef CLI_HELP_EXAMPLE_H
#define CLI_HELP_EXAMPLE_H

#include "base/bytes.h"
#include "ledger/kinds/kind.h"

/* Is there one? Not for kinds that only the ledger writes. */
bool example_has(const struct kind *kind);
/* A line for `ledger ingest jsonl`, with the required and the indexed fields; without a line end. */
int example_line(const struct kind *kind, struct buf *out, struct err *err);
/* The same event as a command for a shell. */
int example_command(const struct kind *kind, struct buf *out, struct err *err);

#endif
