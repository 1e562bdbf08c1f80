/* Roots, inclusion and consistency proofs against RFC 6962's own vectors, against a naive tree and against a huge one. */
#include "tests/ledger/merkle_trees.h"

static void hex_is(const uint8_t hash[MERKLE_HASH], const char *expected) {
    char hex[2 * MERKLE_HASH + 1];
    text_hex(hex, hash, MERKLE_HASH);
    assert_string_equal(hex, expected);
}

static const char *const rfc_leaves[8] = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
};
static const char *const rfc_roots[9] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void rfc_leaf(size_t i, uint8_t ret[MERKLE_HASH]) {
    uint8_t data[16];
    size_t n = strlen(rfc_leaves[i]) / 2;
    assert_int_equal(text_unhex(data, n, bytes_of(rfc_leaves[i])), 0);
    hash_tagged(ret, 0x00, (struct bytes){data, n});
}

static void proof_of_lines(struct merkle_proof *ret, const char *const *lines, size_t n) {
    ret->n = n;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(merkle_hash_decode(bytes_of(lines[i]), ret->hash[i]), 0);
    }
}

static void the_edge_gives_the_roots_of_rfc_6962(void **state) {
    (void)state;
    struct merkle_edge edge = {.size = 0};
    uint8_t root[MERKLE_HASH];
    for (size_t i = 0; i <= 8; i++) {
        merkle_edge_root(&edge, root);
        hex_is(root, rfc_roots[i]);
        if (i < 8) {
            uint8_t leaf[MERKLE_HASH];
            rfc_leaf(i, leaf);
            merkle_edge_push(&edge, leaf, NULL);
        }
    }
}

static const char *const inclusion_5_8[] = {
    "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
    "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
    "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
};
static const char *const consistency_6_8[] = {
    "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
    "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
    "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
};

static int rfc_node(void *ctx, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err) {
    (void)ctx;
    (void)err;
    struct merkle_edge edge = {.size = 0};
    for (uint64_t i = index << level; i < (index + 1) << level; i++) {
        uint8_t leaf[MERKLE_HASH];
        rfc_leaf((size_t)i, leaf);
        merkle_edge_push(&edge, leaf, NULL);
    }
    merkle_edge_root(&edge, ret);
    return 0;
}

static void proof_eq(const struct merkle_proof *a, const struct merkle_proof *b) {
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->hash, b->hash, a->n * MERKLE_HASH);
}

static void the_published_proofs_are_built_and_accepted(void **state) {
    (void)state;
    struct merkle_proof expected, built;
    struct err err = {0};
    uint8_t leaf[MERKLE_HASH], old_root[MERKLE_HASH], root[MERKLE_HASH];
    rfc_leaf(5, leaf);
    assert_int_equal(text_unhex(old_root, MERKLE_HASH, bytes_of(rfc_roots[6])), 0);
    assert_int_equal(text_unhex(root, MERKLE_HASH, bytes_of(rfc_roots[8])), 0);

    proof_of_lines(&expected, inclusion_5_8, 3);
    assert_int_equal(merkle_prove_inclusion(5, 8, rfc_node, NULL, &built, &err), 0);
    proof_eq(&built, &expected);
    assert_true(merkle_check_inclusion(5, 8, leaf, &built, root));

    proof_of_lines(&expected, consistency_6_8, 3);
    assert_int_equal(merkle_prove_consistency(6, 8, rfc_node, NULL, &built, &err), 0);
    proof_eq(&built, &expected);
    assert_true(merkle_check_consistency(6, 8, &built, old_root, root));
}

static void pushing_a_leaf_names_the_subtrees_that_it_completes(void **state) {
    (void)state;
    struct merkle_edge edge = {.size = 0};
    uint8_t done[MERKLE_DEPTH_MAX][MERKLE_HASH];
    uint8_t expected[MERKLE_HASH];
    for (size_t i = 0; i < NAIVE_MAX; i++) {
        unsigned levels = merkle_edge_push(&edge, leaves[i], done);
        assert_int_equal(levels, __builtin_ctzll(~(unsigned long long)i));
        assert_memory_equal(done[0], leaves[i], MERKLE_HASH);
        for (unsigned level = 1; level <= levels; level++) {
            size_t width = (size_t)1 << level;
            naive_root(i + 1 - width, width, expected);
            assert_memory_equal(done[level], expected, MERKLE_HASH);
        }
        assert_int_equal(edge.size, i + 1);
        uint8_t root[MERKLE_HASH];
        merkle_edge_root(&edge, root);
        assert_memory_equal(root, roots[i + 1], MERKLE_HASH);
    }
}

/* Adding leaves in whole subtrees gives the same as adding them one by one. */
static void pushing_a_subtree_names_the_larger_ones_that_it_completes(void **state) {
    (void)state;
    for (unsigned level = 0; level <= 6; level++) {
        struct merkle_edge whole = {0}, single = {0};
        size_t width = (size_t)1 << level;
        for (size_t first = 0; first + width <= 128; first += width) {
            uint8_t root[MERKLE_HASH], done[MERKLE_DEPTH_MAX][MERKLE_HASH], want[MERKLE_DEPTH_MAX][MERKLE_HASH];
            unsigned n = 0;
            for (size_t i = 0; i < width; i++) {
                n = merkle_edge_push(&single, leaves[first + i], want);
            }
            naive_root(first, width, root);
            assert_int_equal(merkle_edge_push_subtree(&whole, level, root, done), n - level);
            for (unsigned k = 0; k <= n - level; k++) {
                assert_memory_equal(done[k], want[level + k], MERKLE_HASH);
            }
            assert_int_equal(whole.size, single.size);
            assert_memory_equal(whole.hash, single.hash, merkle_edge_count(single.size) * sizeof(single.hash[0]));
        }
    }
}

static void all_nodes_over_a_power_of_two_of_leaves_are_those_of_the_definition(void **state) {
    (void)state;
    for (size_t n = 1; n <= 128; n *= 2) {
        uint8_t node[256][MERKLE_HASH];
        memcpy(node[n], leaves[0], n * MERKLE_HASH);
        merkle_complete(node, n);
        for (size_t i = 1; i < 2 * n; i++) {
            uint8_t want[MERKLE_HASH];
            unsigned depth = 63 - (unsigned)__builtin_clzll(i);
            size_t width = n >> depth;
            naive_root((i - ((size_t)1 << depth)) * width, width, want);
            assert_memory_equal(node[i], want, MERKLE_HASH);
        }
    }
}

static void an_edge_loaded_from_a_stored_tree_is_the_edge_that_was_pushed(void **state) {
    (void)state;
    struct merkle_edge pushed = {.size = 0};
    for (size_t size = 0; size <= NAIVE_MAX; size++) {
        struct merkle_edge loaded;
        struct naive tree = naive_of(size);
        assert_int_equal(merkle_edge_load(&loaded, size, naive_node, &tree, NULL), 0);
        assert_int_equal(loaded.size, size);
        assert_int_equal(tree.calls, merkle_edge_count(size));
        assert_memory_equal(loaded.hash, pushed.hash, merkle_edge_count(size) * MERKLE_HASH);
        if (size < NAIVE_MAX) {
            merkle_edge_push(&pushed, leaves[size], NULL);
        }
    }
}

/* Every change to a proof's hashes that `check` must refuse: a bit in each hash, one hash fewer, one more at either end,
 * two swapped. */
static void changed_proofs_are_refused(const struct merkle_proof *good, bool (*check)(const struct merkle_proof *, void *),
                                       void *ctx) {
    struct merkle_proof bad = *good;
    for (size_t i = 0; i < good->n; i++) {
        bad.hash[i][i % MERKLE_HASH] ^= (uint8_t)(1u << (i % 8));
        assert_false(check(&bad, ctx));
        bad = *good;
    }
    for (size_t drop = 0; drop < good->n; drop++) {
        memmove(bad.hash[drop], bad.hash[drop + 1], (good->n - drop - 1) * MERKLE_HASH);
        bad.n = good->n - 1;
        assert_false(check(&bad, ctx));
        bad = *good;
    }
    bad.n = good->n + 1;
    memcpy(bad.hash[good->n], roots[0], MERKLE_HASH);
    assert_false(check(&bad, ctx));
    memmove(bad.hash[1], good->hash[0], good->n * MERKLE_HASH);
    memcpy(bad.hash[0], roots[0], MERKLE_HASH);
    assert_false(check(&bad, ctx));
    if (good->n >= 2) {
        bad = *good;
        memcpy(bad.hash[0], good->hash[1], MERKLE_HASH);
        memcpy(bad.hash[1], good->hash[0], MERKLE_HASH);
        assert_false(check(&bad, ctx));
    }
}

struct inclusion_case {
    uint64_t index, size;
};

static bool check_inclusion_case(const struct merkle_proof *proof, void *ctx) {
    const struct inclusion_case *c = ctx;
    return merkle_check_inclusion(c->index, c->size, leaves[c->index], proof, roots[c->size]);
}

static void every_inclusion_proof_is_accepted_and_every_change_to_it_refused(void **state) {
    (void)state;
    for (uint64_t size = 1; size < NAIVE_MAX; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct merkle_proof proof;
            struct naive tree = naive_of(size);
            struct inclusion_case c = {index, size};
            assert_int_equal(merkle_prove_inclusion(index, size, naive_node, &tree, &proof, NULL), 0);
            assert_true(check_inclusion_case(&proof, &c));
            changed_proofs_are_refused(&proof, check_inclusion_case, &c);
            assert_false(merkle_check_inclusion(index, size, leaves[(index + 1) % NAIVE_MAX], &proof, roots[size]));
        }
    }
}

static void a_wrong_index_or_size_is_refused(void **state) {
    (void)state;
    for (uint64_t size = 1; size < NAIVE_MAX; size += size < 34 ? 1 : 13) {
        for (uint64_t index = 0; index < size; index++) {
            struct merkle_proof proof;
            struct naive tree = naive_of(size);
            assert_int_equal(merkle_prove_inclusion(index, size, naive_node, &tree, &proof, NULL), 0);
            for (uint64_t wrong = 0; wrong < size + 3; wrong++) {
                bool same = wrong == index;
                assert_int_equal(merkle_check_inclusion(wrong, size, leaves[index], &proof, roots[size]), same);
            }
            for (uint64_t wrong = 0; wrong < NAIVE_MAX; wrong++) {
                bool same = wrong == size;
                assert_int_equal(merkle_check_inclusion(index, wrong, leaves[index], &proof, roots[wrong]), same);
            }
            assert_false(merkle_check_inclusion(UINT64_MAX, size, leaves[index], &proof, roots[size]));
            assert_false(merkle_check_inclusion(index + (UINT64_C(1) << 32), size, leaves[index], &proof, roots[size]));
        }
    }
}

struct consistency_case {
    uint64_t old_size, size;
};

static bool check_consistency_case(const struct merkle_proof *proof, void *ctx) {
    const struct consistency_case *c = ctx;
    return merkle_check_consistency(c->old_size, c->size, proof, roots[c->old_size], roots[c->size]);
}

static void every_consistency_proof_is_accepted_and_every_change_to_it_refused(void **state) {
    (void)state;
    for (uint64_t size = 1; size < NAIVE_MAX; size++) {
        for (uint64_t old_size = 1; old_size <= size; old_size++) {
            struct merkle_proof proof;
            struct naive tree = naive_of(size);
            struct consistency_case c = {old_size, size};
            assert_int_equal(merkle_prove_consistency(old_size, size, naive_node, &tree, &proof, NULL), 0);
            assert_int_equal(proof.n == 0, old_size == size);
            assert_true(check_consistency_case(&proof, &c));
            changed_proofs_are_refused(&proof, check_consistency_case, &c);
            assert_false(merkle_check_consistency(old_size, size, &proof, roots[old_size + 1], roots[size]));
            assert_false(merkle_check_consistency(old_size, size, &proof, roots[old_size], roots[size - 1]));
        }
    }
}

static void a_consistency_proof_for_other_sizes_is_refused(void **state) {
    (void)state;
    for (uint64_t size = 2; size < 70; size++) {
        for (uint64_t old_size = 1; old_size < size; old_size++) {
            struct merkle_proof proof;
            struct naive tree = naive_of(size);
            assert_int_equal(merkle_prove_consistency(old_size, size, naive_node, &tree, &proof, NULL), 0);
            for (uint64_t wrong = 0; wrong < 72; wrong++) {
                bool old_same = wrong == old_size;
                bool same = wrong == size;
                assert_int_equal(merkle_check_consistency(wrong, size, &proof, roots[wrong], roots[size]), old_same);
                assert_int_equal(merkle_check_consistency(wrong, size, &proof, roots[old_size], roots[size]), old_same);
                assert_int_equal(merkle_check_consistency(old_size, wrong, &proof, roots[old_size], roots[wrong]), same);
            }
        }
    }
}

static void nothing_is_consistent_with_an_empty_tree_but_itself(void **state) {
    (void)state;
    struct merkle_proof proof = {.n = 7};
    struct naive tree = naive_of(5);
    assert_int_equal(merkle_prove_consistency(0, 5, naive_node, &tree, &proof, NULL), 0);
    assert_int_equal(proof.n, 0);
    assert_false(merkle_check_consistency(0, 5, &proof, roots[0], roots[5]));
    assert_true(merkle_check_consistency(0, 0, &proof, roots[0], roots[0]));
    proof.n = 1;
    memcpy(proof.hash[0], roots[5], MERKLE_HASH);
    assert_false(merkle_check_consistency(0, 5, &proof, roots[0], roots[5]));
}

static void equal_sizes_need_an_empty_proof_and_equal_roots(void **state) {
    (void)state;
    struct merkle_proof proof = {.n = 0};
    assert_true(merkle_check_consistency(9, 9, &proof, roots[9], roots[9]));
    assert_false(merkle_check_consistency(9, 9, &proof, roots[9], roots[10]));
    assert_false(merkle_check_consistency(10, 9, &proof, roots[10], roots[9]));
    proof.n = 1;
    memcpy(proof.hash[0], roots[1], MERKLE_HASH);
    assert_false(merkle_check_consistency(9, 9, &proof, roots[9], roots[9]));
}

static void what_lies_outside_the_tree_cannot_be_proven(void **state) {
    (void)state;
    struct merkle_proof proof = {.n = 7};
    struct merkle_range range = {.a = 7};
    struct naive tree = naive_of(5);
    struct err err = {0};
    assert_int_equal(merkle_prove_inclusion(5, 5, naive_node, &tree, &proof, &err), ERR_INVALID);
    assert_string_equal(err.msg, "leaf 5 is not in a tree of 5 leaves");
    assert_int_equal(merkle_prove_inclusion(0, 0, naive_node, &tree, &proof, &err), ERR_INVALID);
    assert_int_equal(merkle_prove_consistency(6, 5, naive_node, &tree, &proof, &err), ERR_INVALID);
    assert_string_equal(err.msg, "a tree of 6 leaves cannot come before one of 5");
    assert_int_equal(merkle_prove_range(2, 6, 5, naive_node, &tree, &range, &err), ERR_INVALID);
    assert_string_equal(err.msg, "[2, 6) is not a range of a tree of 5 leaves");
    assert_int_equal(merkle_prove_range(3, 2, 5, naive_node, &tree, &range, &err), ERR_INVALID);
    assert_int_equal(proof.n, 7);
    assert_int_equal(range.a, 7);
    assert_int_equal(tree.calls, 0);
}

static void a_node_that_cannot_be_read_fails_the_proof_and_leaves_the_output(void **state) {
    (void)state;
    struct err err = {0};
    for (size_t fail_at = 0;; fail_at++) {
        struct naive tree = naive_of(107);
        struct merkle_proof proof = {.n = 99};
        tree.fail_at = fail_at;
        int rc = merkle_prove_inclusion(41, 107, naive_node, &tree, &proof, &err);
        if (rc == 0) {
            assert_true(fail_at > 5);
            break;
        }
        assert_int_equal(rc, ERR_IO);
        assert_int_equal(proof.n, 99);
    }
    for (size_t fail_at = 0;; fail_at++) {
        struct naive tree = naive_of(107);
        struct merkle_proof proof = {.n = 99};
        tree.fail_at = fail_at;
        int rc = merkle_prove_consistency(41, 107, naive_node, &tree, &proof, &err);
        if (rc == 0) {
            assert_true(fail_at > 5);
            break;
        }
        assert_int_equal(rc, ERR_IO);
        assert_int_equal(proof.n, 99);
    }
    for (size_t fail_at = 0; fail_at < merkle_edge_count(107); fail_at++) {
        struct naive tree = naive_of(107);
        struct merkle_edge edge = {.size = 99};
        tree.fail_at = fail_at;
        assert_int_equal(merkle_edge_load(&edge, 107, naive_node, &tree, &err), ERR_IO);
        assert_int_equal(edge.size, 99);
    }
}

/* ---- the vectors -------------------------------------------------------------------------------------------------- */

/* The proof of a case; false if a hash is not 32 bytes long, which no merkle_proof can hold. */
static bool proof_field(struct bytes map, struct merkle_proof *ret) {
    struct bytes raw;
    struct mp_reader reader;
    struct mp_item item;
    bool fits = true;
    ret->n = 0;
    assert_int_equal(mp_map_get(map, "proof", &raw), 0);
    mp_reader_init(&reader, raw);
    assert_int_equal(mp_next(&reader, &item, NULL), 0);
    if (item.type == MP_NIL) return true;
    assert_int_equal(item.type, MP_ARRAY);
    for (uint32_t i = 0, n = item.count; i < n; i++) {
        assert_int_equal(mp_next(&reader, &item, NULL), 0);
        assert_int_equal(item.type, MP_STR);
        if (ret->n < MERKLE_DEPTH_MAX && merkle_hash_decode(item.data, ret->hash[ret->n]) == 0) {
            ret->n++;
        } else {
            fits = false;
        }
    }
    return fits;
}

static void the_inclusion_vectors_are_judged_as_they_say(void **state) {
    (void)state;
    struct buf mp;
    struct mp_reader reader;
    struct mp_item head, name;
    size_t good = 0, bad = 0;
    /* 2^64-1 is outside this project's data model, so it is read as text. */
    load_json("tests/vectors/merkle_inclusion.json", "18446744073709551615", &mp);
    mp_reader_init(&reader, bytes_of_buf(&mp));
    assert_int_equal(mp_next(&reader, &head, NULL), 0);
    assert_int_equal(head.type, MP_MAP);
    for (uint32_t i = 0; i < head.count; i++) {
        struct bytes c;
        struct merkle_proof proof;
        uint8_t leaf[MERKLE_HASH], root[MERKLE_HASH];
        assert_int_equal(mp_next(&reader, &name, NULL), 0);
        assert_int_equal(mp_skip(&reader, 1, &c, NULL), 0);
        bool accepted = merkle_hash_decode(field(c, "leafHash").data, leaf) == 0 &&
                        merkle_hash_decode(field(c, "root").data, root) == 0 && proof_field(c, &proof) &&
                        merkle_check_inclusion(number_field(c, "leafIdx"), number_field(c, "treeSize"), leaf, &proof, root);
        if (accepted == field(c, "wantErr").boolean) {
            fail_msg("%.*s: expected %d", (int)name.data.n, (const char *)name.data.p, accepted);
        }
        *(accepted ? &good : &bad) += 1;
    }
    assert_true(good == 6 && bad == 92);
    buf_done(&mp);
}

/* ---- a huge tree -------------------------------------------------------------------------------------------------- */

static void trees_of_up_to_2_to_the_63_leaves_can_be_proven(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(huge_sizes) / sizeof(huge_sizes[0]); i++) {
        uint64_t size = huge_sizes[i];
        uint8_t root[MERKLE_HASH];
        uniform_root(size, root);
        for (size_t k = 0; k < sizeof(huge_positions) / sizeof(huge_positions[0]) + 1; k++) {
            uint64_t at = k == 0 ? size - 1 : huge_positions[k - 1];
            struct merkle_proof proof;
            uint8_t old_root[MERKLE_HASH];
            assert_int_equal(merkle_prove_inclusion(at, size, uniform_node, &size, &proof, NULL), 0);
            assert_true(merkle_check_inclusion(at, size, leaves[0], &proof, root));
            uniform_root(at, old_root);
            assert_int_equal(merkle_prove_consistency(at, size, uniform_node, &size, &proof, NULL), 0);
            assert_true(proof.n <= MERKLE_DEPTH_MAX);
            assert_true(merkle_check_consistency(at, size, &proof, old_root, root));
        }
    }
}

static void a_hash_in_base64_has_exactly_32_bytes(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "AAAA",
                                      "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms",
                                      "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnmt=",
                                      "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnmsA",
                                      "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=AAAA",
                                      " vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms="};
    uint8_t hash[MERKLE_HASH] = {42};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(merkle_hash_decode(bytes_of(bad[i]), hash), ERR_INVALID);
        assert_int_equal(hash[0], 42);
    }
    assert_int_equal(merkle_hash_decode(bytes_of(inclusion_5_8[0]), hash), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_edge_gives_the_roots_of_rfc_6962),
        cmocka_unit_test(the_published_proofs_are_built_and_accepted),
        cmocka_unit_test(pushing_a_leaf_names_the_subtrees_that_it_completes),
        cmocka_unit_test(pushing_a_subtree_names_the_larger_ones_that_it_completes),
        cmocka_unit_test(all_nodes_over_a_power_of_two_of_leaves_are_those_of_the_definition),
        cmocka_unit_test(an_edge_loaded_from_a_stored_tree_is_the_edge_that_was_pushed),
        cmocka_unit_test(every_inclusion_proof_is_accepted_and_every_change_to_it_refused),
        cmocka_unit_test(a_wrong_index_or_size_is_refused),
        cmocka_unit_test(every_consistency_proof_is_accepted_and_every_change_to_it_refused),
        cmocka_unit_test(a_consistency_proof_for_other_sizes_is_refused),
        cmocka_unit_test(nothing_is_consistent_with_an_empty_tree_but_itself),
        cmocka_unit_test(equal_sizes_need_an_empty_proof_and_equal_roots),
        cmocka_unit_test(what_lies_outside_the_tree_cannot_be_proven),
        cmocka_unit_test(a_node_that_cannot_be_read_fails_the_proof_and_leaves_the_output),
        cmocka_unit_test(the_inclusion_vectors_are_judged_as_they_say),
        cmocka_unit_test(trees_of_up_to_2_to_the_63_leaves_can_be_proven),
        cmocka_unit_test(a_hash_in_base64_has_exactly_32_bytes),
    };
    return cmocka_run_group_tests(tests, make_naive, NULL);
}
