/* Reading: from the root down, each node copied and hashed before a byte of it is read. Inner nodes are few and are cached,
 * so a walk or many look-ups hash them once. */
#include "projections/rows/hash_tree.h"

#include <stdlib.h>
#include <string.h>

#include "projections/rows/hash_tree_node.h"

#define KEPT 64 /* nodes, by the first bits of their hashes */

struct kept {
    uint8_t hash[HASH_LEN];
    struct buf node; /* empty: a free place */
    unsigned level;
    size_t at; /* where its entries begin */
};

struct hash_tree {
    struct db_txn *txn;
    const char *name;
    uint8_t root[HASH_LEN];
    struct kept kept[KEPT];
};

/* ---- nodes ---- */

static int load(struct hash_tree *tree, const uint8_t hash[HASH_LEN], const struct kept **ret, struct err *err) {
    struct kept *kept = &tree->kept[hash[0] % KEPT];
    if (kept->node.n == 0 || memcmp(kept->hash, hash, HASH_LEN) != 0) {
        int rc = hash_tree_node_load(tree->txn, tree->name, hash, &kept->node, &kept->level, &kept->at, err);
        if (rc != 0) {
            buf_clear(&kept->node);
            return rc;
        }
        memcpy(kept->hash, hash, HASH_LEN);
    }
    *ret = kept;
    return 0;
}

int hash_tree_open(struct db_txn *txn, const char *name, const uint8_t root[HASH_LEN], struct hash_tree **ret,
                   struct err *err) {
    struct hash_tree *tree = calloc(1, sizeof(*tree));
    if (tree == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    tree->txn = txn;
    tree->name = name;
    memcpy(tree->root, root, HASH_LEN);
    for (size_t i = 0; i < KEPT; i++) {
        buf_init(&tree->kept[i].node, HASH_TREE_NODE_MAX);
    }
    *ret = tree;
    return 0;
}

void hash_tree_close(struct hash_tree *tree) {
    if (tree != NULL) {
        for (size_t i = 0; i < KEPT; i++) {
            buf_done(&tree->kept[i].node);
        }
        free(tree);
    }
}

/* ---- descending ---- */

/* The child of an inner node whose range contains `key`; *ret_after: the next child, its key NULL when there is none. */
static int choose(const struct kept *node, struct bytes key, struct hash_tree_entry *ret, struct hash_tree_entry *ret_after,
                  struct err *err) {
    struct hash_tree_entry entry;
    size_t at = node->at;
    int rc = hash_tree_entry_next(bytes_of_buf(&node->node), false, &at, ret, err);
    ret_after->key = (struct bytes){NULL, 0};
    while (rc == 0 && (rc = hash_tree_entry_next(bytes_of_buf(&node->node), false, &at, &entry, err)) == 0) {
        if (bytes_cmp(entry.key, key) > 0) {
            *ret_after = entry;
            return 0;
        }
        *ret = entry;
    }
    return rc == 1 ? 0 : rc;
}

/* The leaf whose range contains `key`. `next` (may be NULL) gets the first key after the leaf, or is empty. 1: the tree is
 * empty.
 * */
static int descend(struct hash_tree *tree, struct bytes key, struct buf *next, const struct kept **ret, struct err *err) {
    static const uint8_t none[HASH_LEN];
    const struct kept *node = NULL;
    struct hash_tree_entry child, after;
    uint8_t hash[HASH_LEN];
    unsigned above = HASH_TREE_LEVELS_MAX;
    if (next != NULL) {
        buf_clear(next);
    }
    memcpy(hash, tree->root, HASH_LEN);
    if (memcmp(hash, none, HASH_LEN) == 0) return 1;
    for (;;) {
        int rc = load(tree, hash, &node, err);
        if (rc == 0 && (node->level >= above || node->node.n == node->at)) {
            rc = hash_tree_damaged(tree->name, err);
        }
        if (rc != 0 || node->level == 0) {
            *ret = node;
            return rc;
        }
        above = node->level;
        rc = choose(node, key, &child, &after, err);
        if (rc == 0 && next != NULL && after.key.p != NULL) {
            buf_clear(next);
            rc = buf_put_bytes(next, after.key) == 0 ? 0 : buf_check(next, "a key", err);
        }
        if (rc != 0) return rc;
        memcpy(hash, child.value.p, HASH_LEN);
    }
}

int hash_tree_get(struct hash_tree *tree, struct bytes key, struct bytes *ret, struct err *err) {
    const struct kept *leaf;
    struct hash_tree_entry entry;
    int rc = descend(tree, key, NULL, &leaf, err);
    if (rc != 0) return rc == 1 ? ERR_NOTFOUND : rc;
    size_t at = leaf->at;
    while ((rc = hash_tree_entry_next(bytes_of_buf(&leaf->node), true, &at, &entry, err)) == 0) {
        int order = bytes_cmp(entry.key, key);
        if (order == 0) {
            *ret = entry.value;
        }
        if (order >= 0) return order == 0 ? 0 : ERR_NOTFOUND;
    }
    return rc == 1 ? ERR_NOTFOUND : rc;
}

/* ---- walking ---- */

void hash_tree_cursor_done(struct hash_tree_cursor *cursor) {
    buf_done(&cursor->leaf);
    buf_done(&cursor->next_key);
    *cursor = (struct hash_tree_cursor){0};
}

/* Moves to the leaf whose range contains `key`. */
static int enter(struct hash_tree_cursor *cursor, struct bytes key, struct err *err) {
    const struct kept *leaf;
    int rc = descend(cursor->tree, key, &cursor->next_key, &leaf, err);
    buf_clear(&cursor->leaf);
    cursor->at = 0;
    if (rc == 0) {
        buf_put_bytes(&cursor->leaf, bytes_of_buf(&leaf->node));
        cursor->at = leaf->at;
        rc = buf_check(&cursor->leaf, "a node", err);
    }
    return rc == 1 ? 0 : rc;
}

int hash_tree_seek(struct hash_tree_cursor *cursor, struct hash_tree *tree, struct bytes key, struct err *err) {
    struct hash_tree_entry entry;
    if (cursor->tree == NULL) {
        buf_init(&cursor->leaf, HASH_TREE_NODE_MAX);
        buf_init(&cursor->next_key, HASH_TREE_KEY_MAX);
    }
    cursor->tree = tree;
    int rc = enter(cursor, key, err);
    for (size_t at = cursor->at; rc == 0; cursor->at = at) {
        rc = hash_tree_entry_next(bytes_of_buf(&cursor->leaf), true, &at, &entry, err);
        if (rc == 0 && bytes_cmp(entry.key, key) >= 0) return 0;
    }
    return rc < 0 ? rc : 0;
}

int hash_tree_next(struct hash_tree_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value, struct err *err) {
    struct hash_tree_entry entry;
    uint8_t key[HASH_TREE_KEY_MAX];
    int rc;
    while ((rc = hash_tree_entry_next(bytes_of_buf(&cursor->leaf), true, &cursor->at, &entry, err)) == 1) {
        size_t n = cursor->next_key.n;
        if (n == 0) return 1;
        memcpy(key, cursor->next_key.p, n);
        rc = enter(cursor, (struct bytes){key, n}, err);
        if (rc != 0) return rc;
    }
    if (rc == 0) {
        *ret_key = entry.key;
        *ret_value = entry.value;
    }
    return rc;
}
