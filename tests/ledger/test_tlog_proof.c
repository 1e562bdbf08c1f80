/* The .tlog-proof file: the published one read, verified and written back, and every malformed one with its error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/text.h"
#include "ledger/tree/tlog_proof.h"
#include "ledger/trust/policy.h"

#define DASH    "\xe2\x80\x94 "
#define LOG     "example.com/ledger+93727de6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
#define MAGIC   "c2sp.org/tlog-proof@v1\n"
#define HASH_0  "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n"
#define HASHES                                                                                                             \
    HASH_0 "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=\n"                                                                \
           "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\n"
#define NOTE                                                                                                               \
    "example.com/ledger\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n" DASH "example.com/ledger "                   \
    "k3J95q6YQNlT7G3X6BUsA0GMSqXigLZhUu2LaMIZflAYFKuIdyMOBntqnTph76E6vmGPzG9ZDDz4tQCcaYhYm3p+6AM=\n" DASH                  \
    "witness.example/w1 "                                                                                                  \
    "IDJKvgAAAABlU/EAHb1UbEP7FTgMGOE99VpYKuEh3/ScmpLD+EY5yzAbkWUt6FBtWg6UGz2vXBXRGg1aYF2HaXz7fqBMY4m0xTFlAw==\n"
#define PROOF MAGIC "index 5\n" HASHES "\n" NOTE

static int start(void **state) {
    (void)state;
    return crypt_init(NULL);
}

/* Everything that a verifier of a proof does. */
static bool verifies(struct bytes text) {
    static const uint8_t data[] = {0x40, 0x41, 0x42, 0x43};
    struct tlog_proof proof;
    struct note note;
    struct checkpoint checkpoint;
    struct policy_verdict verdict;
    uint8_t leaf[MERKLE_HASH];
    struct policy *policy = policy_new();
    assert_non_null(policy);
    assert_int_equal(
        policy_decode(policy, bytes_of("log " LOG "\nwitness w1 " WITNESS "\nquorum w1\n"), false, "policy", NULL), 0);
    hash_tagged(leaf, 0x00, (struct bytes){data, sizeof(data)});
    bool good = tlog_proof_decode(text, &proof, NULL) == 0 && note_decode(proof.checkpoint, &note, NULL) == 0 &&
                checkpoint_decode(note.text, &checkpoint, NULL) == 0;
    if (good) {
        policy_judge(policy, &note, &verdict);
        good = verdict.log_known && verdict.quorum && !verdict.bad &&
               merkle_check_inclusion(proof.index, checkpoint.size, leaf, &proof.proof, checkpoint.root);
    }
    policy_free(policy);
    return good;
}

static void the_published_proof_is_read_and_verifies(void **state) {
    (void)state;
    struct tlog_proof proof;
    assert_int_equal(tlog_proof_decode(bytes_of(PROOF), &proof, NULL), 0);
    assert_int_equal(proof.index, 5);
    assert_int_equal(proof.proof.n, 3);
    assert_int_equal(proof.extra.n, 0);
    assert_true(bytes_is(proof.checkpoint, NOTE));
    assert_true(verifies(bytes_of(PROOF)));
}

/* A node of the published tree of eight leaves. */
static int published_node(void *ctx, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err) {
    static const char *const leaves[8] = {
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
    struct merkle_edge edge = {.size = 0};
    (void)ctx;
    (void)err;
    for (uint64_t i = index << level; i < (index + 1) << level; i++) {
        uint8_t data[16], leaf[MERKLE_HASH];
        size_t n = strlen(leaves[i]) / 2;
        assert_int_equal(text_unhex(data, n, bytes_of(leaves[i])), 0);
        hash_tagged(leaf, 0x00, (struct bytes){data, n});
        merkle_edge_push(&edge, leaf, NULL);
    }
    merkle_edge_root(&edge, ret);
    return 0;
}

/* A key of the published seeds, which are bytes that count up from `first`; its vkey is as published. */
static void published_key(uint8_t first, const char *name, enum note_alg alg, const char *vkey, struct note_vkey *ret,
                          uint8_t secret[CRYPT_SECRET_LEN]) {
    uint8_t seed[CRYPT_SEED_LEN], public_key[CRYPT_PUBLIC_LEN];
    char text[NOTE_VKEY_MAX];
    for (size_t i = 0; i < sizeof(seed); i++) {
        seed[i] = (uint8_t)(first + i);
    }
    crypt_keypair(seed, public_key, secret);
    assert_int_equal(note_vkey_make(ret, bytes_of(name), alg, public_key, NULL), 0);
    note_vkey_encode(text, ret);
    assert_string_equal(text, vkey);
}

static void the_published_proof_comes_out_of_its_leaves_and_seeds(void **state) {
    struct note_vkey log, witness;
    uint8_t log_secret[CRYPT_SECRET_LEN], witness_secret[CRYPT_SECRET_LEN], root[MERKLE_HASH];
    struct merkle_proof proof;
    struct buf text, note, out;
    (void)state;
    buf_init(&text, NOTE_MAX);
    buf_init(&note, NOTE_MAX);
    buf_init(&out, 1 << 16);
    published_key(0x00, "example.com/ledger", NOTE_ED25519, LOG, &log, log_secret);
    published_key(0x20, "witness.example/w1", NOTE_COSIGNATURE, WITNESS, &witness, witness_secret);
    published_node(NULL, 3, 0, root, NULL);
    assert_int_equal(merkle_prove_inclusion(5, 8, published_node, NULL, &proof, NULL), 0);
    assert_int_equal(checkpoint_encode(&text, bytes_of("example.com/ledger"), 8, root), 0);
    buf_put_bytes(&note, bytes_of_buf(&text));
    buf_put_u8(&note, '\n');
    assert_int_equal(note_sign(&note, bytes_of_buf(&text), &log, log_secret), 0);
    assert_int_equal(note_cosign(&note, bytes_of_buf(&text), &witness, witness_secret, 1700000000), 0);
    assert_int_equal(tlog_proof_encode(&out, 5, &proof, bytes_of_buf(&note)), 0);
    assert_true(bytes_is(bytes_of_buf(&out), PROOF));
    buf_done(&text);
    buf_done(&note);
    buf_done(&out);
}

static void a_proof_is_written_as_it_was_read(void **state) {
    (void)state;
    struct tlog_proof proof;
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(tlog_proof_decode(bytes_of(PROOF), &proof, NULL), 0);
    assert_int_equal(tlog_proof_encode(&out, proof.index, &proof.proof, proof.checkpoint), 0);
    assert_true(bytes_is(bytes_of_buf(&out), PROOF));
    buf_done(&out);
}

static void extra_data_is_handed_out_as_text(void **state) {
    (void)state;
    struct tlog_proof proof;
    assert_int_equal(tlog_proof_decode(bytes_of(MAGIC "extra aGVsbG8=\nindex 5\n" HASHES "\n" NOTE), &proof, NULL), 0);
    assert_true(bytes_is(proof.extra, "aGVsbG8="));
    assert_int_equal(proof.index, 5);
    assert_true(verifies(bytes_of(MAGIC "extra aGVsbG8=\nindex 5\n" HASHES "\n" NOTE)));
}

static void a_tree_of_one_leaf_needs_no_hash(void **state) {
    (void)state;
    struct tlog_proof proof;
    assert_int_equal(tlog_proof_decode(bytes_of(MAGIC "index 0\n\n" NOTE), &proof, NULL), 0);
    assert_int_equal(proof.proof.n, 0);
    assert_int_equal(proof.index, 0);
}

static void a_proof_has_at_most_64_hashes(void **state) {
    (void)state;
    struct tlog_proof proof;
    struct buf out;
    struct err err = {0};
    for (int n = MERKLE_DEPTH_MAX; n <= MERKLE_DEPTH_MAX + 1; n++) {
        buf_init(&out, 1 << 16);
        buf_put_str(&out, MAGIC "index 5\n");
        for (int i = 0; i < n; i++) {
            buf_put_str(&out, HASH_0);
        }
        buf_put_str(&out, "\n" NOTE);
        int rc = tlog_proof_decode(bytes_of_buf(&out), &proof, &err);
        assert_int_equal(rc, n > MERKLE_DEPTH_MAX ? ERR_CORRUPT : 0);
        buf_done(&out);
    }
    assert_string_equal(err.msg, "line 67: more than 64 hashes");
}

static void a_wrong_form_is_refused_by_line(void **state) {
    (void)state;
#define BAD_INDEX "must be 'index <decimal>'"
#define BAD_HASH  "must be a hash of 32 bytes in base64, or empty after the last one"
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "line 1: must be 'c2sp.org/tlog-proof@v1'"},
        {"c2sp.org/tlog-proof@v1", "line 1: must be 'c2sp.org/tlog-proof@v1'"},
        {"c2sp.org/tlog-proof@v2\nindex 5\n\n" NOTE, "line 1: must be 'c2sp.org/tlog-proof@v1'"},
        {" " PROOF, "line 1: must be 'c2sp.org/tlog-proof@v1'"},
        {MAGIC, "line 2: " BAD_INDEX},
        {MAGIC "index\n\n" NOTE, "line 2: " BAD_INDEX},
        {MAGIC "index 05\n\n" NOTE, "line 2: " BAD_INDEX},
        {MAGIC "index -5\n\n" NOTE, "line 2: " BAD_INDEX},
        {MAGIC "index  5\n\n" NOTE, "line 2: " BAD_INDEX},
        {MAGIC "index 5 \n\n" NOTE, "line 2: " BAD_INDEX},
        {MAGIC "Index 5\n\n" NOTE, "line 2: " BAD_INDEX},
        {MAGIC "index 18446744073709551616\n\n" NOTE, "line 2: " BAD_INDEX},
        {MAGIC "extra \nindex 5\n\n" NOTE, "line 2: must be 'extra <base64>'"},
        {MAGIC "extra aGVsbG8\nindex 5\n\n" NOTE, "line 2: must be 'extra <base64>'"},
        {MAGIC "extra aGVs bG8=\nindex 5\n\n" NOTE, "line 2: must be 'extra <base64>'"},
        {MAGIC "extra aGVsbG8=\nextra aGVsbG8=\nindex 5\n\n" NOTE, "line 3: " BAD_INDEX},
        {MAGIC "index 5\nextra aGVsbG8=\n\n" NOTE, "line 3: " BAD_HASH},
        {MAGIC "index 5\nbananas\n\n" NOTE, "line 3: " BAD_HASH},
        {MAGIC "index 5\n" HASH_0 "AAAA\n\n" NOTE, "line 4: " BAD_HASH},
        {MAGIC "index 5\n" HASHES NOTE, "line 6: " BAD_HASH},
        {MAGIC "index 5\n" HASHES, "line 6: an empty line and the checkpoint are missing"},
        {MAGIC "index 5\n" HASHES "\n", "line 7: the checkpoint is missing"},
        {"c2sp.org/tlog-proof@v1\r\nindex 5\r\n\r\n" NOTE, "line 1: must be 'c2sp.org/tlog-proof@v1'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tlog_proof proof = {.index = 77};
        struct err err = {0};
        assert_int_equal(tlog_proof_decode(bytes_of(cases[i].text), &proof, &err), ERR_CORRUPT);
        assert_string_equal(err.msg, cases[i].message);
        assert_int_equal(proof.index, 77);
    }
}

static void no_bit_of_a_good_proof_can_be_flipped(void **state) {
    (void)state;
    uint8_t bytes[sizeof(PROOF) - 1];
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        memcpy(bytes, PROOF, sizeof(bytes));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(verifies((struct bytes){bytes, sizeof(bytes)}));
    }
}

static void no_good_proof_can_be_cut_or_continued(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof(PROOF) - 1; n++) {
        assert_false(verifies((struct bytes){(const uint8_t *)PROOF, n}));
    }
    assert_false(verifies(bytes_of(PROOF "\n")));
    assert_false(verifies(bytes_of(PROOF "x")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_proof_is_read_and_verifies),
        cmocka_unit_test(the_published_proof_comes_out_of_its_leaves_and_seeds),
        cmocka_unit_test(a_proof_is_written_as_it_was_read),
        cmocka_unit_test(extra_data_is_handed_out_as_text),
        cmocka_unit_test(a_tree_of_one_leaf_needs_no_hash),
        cmocka_unit_test(a_proof_has_at_most_64_hashes),
        cmocka_unit_test(a_wrong_form_is_refused_by_line),
        cmocka_unit_test(no_bit_of_a_good_proof_can_be_flipped),
        cmocka_unit_test(no_good_proof_can_be_cut_or_continued),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
