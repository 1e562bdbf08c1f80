/* LOCKDOWN while something runs: whoever acts is told that it came on, so that it can end what it began. */
#ifndef PROJECTIONS_ACT_WATCH_H
#define PROJECTIONS_ACT_WATCH_H

#include "ledger/log.h"

/* Called once, by the watch's own thread. `why`: the words of the refusal, with the event that began it. */
typedef void watch_fn(void *ctx, const char *why);

/* Looks every quarter of a second whether LOCKDOWN forbids events of this kind by now; events are read from the current size on,
 * and states only when one of them is about recovery. `kind` is borrowed until watch_end. ERR_NOMEM; ERR_IO: no thread, or the
 * head cannot be read. */
struct watch;
int watch_begin(struct ledger *ledger, const char *kind, watch_fn *locked, void *ctx, struct watch **ret, struct err *err);
/* Its thread has ended when this returns. NULL is fine. */
void watch_end(struct watch *watch);

#endif
