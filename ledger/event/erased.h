/* What a ledger.erased event must say (docs/format.md 8, rule F26), read in one place for code that has the whole ledger,
 * an excerpt, or a single event. */
#ifndef LEDGER_EVENT_ERASED_H
#define LEDGER_EVENT_ERASED_H

#include "ledger/log.h"

/* What its body says was erased. ERR_CORRUPT: it does not say. */
int erased_what(struct bytes body, enum log_erase_what *ret, struct err *err);
/* Calls `each` (may be NULL) for each event whose body or private fields were erased; `by` is the seq of the event that
 * says so. ERR_CORRUPT when it names no event, one that is not earlier, or names them twice; otherwise what `each`
 * returned. */
int erased_events(struct bytes body, uint64_t by, int (*each)(void *ctx, uint64_t seq, struct err *err), void *ctx,
                  struct err *err);

#endif
