/* Archive headers: those that tar writes, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/archive/ustar.h"
#include "base/text.h"

static struct err why;

static void a_header_has_these_bytes(void **state) {
    uint8_t block[USTAR_BLOCK];
    (void)state;
    assert_int_equal(ustar_header(block, bytes_of("entries/12"), 1234, &why), 0);
    assert_string_equal((const char *)block, "entries/12");
    assert_memory_equal(block + 100, "0000644\0000000000\0000000000\00000000002322\00000000000000", 48);
    assert_memory_equal(block + 148, "011022\0 0", 9);
    assert_memory_equal(block + 257, "ustar\00000", 8);
    for (size_t i = 265; i < 329; i++) {
        assert_int_equal(block[i], 0);
    }
    assert_memory_equal(block + 329, "0000000\0000000000", 16);
}

static void what_is_written_is_read(void **state) {
    static const uint64_t sizes[] = {0, 1, 511, 512, 513, UINT64_C(1) << 32, USTAR_SIZE_MAX};
    uint8_t block[USTAR_BLOCK];
    char name[USTAR_NAME_MAX + 1];
    uint64_t size;
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(ustar_header(block, bytes_of("a/b"), sizes[i], &why), 0);
        assert_int_equal(ustar_parse(block, name, &size, &why), 0);
        assert_string_equal(name, "a/b");
        assert_true(size == sizes[i]);
        assert_int_equal((size + ustar_padding(size)) % USTAR_BLOCK, 0);
    }
    memset(block, 0, sizeof(block));
    assert_int_equal(ustar_parse(block, name, &size, &why), 1);
}

static void every_flipped_bit_is_refused(void **state) {
    uint8_t block[USTAR_BLOCK];
    char name[USTAR_NAME_MAX + 1];
    uint64_t size;
    (void)state;
    assert_int_equal(ustar_header(block, bytes_of("checkpoint"), 300, &why), 0);
    for (size_t bit = 0; bit < 8 * USTAR_BLOCK; bit++) {
        block[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(ustar_parse(block, name, &size, &why), ERR_CORRUPT);
        block[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void names_that_lead_elsewhere_are_refused(void **state) {
    static const char *const names[] = {"",     "/a",    "a/",  "a//b", ".",    "..",      "../a",
                                        "a/..", "a/./b", "a b", "a\nb", "\x7f", "\xc3\xa4"};
    uint8_t block[USTAR_BLOCK];
    char longest[USTAR_NAME_MAX + 2];
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(ustar_header(block, bytes_of(names[i]), 0, &why), ERR_INVALID);
    }
    memset(longest, 'x', sizeof(longest));
    assert_int_equal(ustar_header(block, (struct bytes){(const uint8_t *)longest, USTAR_NAME_MAX}, 0, &why), 0);
    assert_int_equal(ustar_header(block, (struct bytes){(const uint8_t *)longest, USTAR_NAME_MAX + 1}, 0, &why),
                     ERR_INVALID);
    assert_int_equal(ustar_header(block, bytes_of("..."), 0, &why), 0);
    assert_int_equal(ustar_header(block, bytes_of("a"), USTAR_SIZE_MAX + 1, &why), ERR_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_has_these_bytes),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
