/* Reading needs no lock. Making takes the write lock and looks again: who came first has made it. */
#include "ledger/key_secret.h"

#include <string.h>

#include "base/crypt.h"
#include "ledger/cursor.h"

int key_secret_decode(struct bytes record, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    struct bytes value;
    if (cursor_decode(bytes_of(KEY_SECRET_RECORD), record, &value, NULL) != 0 || value.n != KEY_SECRET_LEN) {
        return err_set(err, ERR_CORRUPT, "the record '" KEY_SECRET_RECORD "' was changed");
    }
    memcpy(ret, value.p, KEY_SECRET_LEN);
    return 0;
}

static int look(struct db_txn *txn, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    struct bytes record;
    int rc = db_get(txn, T_META, bytes_of(KEY_SECRET_RECORD), &record, err);
    return rc != 0 ? rc : key_secret_decode(record, ret, err);
}

static int put_new(struct db_txn *txn, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    struct buf record;
    crypt_random(ret, KEY_SECRET_LEN);
    buf_init(&record, CURSOR_CHECK + KEY_SECRET_LEN);
    cursor_encode(&record, bytes_of(KEY_SECRET_RECORD), (struct bytes){ret, KEY_SECRET_LEN});
    int rc = buf_check(&record, "a secret", err);
    rc = rc != 0 ? rc : db_put(txn, T_META, bytes_of(KEY_SECRET_RECORD), bytes_of_buf(&record), DB_NEW, err);
    crypt_wipe(record.p, record.n);
    buf_done(&record);
    return rc;
}

/* The part of the quota that is kept back may be used: a full ledger must still tell what it has already. */
static int make_one(struct ledger *ledger, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    struct db_txn *txn = NULL;
    int rc = db_begin_reserved(ledger->evidence, &txn, err);
    rc = rc != 0 ? rc : look(txn, ret, err);
    if (rc != ERR_NOTFOUND || txn == NULL) {
        db_abort(txn);
        return rc;
    }
    rc = put_new(txn, ret, err);
    if (rc != 0) {
        db_abort(txn);
        return rc;
    }
    return db_commit(txn, err);
}

int key_secret_get(struct ledger *ledger, bool make, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    struct db_txn *txn;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) {
        return rc;
    }
    rc = look(txn, ret, err);
    db_abort(txn);
    if (rc == ERR_NOTFOUND && make) {
        pthread_mutex_lock(&ledger->writing);
        rc = make_one(ledger, ret, err);
        pthread_mutex_unlock(&ledger->writing);
    }
    return rc == ERR_NOTFOUND ? err_set(err, rc, "the ledger has no secret for keys yet") : rc;
}
