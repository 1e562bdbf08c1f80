/* The idempotency key of a log record, which has no id: the same however often, by whichever route and in whichever
 * encoding it is sent. */
#ifndef INGEST_OTLP_LOG_KEY_H
#define INGEST_OTLP_LOG_KEY_H

#include "ingest/otlp/map.h"

/* Covers the reporter and the record (a canonical map); `timed`: it has a time of its own, and the one at which it was
 * observed does not count. `scratch` is overwritten. */
int otlp_log_key(const struct otlp_map *map, const struct otlp_from *from, struct bytes record, bool timed,
                 struct buf *scratch, char ret[OTLP_NAME_LEN], struct err *err);

#endif
