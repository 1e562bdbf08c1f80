/* Derived data compared with its events: the index that queries use, and projections. */
#ifndef LIB_ISOLATE_CHECK_H
#define LIB_ISOLATE_CHECK_H

#include "ledger/log.h"

/* Replays both and adds what differs to the report of log_verify with `derived`. What is absent, stale or cannot be opened
 * is no difference. An error only when the reading cannot go on; ERR_BUSY: `stop` (may be NULL) became something else than 0,
 * which is looked at while projections are replayed. `progress` may be NULL. */
int check_derived(struct ledger *ledger, const volatile int *stop,
                  void (*progress)(void *ctx, uint64_t done, uint64_t total), struct log_report *report, struct err *err);

#endif
