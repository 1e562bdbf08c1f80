/* The record of an ingest cursor: the first 8 bytes of SHA-256(name NUL value), then the value. */
#ifndef LEDGER_CURSOR_H
#define LEDGER_CURSOR_H

#include "base/bytes.h"

#define CURSOR_VALUE_MAX 4096
#define CURSOR_CHECK     8

int cursor_encode(struct buf *out, struct bytes name, struct bytes value);
/* ERR_CORRUPT when it was changed. Borrows from the record. */
int cursor_decode(struct bytes name, struct bytes record, struct bytes *ret_value, struct err *err);

#endif
