/* Digests of members computed while streaming, against hashes of the same contents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/archive/ustar.h"
#include "base/hash.h"
#include "export/verify/digests.h"

static struct buf tar;
static const size_t sizes[] = {1, 0, 511, 512, 513, 70000, 0, 0, 1024, 3};
#define MEMBERS (sizeof(sizes) / sizeof(sizes[0]))
static uint8_t want[MEMBERS][DIGESTS_LEN];

static void put_member(const char *name, const uint8_t *content, size_t n) {
    static const uint8_t zeros[USTAR_BLOCK];
    uint8_t header[USTAR_BLOCK];
    assert_int_equal(ustar_header(header, bytes_of(name), n, NULL), 0);
    buf_put(&tar, header, sizeof(header));
    buf_put(&tar, content, n);
    buf_put(&tar, zeros, ustar_padding(n));
}

static int start(void **state) {
    static uint8_t content[70000];
    (void)state;
    buf_init(&tar, 8 << 20);
    for (size_t i = 0; i < sizeof(content); i++) {
        content[i] = (uint8_t)(i * 31 + i / 251);
    }
    for (size_t i = 0; i < MEMBERS; i++) {
        struct bytes part = {content, sizes[i]};
        put_member("member", content, sizes[i]);
        hash_parts(want[i], &part, 1);
    }
    return 0;
}

static int finish(void **state) {
    (void)state;
    buf_done(&tar);
    return 0;
}

static void digests_are_the_same_in_pieces_of_any_size(void **state) {
    static const size_t pieces[] = {1, 7, 511, 512, 513, 1000, 65536, 1 << 20};
    (void)state;
    for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
        struct digests *d = digests_new();
        assert_non_null(d);
        for (size_t at = 0; at < tar.n; at += pieces[k]) {
            digests_put(d, (struct bytes){tar.p + at, tar.n - at < pieces[k] ? tar.n - at : pieces[k]});
        }
        for (size_t i = 0; i < MEMBERS; i++) {
            uint8_t got[DIGESTS_LEN];
            digests_get(d, i, got);
            assert_memory_equal(got, want[i], DIGESTS_LEN);
        }
        digests_free(d);
    }
}

static void a_digest_is_kept_while_as_many_bytes_follow_as_are_allowed(void **state) {
    uint8_t header[USTAR_BLOCK], got[DIGESTS_LEN];
    struct digests *d = digests_new();
    (void)state;
    assert_non_null(d);
    assert_int_equal(ustar_header(header, bytes_of("empty"), 0, NULL), 0);
    digests_put(d, bytes_of_buf(&tar));
    for (size_t n = 0; n < DIGESTS_BEHIND_MAX; n += sizeof(header)) {
        digests_put(d, (struct bytes){header, sizeof(header)});
        digests_get(d, MEMBERS - 1, got);
        assert_memory_equal(got, want[MEMBERS - 1], DIGESTS_LEN);
    }
    digests_free(d);
}

static void bytes_that_are_no_archive_are_passed_over(void **state) {
    uint8_t got[DIGESTS_LEN];
    struct digests *d = digests_new();
    (void)state;
    assert_non_null(d);
    digests_put(d, bytes_of_buf(&tar));
    for (size_t i = 0; i < 2000; i++) {
        digests_put(d, bytes_of("not a header, and never one"));
    }
    digests_put(d, bytes_of_buf(&tar));
    digests_get(d, MEMBERS - 1, got);
    assert_memory_equal(got, want[MEMBERS - 1], DIGESTS_LEN);
    digests_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_the_same_in_pieces_of_any_size),
        cmocka_unit_test(a_digest_is_kept_while_as_many_bytes_follow_as_are_allowed),
        cmocka_unit_test(bytes_that_are_no_archive_are_passed_over),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
