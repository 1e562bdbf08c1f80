/* Few events of one kind, found by their kind through the index. */
#ifndef CLI_LOG_KIND_EVENTS_H
#define CLI_LOG_KIND_EVENTS_H

#include "cli/log/damage.h"
#include "ledger/log.h"

/* Calls `each` for those from `from` on, in order, but for those that cannot be read, which
 * `damage` notes (NULL: whoever shows them says so). Where the index does not reach, what
 * comes after `from` is walked. Failures of `each` end it and are given back. */
int kind_events(struct ledger *ledger, const char *kind, uint64_t from, struct damage *damage,
                int (*each)(void *ctx, const struct log_event *event, struct err *err), void *ctx, struct err *err);

#endif
