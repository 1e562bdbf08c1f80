/* Which name was probably meant by an unknown one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"

static void the_nearest_of_the_names_is_suggested(void **state) {
    (void)state;
    static const char *const names[] = {"list", "lost", "show", "at", NULL, "table"};
    static const struct {
        const char *text, *near;
    } cases[] = {{"lisst", "list"},   {"lst", "list"},     {"lest", "list"}, {"losts", "lost"}, {"shwo", "show"},
                 {"sohw", "show"},    {"et", NULL},        {"xy", NULL},     {"xyow", NULL},    {"", NULL},
                 {"tables", "table"}, {"teblse", "table"}, {"unlike", NULL}, {"a", NULL},       {"tabel", "table"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text_near near = {.text = cases[i].text};
        char words[64] = "";
        assert_true(text_near_find(&near, names, sizeof(names) / sizeof(names[0])) == SIZE_MAX);
        if (cases[i].near) {
            snprintf(words, sizeof(words), ", did you mean '%s'?", cases[i].near);
        }
        assert_string_equal(text_near_words(&near), words);
    }
    struct text_near same = {.text = "lost"};
    assert_int_equal(text_near_find(&same, names, 6), 1);
    assert_string_equal(same.name, "lost");
    assert_false(text_near_offer(&same, "lost")); /* already present */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_of_the_names_is_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
