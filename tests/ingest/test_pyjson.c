/* What Python's json module writes although JSON does not have it; and that everything else stays as strict as it is. */
#include "ingest/input/pyjson.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mp.h"

#define ROOM ((size_t)8 << 20)

static const char *read_as(const char *text, char *ret, size_t cap) {
    struct buf scratch, mp, json;
    struct err err = {0};
    buf_init(&scratch, 1 << 20);
    buf_init(&mp, 1 << 20);
    buf_init(&json, 1 << 20);
    if (pyjson_to_mp(bytes_of(text), ROOM, &scratch, &mp, &err) == 0) {
        assert_int_equal(mp_check(bytes_of_buf(&mp), NULL), 0);
        assert_int_equal(json_from_mp(bytes_of_buf(&mp), JSON_LINE, &json, NULL), 0);
    } else {
        assert_int_equal(mp.n, 0);
        buf_put_str(&json, err.msg);
    }
    assert_true(json.n < cap);
    memcpy(ret, json.p, json.n);
    ret[json.n] = '\0';
    buf_done(&scratch);
    buf_done(&mp);
    buf_done(&json);
    return ret;
}

static void what_json_does_not_have_becomes_text(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"NaN", "\"NaN\""},
        {"[NaN,Infinity,-Infinity]", "[\"NaN\",\"Infinity\",\"-Infinity\"]"},
        {"{\"a\": NaN, \"b\":[1,-Infinity ]}", "{\"a\":\"NaN\",\"b\":[1,\"-Infinity\"]}"},
        {"[9223372036854775807,-9223372036854775808]", "[9223372036854775807,-9223372036854775808]"},
        {"[9223372036854775808,-9223372036854775809,123456789012345678901]",
         "[\"9223372036854775808\",\"-9223372036854775809\",\"123456789012345678901\"]"},
        {"[1e999,-1.5E+400,1e308,0e999,1e-999]", "[\"1e999\",\"-1.5E+400\",1e+308,0.0,0.0]"},
        {"[0.001e311,1.8e308,17e307,1e99999999999999999999]", "[1e+308,\"1.8e308\",1.7e+308,\"1e99999999999999999999\"]"},
        {"[12345678901234567890.5,1e300]", "[1.2345678901234567e+19,1e+300]"},
        {"{\"NaN\":\"NaN, Infinity \\\" NaN\"}", "{\"NaN\":\"NaN, Infinity \\\" NaN\"}"},
        {"[\"\\\\\",NaN]", "[\"\\\\\",\"NaN\"]"},
    };
    char text[512];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(read_as(cases[i][0], text, sizeof(text)), cases[i][1]);
    }
}

static void everything_else_is_refused_as_ever(void **state) {
    (void)state;
    static const char *const cases[] = {"",           "nan",
                                        "[NaNx]",     "[-NaN]",
                                        "Infinite",   "[+1]",
                                        "[01]",       "[01e999]",
                                        "[1.e999]",   "[1e999x]",
                                        "[1e999e1]",  "[-e999]",
                                        "{\"a\":1,}", "[1",
                                        "\"NaN",      "[1] NaN",
                                        "[- 1]",      "{\"a\":1 \"b\":2}",
                                        "{NaN:1}]",   "[\"\\ud83e\"]",
                                        "[\"\xff\"]", "[None]",
                                        "[True]",     "{\"a\":1,\"a\":2}",
                                        "['a']"};
    char text[512];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got = read_as(cases[i], text, sizeof(text));
        if (strncmp(got, "line 1 column ", 14) != 0) {
            fail_msg("%s: %s", cases[i], got);
        }
    }
    char deep[128];
    memset(deep, '[', 40);
    memset(deep + 40, ']', 40);
    deep[80] = '\0';
    assert_string_equal(read_as(deep, text, sizeof(text)), "line 1 column 33: nested deeper than 32 levels");
}

static void a_small_text_with_too_many_values_is_refused_before_it_is_parsed(void **state) {
    (void)state;
    size_t n = ROOM / (3 * 2 + PYJSON_VALUE_BYTES);
    struct buf text, scratch, mp;
    struct err err = {0};
    buf_init(&text, 1 << 20);
    buf_init(&scratch, 1 << 20);
    buf_init(&mp, 1 << 20);
    buf_put_u8(&text, '[');
    for (size_t i = 1; i < n; i++) {
        buf_put(&text, "1,", 2);
    }
    buf_put(&text, "1]", 2);
    assert_int_equal(pyjson_to_mp(bytes_of_buf(&text), ROOM + 4096, &scratch, &mp, &err), 0);
    buf_clear(&mp);
    assert_int_equal(pyjson_to_mp(bytes_of_buf(&text), ROOM - 4096, &scratch, &mp, &err), ERR_LIMIT);
    assert_non_null(strstr(err.msg, "values take more than 7 MiB when they are parsed"));
    assert_int_equal(mp.n, 0);
    buf_done(&text);
    buf_done(&scratch);
    buf_done(&mp);
}

static void a_number_of_the_outermost_object_keeps_all_its_digits(void **state) {
    (void)state;
    struct bytes number;
    static const char text[] =
        "{\"a\": {\"date\": 1}, \"b\": \"date\", \"c\\\"\": [\"date\", 2], \"date\" : 1768964383.8593218, "
        "\"e\": -1e5}";
    assert_true(pyjson_top_number(bytes_of(text), "date", &number));
    assert_true(bytes_is(number, "1768964383.8593218"));
    assert_true(pyjson_top_number(bytes_of(text), "e", &number));
    assert_true(bytes_is(number, "-1e5"));
    assert_true(pyjson_top_number(bytes_of("{\"date\":0.000000000000000000000000001}"), "date", &number));
    assert_true(bytes_is(number, "0.000000000000000000000000001"));
    static const char *const none[] = {"{\"b\": \"date\"}",
                                       "{\"date\": \"1\"}",
                                       "{\"date\": null}",
                                       "[\"date\", 1]",
                                       "{\"x\":{\"date\":1}}",
                                       "{\"date\"",
                                       "{\"date\":",
                                       "",
                                       "\"date\""};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_false(pyjson_top_number(bytes_of(none[i]), "date", &number));
    }
}

static void no_truncation_of_a_text_is_taken_for_the_whole(void **state) {
    (void)state;
    static const char text[] = "{\"a\": [NaN, -Infinity, 9223372036854775808, \"x\\u00e4\"], \"b\": {\"c\": 1.5}}";
    char got[1024];
    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        char cut[sizeof(text)];
        memcpy(cut, text, n);
        cut[n] = '\0';
        read_as(cut, got, sizeof(got));
        if (got[0] == '{') {
            fail_msg("%s was taken", cut);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_json_does_not_have_becomes_text),
        cmocka_unit_test(everything_else_is_refused_as_ever),
        cmocka_unit_test(a_small_text_with_too_many_values_is_refused_before_it_is_parsed),
        cmocka_unit_test(a_number_of_the_outermost_object_keeps_all_its_digits),
        cmocka_unit_test(no_truncation_of_a_text_is_taken_for_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
