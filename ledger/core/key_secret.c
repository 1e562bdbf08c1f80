/* Reading needs no lock. Creating takes the write lock and looks again, since another thread may have created it. A secret
 * that an event names and that is missing was removed: a new one would let every event be imported a second time. */
#include "ledger/core/key_secret.h"

#include <string.h>

#include "base/crypt.h"
#include "base/hash.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/core/cursor.h"

#define DOMAIN "ledger/keyed-by/v1"

void key_secret_digest(const uint8_t secret[KEY_SECRET_LEN], char ret[KEY_SECRET_DIGEST]) {
    uint8_t digest[HASH_LEN];
    const struct bytes parts[] = {{(const uint8_t *)DOMAIN, sizeof(DOMAIN)}, {secret, KEY_SECRET_LEN}};
    hash_parts(digest, parts, 2);
    memcpy(ret, "sha256:", 7);
    text_hex(ret + 7, digest, sizeof(digest));
}

bool key_secret_named(struct bytes body, struct bytes *ret) {
    struct bytes raw;
    struct mp_item item;
    if (mp_map_get(body, KEY_SECRET_FIELD, &raw) != 0 || mp_scalar(raw, &item) != 0 || item.type != MP_STR) {
        return false;
    }
    *ret = item.data;
    return true;
}

int key_secret_decode(struct bytes record, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    struct bytes value;
    if (cursor_decode(bytes_of(KEY_SECRET_RECORD), record, &value, NULL) != 0 || value.n != KEY_SECRET_LEN) {
        return err_set(err, ERR_CORRUPT, "the record '" KEY_SECRET_RECORD "' was changed");
    }
    memcpy(ret, value.p, KEY_SECRET_LEN);
    return 0;
}

int key_secret_look(struct db_txn *txn, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    struct bytes record;
    int rc = db_get(txn, T_META, bytes_of(KEY_SECRET_RECORD), &record, err);
    if (rc == 0) rc = key_secret_decode(record, ret, err);
    return rc;
}

static int put_new(struct db_txn *txn, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    struct buf record = {.max = CURSOR_CHECK + KEY_SECRET_LEN};
    crypt_random(ret, KEY_SECRET_LEN);
    cursor_encode(&record, bytes_of(KEY_SECRET_RECORD), (struct bytes){ret, KEY_SECRET_LEN});
    int rc = buf_check(&record, "a secret", err);
    if (rc == 0) rc = db_put(txn, T_META, bytes_of(KEY_SECRET_RECORD), bytes_of_buf(&record), DB_NEW, err);
    crypt_wipe(record.p, record.n);
    buf_done(&record);
    return rc;
}

/* 1: the event names a secret. */
static int names_one(struct db_txn *txn, const struct head *head, uint64_t seq, struct group *group, struct err *err) {
    struct event_author author;
    struct bytes body, digest;
    int rc = core_group_load(txn, head, seq / EVENT_GROUP, group, NULL, err);
    if (rc == 0) rc = event_payload_decode(group->event[seq % EVENT_GROUP].payload, &body, &author, err);
    if (rc == 0) rc = key_secret_named(body, &digest);
    return rc;
}

/* The events that every ledger has, or will have within a day: the first, and the one that brought the newest key. */
static int check_unnamed(struct db_txn *txn, struct err *err) {
    struct head head;
    struct core_epoch epoch = {.seq = 0};
    int rc = core_head_get(txn, &head, err);
    if (rc != 0 || head.size == 0) return rc;
    struct group *group = group_new();
    rc = group == NULL ? err_set(err, ERR_NOMEM, "out of memory") : core_epoch_get(txn, head.epoch, &epoch, err);
    const uint64_t seqs[] = {0, epoch.seq};
    for (size_t i = 0; i < 2 && rc == 0; i++) {
        rc = names_one(txn, &head, seqs[i], group, err);
        if (rc == 1) {
            rc = err_set(err, ERR_CORRUPT, "the record '" KEY_SECRET_RECORD "' is missing, which event %llu names",
                         (unsigned long long)seqs[i]);
        }
    }
    group_free(group);
    return rc;
}

int key_secret_make(struct db_txn *txn, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    int rc = key_secret_look(txn, ret, err);
    if (rc != ERR_NOTFOUND) return rc;
    rc = check_unnamed(txn, err);
    if (rc == 0) rc = put_new(txn, ret, err);
    return rc;
}

/* May use the reserved part of the quota: a full ledger must still recognize duplicates. */
static int make_one(struct ledger *ledger, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    struct db_txn *txn = NULL;
    int rc = db_begin_reserved(ledger->evidence, &txn, err);
    if (rc != 0) return rc;
    rc = key_secret_make(txn, ret, err);
    return db_end(txn, rc, err);
}

int key_secret_get(struct ledger *ledger, bool make, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    struct db_txn *txn;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    rc = key_secret_look(txn, ret, err);
    db_abort(txn);
    if (rc == ERR_NOTFOUND && make) {
        pthread_mutex_lock(&ledger->write.lock);
        rc = make_one(ledger, ret, err);
        pthread_mutex_unlock(&ledger->write.lock);
    }
    return rc == ERR_NOTFOUND ? err_set(err, rc, "the ledger has no secret for keys yet") : rc;
}
