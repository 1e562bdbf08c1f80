/* A sorted map of which one hash vouches for every byte: a B+tree whose nodes are named by their SHA-256. Whoever knows the
 * root's hash from a source they trust need not trust the database that the nodes are stored in: each node is copied and
 * hashed before it is read, and one that was exchanged has another name.
 *
 *   root ── be16 key length, key, SHA-256 of the node below · ...          the key is the first one below
 *    └─ leaf ── be16 key length, key, be32 value length, value · ...
 *   every node begins with: u8 level (0: a leaf), u8 length and the map's name
 *
 * Nodes are records of table DERIVED_PROVEN. None is ever changed: an update writes new ones from the leaves up to a new
 * root and lists those that it replaced, so that the tree before it stays whole until they are removed. A tree's shape
 * depends on its history; what it holds does not. A map that is empty has no node, and a root of zeros. */
#ifndef PROJECTIONS_ROWS_HASH_TREE_H
#define PROJECTIONS_ROWS_HASH_TREE_H

#include "base/hash.h"
#include "ledger/store/db.h"

#define HASH_TREE_KEY_MAX 1024

/* ---- reading ---- */

struct hash_tree;
/* Borrows `txn` and `name` (at most 255 bytes; it keeps the nodes of one map from passing for another's). */
int hash_tree_open(struct db_txn *txn, const char *name, const uint8_t root[HASH_LEN], struct hash_tree **ret,
                   struct err *err);
void hash_tree_close(struct hash_tree *tree); /* NULL is fine */
/* Borrowed until the tree's next call. ERR_NOTFOUND (err untouched); ERR_CORRUPT: a node is missing or was exchanged. */
int hash_tree_get(struct hash_tree *tree, struct bytes key, struct bytes *ret, struct err *err);

struct hash_tree_cursor {
    struct hash_tree *tree;
    struct buf leaf;     /* a copy of the one it is in */
    size_t at;           /* of the next entry in it */
    struct buf next_key; /* the first key of the leaf after it; empty: there is none */
};
/* At the first key that is not before `key`. A zeroed cursor, or one that was used before. */
int hash_tree_seek(struct hash_tree_cursor *cursor, struct hash_tree *tree, struct bytes key, struct err *err);
/* 0, 1 at the end. Borrowed until the cursor's next call. */
int hash_tree_next(struct hash_tree_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value, struct err *err);
void hash_tree_cursor_done(struct hash_tree_cursor *cursor); /* a zeroed one is fine */

/* ---- changing ---- */

struct hash_tree_change {
    struct bytes key;   /* not empty */
    struct bytes value; /* empty: it goes, if it is there */
};
/* Changes are sorted by key, none twice. Writes the new nodes and gives the new root; appends the hashes of the nodes that
 * are in the tree before and not in the one after to `replaced`. */
int hash_tree_update(struct db_txn *txn, const char *name, const uint8_t root[HASH_LEN],
                     const struct hash_tree_change *changes, size_t n, uint8_t ret[HASH_LEN], struct buf *replaced,
                     struct err *err);
/* Removes the nodes of such a list. */
int hash_tree_remove(struct db_txn *txn, struct bytes replaced, struct err *err);

#endif
