/* How many events the full segments of the index have: one setting for all of them, in derived data. */
#ifndef QUERY_INDEX_SIZE_H
#define QUERY_INDEX_SIZE_H

#include "ledger/store/db.h"
#include "query/columns/format.h"

/* A power of two between the two limits of query/columns/format.h. */
bool index_size_fits(uint64_t events);
/* The next smaller size of segments; 0: there is none. */
static inline uint32_t index_smaller(uint32_t events) {
    return events / COLUMNS_STEP >= COLUMNS_EVENTS_MIN ? events / COLUMNS_STEP : 0;
}
/* The size of the smallest segments, when full ones have this many events. */
uint32_t index_least(uint32_t events);
/* 0: not set. */
int index_size_get(struct db_txn *txn, uint32_t *ret, struct err *err);
/* Sets the segment size; 0: any size, if one is set at all. A change drops the index. Does not take the write lock when the
 * size is right already. */
int index_size_settle(struct db *db, uint32_t events, uint32_t *ret, struct err *err);
int index_size_forget(struct db_txn *txn, struct err *err);

#endif
