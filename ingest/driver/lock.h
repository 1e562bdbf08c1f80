/* One run at a time over what a source remembers of its last look. */
#ifndef INGEST_DRIVER_LOCK_H
#define INGEST_DRIVER_LOCK_H

#include "ingest/driver/intake.h"

/* Waits until no other process reads a source with a memory into this ledger. *ret_fd: close it to release. ERR_BUSY after a
 * minute or at the stop flag. */
int lock_wait(struct intake *run, int *ret_fd, struct err *err);

#endif
