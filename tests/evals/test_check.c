/* evals/check/check.h: each type of check by tables, `not`, and what is never a pass. */
#include "tests/evals/check_box.h"

static const struct {
    enum suite_check_type type;
    const char *text;
    bool trim, ignore_case;
    const char *output;
    bool met;
} texts[] = {
    {SUITE_EQUALS, "", false, false, "", true},
    {SUITE_EQUALS, "a", false, false, "a", true},
    {SUITE_EQUALS, "a", false, false, "a\n", false},
    {SUITE_EQUALS, "a", true, false, " \ta\r\n", true},
    {SUITE_EQUALS, " a ", true, false, "a", true},
    {SUITE_EQUALS, "a", true, false,
     "\xc2\xa0"
     "a",
     false}, /* white space is ASCII's */
    {SUITE_EQUALS, "a", false, false, "A", false},
    {SUITE_EQUALS, "aZ[`", false, true, "Az[`", true},
    {SUITE_EQUALS, "@", false, true, "`", false}, /* 32 apart, and no letters */
    {SUITE_EQUALS, "\xc3\xa4", false, true, "\xc3\x84", false},
    {SUITE_EQUALS, "abc", false, false, "ab", false},
    {SUITE_EQUALS, "ab", false, false, "abc", false},
    {SUITE_EQUALS, "", true, false, " \n", true},
    {SUITE_CONTAINS, "b", false, false, "abc", true},
    {SUITE_CONTAINS, "abcd", false, false, "abc", false},
    {SUITE_CONTAINS, "B", false, false, "abc", false},
    {SUITE_CONTAINS, "B", false, true, "abc", true},
    {SUITE_CONTAINS, "b", false, true, "ABC", true},
    {SUITE_CONTAINS, "b", false, true, "", false},
    {SUITE_CONTAINS, " b ", false, false, "abc", false},
    {SUITE_CONTAINS, " b ", true, false, "abc", true},
    {SUITE_REGEX, "^a+$", false, false, "aaa", true},
    {SUITE_REGEX, "^a+$", false, false, "aab", false},
    {SUITE_REGEX, "^a+$", false, false, " aa ", false},
    {SUITE_REGEX, "^a+$", true, false, " aa ", true},
    {SUITE_REGEX, "AA", false, false, "aaa", false},
    {SUITE_REGEX, "AA", false, true, "aaa", true},
    {SUITE_REGEX, "\xc3\x84", false, true, "\xc3\xa4", true},
    {SUITE_REGEX, "^.$", false, false, "\xf0\x9f\x98\x80", true}, /* one character, four bytes */
    {SUITE_REGEX, "^\\d$", false, false, "\xd9\xa3", false},      /* ASCII's digits only */
    {SUITE_REGEX, "^b$", false, false, "a\nb", false},
    {SUITE_REGEX, "(?m)^b$", false, false, "a\nb\nc", true},
    {SUITE_REGEX, "(?m)^b$", false, false, "a\rb\rc", false}, /* LF ends a line, whatever the library was built with */
    {SUITE_REGEX, "", false, false, "", true},
    {SUITE_REGEX, "(a)\\1", false, false, "aa", true},
};

static void texts_are_compared_as_stated(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct suite_check check = check_of(texts[i].type, texts[i].text);
        check.trim = texts[i].trim;
        check.ignore_case = texts[i].ignore_case;
        for (int not = 0; not < 2; not ++) {
            check.not = not ;
            enum check_end want = texts[i].met != not ? CHECK_MET : CHECK_UNMET;
            if (end_of(&check, texts[i].output) != want) {
                fail_msg("row %zu: '%s' of '%s', not %d", i, texts[i].text, texts[i].output, not );
            }
        }
    }
}

static void bytes_that_are_no_text_are_compared_too(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_EQUALS, "");
    check.text = (struct bytes){(const uint8_t *)"a\0\xff", 3};
    assert_int_equal(outcome_of(&check, (struct bytes){(const uint8_t *)"a\0\xff", 3}).end, CHECK_MET);
    assert_int_equal(outcome_of(&check, (struct bytes){(const uint8_t *)"a\0\xfe", 3}).end, CHECK_UNMET);
    check.type = SUITE_CONTAINS;
    check.text = (struct bytes){(const uint8_t *)"\0\xff", 2};
    assert_int_equal(outcome_of(&check, (struct bytes){(const uint8_t *)"a\0\xff", 3}).end, CHECK_MET);
}

static const struct {
    double number, tolerance, relative;
    const char *output;
    enum check_end plain, negated;
} numbers[] = {
    {1, NAN, NAN, "1", CHECK_MET, CHECK_UNMET},
    {1, NAN, NAN, " 1.0\n", CHECK_MET, CHECK_UNMET},
    {1, NAN, NAN, "+1e0", CHECK_MET, CHECK_UNMET},
    {0.5, NAN, NAN, ".5", CHECK_MET, CHECK_UNMET},
    {-5, NAN, NAN, "-5.", CHECK_MET, CHECK_UNMET},
    {7, NAN, NAN, "007", CHECK_MET, CHECK_UNMET},
    {1, NAN, NAN, "1.0000001", CHECK_UNMET, CHECK_MET},
    {1, 0.5, NAN, "1.5", CHECK_MET, CHECK_UNMET},
    {1, 0.5, NAN, "0.5", CHECK_MET, CHECK_UNMET},
    {1, 0.5, NAN, "1.5000001", CHECK_UNMET, CHECK_MET},
    {200, 0.5, 0.01, "202", CHECK_MET, CHECK_UNMET}, /* the wider of both */
    {-200, 0.5, 0.01, "-202", CHECK_MET, CHECK_UNMET},
    {-200, NAN, 0.01, "-203", CHECK_UNMET, CHECK_MET},
    {0, NAN, 0.5, "0.1", CHECK_UNMET, CHECK_MET}, /* half of nothing */
    {1, 1e300, NAN, "1e999", CHECK_UNMET, CHECK_UNMET},
    {-1e308, 1e308, NAN, "1e308", CHECK_UNMET, CHECK_MET},
    /* Decimal numbers mean what they say; where no distance is allowed, none is. */
    {1, 0.1, NAN, "1.1", CHECK_MET, CHECK_UNMET},
    {1, 0.1, NAN, "0.9", CHECK_MET, CHECK_UNMET},
    {0.3, 0.1, NAN, "0.2", CHECK_MET, CHECK_UNMET},
    {1000000, 0.1, NAN, "1000000.1", CHECK_MET, CHECK_UNMET},
    {1, 0.1, NAN, "1.10000000000001", CHECK_UNMET, CHECK_MET},
    {0.3, 0, NAN, "0.30000000000000004", CHECK_UNMET, CHECK_MET},
    {3, NAN, 0.1, "3.3", CHECK_MET, CHECK_UNMET},
    {1e308, 1, NAN, "1.1e308", CHECK_UNMET, CHECK_MET},
    /* No number: unmet both ways. */
    {1, 9, NAN, "", CHECK_UNMET, CHECK_UNMET},
    {1, 9, NAN, "one", CHECK_UNMET, CHECK_UNMET},
    {1, 9, NAN, "about 1", CHECK_UNMET, CHECK_UNMET},
    {1, 9, NAN, "1 2", CHECK_UNMET, CHECK_UNMET},
    {1, 9, NAN, "1,5", CHECK_UNMET, CHECK_UNMET},
    {1, 9, NAN, "0x1", CHECK_UNMET, CHECK_UNMET},
    {1, 9, NAN, "nan", CHECK_UNMET, CHECK_UNMET},
    {1, 9, NAN, "inf", CHECK_UNMET, CHECK_UNMET},
    {1, 9, NAN, "1e", CHECK_UNMET, CHECK_UNMET},
    {1, 9, NAN, "1e+", CHECK_UNMET, CHECK_UNMET},
    {1, 9, NAN, ".", CHECK_UNMET, CHECK_UNMET},
    {1, 9, NAN, "--1", CHECK_UNMET, CHECK_UNMET},
};

static void numbers_are_near_or_not(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct suite_check check = check_of(SUITE_NUMBER, NULL);
        check.number = numbers[i].number;
        check.tolerance = numbers[i].tolerance;
        check.relative = numbers[i].relative;
        assert_sound(&check, NULL);
        for (int not = 0; not < 2; not ++) {
            check.not = not ;
            if (end_of(&check, numbers[i].output) != (not ? numbers[i].negated : numbers[i].plain)) {
                fail_msg("row %zu: '%s', not %d", i, numbers[i].output, not );
            }
        }
    }
}

static void a_text_that_is_too_long_is_no_number(void **state) {
    (void)state;
    char digits[2000];
    struct suite_check check = check_of(SUITE_NUMBER, NULL);
    memset(digits, '0', sizeof(digits));
    check.number = 0;
    assert_int_equal(outcome_of(&check, (struct bytes){(uint8_t *)digits, 512}).end, CHECK_MET);
    assert_int_equal(outcome_of(&check, (struct bytes){(uint8_t *)digits, 513}).end, CHECK_UNMET);
    assert_int_equal(outcome_of(&check, (struct bytes){(const uint8_t *)"0\0", 2}).end, CHECK_UNMET);
}

/* A pattern whose cost grows without end is an error, both ways, and the limit is named. */
static void a_catastrophic_pattern_is_never_a_pass(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "^(a+)+$",           "(a|aa)+$",           "(a*)*[bc]",  "^(\\w+\\s?)*$",        "(.*)(.*)(.*)(.*)(.*)[cd]",
        "(?=(a+))\\1+[?#]",  "(a|b|ab)*[cd]",      "^((a+)*)*$", "(x+x+)+y|(a+a+)+[bc]", "a*+[bc]",
        "(a*)\\1\\1\\1[bc]", "(?:a?){60}a{60}[bc]"};
    size_t n = 200000;
    char *text = malloc(n + 1);
    assert_non_null(text);
    memset(text, 'a', n);
    text[n] = '!';
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct suite_check check = check_of(SUITE_REGEX, patterns[i]);
        for (int not = 0; not < 2; not ++) {
            check.not = not ;
            struct check_outcome outcome = outcome_of(&check, (struct bytes){(uint8_t *)text, n + 1});
            if (outcome.end != CHECK_ERROR) fail_msg("%s", patterns[i]);
            if (strstr(outcome.why, "limit") == NULL) fail_msg("%s: %s", patterns[i], outcome.why);
        }
    }
    free(text);
}

static void a_pattern_on_bytes_that_are_no_text_is_an_error(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_REGEX, "a");
    for (int not = 0; not < 2; not ++) {
        check.not = not ;
        assert_int_equal(end_of(&check, "a\xff"), CHECK_ERROR);
    }
    check.type = SUITE_TOKEN_F1;
    check.at_least = 0;
    assert_int_equal(end_of(&check, "a\xff"), CHECK_ERROR);
    check.type = SUITE_EDIT_DISTANCE;
    check.at_most = 1;
    assert_int_equal(end_of(&check, "a\xff"), CHECK_ERROR);
}

static void recursion_without_end_in_a_pattern_is_an_error(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_REGEX, "^(a?(?1)b)?$");
    assert_int_not_equal(end_of(&check, "aaaa"), CHECK_MET);
}

static void an_exit_status_is_compared(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_EXIT, NULL);
    struct check_given given = {0};
    struct check_outcome outcome;
    check.number = 3;
    for (int not = 0; not < 2; not ++) {
        check.not = not ;
        given.has_exit = true;
        given.exit = 3;
        assert_int_equal(check_one(&check, &given, &outcome, NULL), 0);
        assert_int_equal(outcome.end, not ? CHECK_UNMET : CHECK_MET);
        assert_true(outcome.measure == 3);
        given.exit = 2;
        assert_int_equal(check_one(&check, &given, &outcome, NULL), 0);
        assert_int_equal(outcome.end, not ? CHECK_MET : CHECK_UNMET);
        given.has_exit = false;
        given.exit = 3;
        assert_int_equal(check_one(&check, &given, &outcome, NULL), 0);
        assert_int_equal(outcome.end, CHECK_ERROR);
    }
}

static const struct {
    bool has;
    double score;
    enum check_end plain, negated;
} scores[] = {
    {true, 4, CHECK_MET, CHECK_UNMET},      {true, 5, CHECK_MET, CHECK_UNMET},
    {true, 3.99, CHECK_UNMET, CHECK_MET},   {true, 1, CHECK_UNMET, CHECK_MET},
    {true, 5.01, CHECK_ERROR, CHECK_ERROR}, {true, 0.99, CHECK_ERROR, CHECK_ERROR},
    {true, NAN, CHECK_ERROR, CHECK_ERROR},  {true, INFINITY, CHECK_ERROR, CHECK_ERROR},
    {false, 5, CHECK_ERROR, CHECK_ERROR},
};

static void a_judge_counts_within_its_scale_only(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_JUDGE, "Is it polite?");
    struct check_outcome outcome;
    check.scale[0] = 1;
    check.scale[1] = 5;
    check.at_least = 4;
    for (size_t i = 0; i < 2 * sizeof(scores) / sizeof(scores[0]); i++) {
        struct check_given given = {.has_judged = scores[i / 2].has, .judged = scores[i / 2].score};
        check.not = i % 2;
        assert_int_equal(check_one(&check, &given, &outcome, NULL), 0);
        assert_int_equal(outcome.end, i % 2 ? scores[i / 2].negated : scores[i / 2].plain);
    }
}

static bool report_only(void *ctx, struct bytes name, struct bytes *ret) {
    (void)ctx;
    if (!bytes_is(name, "report")) return false;
    *ret = bytes_of("hello");
    return true;
}

static void an_output_is_found_by_its_name(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_EQUALS, "hello");
    struct check_given given = {.output = bytes_of("hello"), .named = report_only};
    struct check_outcome outcome;
    check.output = bytes_of("report");
    assert_int_equal(check_one(&check, &given, &outcome, NULL), 0);
    assert_int_equal(outcome.end, CHECK_MET);
    for (int not = 0; not < 2; not ++) { /* one that is not there is unmet, both ways */
        check.not = not ;
        check.output = bytes_of("summary");
        assert_int_equal(check_one(&check, &given, &outcome, NULL), 0);
        assert_int_equal(outcome.end, CHECK_UNMET);
        given.named = NULL;
        assert_int_equal(check_one(&check, &given, &outcome, NULL), 0);
        assert_int_equal(outcome.end, CHECK_UNMET);
        given.named = report_only;
    }
}

static void reasons_do_not_repeat_the_output(void **state) {
    (void)state;
    static const char secret[] = "Zanzibar";
    struct suite_check checks[] = {check_of(SUITE_EQUALS, "x"),        check_of(SUITE_CONTAINS, "x"),
                                   check_of(SUITE_REGEX, "x"),         check_of(SUITE_JSON, NULL),
                                   check_of(SUITE_SCHEMA, NULL),       check_of(SUITE_NUMBER, NULL),
                                   check_of(SUITE_EDIT_DISTANCE, "x"), check_of(SUITE_TOKEN_F1, "x")};
    checks[3].value = bytes_of("1");
    checks[4].value = bytes_of("{\"properties\":{\"Zanzibar\":false},\"type\":\"object\"}");
    checks[5].number = 1;
    checks[6].at_most = 0;
    checks[7].at_least = 1;
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        static const char *const outputs[] = {"Zanzibar", "\"Zanzibar\"", "{\"Zanzibar\":1}", "[1,Zanzibar]"};
        for (size_t k = 0; k < 4; k++) {
            struct check_outcome outcome = outcome_of(&checks[i], bytes_of(outputs[k]));
            assert_int_equal(outcome.end, CHECK_UNMET);
            assert_null(strstr(outcome.why, secret));
        }
    }
}

static void what_no_output_can_make_right_is_refused(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_CONTAINS, "");
    assert_sound(&check, "every text contains an empty one");
    check = check_of(SUITE_REGEX, "a(b");
    assert_sound(&check, "the pattern is not a regular expression: at byte 4: missing closing parenthesis");
    check = check_of(SUITE_REGEX, "\\C");
    assert_sound(&check, "the pattern is not a regular expression: at byte 3: ");
    check = check_of(SUITE_REGEX, "a\xff");
    assert_sound(&check, "the pattern is not valid UTF-8 at byte 2");
    check = check_of(SUITE_REGEX, "((a{1,1000}){1,1000}){1,1000}");
    assert_sound(&check, "the pattern is not a regular expression: ");
    check = check_of(SUITE_NUMBER, NULL);
    assert_sound(&check, "'number' is not a finite number");
    check.number = 1e308;
    check.relative = 1e10;
    assert_sound(&check, "'relative' is not a number of at least 0 that leaves a finite tolerance");
    check.relative = -1;
    assert_sound(&check, "'relative' is not");
    check.relative = NAN;
    check.tolerance = INFINITY;
    assert_sound(&check, "'tolerance' is not a finite number of at least 0");
    check = check_of(SUITE_EDIT_DISTANCE, "a");
    assert_sound(&check, "'at_most' is not a number from 0 to 1");
    check.at_most = 1.5;
    assert_sound(&check, "'at_most' is not a number from 0 to 1");
    check = check_of(SUITE_TOKEN_F1, "a");
    check.at_least = -0.1;
    assert_sound(&check, "'at_least' is not a number from 0 to 1");
    check = check_of(SUITE_EXIT, NULL);
    check.number = 256;
    assert_sound(&check, "an exit status is a whole number from 0 to 255");
    check.number = 0.5;
    assert_sound(&check, "an exit status is a whole number from 0 to 255");
    check = check_of(SUITE_JUDGE, "x");
    assert_sound(&check, "'scale' is not two numbers, the lowest score and a higher one");
    check.scale[0] = 0;
    check.scale[1] = 1;
    assert_sound(&check, "'at_least' is not a score of the scale");
    check.at_least = 1;
    assert_sound(&check, NULL);
    check.text = bytes_of("");
    assert_sound(&check, "a judge needs a rubric");
    check = check_of(SUITE_CHECK_TYPES, "");
    assert_sound(&check, "unknown type of check");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_compared_as_stated),
        cmocka_unit_test(bytes_that_are_no_text_are_compared_too),
        cmocka_unit_test(numbers_are_near_or_not),
        cmocka_unit_test(a_text_that_is_too_long_is_no_number),
        cmocka_unit_test(a_catastrophic_pattern_is_never_a_pass),
        cmocka_unit_test(a_pattern_on_bytes_that_are_no_text_is_an_error),
        cmocka_unit_test(recursion_without_end_in_a_pattern_is_an_error),
        cmocka_unit_test(an_exit_status_is_compared),
        cmocka_unit_test(a_judge_counts_within_its_scale_only),
        cmocka_unit_test(an_output_is_found_by_its_name),
        cmocka_unit_test(reasons_do_not_repeat_the_output),
        cmocka_unit_test(what_no_output_can_make_right_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
