/* The record "columns" of table state. */
#include "query/index/size.h"

#include "ledger/derived/derived.h"

#define STATE_NAME "columns" /* be32: events in a segment */

bool index_size_fits(uint64_t events) {
    return events >= COLUMNS_EVENTS_MIN && events <= COLUMNS_EVENTS && (events & (events - 1)) == 0;
}

uint32_t index_least(uint32_t events) {
    for (uint32_t n = events; n != 0; n = index_smaller(n)) {
        events = n;
    }
    return events;
}

int index_size_get(struct db_txn *txn, uint32_t *ret, struct err *err) {
    struct bytes record;
    int rc = db_get(txn, DERIVED_STATE, bytes_of(STATE_NAME), &record, err);
    *ret = rc == 0 && record.n == 4 && index_size_fits(be32_get(record.p)) ? be32_get(record.p) : 0;
    return rc == ERR_NOTFOUND ? 0 : rc;
}

static int size_now(struct db *db, uint32_t *ret, struct err *err) {
    struct db_txn *txn;
    int rc = db_begin(db, false, &txn, err);
    if (rc == 0) {
        rc = index_size_get(txn, ret, err);
        db_abort(txn);
    }
    return rc;
}

int index_size_settle(struct db *db, uint32_t events, uint32_t *ret, struct err *err) {
    struct db_txn *txn = NULL;
    uint8_t record[4];
    uint32_t now = 0;
    int rc = size_now(db, &now, err);
    if (rc == 0 && (now == 0 || (events != 0 && now != events))) {
        rc = db_begin(db, true, &txn, err);
        if (rc == 0) rc = index_size_get(txn, &now, err);
    }
    if (events == 0) events = now != 0 ? now : COLUMNS_EVENTS;
    if (rc != 0 || now == events) {
        db_abort(txn);
        if (rc == 0) {
            *ret = events;
        }
        return rc;
    }
    be32_put(record, events);
    rc = db_clear(txn, DERIVED_COLUMN, err);
    if (rc == 0) rc = db_put(txn, DERIVED_STATE, bytes_of(STATE_NAME), (struct bytes){record, 4}, DB_PUT, err);
    if (rc != 0) {
        db_abort(txn);
        return rc;
    }
    *ret = events;
    return db_commit(txn, err);
}

int index_size_forget(struct db_txn *txn, struct err *err) {
    return db_del(txn, DERIVED_STATE, bytes_of(STATE_NAME), err);
}
