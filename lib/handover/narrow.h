/* The range of a bundle that was asked for by conditions alone, and those conditions in words. */
#ifndef LIB_HANDOVER_NARROW_H
#define LIB_HANDOVER_NARROW_H

#include "export/export.h"

/* From the first match of the terms to the last: found in the events, or by what of the index somebody vouches for. With
 * `build` that is made for all events first. Without terms, or where events were chosen, the range stays. ERR_NOTFOUND:
 * nothing matches. */
int narrow_range(struct export_options *options, struct ledger *ledger, bool build, struct err *err);
/* Appends the filter in words: "kind = run.*, run = r-1"; "everything". */
void narrow_words(const struct export_options *options, struct buf *out);

#endif
