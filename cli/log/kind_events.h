/* All events of a rare kind, found through the index. */
#ifndef CLI_LOG_KIND_EVENTS_H
#define CLI_LOG_KIND_EVENTS_H

#include "cli/log/damage.h"
#include "ledger/log.h"

/* Calls `each` for those from `from` on, in order. Unreadable ones are noted in `damage` (NULL: the caller reports them).
 * Where there is no index, the events after `from` are read. A failure of `each` ends the walk and is returned. */
int kind_events(struct ledger *ledger, const char *kind, uint64_t from, struct damage *damage,
                int (*each)(void *ctx, const struct log_event *event, struct err *err), void *ctx, struct err *err);

#endif
