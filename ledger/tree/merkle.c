/* The RFC 6962 tree. Nothing here holds a tree: writers carry the right edge, provers ask a callback for the roots of
 * complete aligned subtrees, checkers see only hashes.
 *
 * The edge of seven leaves, and what an eighth leaf h does to it:
 *
 *           A              size 7 = 0b111: hash[] = { A, B, C }
 *        /     \           h joins C, the result joins B, then A: one hash is left,
 *       .       .    B     and the subtrees of level 1, 2 and 3 are complete.
 *      / \     / \  / \
 *     0   1   2  3 4   5  C=6
 *
 * A proof is built from the root down, so its hashes are produced in the reverse of the order in which they are read. A
 * left sibling is a complete subtree; a right one may be ragged, and is then folded from the complete ones that tile it.
 */
#include "ledger/tree/merkle.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

void merkle_node(uint8_t ret[MERKLE_HASH], const uint8_t left[MERKLE_HASH], const uint8_t right[MERKLE_HASH]) {
    uint8_t input[1 + 2 * MERKLE_HASH] = {0x01};
    const struct bytes all = {input, sizeof(input)};
    memcpy(input + 1, left, MERKLE_HASH);
    memcpy(input + 1 + MERKLE_HASH, right, MERKLE_HASH);
    hash_parts(ret, &all, 1);
}

void merkle_complete(uint8_t (*node)[MERKLE_HASH], size_t n) {
    for (size_t i = n - 1; i > 0; i--) {
        merkle_node(node[i], node[2 * i], node[2 * i + 1]);
    }
}

int merkle_hash_encode(struct buf *out, const uint8_t hash[MERKLE_HASH]) {
    text_base64(out, hash, MERKLE_HASH);
    return buf_put_str(out, "\n");
}

int merkle_hash_decode(struct bytes base64, uint8_t ret[MERKLE_HASH]) {
    return text_unbase64_of(ret, MERKLE_HASH, base64);
}

/* ---- the right edge ----------------------------------------------------------------------------------------------- */

unsigned merkle_edge_count(uint64_t size) {
    return (unsigned)__builtin_popcountll(size);
}

static unsigned push(struct merkle_edge *edge, unsigned level, const uint8_t root[MERKLE_HASH],
                     uint8_t (*done)[MERKLE_HASH]) {
    uint64_t width = UINT64_C(1) << level;
    assert((edge->size & (width - 1)) == 0 && edge->size <= UINT64_MAX - width);
    unsigned n = merkle_edge_count(edge->size);
    unsigned joined = 0;
    uint8_t h[MERKLE_HASH];
    memcpy(h, root, MERKLE_HASH);
    if (done != NULL) {
        memcpy(done[0], h, MERKLE_HASH);
    }
    for (uint64_t i = edge->size >> level; (i & 1) != 0; i >>= 1) {
        merkle_node(h, edge->hash[--n], h);
        joined++;
        if (done != NULL) {
            memcpy(done[joined], h, MERKLE_HASH);
        }
    }
    memcpy(edge->hash[n], h, MERKLE_HASH);
    edge->size += width;
    return joined;
}

unsigned merkle_edge_push(struct merkle_edge *edge, const uint8_t leaf[MERKLE_HASH], uint8_t (*done)[MERKLE_HASH]) {
    return push(edge, 0, leaf, done);
}

unsigned merkle_edge_push_subtree(struct merkle_edge *edge, unsigned level, const uint8_t root[MERKLE_HASH],
                                  uint8_t (*done)[MERKLE_HASH]) {
    return push(edge, level, root, done);
}

void merkle_edge_root(const struct merkle_edge *edge, uint8_t ret[MERKLE_HASH]) {
    unsigned n = merkle_edge_count(edge->size);
    if (n == 0) {
        hash_parts(ret, NULL, 0);
        return;
    }
    uint8_t h[MERKLE_HASH];
    memcpy(h, edge->hash[--n], MERKLE_HASH);
    while (n > 0) {
        merkle_node(h, edge->hash[--n], h);
    }
    memcpy(ret, h, MERKLE_HASH);
}

/* The complete subtrees that tile [first, first + size), where `first` is a multiple of a power of two that is not smaller
 * than size: one for each bit of size, largest first, like an edge that starts at `first`. */
static int load(struct merkle_edge *edge, uint64_t first, uint64_t size, merkle_node_fn *node, void *ctx, struct err *err) {
    unsigned n = 0;
    uint64_t at = first;
    edge->size = size;
    for (uint64_t left = size; left != 0;) {
        unsigned level = 63 - (unsigned)__builtin_clzll(left);
        int rc = node(ctx, level, at >> level, edge->hash[n++], err);
        if (rc != 0) return rc;
        at += UINT64_C(1) << level;
        left &= ~(UINT64_C(1) << level);
    }
    return 0;
}

int merkle_edge_load(struct merkle_edge *edge, uint64_t size, merkle_node_fn *node, void *ctx, struct err *err) {
    struct merkle_edge loaded;
    int rc = load(&loaded, 0, size, node, ctx, err);
    if (rc == 0) {
        edge->size = size;
        memcpy(edge->hash, loaded.hash, merkle_edge_count(size) * sizeof(edge->hash[0]));
    }
    return rc;
}

/* ---- building proofs ---------------------------------------------------------------------------------------------- */

static int subtree_root(uint64_t first, uint64_t size, merkle_node_fn *node, void *ctx, uint8_t ret[MERKLE_HASH],
                        struct err *err) {
    struct merkle_edge edge;
    int rc = load(&edge, first, size, node, ctx, err);
    if (rc == 0) {
        merkle_edge_root(&edge, ret);
    }
    return rc;
}

/* Above this a consistency proof can have 65 hashes. */
#define PROVE_SIZE_MAX (UINT64_C(1) << 63)

/* The largest power of two below n; n > 1. */
static uint64_t split_of(uint64_t n) {
    return UINT64_C(1) << (63 - (unsigned)__builtin_clzll(n - 1));
}

static void give_reversed(struct merkle_proof *ret, const struct merkle_proof *down) {
    ret->n = down->n;
    for (size_t i = 0; i < down->n; i++) {
        memcpy(ret->hash[i], down->hash[down->n - 1 - i], MERKLE_HASH);
    }
}

int merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_node_fn *node, void *ctx, struct merkle_proof *ret,
                           struct err *err) {
    if (index >= size || size > PROVE_SIZE_MAX) {
        return err_set(err, ERR_INVALID, "leaf %llu is not in a tree of %llu leaves", (unsigned long long)index,
                       (unsigned long long)size);
    }
    struct merkle_proof down = {.n = 0};
    uint64_t first = 0;
    uint64_t n = size;
    while (n > 1) {
        uint64_t k = split_of(n);
        bool left = index - first < k;
        int rc = left ? subtree_root(first + k, n - k, node, ctx, down.hash[down.n], err)
                      : subtree_root(first, k, node, ctx, down.hash[down.n], err);
        if (rc != 0) return rc;
        down.n++;
        first += left ? 0 : k;
        n = left ? k : n - k;
    }
    give_reversed(ret, &down);
    return 0;
}

int merkle_prove_consistency(uint64_t old_size, uint64_t size, merkle_node_fn *node, void *ctx, struct merkle_proof *ret,
                             struct err *err) {
    if (old_size > size || size > PROVE_SIZE_MAX) {
        return err_set(err, ERR_INVALID, "a tree of %llu leaves cannot come before one of %llu",
                       (unsigned long long)old_size, (unsigned long long)size);
    }
    struct merkle_proof down = {.n = 0};
    uint64_t first = 0;
    uint64_t n = size;
    int rc = 0;
    /* Walks down to the subtree in which the old tree ends exactly where a subtree of the new one ends. */
    while (rc == 0 && old_size != 0 && old_size - first < n) {
        uint64_t k = split_of(n);
        bool left = old_size - first <= k;
        rc = left ? subtree_root(first + k, n - k, node, ctx, down.hash[down.n], err)
                  : subtree_root(first, k, node, ctx, down.hash[down.n], err);
        down.n++;
        first += left ? 0 : k;
        n = left ? k : n - k;
    }
    if (rc == 0 && first != 0) { /* that subtree is not the whole old tree, whose root the checker knows */
        rc = subtree_root(first, n, node, ctx, down.hash[down.n++], err);
    }
    if (rc == 0) {
        give_reversed(ret, &down);
    }
    return rc;
}

/* ---- checking proofs ---------------------------------------------------------------------------------------------- */

static bool same(const uint8_t a[MERKLE_HASH], const uint8_t b[MERKLE_HASH]) {
    return memcmp(a, b, MERKLE_HASH) == 0;
}

bool merkle_check_inclusion(uint64_t index, uint64_t size, const uint8_t leaf[MERKLE_HASH],
                            const struct merkle_proof *proof, const uint8_t root[MERKLE_HASH]) {
    if (index >= size || proof->n > MERKLE_DEPTH_MAX) return false;
    uint64_t fn = index;
    uint64_t sn = size - 1;
    uint8_t r[MERKLE_HASH];
    memcpy(r, leaf, MERKLE_HASH);
    for (size_t i = 0; i < proof->n; i++) {
        if (sn == 0) return false;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(r, proof->hash[i], r);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(r, r, proof->hash[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && same(r, root);
}

bool merkle_check_consistency(uint64_t old_size, uint64_t size, const struct merkle_proof *proof,
                              const uint8_t old_root[MERKLE_HASH], const uint8_t root[MERKLE_HASH]) {
    if (old_size == size) return proof->n == 0 && same(old_root, root);
    if (old_size > size || old_size == 0 || proof->n == 0 || proof->n > MERKLE_DEPTH_MAX) {
        return false;
    }
    uint64_t fn = old_size - 1;
    uint64_t sn = size - 1;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    /* A complete old tree is a subtree of the new one: its root starts the walk and is not in the proof. */
    bool complete = (old_size & (old_size - 1)) == 0;
    uint8_t fr[MERKLE_HASH];
    uint8_t sr[MERKLE_HASH];
    memcpy(fr, complete ? old_root : proof->hash[0], MERKLE_HASH);
    memcpy(sr, fr, MERKLE_HASH);
    for (size_t i = complete ? 0 : 1; i < proof->n; i++) {
        if (sn == 0) return false;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node(fr, proof->hash[i], fr);
            merkle_node(sr, proof->hash[i], sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(sr, sr, proof->hash[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && same(fr, old_root) && same(sr, root);
}
