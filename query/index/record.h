/* Single records of the index, in a transaction on derived data. */
#ifndef QUERY_INDEX_RECORD_H
#define QUERY_INDEX_RECORD_H

#include "ledger/core/core.h"
#include "query/columns/columns.h"

struct bytes index_key(uint64_t first, uint32_t events, uint8_t ret[COLUMNS_KEY]);
/* The tree's node over the segment. */
int index_node(struct core_view *view, uint64_t first, uint32_t events, uint8_t ret[EVENT_HASH], struct err *err);
/* The record of exactly this segment, if it was made from the events that `truth` has. */
bool index_record(struct db_txn *txn, struct core_view *truth, uint64_t first, uint32_t events, struct columns_record *ret);
/* The same, if it has a voucher: it is read from a copy, of which each part is proven when it is used. */
bool index_record_vouched(struct ledger *ledger, struct db_txn *txn, struct core_view *truth, uint64_t first,
                          uint32_t events, struct vouched *vouched, struct columns_record *ret);

#endif
