/* One record of the index, compared with the tree and with its voucher. */
#include "query/index/record.h"

#include <string.h>

#include "ledger/derived/derived.h"

struct bytes index_key(uint64_t first, uint32_t events, uint8_t ret[COLUMNS_KEY]) {
    be64_put(ret, first);
    ret[8] = (uint8_t)__builtin_ctz(events);
    return (struct bytes){ret, COLUMNS_KEY};
}

int index_node(struct core_view *view, uint64_t first, uint32_t events, uint8_t ret[EVENT_HASH], struct err *err) {
    unsigned level = (unsigned)__builtin_ctz(events);
    return core_node(view, level, first >> level, ret, err);
}

bool index_record(struct db_txn *txn, struct core_view *truth, uint64_t first, uint32_t events,
                  struct columns_record *ret) {
    uint8_t key[COLUMNS_KEY], node[EVENT_HASH];
    struct bytes record;
    return db_get(txn, DERIVED_COLUMN, index_key(first, events, key), &record, NULL) == 0 && columns_open(record, ret) &&
           ret->first == first && ret->events == events && index_node(truth, first, events, node, NULL) == 0 &&
           memcmp(ret->node, node, sizeof(node)) == 0;
}

bool index_record_vouched(struct ledger *ledger, struct db_txn *txn, struct core_view *truth, uint64_t first,
                          uint32_t events, struct vouched *vouched, struct columns_record *ret) {
    uint8_t key[COLUMNS_KEY];
    struct bytes record;
    struct vouch_piece piece;
    return db_get(txn, DERIVED_COLUMN, index_key(first, events, key), &record, NULL) == 0 &&
           record.n <= COLUMNS_RECORD_MAX && vouch_piece(truth, VOUCH_COLUMNS, first, events, &piece, NULL) == 0 &&
           vouched_open(vouched, ledger, txn, &piece, record) && columns_open_vouched(vouched, ret) &&
           ret->first == first && ret->events == events && memcmp(ret->node, piece.node, EVENT_HASH) == 0;
}
