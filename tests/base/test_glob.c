/* Shell patterns over texts that know their length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/glob.h"

static const struct {
    const char *pattern, *text;
    bool match;
} cases[] = {
    {"", "", true},
    {"", "a", false},
    {"a", "", false},
    {"*", "", true},
    {"*", "a/b", true},
    {"/srv/*", "/srv/", true},
    {"/srv/*", "/srv/a/b", true},
    {"/srv/*", "/srv", false},
    {"*.pdf", "a.pdf", true},
    {"*.pdf", "a.pdfx", false},
    {"a*b*c", "a-b-b-c", true},
    {"a*b*c", "a-c-b", false},
    {"?", "\xc3\xa4", true},
    {"??", "\xc3\xa4", false},
    {"[a-c]", "b", true},
    {"[!a-c]", "b", false},
    {"[^a-c]", "d", true},
    {"[]]", "]", true},
    {"[", "[", true},
    {"[ab", "[ab", true},
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"a\\", "a\\", true},
    {"[\xc3\xa4-\xc3\xb6]", "\xc3\xb6", true},
    {"/srv/*", "/srv/a/*", true},
    {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
};

static void patterns_match_what_they_say(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (glob_match(bytes_of(cases[i].pattern), bytes_of(cases[i].text)) != cases[i].match) {
            fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
        }
    }
}

static void a_pattern_is_known_by_its_characters(void **state) {
    (void)state;
    assert_false(glob_is_pattern(bytes_of("")));
    assert_false(glob_is_pattern(bytes_of("/srv/a]b")));
    assert_true(glob_is_pattern(bytes_of("/srv/*")));
    assert_true(glob_is_pattern(bytes_of("a?")));
    assert_true(glob_is_pattern(bytes_of("[a")));
    assert_true(glob_is_pattern(bytes_of("a\\b")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_what_they_say),
        cmocka_unit_test(a_pattern_is_known_by_its_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
