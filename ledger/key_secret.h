/* The ledger's secret for idempotency keys. A key that is a hash of content stands in the header, which leaves with every
 * proof and bundle, so it must not be a hash that everybody can compute of a guess: sources hash under this secret.
 *
 * It stands in the evidence database, so that it lives as long as the keys do, through backups and generations, and leaves
 * it in no other way. */
#ifndef LEDGER_KEY_SECRET_H
#define LEDGER_KEY_SECRET_H

#include "ledger/core.h"

#define KEY_SECRET_LEN    32
#define KEY_SECRET_RECORD "key_secret" /* in T_META: the record of a cursor of this name (cursor.h) */

/* ret = the secret. Where there is none it is made, by a commit of its own, unless `make` is false: then ERR_NOTFOUND. All
 * who need it first at the same time get the same one. */
int key_secret_get(struct ledger *ledger, bool make, uint8_t ret[KEY_SECRET_LEN], struct err *err);
int key_secret_decode(struct bytes record, uint8_t ret[KEY_SECRET_LEN], struct err *err);

#endif
