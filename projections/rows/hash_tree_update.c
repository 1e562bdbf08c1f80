/* Changing a tree: the leaves that changes fall into are merged with them and split into nodes again, and so are the inner
 * nodes above. Nodes are split evenly, and only at twice the size of the parts, so that a row that comes and goes does not
 * split and merge them each time. */
#include "projections/rows/hash_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "ledger/derived/derived.h"
#include "projections/rows/hash_tree_node.h"

#define NODE_BYTES 8192 /* of entries; a larger node is split into parts of at least half of this */
#define LIST_MAX   ((size_t)1 << 30)

struct update {
    struct db_txn *txn;
    const char *name;
    struct buf node;    /* being written */
    struct buf old;     /* hashes of nodes that were replaced */
    struct buf written; /* hashes of nodes that were written */
};

/* ---- writing ---- */

static void put_entry(struct buf *out, bool leaf, struct bytes key, struct bytes value) {
    buf_put_be16(out, (uint16_t)key.n);
    buf_put_bytes(out, key);
    if (leaf) {
        buf_put_be32(out, (uint32_t)value.n);
    }
    buf_put_bytes(out, value);
}

/* Writes some entries as a node, and appends its entry for the level above. */
static int put_node(struct update *u, unsigned level, struct bytes entries, struct buf *above, struct err *err) {
    struct hash_tree_entry first;
    uint8_t hash[HASH_LEN];
    size_t at = 0;
    buf_clear(&u->node);
    buf_put_u8(&u->node, (uint8_t)level);
    buf_put_u8(&u->node, (uint8_t)strlen(u->name));
    buf_put_str(&u->node, u->name);
    buf_put_bytes(&u->node, entries);
    int rc = buf_check(&u->node, "a node", err);
    if (rc == 0) rc = hash_tree_entry_next(entries, level == 0, &at, &first, err);
    if (rc != 0) return rc;
    const struct bytes node = bytes_of_buf(&u->node);
    hash_parts(hash, &node, 1);
    put_entry(above, false, first.key, (struct bytes){hash, HASH_LEN});
    buf_put(&u->written, hash, HASH_LEN);
    rc = buf_check(above, "a tree", err);
    if (rc == 0) rc = buf_check(&u->written, "a tree", err);
    if (rc == 0) rc = db_put(u->txn, DERIVED_PROVEN, (struct bytes){hash, HASH_LEN}, node, DB_PUT, err);
    return rc;
}

/* Splits entries into as few nodes as needed, of about equal size. */
static int put_nodes(struct update *u, unsigned level, struct bytes entries, struct buf *above, struct err *err) {
    size_t parts = (entries.n + NODE_BYTES - 1) / NODE_BYTES, part = parts == 0 ? 0 : entries.n / parts, from = 0, at = 0;
    struct hash_tree_entry entry;
    int rc =
        level >= HASH_TREE_LEVELS_MAX ? err_set(err, ERR_LIMIT, "a tree of more than %d levels", HASH_TREE_LEVELS_MAX) : 0;
    while (rc == 0 && from < entries.n) {
        rc = hash_tree_entry_next(entries, level == 0, &at, &entry, err);
        if (rc == 0 && (at - from >= part || at == entries.n)) {
            rc = put_node(u, level, (struct bytes){entries.p + from, at - from}, above, err);
            from = at;
        }
    }
    return rc;
}

/* ---- merging ---- */

static int merge_leaf(struct bytes node, size_t at, const struct hash_tree_change *changes, size_t n, struct buf *out,
                      struct err *err) {
    struct hash_tree_entry entry = {{NULL, 0}, {NULL, 0}};
    size_t i = 0;
    int rc = hash_tree_entry_next(node, true, &at, &entry, err);
    while (rc >= 0 && (rc == 0 || i < n)) {
        int order = rc == 1 ? 1 : i == n ? -1 : bytes_cmp(entry.key, changes[i].key);
        if (order < 0) {
            put_entry(out, true, entry.key, entry.value);
        } else {
            if (changes[i].value.n > 0) {
                put_entry(out, true, changes[i].key, changes[i].value);
            }
            i++;
        }
        rc = order <= 0 ? hash_tree_entry_next(node, true, &at, &entry, err) : rc;
    }
    return rc < 0 ? rc : buf_check(out, "a node", err);
}

static int update_node(struct update *u, const uint8_t hash[HASH_LEN], unsigned below,
                       const struct hash_tree_change *changes, size_t n, struct buf *above, unsigned *ret_level,
                       struct err *err);

/* The changes before the next child; all of them when there is none. */
static size_t count_before(const struct hash_tree_change *changes, size_t n, const struct hash_tree_entry *next) {
    size_t lo = 0, hi = n;
    while (next != NULL && lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (bytes_cmp(changes[mid].key, next->key) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return next == NULL ? n : lo;
}

static int merge_inner(struct update *u, struct bytes node, size_t at, unsigned level,
                       const struct hash_tree_change *changes, size_t n, struct buf *out, struct err *err) {
    struct hash_tree_entry entry, next;
    unsigned ignored;
    int rc = hash_tree_entry_next(node, false, &at, &entry, err);
    while (rc == 0) {
        int end = hash_tree_entry_next(node, false, &at, &next, err);
        size_t mine = count_before(changes, n, end == 0 ? &next : NULL);
        if (end < 0) return end;
        if (mine == 0) {
            put_entry(out, false, entry.key, entry.value);
        } else {
            rc = update_node(u, entry.value.p, level, changes, mine, out, &ignored, err);
        }
        changes += mine;
        n -= mine;
        entry = next;
        if (rc == 0) rc = end;
    }
    return rc < 0 ? rc : buf_check(out, "a node", err);
}

/* The entries of the nodes that replace it go to `above`. Its level must be below `below`. */
static int update_node(struct update *u, const uint8_t hash[HASH_LEN], unsigned below,
                       const struct hash_tree_change *changes, size_t n, struct buf *above, unsigned *ret_level,
                       struct err *err) {
    struct buf node = {.max = HASH_TREE_NODE_MAX}, entries = {.max = LIST_MAX};
    size_t at = 0;
    int rc = hash_tree_node_load(u->txn, u->name, hash, &node, ret_level, &at, err);
    if (rc == 0 && *ret_level >= below) {
        rc = err_set(err, ERR_CORRUPT, "a node of the tree of '%s' is in the wrong place", u->name);
    }
    buf_put(&u->old, hash, HASH_LEN);
    if (rc == 0) rc = buf_check(&u->old, "a tree", err);
    if (rc == 0) {
        rc = *ret_level == 0 ? merge_leaf(bytes_of_buf(&node), at, changes, n, &entries, err)
                             : merge_inner(u, bytes_of_buf(&node), at, *ret_level, changes, n, &entries, err);
    }
    if (rc == 0) rc = put_nodes(u, *ret_level, bytes_of_buf(&entries), above, err);
    buf_done(&entries);
    buf_done(&node);
    return rc;
}

/* ---- the whole tree ---- */

/* Adds levels above the top nodes until there is one node. */
static int put_root(struct update *u, unsigned level, struct buf *top, uint8_t ret[HASH_LEN], struct err *err) {
    struct hash_tree_entry entry = {{NULL, 0}, {NULL, 0}};
    struct buf above = {.max = LIST_MAX};
    int rc = 0;
    for (;;) {
        size_t at = 0;
        rc = hash_tree_entry_next(bytes_of_buf(top), false, &at, &entry, err);
        if (rc != 0 || at == top->n) break;
        buf_clear(&above);
        rc = put_nodes(u, ++level, bytes_of_buf(top), &above, err);
        if (rc != 0) break;
        struct buf swap = *top;
        *top = above;
        above = swap;
    }
    if (rc == 0) {
        memcpy(ret, entry.value.p, HASH_LEN);
    } else if (rc == 1) {
        memset(ret, 0, HASH_LEN);
    }
    buf_done(&above);
    return rc < 0 ? rc : 0;
}

static int cmp_hash(const void *a, const void *b) {
    return memcmp(a, b, HASH_LEN);
}

/* The old nodes that were not written again. */
static int put_replaced(struct update *u, struct buf *replaced, struct err *err) {
    size_t n = u->written.n / HASH_LEN;
    if (n > 1) {
        qsort(u->written.p, n, HASH_LEN, cmp_hash);
    }
    for (size_t i = 0; i < u->old.n; i += HASH_LEN) {
        if (n == 0 || bsearch(u->old.p + i, u->written.p, n, HASH_LEN, cmp_hash) == NULL) {
            buf_put(replaced, u->old.p + i, HASH_LEN);
        }
    }
    return buf_check(replaced, "a list of nodes", err);
}

int hash_tree_update(struct db_txn *txn, const char *name, const uint8_t root[HASH_LEN],
                     const struct hash_tree_change *changes, size_t n, uint8_t ret[HASH_LEN], struct buf *replaced,
                     struct err *err) {
    static const uint8_t none[HASH_LEN];
    struct update u = {.txn = txn, .name = name};
    struct buf top = {.max = LIST_MAX}, entries = {.max = LIST_MAX};
    unsigned level = 0;
    int rc = 0;
    if (n == 0) {
        memmove(ret, root, HASH_LEN);
        return 0;
    }
    buf_init(&u.node, HASH_TREE_NODE_MAX);
    buf_init(&u.old, LIST_MAX);
    buf_init(&u.written, LIST_MAX);
    if (memcmp(root, none, HASH_LEN) != 0) {
        rc = update_node(&u, root, HASH_TREE_LEVELS_MAX, changes, n, &top, &level, err);
    } else {
        rc = merge_leaf((struct bytes){NULL, 0}, 0, changes, n, &entries, err);
        if (rc == 0) rc = put_nodes(&u, 0, bytes_of_buf(&entries), &top, err);
    }
    if (rc == 0) rc = put_root(&u, level, &top, ret, err);
    if (rc == 0) rc = put_replaced(&u, replaced, err);
    buf_done(&entries);
    buf_done(&top);
    buf_done(&u.written);
    buf_done(&u.old);
    buf_done(&u.node);
    return rc;
}

int hash_tree_remove(struct db_txn *txn, struct bytes replaced, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i + HASH_LEN <= replaced.n; i += HASH_LEN) {
        rc = db_del(txn, DERIVED_PROVEN, (struct bytes){replaced.p + i, HASH_LEN}, err);
    }
    return rc;
}
