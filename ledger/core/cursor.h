/* The record of an ingest cursor: the first 8 bytes of SHA-256(name NUL value), then the value. */
#ifndef LEDGER_CORE_CURSOR_H
#define LEDGER_CORE_CURSOR_H

#include "base/hash.h"

#define CURSOR_NAME_MAX  255
#define CURSOR_VALUE_MAX 4096
#define CURSOR_CHECK     8

/* What names a cursor: 1 to 255 bytes of UTF-8 without control characters. NULL is empty. */
int cursor_name_check(const char *name, struct err *err);
int cursor_encode(struct buf *out, struct bytes name, struct bytes value);
/* ERR_CORRUPT when it was changed. Borrows from the record. */
int cursor_decode(struct bytes name, struct bytes record, struct bytes *ret_value, struct err *err);

/* How an event names a cursor, so that the removal of a cursor is noticed: a keyed hash of its name, which does not reveal
 * the name, and then a keyed hash of that, by which the ledger recognizes its own claims. */
#define CURSOR_CLAIM 32
void cursor_claim(const uint8_t secret[HASH_LEN], struct bytes name, uint8_t ret[CURSOR_CLAIM]);
/* false: it was not made with this secret, so it claims nothing here. */
bool cursor_claim_is_ours(const uint8_t secret[HASH_LEN], const uint8_t claim[CURSOR_CLAIM]);

#endif
