/* Records from lines: where each begins and ends, and that a broken one does not affect its neighbours. */
#include "ingest/input/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Feeds a text line by line and prints the result: "LINE@OFFSET text|", with '!' before one that is truncated. */
static const char *split_all(const char *text, char *out, size_t cap) {
    struct records split;
    struct record record;
    uint64_t number = 0;
    const char *p = text;
    size_t n = 0;
    records_init(&split);
    out[0] = '\0';
    for (bool more = true; more;) {
        const char *end = p + strcspn(p, "\n");
        more = *end == '\n';
        struct lines_line line = {.text = {(const uint8_t *)p, (size_t)(end - p)},
                                  .number = ++number,
                                  .offset = (uint64_t)(p - text),
                                  .ended = more};
        records_line(&split, &line);
        while (records_next(&split, &record) == 0 || (!more && records_end(&split, &record) == 0)) {
            n += (size_t)snprintf(out + n, cap - n, "%s%llu@%llu %.*s|", record.cut ? "!" : "",
                                  (unsigned long long)record.line, (unsigned long long)record.offset,
                                  record.fault != NULL ? (int)strlen(record.fault) : (int)record.text.n,
                                  record.fault != NULL ? record.fault : (const char *)record.text.p);
            assert_true(n < cap);
        }
        p = end + 1;
    }
    records_done(&split);
    return out;
}

struct row {
    const char *text, *want;
};

static void gives(const struct row *rows, size_t n) {
    char out[4096];
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(split_all(rows[i].text, out, sizeof(out)), rows[i].want);
    }
}

#define GIVES(...)                                                                                                         \
    do {                                                                                                                   \
        static const struct row rows[] = {__VA_ARGS__};                                                                    \
        gives(rows, sizeof(rows) / sizeof(rows[0]));                                                                       \
    } while (0)

static void a_line_is_a_record(void **state) {
    (void)state;
    GIVES({"{\"a\":1}\n{\"b\":2}\n", "1@0 {\"a\":1}|2@8 {\"b\":2}|"}, {"{\"a\":1}", "1@0 {\"a\":1}|"},
          {"  {\"a\":1} \r\n\n\t\n{}", "1@2 {\"a\":1}|4@15 {}|"}, {"", ""}, {"\n\n", ""});
}

static void several_records_stand_in_a_line(void **state) {
    (void)state;
    GIVES({"{\"a\":1}{\"b\":2} {\"c\":3}", "1@0 {\"a\":1}|1@7 {\"b\":2}|1@15 {\"c\":3}|"});
}

static void brackets_in_texts_do_not_count(void **state) {
    (void)state;
    GIVES({"{\"a\":\"}{\\\"]\\\\\"}{\"b\":\"[\"}", "1@0 {\"a\":\"}{\\\"]\\\\\"}|1@15 {\"b\":\"[\"}|"});
}

static void a_record_may_be_laid_out_over_lines(void **state) {
    (void)state;
    GIVES({"{\n  \"a\": [\n    {\"b\": 1},\n    {\"c\": 2}\n  ],\n\"d\":\n{\"e\":1}\n}\n{\"f\":3}",
           "1@0 {\n  \"a\": [\n    {\"b\": 1},\n    {\"c\": 2}\n  ],\n\"d\":\n{\"e\":1}\n}|9@58 {\"f\":3}|"});
}

static void the_records_of_an_array_are_taken_one_by_one(void **state) {
    (void)state;
    GIVES({"[{\"a\":1},{\"b\":2}]", "1@1 {\"a\":1}|1@9 {\"b\":2}|"},
          {"[\n{\"a\":1},\n{\"b\":2}\n]\n", "2@2 {\"a\":1}|3@11 {\"b\":2}|"}, {"[]", ""});
}

static void elements_that_are_no_objects_take_no_record_of_the_array_along(void **state) {
    (void)state;
    GIVES({"[1,{\"a\":1}]", "1@1 1|1@3 {\"a\":1}|"}, {"[1,2]\n{}", "1@1 1|1@3 2|2@6 {}|"},
          {"[\"]{,\\\"\" ,null,{},true]", "1@1 \"]{,\\\"\"|1@10 null|1@15 {}|1@18 true|"},
          {"[\n-1.5e3\n,{}]", "2@2 -1.5e3|3@10 {}|"}, {"[[1],{}]", "1@2 1|1@5 {}|"},
          {"[2026-01-01 10:00] {}", "1@1 2026-01-01 10:00] {}|"}, {"[INFO] {}", "1@1 INFO] {}|"});
}

static void an_array_that_is_not_closed_is_told_after_its_records(void **state) {
    (void)state;
    GIVES({"[{\"a\":1},\n", "1@1 {\"a\":1}|!2@10 the array around the records is not closed: the input is cut off|"});
}

static void what_is_no_object_is_given_to_the_end_of_its_line(void **state) {
    (void)state;
    GIVES({"no json {\"a\":1}\n{\"b\":2}", "1@0 no json {\"a\":1}|2@16 {\"b\":2}|"}, {"[1 2]\n{}", "1@1 1 2]|2@6 {}|"},
          {"}\n{}", "1@0 }|2@2 {}|"}, {"\"x\"", "1@0 \"x\"|"}, {"{},{}", "1@0 {}|1@2 ,{}|"});
}

static void a_record_that_breaks_off_ends_where_the_next_begins(void **state) {
    (void)state;
    GIVES({"{\"a\":{\"b\":1\n{\"c\":2}\n", "!1@0 {\"a\":{\"b\":1|2@12 {\"c\":2}|"}, /* inside an object */
          {"{\"a\":[1\n{\"c\":2}\n", "!1@0 {\"a\":[1|2@8 {\"c\":2}|"},              /* inside an array, without a comma */
          {"{\"a\":1,\n{\"c\":2}\n", "!1@0 {\"a\":1,|2@8 {\"c\":2}|"},              /* after a comma of an object */
          {"{\"a\":\"x\n{\"c\":2}", "!1@0 {\"a\":\"x|2@8 {\"c\":2}|"},              /* inside a text */
          {"{\"a\":1", "!1@0 {\"a\":1|"});
}

static void the_rest_of_a_broken_record_is_not_taken_for_records(void **state) {
    (void)state;
    GIVES({"{\n  \"a\": \"x\n  \"b\": {\n    \"c\": 1\n  }\n}\n{\"d\":1}", "!1@0 {\n  \"a\": \"x|7@38 {\"d\":1}|"});
}

static void any_cut_of_an_input_leaves_the_whole_records_before_it(void **state) {
    (void)state;
    static const char text[] = "{\"a\":{\"b\":[1,\"x\"]}}\n{\"c\":2}\n";
    char cut[sizeof(text)], out[1024];
    for (size_t n = 0; n < sizeof(text); n++) {
        memcpy(cut, text, n);
        cut[n] = '\0';
        split_all(cut, out, sizeof(out));
        if (n >= 19) {
            assert_memory_equal(out, "1@0 {\"a\":{\"b\":[1,\"x\"]}}|", 24);
        }
        if (n >= 27) {
            assert_string_equal(out, "1@0 {\"a\":{\"b\":[1,\"x\"]}}|2@20 {\"c\":2}|");
        }
    }
}

static void a_record_of_too_many_bytes_or_values_is_named_and_left(void **state) {
    (void)state;
    static char out[1024];
    size_t n = RECORD_MAX + 64;
    char *text = malloc(n + 32);
    assert_non_null(text);
    /* spread over lines, so that no line is too long by itself */
    memset(text, ' ', n);
    text[0] = '{';
    for (size_t i = 1; i < n; i += 4096) {
        text[i] = '\n';
    }
    memcpy(text + n, "\n{\"b\":1}", 9);
    split_all(text, out, sizeof(out));
    assert_non_null(strstr(out, "!1@0 the record is longer than 4194304 bytes|"));
    assert_non_null(strstr(out, " {\"b\":1}|"));
    /* one line, each comma one more value */
    memset(text, ',', RECORD_VALUES_MAX + 8);
    memcpy(text, "{\"a\":[", 6);
    memcpy(text + RECORD_VALUES_MAX + 8, "]}\n{}", 6);
    split_all(text, out, sizeof(out));
    assert_non_null(strstr(out, "1@0 the record has more than 131072 values|2@"));
    free(text);
}

static void a_line_that_is_too_long_for_the_reader_is_one_record(void **state) {
    (void)state;
    struct records split;
    struct record record;
    struct lines_line line = {.text = {(const uint8_t *)"{\"a\":\"", 6}, .number = 3, .offset = 70, .too_long = true};
    records_init(&split);
    records_line(&split, &line);
    assert_int_equal(records_next(&split, &record), 0);
    assert_string_equal(record.fault, "the record is longer than 4194304 bytes");
    assert_int_equal(record.line, 3);
    assert_int_equal(record.offset, 70);
    assert_int_equal(records_next(&split, &record), 1);
    assert_int_equal(records_end(&split, &record), 1);
    records_done(&split);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_record),
        cmocka_unit_test(several_records_stand_in_a_line),
        cmocka_unit_test(brackets_in_texts_do_not_count),
        cmocka_unit_test(a_record_may_be_laid_out_over_lines),
        cmocka_unit_test(the_records_of_an_array_are_taken_one_by_one),
        cmocka_unit_test(elements_that_are_no_objects_take_no_record_of_the_array_along),
        cmocka_unit_test(an_array_that_is_not_closed_is_told_after_its_records),
        cmocka_unit_test(what_is_no_object_is_given_to_the_end_of_its_line),
        cmocka_unit_test(a_record_that_breaks_off_ends_where_the_next_begins),
        cmocka_unit_test(the_rest_of_a_broken_record_is_not_taken_for_records),
        cmocka_unit_test(any_cut_of_an_input_leaves_the_whole_records_before_it),
        cmocka_unit_test(a_record_of_too_many_bytes_or_values_is_named_and_left),
        cmocka_unit_test(a_line_that_is_too_long_for_the_reader_is_one_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
