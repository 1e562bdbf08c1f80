/* Compares derived data with its events: the index that queries use, and projections. */
#ifndef LIB_ISOLATE_CHECK_H
#define LIB_ISOLATE_CHECK_H

#include "ledger/log.h"

/* Replays both and adds the differences to the report of log_verify with `derived`. What is absent, stale or cannot be
 * opened does not count as a difference. An error only when reading cannot continue; ERR_BUSY: `stop` (may be NULL),
 * which is checked while projections are replayed, was set. `progress` may be NULL. */
int check_derived(struct ledger *ledger, const volatile int *stop,
                  void (*progress)(void *ctx, uint64_t done, uint64_t total), struct log_report *report, struct err *err);

#endif
