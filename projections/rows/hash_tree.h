/* A sorted map with one hash that vouches for every byte: a B+tree whose nodes are named by their SHA-256. A reader that
 * has the root's hash from a trusted source need not trust the database that stores the nodes: each node is copied and
 * hashed before it is read, and a replaced one has another name.
 *
 *   root ── be16 key length, key, SHA-256 of the node below · ...          the key is the first one below
 *    └─ leaf ── be16 key length, key, be32 value length, value · ...
 *   every node begins with: u8 level (0: a leaf), u8 length and the map's name
 *
 * Nodes are records of table DERIVED_PROVEN. None is ever changed: an update writes new ones from the leaves up to a new
 * root and lists those it replaced, so the old tree stays complete until they are removed. A tree's shape depends on its
 * history; its content does not. An empty map has no node, and a root of zeros. */
#ifndef PROJECTIONS_ROWS_HASH_TREE_H
#define PROJECTIONS_ROWS_HASH_TREE_H

#include "base/hash.h"
#include "ledger/store/db.h"

#define HASH_TREE_KEY_MAX 1024

/* ---- reading ---- */

struct hash_tree;
/* Borrows `txn` and `name` (at most 255 bytes; it keeps a node of one map from passing for one of another). */
int hash_tree_open(struct db_txn *txn, const char *name, const uint8_t root[HASH_LEN], struct hash_tree **ret,
                   struct err *err);
void hash_tree_close(struct hash_tree *tree); /* NULL is fine */
/* Borrowed until the tree's next call. ERR_NOTFOUND (err untouched); ERR_CORRUPT: a node is missing or was replaced. */
int hash_tree_get(struct hash_tree *tree, struct bytes key, struct bytes *ret, struct err *err);

struct hash_tree_cursor {
    struct hash_tree *tree;
    struct buf leaf;     /* a copy of the current leaf */
    size_t at;           /* of the next entry in it */
    struct buf next_key; /* the first key of the next leaf; empty: none */
};
/* Moves to the first key not before `key`. The cursor is zeroed or was used before. */
int hash_tree_seek(struct hash_tree_cursor *cursor, struct hash_tree *tree, struct bytes key, struct err *err);
/* 0, 1 at the end. Borrowed until the cursor's next call. */
int hash_tree_next(struct hash_tree_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value, struct err *err);
void hash_tree_cursor_done(struct hash_tree_cursor *cursor); /* a zeroed one is fine */

/* ---- changing ---- */

struct hash_tree_change {
    struct bytes key;   /* not empty */
    struct bytes value; /* empty: the key is removed, if present */
};
/* Changes are sorted by key, none twice. Writes the new nodes and returns the new root; appends to `replaced` the hashes of
 * the nodes of the old tree that are not in the new one. */
int hash_tree_update(struct db_txn *txn, const char *name, const uint8_t root[HASH_LEN],
                     const struct hash_tree_change *changes, size_t n, uint8_t ret[HASH_LEN], struct buf *replaced,
                     struct err *err);
/* Removes the nodes of such a list. */
int hash_tree_remove(struct db_txn *txn, struct bytes replaced, struct err *err);

#endif
