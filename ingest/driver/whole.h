/* Inputs that are one document: read whole before any of it is understood. */
#ifndef INGEST_DRIVER_WHOLE_H
#define INGEST_DRIVER_WHOLE_H

#include "ingest/driver/intake.h"

#define WHOLE_PIECE ((size_t)64 << 10)

/* Appends the content of a file, plain or gzip, or of standard input ("-"), of at most `max` bytes, and adds it to the digest;
 * text->max is larger than that by WHOLE_PIECE. ERR_LIMIT, gz_open's and gz_read's errors. At the stop flag it ends early. */
int whole_load(struct intake *run, const char *path, size_t max, struct buf *text, struct err *err);
/* Errors that a file alone causes: it is rejected, and the run goes on. */
bool whole_is_bad(int code);
/* Appends to a message of ERR_INVALID what the file looks like, unless that is one of this run's own. */
void whole_name_foreign(struct intake *run, const char *path, struct bytes text, struct err *why);

#endif
