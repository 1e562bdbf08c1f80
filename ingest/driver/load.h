/* For sources whose input is one document: the whole file in memory, or the reason why it is not one. */
#ifndef INGEST_DRIVER_LOAD_H
#define INGEST_DRIVER_LOAD_H

#include "ingest/driver/intake.h"

#define LOAD_PIECE ((size_t)64 << 10)

/* Appends a file, plain or compressed by gzip, or standard input ("-"), and adds it to the digest of the input. `text` has room
 * for `max` bytes and LOAD_PIECE more. ERR_LIMIT: it is larger; ERR_CORRUPT, ERR_NOTFOUND, ERR_INVALID, ERR_IO. */
int load_file(struct intake *run, const char *path, size_t max, struct buf *text, struct err *err);
/* Adds to `why` what the file looks like, unless that is an input of `own`, the source that refuses it. */
void load_name_foreign(const char *path, struct bytes text, const char *own, struct err *why);
/* Whether the error is the file's alone, so that the run continues with the next one. */
bool load_is_bad(int code);

#endif
