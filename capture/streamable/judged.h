/* The handler that lets pass what is permitted: messages of both sides are read strictly and written anew, calls are judged and recorded
 * before they leave (capture/tap/strict.h). */
#ifndef CAPTURE_STREAMABLE_JUDGED_H
#define CAPTURE_STREAMABLE_JUDGED_H

#include "capture/streamable/exchange.h"

/* `ret` borrows the shared part. */
void judged_handler(struct streamable_shared *shared, struct pass_handler *ret);

#endif
