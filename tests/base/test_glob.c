/* Shell patterns over texts with an explicit length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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
    {"*\xc3\xa4*b", "a\xc3\xa4-b", true},
    {"*b", "ab\xc3\xa4", false},
    {"*aab", "aaaab", true},
    {"a*a", "a", false},
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

/* ---- two patterns, against all short texts ---- */

#define PATTERN_MAX 40
#define TEXT_LEN    5 /* of "a", "b", "/" */

static size_t all_texts(struct bytes *ret, char (*own)[TEXT_LEN + 1]) {
    size_t n = 0, from = 0;
    own[n][0] = '\0';
    ret[n++] = (struct bytes){(const uint8_t *)own[0], 0};
    for (size_t len = 1; len <= TEXT_LEN; len++) {
        for (size_t end = n; from < end; from++) {
            for (const char *c = "ab/"; *c != '\0'; c++, n++) {
                memcpy(own[n], own[from], len - 1);
                own[n][len - 1] = *c;
                own[n][len] = '\0';
                ret[n] = (struct bytes){(const uint8_t *)own[n], len};
            }
        }
    }
    return n;
}

static uint64_t seed;
static size_t random_below(size_t n) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(seed >> 33) % n;
}

static void random_pattern(char *ret, bool classes) {
    static const char *const elements[] = {"a", "b", "/", "*", "?", "\\b", "\\a", "[ab]", "[!a]", "["};
    size_t n = random_below(4);
    size_t at = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(ret + at, PATTERN_MAX - at, "%s", elements[random_below(classes ? 10 : 7)]);
    }
}

/* By trying everything; ASCII only, without classes and escapes. */
static bool plainly(const char *p, const char *t) {
    return *p == '\0'  ? *t == '\0'
           : *p == '*' ? plainly(p + 1, t) || (*t != '\0' && plainly(p, t + 1))
                       : *t != '\0' && (*p == '?' || *p == *t) && plainly(p + 1, t + 1);
}

static void long_runs_and_many_stars_match_as_by_trying_everything(void **state) {
    size_t matched = 0;
    (void)state;
    seed = 7;
    for (unsigned round = 0; round < 200000; round++) {
        char p[12] = "", t[16] = "";
        for (size_t i = random_below(11); i > 0; i--) {
            p[i - 1] = "aab**?"[random_below(6)];
        }
        for (size_t i = random_below(15); i > 0; i--) {
            t[i - 1] = "aab"[random_below(3)];
        }
        bool match = glob_match(bytes_of(p), bytes_of(t));
        if (match != plainly(p, t)) {
            fail_msg("'%s' and '%s': %d", p, t, match);
        }
        matched += match;
    }
    assert_in_range(matched, 10000, 190000);
}

/* Containment and intersection are exact except for classes, where each errs to its safe side. */
static void two_patterns_agree_with_all_short_texts(void **state) {
    static struct bytes texts[400];
    static char own[400][TEXT_LEN + 1];
    size_t n = all_texts(texts, own), covered = 0, apart = 0;
    (void)state;
    assert_in_range(n, 1, 399);
    for (unsigned round = 0; round < 60000; round++) {
        char p[PATTERN_MAX], q[PATTERN_MAX];
        random_pattern(p, round % 2 == 0);
        random_pattern(q, round % 2 == 0);
        bool contains = true, shares = false;
        for (size_t i = 0; i < n; i++) {
            bool in_p = glob_match(bytes_of(p), texts[i]), in_q = glob_match(bytes_of(q), texts[i]);
            contains = contains && (in_p || !in_q);
            shares = shares || (in_p && in_q);
        }
        bool covers = glob_covers(bytes_of(p), bytes_of(q)), meets = glob_meets(bytes_of(p), bytes_of(q));
        if ((covers && !contains) || (shares && !meets) || (round % 2 != 0 && meets && !shares)) {
            fail_msg("'%s' and '%s': covers %d of %d, meets %d of %d", p, q, covers, contains, meets, shares);
        }
        covered += covers;
        apart += !meets;
    }
    assert_in_range(covered, 1000, 59000);
    assert_in_range(apart, 1000, 59000);
}

static void a_pattern_covers_what_takes_less(void **state) {
    static const struct {
        const char *pattern, *other;
        bool covers;
    } pairs[] = {
        {"/srv/*", "/srv/a/*", true},
        {"/srv/?", "/srv/*", false},
        {"/srv/[*]", "/srv/*", false},
        {"a*", "*", false},
        {"*", "", true},
        {"*a*", "ba?", true},
        {"?", "[ab]", true},
        {"[ab]", "[ab]", true},
        {"[ab]", "?", false},
        {"a\\*", "a\\*", true},
        {"a\\*", "a*", false},
        {"**", "*", true},
        {"?*", "*?", true},
        {"?*", "*?*", true},
        {"*?*", "?*", true},
        {"?*", "*a*", true},
        {"??*", "*a*", false},
        {"a*", "[a]a", true},
        {"[a-z]*", "[bc]a", true},
        {"[a-b]*", "[bc]a", false},
        {"[!a]", "[bc]", true},
        {"[!a]", "[ab]", false},
        {"[a-z]", "[!0]", false},
        {"?", "[!0]", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (glob_covers(bytes_of(pairs[i].pattern), bytes_of(pairs[i].other)) != pairs[i].covers) {
            fail_msg("'%s' and '%s'", pairs[i].pattern, pairs[i].other);
        }
    }
    assert_true(glob_meets(bytes_of("src/*"), bytes_of("*secret*")));
    assert_false(glob_meets(bytes_of("src/*"), bytes_of("lib/*")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_what_they_say),
        cmocka_unit_test(a_pattern_is_known_by_its_characters),
        cmocka_unit_test(long_runs_and_many_stars_match_as_by_trying_everything),
        cmocka_unit_test(two_patterns_agree_with_all_short_texts),
        cmocka_unit_test(a_pattern_covers_what_takes_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
