/* What the Merkle tests share: a naive tree built directly from the definition in RFC 6962, a huge tree whose leaves are
 * all the same, so that its nodes need no storage, and JSON vectors. */
#ifndef TESTS_LEDGER_MERKLE_TREES_H
#define TESTS_LEDGER_MERKLE_TREES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/tree/merkle.h"

#define NAIVE_MAX 131 /* leaves of the naive tree */

static uint8_t leaves[NAIVE_MAX][MERKLE_HASH];
static uint8_t roots[NAIVE_MAX + 1][MERKLE_HASH];

/* MTH of leaves [first, first + n) as RFC 6962 2.1 defines it, n > 0. */
static inline void naive_root(size_t first, size_t n, uint8_t ret[MERKLE_HASH]) {
    if (n == 1) {
        memcpy(ret, leaves[first], MERKLE_HASH);
        return;
    }
    size_t k = 1;
    while (k * 2 < n) {
        k *= 2;
    }
    uint8_t left[MERKLE_HASH];
    uint8_t right[MERKLE_HASH];
    naive_root(first, k, left);
    naive_root(first + k, n - k, right);
    merkle_node(ret, left, right);
}

struct naive {
    uint64_t size;
    size_t calls;
    size_t fail_at; /* this call fails; SIZE_MAX: none */
};

static inline int naive_node(void *ctx, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err) {
    struct naive *tree = ctx;
    assert_true(level < 63);
    assert_true((index + 1) << level <= tree->size); /* only complete subtrees are requested */
    if (tree->calls++ == tree->fail_at) return err_set(err, ERR_IO, "node cannot be read");
    naive_root((size_t)(index << level), (size_t)1 << level, ret);
    return 0;
}

static inline struct naive naive_of(uint64_t size) {
    return (struct naive){.size = size, .fail_at = SIZE_MAX};
}

static inline int make_naive(void **state) {
    (void)state;
    struct merkle_edge edge = {.size = 0};
    merkle_edge_root(&edge, roots[0]);
    for (size_t i = 0; i < NAIVE_MAX; i++) {
        char data[32];
        snprintf(data, sizeof(data), "naive %zu", i);
        hash_tagged(leaves[i], 0x00, bytes_of(data));
        naive_root(0, i + 1, roots[i + 1]);
    }
    return 0;
}

/* All leaves are alike, so the root of a complete subtree depends only on its level. */
static inline int uniform_node(void *ctx, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err) {
    const uint64_t *size = ctx;
    (void)err;
    assert_true(level < 64);
    assert_true(index < *size >> level);
    memcpy(ret, leaves[0], MERKLE_HASH);
    for (unsigned i = 0; i < level; i++) {
        merkle_node(ret, ret, ret);
    }
    return 0;
}

static inline void uniform_root(uint64_t size, uint8_t ret[MERKLE_HASH]) {
    struct merkle_edge edge;
    assert_int_equal(merkle_edge_load(&edge, size, uniform_node, &size, NULL), 0);
    merkle_edge_root(&edge, ret);
}

static const uint64_t huge_sizes[] = {UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1, (UINT64_C(1) << 62) + 1,
                                      UINT64_C(0x5555555555555555), UINT64_C(0x7000000000000001)};
static const uint64_t huge_positions[] = {1, 2, 3, UINT64_C(0x123456789abcdef), UINT64_C(1) << 62, (UINT64_C(1) << 62) - 1};

static inline void load_json(const char *path, const char *quote, struct buf *ret_mp) {
    struct buf text, quoted;
    struct err err = {0};
    buf_init(&text, 1 << 20);
    buf_init(&quoted, 1 << 20);
    buf_init(ret_mp, 1 << 20);
    if (file_read(path, &text, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    buf_put_u8(&text, 0);
    assert_int_equal(text.fail, 0);
    const char *rest = (const char *)text.p;
    for (const char *at; quote != NULL && (at = strstr(rest, quote)) != NULL; rest = at + strlen(quote)) {
        buf_put(&quoted, rest, (size_t)(at - rest));
        buf_printf(&quoted, "\"%s\"", quote);
    }
    buf_put_str(&quoted, rest);
    assert_int_equal(quoted.fail, 0);
    if (json_to_mp(bytes_of_buf(&quoted), ret_mp, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    buf_done(&text);
    buf_done(&quoted);
}

static inline struct mp_item field(struct bytes map, const char *key) {
    struct bytes raw;
    struct mp_item item;
    assert_int_equal(mp_map_get(map, key, &raw), 0);
    assert_int_equal(mp_scalar(raw, &item), 0);
    return item;
}

static inline uint64_t number_field(struct bytes map, const char *key) {
    struct mp_item item = field(map, key);
    uint64_t n = item.uint;
    if (item.type == MP_STR) {
        assert_int_equal(text_parse_u64(item.data, &n), 0);
    } else {
        assert_int_equal(item.type, MP_UINT);
    }
    return n;
}

#endif
