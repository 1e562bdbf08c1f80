/* The ledger's secret for idempotency keys. A key that is a hash of content is in the header, which travels with every
 * proof and bundle, so nobody may be able to compute it from a guess: sources hash under this secret.
 *
 * It is stored in the evidence database, so it lives as long as the keys do, through backups and generations, and is never
 * exported. It is created with the ledger, and ledger.created and ledger.key_rotated name it by a digest: that does not
 * reveal 32 random bytes, but shows whether the secret was removed or replaced. Older ledgers create it when it is first
 * needed, and name it with their next rotation. */
#ifndef LEDGER_CORE_KEY_SECRET_H
#define LEDGER_CORE_KEY_SECRET_H

#include "ledger/core/core.h"

#define KEY_SECRET_LEN    32
#define KEY_SECRET_RECORD "key_secret" /* in T_META: the record of a cursor of this name (cursor.h) */
#define KEY_SECRET_FIELD  "keyed_by"   /* of the events that name it */
#define KEY_SECRET_DIGEST 72           /* "sha256:<hex>" and NUL */

/* ret = the secret. If there is none, it is created by a commit of its own, unless `make` is false: then ERR_NOTFOUND.
 * Concurrent first callers get the same secret. ERR_CORRUPT: it was changed or removed. */
int key_secret_get(struct ledger *ledger, bool make, uint8_t ret[KEY_SECRET_LEN], struct err *err);
/* Within a transaction: ERR_NOTFOUND (err untouched) when there is none. */
int key_secret_look(struct db_txn *txn, uint8_t ret[KEY_SECRET_LEN], struct err *err);
/* Within a write transaction: creates it if there is none. */
int key_secret_make(struct db_txn *txn, uint8_t ret[KEY_SECRET_LEN], struct err *err);
/* The digest by which events name it. */
void key_secret_digest(const uint8_t secret[KEY_SECRET_LEN], char ret[KEY_SECRET_DIGEST]);
/* The digest in an event's body; false: the body names no secret. */
bool key_secret_named(struct bytes body, struct bytes *ret);
int key_secret_decode(struct bytes record, uint8_t ret[KEY_SECRET_LEN], struct err *err);

#endif
