/* The handler that only records: every byte passes untouched and at once, and a copy of each message goes to the recorder. */
#ifndef CAPTURE_STREAMABLE_COPIES_H
#define CAPTURE_STREAMABLE_COPIES_H

#include "capture/streamable/exchange.h"

/* `ret` borrows the shared part. */
void copies_handler(struct streamable_shared *shared, struct pass_handler *ret);

#endif
