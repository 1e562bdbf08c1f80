/* The bytes of a node, for hash_tree.c (reads) and hash_tree_update.c (writes). */
#ifndef PROJECTIONS_ROWS_HASH_TREE_NODE_H
#define PROJECTIONS_ROWS_HASH_TREE_NODE_H

#include "base/hash.h"
#include "ledger/store/db.h"

#define HASH_TREE_NODE_MAX   ((size_t)8 << 20)
#define HASH_TREE_LEVELS_MAX 16

struct hash_tree_entry {
    struct bytes key;
    struct bytes value; /* of an inner node: the hash of the node below */
};

/* Copies the node into `out` and checks its hash and its beginning; *ret_at: where its entries begin. ERR_CORRUPT. */
int hash_tree_node_load(struct db_txn *txn, const char *name, const uint8_t hash[HASH_LEN], struct buf *out,
                        unsigned *ret_level, size_t *ret_at, struct err *err);
/* The entry at *at, which moves after it. 0, 1 at the end, ERR_CORRUPT. */
int hash_tree_entry_next(struct bytes node, bool leaf, size_t *at, struct hash_tree_entry *ret, struct err *err);
/* ERR_CORRUPT, in words. */
int hash_tree_damaged(const char *name, struct err *err);

#endif
