/* SHA-256 against the examples of FIPS 180-4: whole, in parts, tagged and from several threads. */
#include "base/hash.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static const struct {
    const char *text, *hex;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static void assert_digest(const uint8_t digest[HASH_LEN], const char *hex) {
    char text[2 * HASH_LEN + 1];
    text_hex(text, digest, HASH_LEN);
    assert_string_equal(text, hex);
}

static void the_examples_of_fips_180_4_come_out(void **state) {
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct bytes part = bytes_of(vectors[i].text);
        uint8_t digest[HASH_LEN];
        hash_parts(digest, &part, 1);
        assert_digest(digest, vectors[i].hex);
    }
}

static void a_million_letters_a_come_out(void **state) {
    (void)state;
    struct hash *h = hash_new();
    assert_non_null(h);
    char thousand[1000];
    memset(thousand, 'a', sizeof(thousand));
    for (int i = 0; i < 1000; i++) {
        hash_put(h, thousand, sizeof(thousand));
    }
    uint8_t digest[HASH_LEN];
    hash_end(h, digest);
    hash_free(h);
    assert_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void parts_hash_as_their_concatenation_wherever_it_is_cut(void **state) {
    (void)state;
    const char *text = vectors[3].text;
    size_t n = strlen(text);
    for (size_t cut = 0; cut <= n; cut++) {
        const struct bytes parts[] = {{(const uint8_t *)text, cut}, {NULL, 0}, {(const uint8_t *)text + cut, n - cut}};
        uint8_t digest[HASH_LEN];
        hash_parts(digest, parts, 3);
        assert_digest(digest, vectors[3].hex);
    }
    uint8_t digest[HASH_LEN];
    hash_parts(digest, NULL, 0);
    assert_digest(digest, vectors[0].hex);
}

static void a_tag_is_one_byte_before_the_rest(void **state) {
    (void)state;
    uint8_t digest[HASH_LEN];
    hash_tagged(digest, 'a', bytes_of("bc"));
    assert_digest(digest, vectors[1].hex);
    hash_tagged2(digest, 'a', bytes_of("b"), bytes_of("c"));
    assert_digest(digest, vectors[1].hex);
    hash_tagged2(digest, 'a', bytes_of(""), bytes_of("bc"));
    assert_digest(digest, vectors[1].hex);
    /* RFC 6962: the leaf hash of the empty entry is SHA-256 of one zero byte. */
    hash_tagged(digest, 0, bytes_of(NULL));
    assert_digest(digest, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

static void ending_starts_afresh(void **state) {
    (void)state;
    struct hash *h = hash_new();
    assert_non_null(h);
    for (size_t i = 0; i < VECTORS; i++) {
        const char *text = vectors[i].text;
        for (size_t k = 0; text[k] != '\0'; k++) {
            hash_put(h, text + k, 1);
        }
        uint8_t digest[HASH_LEN];
        hash_end(h, digest);
        assert_digest(digest, vectors[i].hex);
    }
    hash_free(h);
    hash_free(NULL);
}

static void an_open_incremental_hash_is_not_disturbed_by_others(void **state) {
    (void)state;
    struct hash *a = hash_new(), *b = hash_new();
    hash_put(a, "a", 1);
    hash_put(b, "zzz", 3);
    uint8_t digest[HASH_LEN];
    hash_tagged(digest, 0, bytes_of("something else"));
    hash_put(a, "bc", 2);
    hash_end(b, digest);
    hash_end(a, digest);
    assert_digest(digest, vectors[1].hex);
    hash_free(a);
    hash_free(b);
}

static void *hash_many(void *ret_wrong) {
    uint8_t want[HASH_LEN];
    text_unhex(want, HASH_LEN, bytes_of(vectors[2].hex));
    for (int i = 0; i < 2000; i++) {
        struct bytes part = bytes_of(vectors[2].text);
        uint8_t digest[HASH_LEN];
        hash_parts(digest, &part, 1);
        if (memcmp(digest, want, HASH_LEN) != 0) {
            ++*(int *)ret_wrong;
        }
    }
    return NULL;
}

static void threads_hash_at_the_same_time(void **state) {
    (void)state;
    pthread_t threads[8];
    int wrong[8] = {0};
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hash_many, &wrong[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(wrong[i], 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_fips_180_4_come_out),
        cmocka_unit_test(a_million_letters_a_come_out),
        cmocka_unit_test(parts_hash_as_their_concatenation_wherever_it_is_cut),
        cmocka_unit_test(a_tag_is_one_byte_before_the_rest),
        cmocka_unit_test(ending_starts_afresh),
        cmocka_unit_test(an_open_incremental_hash_is_not_disturbed_by_others),
        cmocka_unit_test(threads_hash_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
