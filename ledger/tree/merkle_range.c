/* Range proofs: they prove that the given leaves are all the leaves [a, b) of a tree whose root is known.
 *
 *     0 ........ a ............ b ........ size
 *     |  before  |  the leaves  |  after   |
 *
 * `before` and `after` are the maximal complete subtrees that tile the rest of the tree. Together with the leaves they
 * imply exactly one root. The tiles follow from the numbers alone, so a proof has no freedom: a, b and size fix its hash
 * counts. Text:
 *
 *   ledger/range-proof/v1
 *   <a> <b> <size>
 *   <base64 hash> *          [0, a), left to right
 *   (empty line)
 *   <base64 hash> *          [b, size), left to right */
#include "ledger/tree/merkle.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "ledger/tree/line.h"

#define RANGE_MAGIC "ledger/range-proof/v1"

/* The level of the leftmost maximal subtree of [at, end); at < end. */
static unsigned tile_level(uint64_t at, uint64_t end) {
    unsigned fits = 63 - (unsigned)__builtin_clzll(end - at);
    unsigned aligned = at == 0 ? 63 : (unsigned)__builtin_ctzll(at);
    return aligned < fits ? aligned : fits;
}

static size_t tile_count(uint64_t from, uint64_t end) {
    size_t n = 0;
    for (uint64_t at = from; at < end; at += UINT64_C(1) << tile_level(at, end)) {
        n++;
    }
    return n;
}

static int load_tiles(uint64_t from, uint64_t end, merkle_node_fn *node, void *ctx, uint8_t (*hash)[MERKLE_HASH],
                      size_t *ret_n, struct err *err) {
    size_t n = 0;
    uint64_t at = from;
    while (at < end) {
        unsigned level = tile_level(at, end);
        int rc = node(ctx, level, at >> level, hash[n++], err);
        if (rc != 0) return rc;
        at += UINT64_C(1) << level;
    }
    *ret_n = n;
    return 0;
}

static int check_numbers(uint64_t a, uint64_t b, uint64_t size, struct err *err) {
    if (a > b || b > size) {
        return err_set(err, ERR_INVALID, "[%" PRIu64 ", %" PRIu64 ") is not a range of a tree of %" PRIu64 " leaves", a, b,
                       size);
    }
    return 0;
}

int merkle_prove_range(uint64_t a, uint64_t b, uint64_t size, merkle_node_fn *node, void *ctx, struct merkle_range *ret,
                       struct err *err) {
    struct merkle_range range = {.a = a, .b = b, .size = size};
    int rc = check_numbers(a, b, size, err);
    if (rc == 0) rc = load_tiles(0, a, node, ctx, range.before.hash, &range.before.n, err);
    if (rc == 0) rc = load_tiles(b, size, node, ctx, range.after.hash, &range.after.n, err);
    if (rc == 0) {
        *ret = range;
    }
    return rc;
}

int merkle_range_encode(struct buf *out, const struct merkle_range *range) {
    buf_printf(out, RANGE_MAGIC "\n%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", range->a, range->b, range->size);
    for (size_t i = 0; i < range->before.n; i++) {
        merkle_hash_encode(out, range->before.hash[i]);
    }
    buf_put_str(out, "\n");
    for (size_t i = 0; i < range->after.n; i++) {
        merkle_hash_encode(out, range->after.hash[i]);
    }
    return out->fail;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static int decode_numbers(struct line_reader *in, struct merkle_range *range, struct err *err) {
    struct bytes line;
    struct bytes a, b, size;
    if (!line_next(in, &line) || !line_field(&line, &a) || !line_field(&line, &b) || !line_field(&line, &size) ||
        line.p != NULL || text_parse_u64(a, &range->a) != 0 || text_parse_u64(b, &range->b) != 0 ||
        text_parse_u64(size, &range->size) != 0) {
        return err_set(err, ERR_CORRUPT, "line 2: must be '<a> <b> <size>' in decimal");
    }
    if (check_numbers(range->a, range->b, range->size, err) != 0) {
        return err_set(err, ERR_CORRUPT, "line 2: a must be at most b, and b at most size");
    }
    return 0;
}

static int decode_hashes(struct line_reader *in, uint8_t (*hash)[MERKLE_HASH], size_t n, struct err *err) {
    for (size_t i = 0; i < n; i++) {
        struct bytes line;
        if (!line_next(in, &line)) {
            return err_set(err, ERR_CORRUPT, "line %zu: a hash is missing, the text ends", in->number + 1);
        }
        if (merkle_hash_decode(line, hash[i]) != 0) {
            return err_set(err, ERR_CORRUPT, "line %zu: must be a hash of 32 bytes in base64", in->number);
        }
    }
    return 0;
}

int merkle_range_decode(struct bytes text, struct merkle_range *ret, struct err *err) {
    struct merkle_range range = {.a = 0};
    struct line_reader in;
    struct bytes line;
    line_init(&in, text);
    if (!line_next(&in, &line) || !bytes_is(line, RANGE_MAGIC)) {
        return err_set(err, ERR_CORRUPT, "line 1: must be '" RANGE_MAGIC "'");
    }
    int rc = decode_numbers(&in, &range, err);
    if (rc != 0) return rc;
    range.before.n = tile_count(0, range.a);
    range.after.n = tile_count(range.b, range.size);
    rc = decode_hashes(&in, range.before.hash, range.before.n, err);
    if (rc != 0) return rc;
    if (!line_next(&in, &line) || line.n != 0) {
        return err_set(err, ERR_CORRUPT, "line %zu: must be empty, [0, %" PRIu64 ") has %zu hashes", range.before.n + 3,
                       range.a, range.before.n);
    }
    rc = decode_hashes(&in, range.after.hash, range.after.n, err);
    if (rc != 0) return rc;
    if (in.rest.n != 0) {
        return err_set(err, ERR_CORRUPT, "line %zu: nothing may follow, [%" PRIu64 ", %" PRIu64 ") has %zu hashes",
                       in.number + 1, range.b, range.size, range.after.n);
    }
    *ret = range;
    return 0;
}

/* ---- merging ------------------------------------------------------------------------------------------------------ */

int merkle_range_begin(const struct merkle_range *range, struct merkle_edge *edge, struct err *err) {
    int rc = check_numbers(range->a, range->b, range->size, err);
    if (rc != 0) return rc;
    if (range->before.n != tile_count(0, range->a) || range->after.n != tile_count(range->b, range->size)) {
        return err_set(err, ERR_INVALID, "the range proof has the wrong number of hashes");
    }
    edge->size = range->a;
    memcpy(edge->hash, range->before.hash, range->before.n * sizeof(edge->hash[0]));
    return 0;
}

int merkle_range_finish(const struct merkle_range *range, struct merkle_edge *edge, uint8_t ret_root[MERKLE_HASH],
                        struct err *err) {
    if (edge->size != range->b) {
        return err_set(err, ERR_INVALID, "the range ends at leaf %" PRIu64 ", and its leaves at %" PRIu64, range->b,
                       edge->size);
    }
    if (range->b > range->size || range->after.n != tile_count(range->b, range->size)) {
        return err_set(err, ERR_INVALID, "the range proof has the wrong number of hashes");
    }
    for (size_t i = 0; i < range->after.n; i++) {
        merkle_edge_push_subtree(edge, tile_level(edge->size, range->size), range->after.hash[i], NULL);
    }
    merkle_edge_root(edge, ret_root);
    return 0;
}
