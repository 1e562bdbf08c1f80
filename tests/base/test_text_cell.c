/* Cells that a spreadsheet may interpret as formulas, and what they may not show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void a_cell_that_a_spreadsheet_may_calculate_is_known(void **state) {
    (void)state;
    static const char *const formulas[] = {"=1",
                                           "+1",
                                           "-1",
                                           "@a",
                                           "\t1",
                                           "\r1",
                                           "\n1",
                                           "\v",
                                           " =1",
                                           "\"=1\"",
                                           " \"  @x",
                                           "\xc2\xa0=1",
                                           "\xef\xbb\xbf=1",
                                           "\xe2\x80\x8b+1",
                                           "\xe3\x80\x80=1",
                                           "\xef\xbc\2351",
                                           "\xef\xbc\x8b",
                                           "\xef\xbc\x8d",
                                           "\xef\xbc\xa0",
                                           "\xff=1",
                                           "\x01=1",
                                           "=",
                                           "\xef\xb8\x8f-1"};
    static const char *const texts[] = {"",    " ",    "\"",         "a=1", "1+1",  "\"a\" = 1",
                                        "'=1", "(=1)", "\xc3\xa4=1", ".-",  "\xff", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof(formulas) / sizeof(formulas[0]); i++) {
        assert_true(text_is_formula(bytes_of(formulas[i])));
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_false(text_is_formula(bytes_of(texts[i])));
    }
}

/* For programs: only what deceives is escaped. */
static void format_characters_alone_are_escaped_for_programs(void **state) {
    static const char *const cases[][2] = {
        {"a\u202eb\u2066c\u2069", "a\\u{202e}b\\u{2066}c\\u{2069}"},
        {"\u200bx\xc2\x85", "\\u{200b}x\\u{85}"},
        {"a\tb\r\nc\x1b\\", "a\tb\r\nc\x1b\\"},
        {"caf\u00e9\xff\U000e0041", "caf\u00e9\xff\\u{e0041}"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = {.max = 1000};
        assert_int_equal(text_safe_format(&out, bytes_of(cases[i][0])), 0);
        buf_put_u8(&out, 0);
        assert_string_equal((const char *)out.p, cases[i][1]);
        buf_done(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(format_characters_alone_are_escaped_for_programs),
                                       cmocka_unit_test(a_cell_that_a_spreadsheet_may_calculate_is_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
