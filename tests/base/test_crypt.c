/* Signatures against RFC 8032, sealing against the XChaCha20-Poly1305 draft, key derivation against the reference
 * program's Argon2id. */
#include "base/crypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

/* RFC 8032, section 7.1: TEST 1, TEST 2, TEST 3 and TEST SHA(abc). */
static const struct {
    const char *seed, *public_key, *message, *signature;
} signatures[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
     "4a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
     "454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
     "3dca179c138ac17ad9bef1177331a704"},
};
#define SIGNATURES (sizeof(signatures) / sizeof(signatures[0]))

static size_t unhex(uint8_t *ret, const char *hex) {
    size_t n = strlen(hex) / 2;
    assert_int_equal(text_unhex(ret, n, bytes_of(hex)), 0);
    return n;
}

static void the_signatures_of_rfc_8032_come_out_and_verify(void **state) {
    (void)state;
    for (size_t i = 0; i < SIGNATURES; i++) {
        uint8_t seed[CRYPT_SEED_LEN], want_public[CRYPT_PUBLIC_LEN], want[CRYPT_SIGNATURE_LEN], text[128];
        unhex(seed, signatures[i].seed);
        unhex(want_public, signatures[i].public_key);
        unhex(want, signatures[i].signature);
        struct bytes message = {text, unhex(text, signatures[i].message)};
        uint8_t public_key[CRYPT_PUBLIC_LEN], secret[CRYPT_SECRET_LEN], signature[CRYPT_SIGNATURE_LEN];
        crypt_keypair(seed, public_key, secret);
        assert_memory_equal(public_key, want_public, sizeof(public_key));
        crypt_sign(signature, message, secret);
        assert_memory_equal(signature, want, sizeof(signature));
        assert_true(crypt_verify(signature, message, public_key));
    }
}

static void a_signature_with_any_bit_flipped_is_refused(void **state) {
    (void)state;
    uint8_t signature[CRYPT_SIGNATURE_LEN], public_key[CRYPT_PUBLIC_LEN], text[2];
    unhex(signature, signatures[2].signature);
    unhex(public_key, signatures[2].public_key);
    struct bytes message = {text, unhex(text, signatures[2].message)};
    for (size_t bit = 0; bit < 8 * sizeof(signature); bit++) {
        signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(crypt_verify(signature, message, public_key));
        signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 16; bit++) {
        text[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(crypt_verify(signature, message, public_key));
        text[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(public_key); bit++) {
        public_key[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(crypt_verify(signature, message, public_key));
        public_key[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_true(crypt_verify(signature, message, public_key));
}

/* A point of order 8: with it as the key, one signature would verify for many messages. */
static void a_key_of_small_order_verifies_nothing(void **state) {
    (void)state;
    uint8_t signature[CRYPT_SIGNATURE_LEN] = {1}, public_key[CRYPT_PUBLIC_LEN] = {1};
    assert_false(crypt_verify(signature, bytes_of("any"), public_key));
    memset(public_key, 0, sizeof(public_key));
    assert_false(crypt_verify(signature, bytes_of("any"), public_key));
}

#define SUNSCREEN                                                                                                          \
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."

/* draft-irtf-cfrg-xchacha-03, appendix A.3.1. */
static void the_example_of_the_xchacha_draft_seals_and_opens(void **state) {
    (void)state;
    uint8_t key[32], nonce[CRYPT_NONCE_LEN], ad[12], want[160];
    unhex(key, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    unhex(nonce, "404142434445464748494a4b4c4d4e4f5051525354555657");
    struct bytes aad = {ad, unhex(ad, "50515253c0c1c2c3c4c5c6c7")};
    size_t n =
        unhex(want, "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
                    "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                    "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49");
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(crypt_seal(&out, bytes_of(SUNSCREEN), aad, nonce, key), 0);
    assert_int_equal(out.n, n);
    assert_memory_equal(out.p, want, n);
    char plain[sizeof(SUNSCREEN)] = {0};
    assert_int_equal(crypt_open((uint8_t *)plain, bytes_of_buf(&out), aad, nonce, key), 0);
    assert_string_equal(plain, SUNSCREEN);
    buf_done(&out);
}

struct sealed {
    uint8_t key[32], nonce[CRYPT_NONCE_LEN], ad[9], text[33 + CRYPT_TAG_LEN];
};

static int open_sealed(const struct sealed *s, uint8_t ret[33]) {
    struct bytes sealed = {s->text, sizeof(s->text)}, aad = {s->ad, sizeof(s->ad)};
    return crypt_open(ret, sealed, aad, s->nonce, s->key);
}

static void a_sealed_text_with_any_bit_of_anything_flipped_does_not_open(void **state) {
    (void)state;
    struct sealed s;
    crypt_random(&s, sizeof(s));
    uint8_t plain[33];
    crypt_random(plain, sizeof(plain));
    struct buf out;
    buf_init(&out, 100);
    struct bytes aad = {s.ad, sizeof(s.ad)}, p = {plain, sizeof(plain)};
    assert_int_equal(crypt_seal(&out, p, aad, s.nonce, s.key), 0);
    assert_int_equal(out.n, sizeof(s.text));
    memcpy(s.text, out.p, out.n);
    buf_done(&out);
    uint8_t got[33], untouched[33];
    assert_int_equal(open_sealed(&s, got), 0);
    assert_memory_equal(got, plain, sizeof(got));
    memset(got, 0x5a, sizeof(got));
    memset(untouched, 0x5a, sizeof(untouched));
    uint8_t *all = (uint8_t *)&s;
    for (size_t bit = 0; bit < 8 * sizeof(s); bit++) {
        all[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(open_sealed(&s, got), ERR_TAMPERED);
        assert_memory_equal(got, untouched, sizeof(got));
        all[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(open_sealed(&s, got), 0);
}

static void a_sealed_text_cut_anywhere_does_not_open(void **state) {
    (void)state;
    const uint8_t key[32] = {7}, nonce[CRYPT_NONCE_LEN] = {9};
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(crypt_seal(&out, bytes_of("some secret"), bytes_of(""), nonce, key), 0);
    uint8_t got[32];
    for (size_t n = 0; n < out.n; n++) {
        struct bytes cut = {out.p, n};
        assert_int_equal(crypt_open(got, cut, bytes_of(""), nonce, key), ERR_TAMPERED);
    }
    buf_done(&out);
}

static void nothing_at_all_can_be_sealed_and_opened(void **state) {
    (void)state;
    const uint8_t key[32] = {7}, nonce[CRYPT_NONCE_LEN] = {9};
    struct buf out;
    buf_init(&out, CRYPT_TAG_LEN);
    assert_int_equal(crypt_seal(&out, bytes_of(NULL), bytes_of(NULL), nonce, key), 0);
    assert_int_equal(out.n, CRYPT_TAG_LEN);
    assert_int_equal(crypt_open(NULL, bytes_of_buf(&out), bytes_of(NULL), nonce, key), 0);
    assert_int_equal(crypt_open(NULL, bytes_of_buf(&out), bytes_of("x"), nonce, key), ERR_TAMPERED);
    buf_done(&out);
}

static void sealing_into_a_full_buffer_is_refused(void **state) {
    (void)state;
    const uint8_t key[32] = {7}, nonce[CRYPT_NONCE_LEN] = {9};
    struct buf out;
    buf_init(&out, CRYPT_TAG_LEN + 2);
    assert_int_equal(crypt_seal(&out, bytes_of("abc"), bytes_of(""), nonce, key), ERR_LIMIT);
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

/* Computed with the argon2 reference program (argon2 0123456789abcdef -id -t T -k KIB -p 1 -l 32); the empty passphrase,
 * which that program refuses, with OpenSSL 3.2. */
static void key_derivation_is_the_reference_argon2id(void **state) {
    (void)state;
    static const struct {
        const char *passphrase;
        uint32_t passes, kib;
        const char *key;
    } rows[] = {
        {"correct horse", 3, 64, "5de797640c71ce5e1dbe17ed17ba7d249adbc20db030460e84bd4c325101844e"},
        {"password", 1, 1024, "93f087c081d637f0cc148a445aa00a686d100cacab6f7b7c39f1aa4e22e70b71"},
        {"", 1, 8, "d440eba67886df93d643dcb8a69b02af68c16d284cd6f68659553e245bf9efc0"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t key[32];
        char hex[65];
        assert_int_equal(crypt_kdf(key, bytes_of(rows[i].passphrase), (const uint8_t *)"0123456789abcdef", rows[i].passes,
                                   rows[i].kib, NULL),
                         0);
        text_hex(hex, key, sizeof(key));
        assert_string_equal(hex, rows[i].key);
    }
}

static void key_derivation_refuses_costs_out_of_range(void **state) {
    (void)state;
    static const struct {
        uint32_t passes, kib;
        const char *message;
    } rows[] = {
        {0, 64, "key derivation: 0 passes; expected 1 to 10"},
        {11, 64, "key derivation: 11 passes; expected 1 to 10"},
        {1, 7, "key derivation: 7 KiB of memory; expected 8 to 1048576"},
        {1, 1048577, "key derivation: 1048577 KiB of memory; expected 8 to 1048576"},
        {1, UINT32_MAX, "key derivation: 4294967295 KiB of memory; expected 8 to 1048576"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {0};
        uint8_t key[32] = {0x5a};
        assert_int_equal(
            crypt_kdf(key, bytes_of("x"), (const uint8_t *)"0123456789abcdef", rows[i].passes, rows[i].kib, &err),
            ERR_LIMIT);
        assert_string_equal(err.msg, rows[i].message);
        assert_int_equal(key[0], 0x5a);
    }
}

static void secret_memory_can_be_written_and_freed(void **state) {
    (void)state;
    uint8_t *p = crypt_secret_new(100);
    assert_non_null(p);
    memset(p, 0xab, 100);
    assert_int_equal(p[99], 0xab);
    crypt_secret_free(p);
    crypt_secret_free(NULL);
    assert_null(crypt_secret_new(SIZE_MAX));
}

static void comparing_and_wiping_see_every_byte(void **state) {
    (void)state;
    uint8_t a[16] = {0}, b[16] = {0};
    assert_true(crypt_same(a, b, sizeof(a)));
    assert_true(crypt_same(NULL, NULL, 0));
    for (size_t i = 0; i < sizeof(a); i++) {
        a[i] = 1;
        assert_false(crypt_same(a, b, sizeof(a)));
        crypt_wipe(&a[i], 1);
        assert_true(crypt_same(a, b, sizeof(a)));
    }
    crypt_wipe(NULL, 0);
}

static void randomness_does_not_repeat(void **state) {
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    crypt_random(a, sizeof(a));
    crypt_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

/* The reference: Python's hashlib.blake2b(message, key=key, digest_size=32). */
static void keyed_hashes_are_the_reference_blake2b(void **state) {
    (void)state;
    uint8_t key[32], got[32], want[32];
    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] = (uint8_t)i;
    }
    crypt_keyed_hash(got, (struct bytes){key, sizeof(key)}, key);
    unhex(want, "9ea4a7c5f78b4c5b7775841e2a07db514c510b14f5006d27aee5e20f8406bdd8");
    assert_memory_equal(got, want, sizeof(want));
    crypt_keyed_hash(got, (struct bytes){NULL, 0}, key);
    unhex(want, "4e51e7a913fc80137da52880fecca175bf81e117d5c68126dc2774033517ea0d");
    assert_memory_equal(got, want, sizeof(want));
    key[0] = 1;
    crypt_keyed_hash(got, (struct bytes){NULL, 0}, key);
    assert_memory_not_equal(got, want, sizeof(want));
}

static int start(void **state) {
    (void)state;
    return crypt_init(NULL) == 0 && crypt_init(NULL) == 0 ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signatures_of_rfc_8032_come_out_and_verify),
        cmocka_unit_test(a_signature_with_any_bit_flipped_is_refused),
        cmocka_unit_test(a_key_of_small_order_verifies_nothing),
        cmocka_unit_test(the_example_of_the_xchacha_draft_seals_and_opens),
        cmocka_unit_test(a_sealed_text_with_any_bit_of_anything_flipped_does_not_open),
        cmocka_unit_test(a_sealed_text_cut_anywhere_does_not_open),
        cmocka_unit_test(nothing_at_all_can_be_sealed_and_opened),
        cmocka_unit_test(sealing_into_a_full_buffer_is_refused),
        cmocka_unit_test(key_derivation_is_the_reference_argon2id),
        cmocka_unit_test(key_derivation_refuses_costs_out_of_range),
        cmocka_unit_test(secret_memory_can_be_written_and_freed),
        cmocka_unit_test(comparing_and_wiping_see_every_byte),
        cmocka_unit_test(keyed_hashes_are_the_reference_blake2b),
        cmocka_unit_test(randomness_does_not_repeat),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
