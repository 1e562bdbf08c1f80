/* The record of an event's private fields: u8 0 raw or 1 zstd, then the canonical array [bin32 event salt, map]. */
#ifndef LEDGER_PRIVATE_H
#define LEDGER_PRIVATE_H

#include "ledger/event.h"

#define PRIVATE_ZSTD_FROM 512 /* records of at least this many bytes are compressed */

int private_encode(struct buf *out, const uint8_t event_salt[EVENT_HASH], struct bytes map, struct err *err);
/* Unpacks into `scratch`, which owns the bytes that ret_map borrows, and checks the fields against their commitment.
 * ERR_CORRUPT, ERR_TAMPERED. */
int private_decode(struct bytes record, const uint8_t commit[EVENT_HASH], struct buf *scratch, struct bytes *ret_map,
                   struct err *err);

#endif
