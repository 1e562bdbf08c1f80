/* pack.sig: who signed which tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "packs/tree/sign.h"

static struct signer alice, mallory;
static uint8_t digest[HASH_LEN];

static int set_up(void **state) {
    (void)state;
    struct err err = {0};
    const uint8_t one[CRYPT_SEED_LEN] = {1}, two[CRYPT_SEED_LEN] = {2};
    memset(digest, 0xab, sizeof(digest));
    return crypt_init(&err) || signer_from_seed(&alice, bytes_of("example.org/alice"), one, &err) ||
           signer_from_seed(&mallory, bytes_of("example.org/mallory"), two, &err);
}

static int tear_down(void **state) {
    (void)state;
    signer_done(&alice);
    signer_done(&mallory);
    return 0;
}

static struct sign_claim claim(const char *publisher) {
    return (struct sign_claim){bytes_of("a"), bytes_of("1.0.0"), bytes_of(publisher), digest};
}

static enum sign_verdict check(const struct buf *note, const struct sign_claim *of, const struct signer *by) {
    size_t key = 99;
    enum sign_verdict verdict = sign_check(bytes_of_buf(note), of, &by->vkey, 1, &key);
    assert_int_equal(key, verdict == SIGN_GOOD ? 0 : 99);
    return verdict;
}

static void a_signature_of_the_publisher_is_good_for_this_tree_alone(void **state) {
    (void)state;
    struct buf note = {.max = NOTE_MAX};
    struct err err = {0};
    struct sign_claim of = claim("example.org/alice");
    uint8_t other[HASH_LEN] = {0};
    assert_int_equal(sign_write(&of, &alice, &note, &err), 0);
    assert_int_equal(check(&note, &of, &alice), SIGN_GOOD);
    assert_int_equal(check(&note, &of, &mallory), SIGN_UNKNOWN);
    of.digest = other;
    assert_int_equal(check(&note, &of, &alice), SIGN_OTHER);
    of.digest = digest;
    of.version = bytes_of("1.0.1");
    assert_int_equal(check(&note, &of, &alice), SIGN_OTHER);
    of.version = bytes_of("1.0.0");
    of.name = bytes_of("b");
    assert_int_equal(check(&note, &of, &alice), SIGN_OTHER);
    of.name = bytes_of("a");
    size_t key = 99;
    assert_int_equal(sign_check((struct bytes){NULL, 0}, &of, &alice.vkey, 1, &key), SIGN_ABSENT);
    assert_int_equal(sign_check(bytes_of("x"), &of, &alice.vkey, 1, &key), SIGN_BROKEN);
    assert_int_equal(sign_check(bytes_of_buf(&note), &of, NULL, 0, &key), SIGN_UNKNOWN);
    buf_done(&note);
}

static void nobody_signs_for_another_publisher(void **state) {
    (void)state;
    struct buf note = {.max = NOTE_MAX};
    struct err err = {0};
    const struct sign_claim of = claim("example.org/alice"), own = claim("example.org/mallory");
    assert_int_equal(sign_write(&of, &mallory, &note, &err), ERR_INVALID);
    assert_string_equal(err.msg, "the key 'example.org/mallory' is not of the pack's publisher 'example.org/alice'");
    /* The text does not name the publisher: a good line of a known key of another name does not count. */
    assert_int_equal(sign_write(&own, &mallory, &note, &err), 0);
    assert_int_equal(check(&note, &of, &mallory), SIGN_UNKNOWN);
    buf_done(&note);
}

static void no_flipped_bit_is_good(void **state) {
    (void)state;
    struct buf note = {.max = NOTE_MAX};
    struct err err = {0};
    const struct sign_claim of = claim("example.org/alice");
    assert_int_equal(sign_write(&of, &alice, &note, &err), 0);
    for (size_t i = 0; i < note.n * 8; i++) {
        note.p[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_int_not_equal(check(&note, &of, &alice), SIGN_GOOD);
        note.p[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    for (size_t n = note.n; note.n-- > 0;) {
        assert_int_not_equal(check(&note, &of, &alice), SIGN_GOOD);
        assert_true(note.n < n);
    }
    buf_done(&note);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_of_the_publisher_is_good_for_this_tree_alone),
        cmocka_unit_test(nobody_signs_for_another_publisher),
        cmocka_unit_test(no_flipped_bit_is_good),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
