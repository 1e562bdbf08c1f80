/* Files that a poller has read already: it reads them again only when they have changed. */
#ifndef INGEST_DRIVER_UNCHANGED_H
#define INGEST_DRIVER_UNCHANGED_H

#include "base/err.h"
#include "ingest/input/line_counter.h"

/* Whether this very file (place, size, times) was passed here before; if not, it is remembered. `known` NULL: false. ERR_NOMEM. */
int unchanged_seen(struct line_counter *known, const char *path, bool *ret, struct err *err);

#endif
