/* Remembered answers, against asking each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memo.h"

static struct memo memo;
static unsigned asked;

static bool ends_in_x(struct bytes text) {
    asked++;
    return text.n > 0 && text.p[text.n - 1] == 'x';
}

static void a_no_is_remembered_and_a_yes_is_not(void **state) {
    (void)state;
    memset(&memo, 0, sizeof(memo));
    asked = 0;
    for (int i = 0; i < 3; i++) {
        assert_false(memo_ask(&memo, bytes_of("run/1"), ends_in_x));
        assert_true(memo_ask(&memo, bytes_of("run/x"), ends_in_x));
    }
    assert_int_equal(asked, 4);
    assert_false(memo_ask(NULL, bytes_of("run/1"), ends_in_x));
    assert_int_equal(asked, 5);
}

static void answers_are_those_of_the_question_for_texts_that_share_places(void **state) {
    char text[160];
    unsigned seed = 7, before = 0;
    (void)state;
    memset(&memo, 0, sizeof(memo));
    asked = 0;
    for (size_t i = 0; i < 200000; i++) {
        seed = seed * 1103515245U + 12345U;
        size_t n = seed >> 16 & 127, k = seed >> 23 & 31;
        n += n == 127 ? k : 0;
        memset(text, 'a', n);
        if (n > 0) {
            text[(seed >> 8) % n] = (char)('a' + k); /* often in the middle, on which the slot does not depend */
        }
        struct bytes t = {(const uint8_t *)text, n};
        before++;
        assert_int_equal(memo_ask(&memo, t, ends_in_x), n > 0 && text[n - 1] == 'x');
    }
    assert_true(asked < before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_no_is_remembered_and_a_yes_is_not),
        cmocka_unit_test(answers_are_those_of_the_question_for_texts_that_share_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
