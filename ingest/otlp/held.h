/* The events of one record, on their way from the thread that maps it to the one that appends them: bytes that hold
 * everything that an event borrows. */
#ifndef INGEST_OTLP_HELD_H
#define INGEST_OTLP_HELD_H

#include "ingest/otlp/map.h"

/* Appends an event. Its kind is kept as a pointer: the catalog's names last. */
void otlp_hold(struct buf *out, const struct otlp_event *event);
/* The next event of `held`, which is advanced; borrowed from it. False: there are no more. */
bool otlp_held_next(struct bytes *held, struct otlp_event *ret);

#endif
