/* The range of a bundle that was requested by conditions alone, and those conditions in words. */
#ifndef LIB_HANDOVER_NARROW_H
#define LIB_HANDOVER_NARROW_H

#include "export/export.h"

/* From the first match of the terms to the last: found in the events, or by the part of the index that the log key
 * vouches for. With `build` the index is first built for all events. Without terms, or for chosen events, the range
 * stays. ERR_NOTFOUND: nothing matches. */
int narrow_range(struct export_options *options, struct ledger *ledger, bool build, struct err *err);
/* Appends the filter in words: "kind = run.*, run = r-1"; "everything". */
void narrow_words(const struct export_options *options, struct buf *out);

#endif
