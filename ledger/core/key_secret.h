/* The ledger's secret for idempotency keys. A key that is a hash of content is in the header, which leaves with every
 * proof and bundle, so it must not be a hash that everybody can compute of a guess: sources hash under this secret.
 *
 * It is in the evidence database, so that it lives as long as the keys do, through backups and generations, and leaves
 * it in no other way. It is made with the ledger, and ledger.created and ledger.key_rotated name it by a digest: 32 random
 * bytes cannot be found from that, and one that was taken away or exchanged does not fit. Ledgers of before have it from
 * the time it was first needed, and name it with their next rotation. */
#ifndef LEDGER_CORE_KEY_SECRET_H
#define LEDGER_CORE_KEY_SECRET_H

#include "ledger/core/core.h"

#define KEY_SECRET_LEN    32
#define KEY_SECRET_RECORD "key_secret" /* in T_META: the record of a cursor of this name (cursor.h) */
#define KEY_SECRET_FIELD  "keyed_by"   /* of the events that name it */
#define KEY_SECRET_DIGEST 72           /* "sha256:<hex>" and NUL */

/* ret = the secret. Where there is none it is made, by a commit of its own, unless `make` is false: then ERR_NOTFOUND. All
 * who need it first at the same time get the same one. ERR_CORRUPT: it was changed, or taken away. */
int key_secret_get(struct ledger *ledger, bool make, uint8_t ret[KEY_SECRET_LEN], struct err *err);
/* Within a transaction: ERR_NOTFOUND (err untouched) when there is none. */
int key_secret_look(struct db_txn *txn, uint8_t ret[KEY_SECRET_LEN], struct err *err);
/* Within a write transaction: made where there is none. */
int key_secret_make(struct db_txn *txn, uint8_t ret[KEY_SECRET_LEN], struct err *err);
/* What events name it by. */
void key_secret_digest(const uint8_t secret[KEY_SECRET_LEN], char ret[KEY_SECRET_DIGEST]);
/* The digest in an event's body; false: it names none. */
bool key_secret_named(struct bytes body, struct bytes *ret);
int key_secret_decode(struct bytes record, uint8_t ret[KEY_SECRET_LEN], struct err *err);

#endif
