/* Range proofs: their vectors, every range of small trees, huge trees, and every malformed text with its error. */
#include "tests/ledger/merkle_trees.h"

static void range_case(struct bytes c) {
    struct merkle_range range, again;
    struct merkle_edge edge;
    struct err err = {0};
    struct buf text;
    uint8_t root[MERKLE_HASH];
    char hex[2 * MERKLE_HASH + 1];
    struct bytes proof = field(c, "proof").data;
    buf_init(&text, 1 << 20);
    if (merkle_range_decode(proof, &range, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(range.a, number_field(c, "a"));
    assert_int_equal(range.b, number_field(c, "b"));
    assert_int_equal(range.size, number_field(c, "size"));
    assert_int_equal(merkle_range_begin(&range, &edge, &err), 0);
    for (uint64_t i = range.a; i < range.b; i++) {
        char data[32];
        uint8_t leaf[MERKLE_HASH];
        snprintf(data, sizeof(data), "leaf %llu", (unsigned long long)i);
        hash_tagged(leaf, 0x00, bytes_of(data));
        merkle_edge_push(&edge, leaf, NULL);
    }
    assert_int_equal(merkle_range_finish(&range, &edge, root, &err), 0);
    text_hex(hex, root, MERKLE_HASH);
    assert_true(bytes_is(field(c, "root").data, hex));
    assert_int_equal(merkle_range_encode(&text, &range), 0);
    assert_true(bytes_eq(bytes_of_buf(&text), proof));
    for (size_t n = 0; n < proof.n; n++) {
        again.a = 77;
        assert_int_equal(merkle_range_decode((struct bytes){proof.p, n}, &again, &err), ERR_CORRUPT);
        assert_int_equal(again.a, 77);
    }
    buf_put_str(&text, "\n");
    assert_int_equal(merkle_range_decode(bytes_of_buf(&text), &again, &err), ERR_CORRUPT);
    buf_done(&text);
}

static void the_range_vectors_give_their_roots_and_refuse_every_truncation(void **state) {
    (void)state;
    struct buf mp;
    struct bytes proofs, cases;
    struct mp_reader reader;
    struct mp_item head;
    load_json("tests/vectors/events.json", NULL, &mp);
    assert_int_equal(mp_map_get(bytes_of_buf(&mp), "range_proofs", &proofs), 0);
    assert_int_equal(mp_map_get(proofs, "cases", &cases), 0);
    mp_reader_init(&reader, cases);
    assert_int_equal(mp_next(&reader, &head, NULL), 0);
    assert_int_equal(head.type, MP_ARRAY);
    assert_true(head.count > 3);
    for (uint32_t i = 0; i < head.count; i++) {
        struct bytes c;
        assert_int_equal(mp_skip(&reader, 1, &c, NULL), 0);
        range_case(c);
    }
    buf_done(&mp);
}

/* ---- ranges ------------------------------------------------------------------------------------------------------- */

/* The root that a range proof and the naive tree's leaves [a, b) imply. */
static int implied_root(const struct merkle_range *range, uint8_t ret[MERKLE_HASH]) {
    struct merkle_edge edge;
    int rc = merkle_range_begin(range, &edge, NULL);
    for (uint64_t i = range->a; rc == 0 && i < range->b; i++) {
        merkle_edge_push(&edge, leaves[i], NULL);
    }
    if (rc == 0) rc = merkle_range_finish(range, &edge, ret, NULL);
    return rc;
}

static void every_range_proof_leads_to_the_root(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 16);
    for (uint64_t size = 0; size < NAIVE_MAX; size += size < 40 ? 1 : 15) {
        for (uint64_t a = 0; a <= size; a++) {
            for (uint64_t b = a; b <= size; b++) {
                struct naive tree = naive_of(size);
                struct merkle_range range, decoded;
                uint8_t root[MERKLE_HASH];
                assert_int_equal(merkle_prove_range(a, b, size, naive_node, &tree, &range, NULL), 0);
                buf_clear(&text);
                assert_int_equal(merkle_range_encode(&text, &range), 0);
                assert_int_equal(merkle_range_decode(bytes_of_buf(&text), &decoded, NULL), 0);
                assert_int_equal(implied_root(&decoded, root), 0);
                assert_memory_equal(root, roots[size], MERKLE_HASH);
            }
        }
    }
    buf_done(&text);
}

static void every_changed_hash_of_a_range_proof_changes_the_root(void **state) {
    (void)state;
    struct naive tree = naive_of(101);
    struct merkle_range range;
    uint8_t root[MERKLE_HASH];
    assert_int_equal(merkle_prove_range(29, 71, 101, naive_node, &tree, &range, NULL), 0);
    assert_true(range.before.n == 4 && range.after.n > 4);
    for (size_t i = 0; i < range.before.n + range.after.n; i++) {
        struct merkle_range bad = range;
        uint8_t *hash = i < range.before.n ? bad.before.hash[i] : bad.after.hash[i - range.before.n];
        hash[i] ^= 4;
        assert_int_equal(implied_root(&bad, root), 0);
        assert_memory_not_equal(root, roots[101], MERKLE_HASH);
    }
}

static void a_range_proof_with_a_wrong_number_of_hashes_or_leaves_is_refused(void **state) {
    (void)state;
    struct naive tree = naive_of(101);
    struct merkle_range range, bad;
    struct merkle_edge edge;
    struct err err = {0};
    uint8_t root[MERKLE_HASH] = {0};
    assert_int_equal(merkle_prove_range(29, 71, 101, naive_node, &tree, &range, NULL), 0);
    bad = range;
    bad.before.n--;
    assert_int_equal(merkle_range_begin(&bad, &edge, &err), ERR_INVALID);
    bad = range;
    bad.after.n++;
    assert_int_equal(merkle_range_begin(&bad, &edge, &err), ERR_INVALID);
    assert_string_equal(err.msg, "the range proof has the wrong number of hashes");
    bad = range;
    bad.b = 102;
    assert_int_equal(merkle_range_begin(&bad, &edge, &err), ERR_INVALID);
    assert_int_equal(merkle_range_begin(&range, &edge, &err), 0);
    merkle_edge_push(&edge, leaves[29], NULL);
    assert_int_equal(merkle_range_finish(&range, &edge, root, &err), ERR_INVALID);
    assert_string_equal(err.msg, "the range ends at leaf 71, and its leaves at 30");
}

static void a_wrong_range_text_is_refused_by_line(void **state) {
    (void)state;
#define HASH "z17/2xHQknou31Ow5zx4N/ZZQU4AU32l2Q61xMSf8nQ="
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "line 1: must be 'ledger/range-proof/v1'"},
        {"ledger/range-proof/v2\n0 1 1\n\n", "line 1: must be 'ledger/range-proof/v1'"},
        {"ledger/range-proof/v1\n0 1\n\n", "line 2: must be '<a> <b> <size>' in decimal"},
        {"ledger/range-proof/v1\n0 1 1 1\n\n", "line 2: must be '<a> <b> <size>' in decimal"},
        {"ledger/range-proof/v1\n0 01 1\n\n", "line 2: must be '<a> <b> <size>' in decimal"},
        {"ledger/range-proof/v1\n0  1 1\n\n", "line 2: must be '<a> <b> <size>' in decimal"},
        {"ledger/range-proof/v1\n0 1 1 \n\n", "line 2: must be '<a> <b> <size>' in decimal"},
        {"ledger/range-proof/v1\n0 1 18446744073709551616\n\n", "line 2: must be '<a> <b> <size>' in decimal"},
        {"ledger/range-proof/v1\n1 0 1\n\n", "line 2: a must be at most b, and b at most size"},
        {"ledger/range-proof/v1\n0 2 1\n\n", "line 2: a must be at most b, and b at most size"},
        {"ledger/range-proof/v1\n0 1 1\n", "line 3: must be empty, [0, 0) has 0 hashes"},
        {"ledger/range-proof/v1\n0 1 1\n" HASH "\n\n", "line 3: must be empty, [0, 0) has 0 hashes"},
        {"ledger/range-proof/v1\n1 2 2\n\n\n", "line 3: must be a hash of 32 bytes in base64"},
        {"ledger/range-proof/v1\n1 2 2\nAAAA\n\n", "line 3: must be a hash of 32 bytes in base64"},
        {"ledger/range-proof/v1\n1 2 2\n" HASH "\n\n" HASH "\n", "line 5: nothing may follow, [2, 2) has 0 hashes"},
        {"ledger/range-proof/v1\n0 1 2\n\n", "line 4: a hash is missing, the text ends"},
        {"ledger/range-proof/v1\r\n0 1 1\n\n", "line 1: must be 'ledger/range-proof/v1'"},
    };
#undef HASH
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct merkle_range range;
        struct err err = {0};
        assert_int_equal(merkle_range_decode(bytes_of(cases[i].text), &range, &err), ERR_CORRUPT);
        assert_string_equal(err.msg, cases[i].message);
    }
}

static void ranges_of_huge_trees_fit_their_arrays(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(huge_sizes) / sizeof(huge_sizes[0]); i++) {
        for (size_t k = 0; k < sizeof(huge_positions) / sizeof(huge_positions[0]); k++) {
            uint64_t size = huge_sizes[i];
            uint64_t a = huge_positions[k] - 1;
            uint64_t b = a + 4 < size ? a + 4 : size;
            struct merkle_range range;
            struct merkle_edge edge;
            uint8_t root[MERKLE_HASH], expected[MERKLE_HASH];
            uniform_root(size, expected);
            assert_int_equal(merkle_prove_range(a, b, size, uniform_node, &size, &range, NULL), 0);
            assert_true(range.before.n <= MERKLE_DEPTH_MAX && range.after.n <= MERKLE_TILES_MAX);
            assert_int_equal(merkle_range_begin(&range, &edge, NULL), 0);
            for (uint64_t leaf = a; leaf < b; leaf++) {
                merkle_edge_push(&edge, leaves[0], NULL);
            }
            assert_int_equal(merkle_range_finish(&range, &edge, root, NULL), 0);
            assert_memory_equal(root, expected, MERKLE_HASH);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_range_vectors_give_their_roots_and_refuse_every_truncation),
        cmocka_unit_test(every_range_proof_leads_to_the_root),
        cmocka_unit_test(every_changed_hash_of_a_range_proof_changes_the_root),
        cmocka_unit_test(a_range_proof_with_a_wrong_number_of_hashes_or_leaves_is_refused),
        cmocka_unit_test(a_wrong_range_text_is_refused_by_line),
        cmocka_unit_test(ranges_of_huge_trees_fit_their_arrays),
    };
    return cmocka_run_group_tests(tests, make_naive, NULL);
}
