/* An event of a kind as its writers would write it, made from the rows of the catalog. */
#ifndef CLI_HELP_EXAMPLE_H
#define CLI_HELP_EXAMPLE_H

#include "base/bytes.h"
#include "ledger/kinds/kind.h"

/* Kinds that the ledger alone writes have none. */
bool example_has(const struct kind *kind);
/* A line for `ledger ingest jsonl`, with the fields that the kind needs and those that are searched by; without a line end.
 */
int example_line(const struct kind *kind, struct buf *out, struct err *err);
/* The same event as a command for a shell. */
int example_command(const struct kind *kind, struct buf *out, struct err *err);

#endif
