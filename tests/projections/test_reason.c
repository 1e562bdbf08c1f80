/* Messages that are too long end after a whole word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "projections/view/decision.h"
#include "projections/view/reason.h"

static void is_cut(const char *text, size_t max, const char *want) {
    char got[256];
    struct bytes whole = bytes_of(text);
    snprintf(got, sizeof(got), "%.*s%s", REASON_CUT(whole, max));
    assert_string_equal(got, want);
}

static void a_message_is_cut_after_a_whole_word(void **state) {
    (void)state;
    is_cut("no value for 'score'", 20, "no value for 'score'");
    is_cut("no value for 'score'", 19, "no value for...");
    is_cut("failed eval: 'd298df5070d96540'; and more", 38, "failed eval: 'd298df5070d96540'...");
    is_cut("d298df5070d96540c6903f39286d5", 12, "d298df507...");
    is_cut("r\xc3\xa9sum\xc3\xa9s-and-more", 10, "r\xc3\xa9sum...");
    is_cut("", 10, "");
}

/* Of every length, with words of every length and with characters of two bytes. */
static void what_is_kept_fits_and_is_text(void **state) {
    char text[128], got[160];
    (void)state;
    for (size_t word = 1; word < 40; word++) {
        size_t n = 0;
        while (n + 3 < sizeof(text)) {
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s",
                                  n % word == word - 1 ? " "
                                  : n % 3 == 0         ? "\xc3\xa9"
                                                       : "x");
        }
        for (size_t max = 8; max <= n + 2; max++) {
            snprintf(got, sizeof(got), "%.*s%s", REASON_CUT(bytes_of(text), max));
            size_t size = strlen(got), kept = size < n || max < n ? size - 3 : size;
            assert_true(size <= max);
            assert_int_equal(text_utf8_valid((const uint8_t *)got, size), size);
            assert_memory_equal(got, text, kept);
            assert_true(max < n || strcmp(got, text) == 0);
            assert_true(max >= n || strcmp(got + kept, "...") == 0);
            assert_true(kept > 0 || max < 8);
        }
    }
}

static void a_refusal_that_is_too_long_says_so(void **state) {
    struct decision no;
    char text[600];
    (void)state;
    for (size_t i = 0; i + 1 < sizeof(text); i++) {
        text[i] = i % 7 == 6 ? ' ' : 'w';
    }
    text[sizeof(text) - 1] = '\0';
    decide_begin(&no);
    decide_no(&no, "%s", text);
    assert_false(no.yes);
    assert_string_equal(no.reason + strlen(no.reason) - 9, "wwwwww...");
}

int main(void) {
    const struct CMUnitTest tests_[] = {
        cmocka_unit_test(a_message_is_cut_after_a_whole_word),
        cmocka_unit_test(what_is_kept_fits_and_is_text),
        cmocka_unit_test(a_refusal_that_is_too_long_says_so),
    };
    return cmocka_run_group_tests(tests_, NULL, NULL);
}
