/* Cells that a spreadsheet may interpret as formulas. */
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_cell_that_a_spreadsheet_may_calculate_is_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
