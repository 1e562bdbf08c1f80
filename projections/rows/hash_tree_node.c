/* A node is copied from its record, and nothing in it is read before the copy was hashed. */
#include "projections/rows/hash_tree_node.h"

#include <string.h>

#include "ledger/derived/derived.h"

int hash_tree_damaged(const char *name, struct err *err) {
    return err_set(err, ERR_CORRUPT, "what is stored of '%s' is damaged: a node of its tree is missing or was changed",
                   name);
}

int hash_tree_node_load(struct db_txn *txn, const char *name, const uint8_t hash[HASH_LEN], struct buf *out,
                        unsigned *ret_level, size_t *ret_at, struct err *err) {
    struct bytes record;
    uint8_t is[HASH_LEN];
    size_t len = strlen(name);
    int rc = db_get(txn, DERIVED_PROVEN, (struct bytes){hash, HASH_LEN}, &record, err);
    if (rc == ERR_NOTFOUND) return hash_tree_damaged(name, err);
    buf_clear(out);
    if (rc == 0 && buf_put_bytes(out, record) != 0) rc = buf_check(out, "a node", err);
    if (rc != 0) return rc;
    const struct bytes copy = bytes_of_buf(out);
    hash_parts(is, &copy, 1);
    if (memcmp(is, hash, HASH_LEN) != 0 || copy.n < 2 + len || copy.p[0] >= HASH_TREE_LEVELS_MAX || copy.p[1] != len ||
        memcmp(copy.p + 2, name, len) != 0) {
        return hash_tree_damaged(name, err);
    }
    *ret_level = copy.p[0];
    *ret_at = 2 + len;
    return 0;
}

int hash_tree_entry_next(struct bytes node, bool leaf, size_t *at, struct hash_tree_entry *ret, struct err *err) {
    size_t i = *at, left = node.n - i;
    if (left == 0) return 1;
    size_t key = left < 2 ? SIZE_MAX : be16_get(node.p + i), front = leaf ? 4 : 0;
    if (left < 2 || left - 2 < key || left - 2 - key < front) {
        return err_set(err, ERR_CORRUPT, "a node of a tree does not parse");
    }
    size_t value = leaf ? be32_get(node.p + i + 2 + key) : HASH_LEN;
    if (left - 2 - key - front < value) {
        return err_set(err, ERR_CORRUPT, "a node of a tree does not parse");
    }
    ret->key = (struct bytes){node.p + i + 2, key};
    ret->value = (struct bytes){node.p + i + 2 + key + front, value};
    *at = i + 2 + key + front + value;
    return 0;
}
