/* The RFC 6962 Merkle tree over SHA-256: right edge, roots, inclusion and consistency proofs, compact ranges.
 * Source: RFC 6962 2.1, RFC 9162 2.1.3 and 2.1.4. Every hash is MERKLE_HASH bytes. */
#ifndef LEDGER_TREE_MERKLE_H
#define LEDGER_TREE_MERKLE_H

#include "base/bytes.h"

#define MERKLE_HASH      32
#define MERKLE_DEPTH_MAX 64  /* a tree of 2^63 leaves has proofs of at most 63 hashes */
#define MERKLE_TILES_MAX 128 /* a compact range [b, size) climbs at most 64 levels and comes down again */

/* The compact range [0, size): the roots of the maximal complete subtrees, largest (leftmost) first, popcount(size) many.
 */
struct merkle_edge {
    uint64_t size;
    uint8_t hash[MERKLE_DEPTH_MAX][MERKLE_HASH];
};

/* The roots of complete aligned subtrees of a stored tree: `level` 0 is a leaf hash, node `index` of level k covers leaves
 * [index << k, (index + 1) << k). Returns 0 and fills ret, or a negative ERR_*. */
typedef int merkle_node_fn(void *ctx, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err);

struct merkle_proof {
    size_t n;
    uint8_t hash[MERKLE_DEPTH_MAX][MERKLE_HASH]; /* inclusion: sibling of the leaf first */
};

void merkle_node(uint8_t ret[MERKLE_HASH], const uint8_t left[MERKLE_HASH], const uint8_t right[MERKLE_HASH]);
/* All nodes over n = 2^k leaves, which are in node[n] .. node[2n - 1]: fills node[1], the root, to node[n - 1]. The
 * children of node[i] are node[2i] and node[2i + 1]. */
void merkle_complete(uint8_t (*node)[MERKLE_HASH], size_t n);
/* A hash as a line of text: base64 and LF. */
int merkle_hash_encode(struct buf *out, const uint8_t hash[MERKLE_HASH]);
/* The strict base64 of exactly MERKLE_HASH bytes, without LF. ERR_INVALID otherwise. */
int merkle_hash_decode(struct bytes base64, uint8_t ret[MERKLE_HASH]);

unsigned merkle_edge_count(uint64_t size);
/* Appends a leaf hash. Returns how many levels were completed by it (the trailing one bits of the old size); when `done` is
 * not NULL, done[k] for k = 1 .. the result is the root of the completed subtree of level k (done[0] is the leaf). */
unsigned merkle_edge_push(struct merkle_edge *edge, const uint8_t leaf[MERKLE_HASH], uint8_t (*done)[MERKLE_HASH]);
/* Appends the root of a complete subtree of 2^level leaves; edge->size must be a multiple of that. Returns how many levels
 * above `level` were completed by it, and fills `done` with their roots, as merkle_edge_push does (done[0] is `root`). */
unsigned merkle_edge_push_subtree(struct merkle_edge *edge, unsigned level, const uint8_t root[MERKLE_HASH],
                                  uint8_t (*done)[MERKLE_HASH]);
/* The tree's root; SHA-256("") for size 0. */
void merkle_edge_root(const struct merkle_edge *edge, uint8_t ret[MERKLE_HASH]);
/* The edge of the stored tree cut to `size` leaves. */
int merkle_edge_load(struct merkle_edge *edge, uint64_t size, merkle_node_fn *node, void *ctx, struct err *err);

/* ERR_INVALID when index >= size, old_size > size, or size > 2^63; otherwise only the callback's
 * failures. */
int merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_node_fn *node, void *ctx, struct merkle_proof *ret,
                           struct err *err);
/* The proof is empty for equal sizes, and for old_size 0, where there is nothing to prove. */
int merkle_prove_consistency(uint64_t old_size, uint64_t size, merkle_node_fn *node, void *ctx, struct merkle_proof *ret,
                             struct err *err);
/* True only when the proof has exactly the right length and leads to `root`. No proof starts from old_size 0: true only
 * when size is 0 too. */
bool merkle_check_inclusion(uint64_t index, uint64_t size, const uint8_t leaf[MERKLE_HASH],
                            const struct merkle_proof *proof, const uint8_t root[MERKLE_HASH]);
bool merkle_check_consistency(uint64_t old_size, uint64_t size, const struct merkle_proof *proof,
                              const uint8_t old_root[MERKLE_HASH], const uint8_t root[MERKLE_HASH]);

/* Range proof for [a, b) of a tree of `size`: the compact ranges [0, a) and [b, size), as text ("ledger/range-proof/v1").
 */
struct merkle_tiles {
    size_t n;
    uint8_t hash[MERKLE_TILES_MAX][MERKLE_HASH];
};
struct merkle_range {
    uint64_t a, b, size;
    struct merkle_proof before; /* compact range [0, a), left to right */
    struct merkle_tiles after;  /* compact range [b, size), left to right */
};
/* ERR_INVALID unless a <= b <= size. */
int merkle_prove_range(uint64_t a, uint64_t b, uint64_t size, merkle_node_fn *node, void *ctx, struct merkle_range *ret,
                       struct err *err);
int merkle_range_encode(struct buf *out, const struct merkle_range *range);
/* Strict: exact line counts, canonical numbers and base64, no trailing bytes. ERR_CORRUPT names the line. */
int merkle_range_decode(struct bytes text, struct merkle_range *ret, struct err *err);
/* Merges [0,a) + the leaves of [a,b) + [b,size) and returns the root they imply: begin, push each leaf, finish. `edge` is
 * the working state; push leaves with merkle_edge_push. ERR_INVALID when the range's numbers and hash counts do not
 * match, or when other than b - a leaves were pushed. */
int merkle_range_begin(const struct merkle_range *range, struct merkle_edge *edge, struct err *err);
int merkle_range_finish(const struct merkle_range *range, struct merkle_edge *edge, uint8_t ret_root[MERKLE_HASH],
                        struct err *err);

#endif
