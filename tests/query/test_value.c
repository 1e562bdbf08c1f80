/* Values: patterns, comparisons across types, and the walk over unvalidated bytes. */
#include "base/glob.h"
#include "tests/ledger/scratch.h"

#include "query/condition/value.h"

/* ---- patterns ---- */

static void a_pattern_matches_what_a_shell_would(void **state) {
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "a/b", true},
        {"run.*", "run.x", true},
        {"run.*", "run", false},
        {"*.x", "run.x", true},
        {"*a*b*", "xxaxxbxx", true},
        {"*a*b", "ab_ba", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"?", "\303\244", true},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[!a-c]x", "dx", true},
        {"[^a-c]x", "ax", false},
        {"[]]", "]", true},
        {"[a", "[a", true},
        {"[a-]", "-", true},
        {"\\*", "*", true},
        {"\\*", "x", false},
        {"\\", "\\", true},
        {"[\303\244-\303\266]", "\303\265", true},
        {"a**b", "ab", true},
        {"*?", "", false},
        {"**", "", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (glob_match(bytes_of(rows[i].pattern), bytes_of(rows[i].text)) != rows[i].matches) {
            fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].text);
        }
    }
}

static void a_hopeless_pattern_takes_no_more_than_its_length_times_the_text(void **state) {
    static char text[20000], pattern[200];
    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    for (size_t i = 0; i < sizeof(pattern) - 2; i += 2) {
        memcpy(pattern + i, "a*", 2);
    }
    pattern[sizeof(pattern) - 2] = 'b';
    assert_false(glob_match(bytes_of(pattern), bytes_of(text)));
}

static void a_pattern_says_with_what_its_texts_begin(void **state) {
    static const struct {
        const char *pattern, *prefix;
        enum glob_rest rest;
    } rows[] = {{"run.step", "run.step", GLOB_NOTHING},
                {"run.*", "run.", GLOB_ANYTHING},
                {"run.**", "run.", GLOB_ANYTHING},
                {"r?n", "r", GLOB_MORE},
                {"*", "", GLOB_ANYTHING},
                {"a\\*b*", "a*b", GLOB_ANYTHING},
                {"a[b]", "a", GLOB_MORE},
                {"a[b", "a[b", GLOB_NOTHING},
                {"", "", GLOB_NOTHING}};
    struct buf out;
    (void)state;
    buf_init(&out, 64);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum glob_rest rest;
        buf_clear(&out);
        glob_prefix(bytes_of(rows[i].pattern), &out, &rest);
        assert_true(bytes_is(bytes_of_buf(&out), rows[i].prefix));
        assert_int_equal(rest, rows[i].rest);
    }
    buf_done(&out);
}

/* ---- comparing ---- */

static struct query_value whole(int64_t v) {
    return (struct query_value){.type = QUERY_INT, .int_ = v};
}

static struct query_value real(double v) {
    return (struct query_value){.type = QUERY_REAL, .real = v};
}

static int compare(struct query_value a, struct query_value b) {
    int c = 99;
    assert_true(value_compare(&a, &b, &c));
    return c;
}

static void integers_and_reals_compare_exactly(void **state) {
    (void)state;
    assert_int_equal(compare(whole(1), real(1.0)), 0);
    assert_int_equal(compare(whole(1), real(1.5)), -1);
    assert_int_equal(compare(real(-1.5), whole(-1)), -1);
    assert_int_equal(compare(whole((1LL << 53) + 1), real(9007199254740992.0)), 1);
    assert_int_equal(compare(whole(INT64_MAX), real(9223372036854775808.0)), -1);
    assert_int_equal(compare(whole(INT64_MIN), real(-9223372036854775808.0)), 0);
    assert_int_equal(compare(real(-1e300), whole(INT64_MIN)), -1);
    assert_int_equal(compare(whole(0), real(-5e-324)), 1);
}

static void what_is_unlike_does_not_compare(void **state) {
    const struct query_value all[] = {{.type = QUERY_NULL},
                                      whole(1),
                                      {.type = QUERY_TEXT, .text = {(const uint8_t *)"1", 1}},
                                      {.type = QUERY_BOOL, .boolean = true},
                                      {.type = QUERY_OTHER, .text = {(const uint8_t *)"\x91\x01", 2}}};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++) {
            int c;
            assert_int_equal(value_compare(&all[i], &all[k], &c), i == k && i != 0);
            assert_int_equal(value_equal(&all[i], &all[k]), i == k && i != 0);
            assert_true(value_order(&all[i], &all[k]) == -value_order(&all[k], &all[i]) || i != k);
        }
    }
}

static void a_real_that_is_an_integer_becomes_it(void **state) {
    (void)state;
    assert_int_equal(value_plain(real(3.0)).type, QUERY_INT);
    assert_true(value_plain(real(-9223372036854775808.0)).int_ == INT64_MIN);
    assert_int_equal(value_plain(real(9223372036854775808.0)).type, QUERY_REAL);
    assert_int_equal(value_plain(real(0.5)).type, QUERY_REAL);
}

/* ---- unvalidated bytes ---- */

static void a_walk_ends_within_its_bytes_whatever_they_are(void **state) {
    uint64_t x = 88172645463325252U;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint8_t raw[24];
        struct value_walk walk;
        struct bytes name, value;
        struct query_value v;
        for (size_t k = 0; k < sizeof(raw); k++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            raw[k] = (uint8_t)(x >> 20);
        }
        raw[0] = i % 3 == 0 ? raw[0] : (uint8_t)(0x80 | (raw[0] & 15));
        uint8_t *exact = malloc(1 + (size_t)(x >> 40) % sizeof(raw)); /* so that a sanitizer detects a read past the end */
        size_t n = 1 + (size_t)(x >> 40) % sizeof(raw);
        memcpy(exact, raw, n);
        if (value_walk_begin((struct bytes){exact, n}, &walk)) {
            while (value_walk_next(&walk, &name, &value)) {
                assert_true(name.p >= exact && value.p + value.n <= exact + n);
                v = value_of(value);
                assert_true(v.type <= QUERY_OTHER);
            }
        }
        if (value_walk_begin((struct bytes){exact, n}, &walk)) {
            while (value_walk_value(&walk, &name, &v)) {
                assert_true(name.p >= exact && name.p + name.n <= exact + n);
                assert_true((v.type != QUERY_TEXT && v.type != QUERY_OTHER) || v.text.p + v.text.n <= exact + n);
            }
        }
        free(exact);
    }
}

static void both_walks_see_the_same(void **state) {
    struct buf body, blob;
    struct value_walk a, b;
    struct bytes name_a, name_b, raw;
    struct query_value v;
    (void)state;
    buf_init(&body, 65536);
    buf_init(&blob, 65536);
    scratch_map(
        &body,
        "{\"a\": 1, \"b\": -1, \"c\": 1.5, \"d\": \"text\", \"e\": true, \"f\": null, \"g\": [1, [2]], \"h\": {\"x\": 1},"
        " \"i\": 300, \"j\": -70000, \"k\": 5000000000, \"l\": \"%0300d\", \"m\": -5000000000,"
        " \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\": 7, \"o\": \"\"}",
        1);
    assert_true(value_walk_begin(bytes_of_buf(&body), &a));
    assert_true(value_walk_begin(bytes_of_buf(&body), &b));
    for (int n = 0; n < 15; n++) {
        int c;
        assert_true(value_walk_next(&a, &name_a, &raw));
        assert_true(value_walk_value(&b, &name_b, &v));
        assert_true(bytes_eq(name_a, name_b));
        struct query_value w = value_of(raw);
        assert_int_equal(v.type, w.type);
        assert_true(v.type == QUERY_NULL || (value_compare(&v, &w, &c) && c == 0));
    }
    assert_false(value_walk_next(&a, &name_a, &raw));
    assert_false(value_walk_value(&b, &name_b, &v));
    buf_done(&body);
    buf_done(&blob);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_matches_what_a_shell_would),
        cmocka_unit_test(a_hopeless_pattern_takes_no_more_than_its_length_times_the_text),
        cmocka_unit_test(a_pattern_says_with_what_its_texts_begin),
        cmocka_unit_test(integers_and_reals_compare_exactly),
        cmocka_unit_test(what_is_unlike_does_not_compare),
        cmocka_unit_test(a_real_that_is_an_integer_becomes_it),
        cmocka_unit_test(a_walk_ends_within_its_bytes_whatever_they_are),
        cmocka_unit_test(both_walks_see_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
