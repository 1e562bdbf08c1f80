/* The top of a JSON object, read byte by byte. */
#include "capture/proxy/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char seen[4096];

static void take(void *ctx, const char *name, struct bytes json) {
    size_t n = strlen(seen);
    (void)ctx;
    snprintf(seen + n, sizeof(seen) - n, "%s=%.*s;", name, (int)json.n, (const char *)json.p);
}

static const char *read_in(const char *text, size_t piece) {
    struct members m;
    struct bytes left = bytes_of(text);
    seen[0] = '\0';
    members_init(&m, take, NULL);
    while (left.n > 0) {
        size_t n = left.n < piece ? left.n : piece;
        members_put(&m, (struct bytes){left.p, n});
        left = (struct bytes){left.p + n, left.n - n};
    }
    return seen;
}

static const char whole[] = " {\"model\" : \"a\\\"b\\\\\", \"messages\":[{\"model\":\"no\",\"x\":\"}]\\\"\",\"y\":[[]]}] "
                            ",\n\"stream\":true,\"n\": 12 , "
                            "\"o\":{\"stream\":false},\"z\":null,\"e\":\"\",\"\":1,\"last\":-1.5e3}";
static const char wanted[] = "model=\"a\\\"b\\\\\";stream=true;n=12;z=null;e=\"\";=1;last=-1.5e3;";

static void only_scalars_at_the_top_are_given_however_the_bytes_come(void **state) {
    (void)state;
    for (size_t piece = 1; piece <= sizeof(whole); piece++) {
        assert_string_equal(read_in(whole, piece), wanted);
    }
}

static void a_cut_object_gives_what_was_complete(void **state) {
    (void)state;
    char *text = strdup(whole);
    for (size_t n = strlen(text); n > 0; n--) {
        text[n - 1] = '\0';
        const char *got = read_in(text, 7);
        assert_memory_equal(got, wanted, strlen(got));
    }
    free(text);
}

static void what_is_no_object_gives_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"",  "[\"model\",\"x\"]", "\"model\":1", "x{\"model\":1}", "}",
                                        "]", "{]\"model\":1}",    "null"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_string_equal(read_in(texts[i], 1), "");
    }
    assert_string_equal(read_in("{\"a\":1}{\"b\":2}", 3), "a=1;");
}

static char names[512];

static void name(void *ctx, const char *text) {
    size_t n = strlen(names);
    (void)ctx;
    snprintf(names + n, sizeof(names) - n, "%s;", text);
}

static void names_are_folded_and_each_is_told_whatever_its_value(void **state) {
    (void)state;
    static const char text[] =
        "{\"Model\":[{\"x\":1}],\"m\\u004fde\\u006C\":\"a\",\"\xc5\xbftream\":{},\"\\u017fTREAM\":1,"
        "\"\xe2\x84\xaa\":2,\"\\u212a\":3,\"model\\u0000\":4,\"\\u00zz\":5,\"\\/\\\"\":6,\"MODEL\":7}";
    struct members m;
    for (size_t piece = 1; piece < sizeof(text); piece++) {
        seen[0] = names[0] = '\0';
        members_init(&m, take, NULL);
        m.named = name;
        for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
            size_t left = sizeof(text) - 1 - at;
            members_put(&m, (struct bytes){(const uint8_t *)text + at, piece < left ? piece : left});
        }
        assert_string_equal(names, "model;model;stream;stream;k;k;model\x80;zz;/\";model;");
        assert_string_equal(seen, "model=\"a\";stream=1;k=2;k=3;model\x80=4;zz=5;/\"=6;model=7;");
    }
}

static void long_names_and_values_are_passed_over(void **state) {
    (void)state;
    char text[2048], value[MEMBERS_VALUE_MAX + 1];
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    snprintf(text, sizeof(text), "{\"%.40s\":1,\"a\":\"%s\",\"b\":%s,\"c\":2}", value, value, value + 1);
    assert_string_equal(read_in(text, 13) + strlen(seen) - 4, "c=2;");
    assert_null(strstr(seen, "a="));
}

static void depth_costs_nothing_and_ends(void **state) {
    (void)state;
    char *deep = malloc(300001);
    memset(deep, '[', 300000);
    memcpy(deep, "{\"a\":1,\"b\":", 11);
    deep[300000] = '\0';
    assert_string_equal(read_in(deep, 4096), "a=1;");
    free(deep);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_scalars_at_the_top_are_given_however_the_bytes_come),
        cmocka_unit_test(a_cut_object_gives_what_was_complete),
        cmocka_unit_test(what_is_no_object_gives_nothing),
        cmocka_unit_test(names_are_folded_and_each_is_told_whatever_its_value),
        cmocka_unit_test(long_names_and_values_are_passed_over),
        cmocka_unit_test(depth_costs_nothing_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
