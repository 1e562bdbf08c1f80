/* One line of JSON: what it becomes, and for each fault the exact message. */
#include "ingest/jsonl/jsonl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "ingest/input/keyed_hash.h"

#define NAMES "kind, subject, time, actor, run, cause, cause_key, key, grade, schema, body, private, open, force_private"

static struct jsonl_parser parser;

static int setup(void **state) {
    (void)state;
    jsonl_parser_init(&parser);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    jsonl_parser_done(&parser);
    return 0;
}

static struct jsonl_event good(const char *line) {
    struct jsonl_event e;
    struct err err = {0};
    if (jsonl_parse(&parser, bytes_of(line), &e, &err) != 0) {
        fail_msg("%s: %s", line, err.msg);
    }
    return e;
}

static void is_json(struct bytes mp, const char *json) {
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(json_from_mp(mp, JSON_LINE, &out, NULL), 0);
    buf_put_u8(&out, 0);
    assert_string_equal((char *)out.p, json);
    buf_done(&out);
}

static void a_full_line_gives_each_piece(void **state) {
    (void)state;
    struct jsonl_event e = good(
        "{\"kind\":\"x.a.b\",\"subject\":\"s/1\",\"actor\":\"user:a\",\"run\":\"r\",\"cause\":7,\"key\":\"k\","
        "\"grade\":\"measured\",\"schema\":1,\"body\":{\"z\":1,\"a\":[true]},\"private\":{\"p\":\"q\"},\"open\":[\"a\"]}");
    assert_true(bytes_is(e.kind, "x.a.b"));
    assert_true(bytes_is(e.subject, "s/1"));
    assert_true(bytes_is(e.actor, "user:a"));
    assert_true(bytes_is(e.run, "r"));
    assert_true(bytes_is(e.key, "k"));
    assert_true(bytes_is(e.grade, "measured"));
    assert_true(e.has_cause);
    assert_int_equal(e.cause, 7);
    assert_true(e.at == INGEST_NO_TIME);
    is_json(e.body, "{\"a\":[true],\"z\":1}");
    is_json(e.private_, "{\"p\":\"q\"}");
    is_json(e.open, "[\"a\"]");
}

static void the_shortest_line_leaves_the_rest_empty(void **state) {
    (void)state;
    struct jsonl_event e = good("{\"subject\":\"s\",\"kind\":\"run.started\"}");
    assert_int_equal(e.actor.n + e.run.n + e.key.n + e.grade.n + e.body.n + e.private_.n + e.open.n, 0);
    assert_false(e.has_cause);
}

static void null_counts_as_absent(void **state) {
    (void)state;
    struct jsonl_event e = good("{\"kind\":\"x.a.b\",\"subject\":\"s\",\"actor\":null,\"cause\":null,\"body\":null,"
                                "\"private\":null,\"time\":null,\"open\":null}");
    assert_int_equal(e.actor.n + e.body.n + e.private_.n + e.open.n, 0);
    assert_false(e.has_cause);
}

static void time_in_each_form_becomes_at_in_its_place(void **state) {
    (void)state;
    static const char *const times[] = {"1772359200123456789", "\"1772359200123456789\"",
                                        "\"2026-03-01T10:00:00.123456789Z\"", "\"2026-03-01T12:00:00.123456789+02:00\"",
                                        "\"2026-03-01 10:00:00.123456789Z\""};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char line[256];
        snprintf(line, sizeof(line), "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"time\":%s,\"body\":{\"zz\":1,\"aa\":2}}",
                 times[i]);
        struct jsonl_event e = good(line);
        assert_true(e.at == UINT64_C(1772359200123456789));
        is_json(e.body, "{\"aa\":2,\"at\":1772359200123456789,\"zz\":1}");
        snprintf(line, sizeof(line), "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"time\":%s}", times[i]);
        e = good(line);
        is_json(e.body, "{\"at\":1772359200123456789}");
    }
}

static void a_time_in_the_body_counts_for_the_tally(void **state) {
    (void)state;
    struct jsonl_event e = good("{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":{\"at\":\"2026-03-01T10:00:00Z\"}}");
    assert_true(e.at == UINT64_C(1772359200000000000));
    is_json(e.body, "{\"at\":\"2026-03-01T10:00:00Z\"}");
}

struct bad {
    const char *line, *want;
};

static void each_wrong_line_is_refused_in_its_own_words(void **state) {
    (void)state;
    static const struct bad cases[] = {
        {"[1]", "the line is an array; expected: a JSON object with kind and subject"},
        {"\"x\"", "the line is text; expected: a JSON object with kind and subject"},
        {"{}", "'kind' is missing; every event needs one"},
        {"{\"subject\":\"s\"}", "'kind' is missing; every event needs one"},
        {"{\"kind\":null,\"subject\":\"s\"}", "'kind' is missing; every event needs one"},
        {"{\"kind\":\"\",\"subject\":\"s\"}", "'kind' is empty; every event needs one"},
        {"{\"kind\":\"x.a.b\"}", "'subject' is missing; every event needs one"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"level\":1}", "unknown name 'level'; expected: " NAMES},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"\\u001b[2J\":1}", "unknown name '\\x1b[2J'; expected: " NAMES},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"level\":null}", "unknown name 'level'; expected: " NAMES},
        {"{\"kind\":1,\"subject\":\"s\"}", "'kind' is a number; expected: text"},
        {"{\"kind\":\"x.a.b\",\"subject\":[\"s\"]}", "'subject' is an array; expected: text"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"run\":true}", "'run' is true or false; expected: text"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"key\":1.5}", "'key' is a number with a fraction; expected: text"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"cause\":-1}",
         "'cause' is a negative number; expected: a whole number from 0"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"cause\":\"3\"}", "'cause' is text; expected: a whole number from 0"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":[]}", "'body' is an array; expected: an object"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"private\":\"x\"}", "'private' is text; expected: an object"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"open\":\"a\"}", "'open' is text; expected: an array of field names"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"open\":[1]}", "'open' holds a number; expected: an array of field names"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"grade\":\"proven\"}",
         "'grade' is 'proven'; expected: measured, reported, declared, inferred"},
        {"{\"kind\":\"run.started\",\"subject\":\"s\",\"schema\":9}", "'schema' is 9; expected for 'run.started': 1"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"time\":1.5e18}",
         "'time' is a number with a fraction; expected: ns since the epoch as an integer or a decimal string, or RFC 3339 "
         "text"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"time\":1772359200}",
         "'time' is 1772359200, which as nanoseconds is before 1974; expected: ns since the epoch"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"time\":\"1772359200000\"}",
         "'time' is 1772359200000, which as nanoseconds is before 1974; expected: ns since the epoch"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"time\":\"2026-03-01T10:00:00\"}",
         "'time' is '2026-03-01T10:00:00'; expected: ns since the epoch as an integer or a decimal string, or RFC 3339 "
         "text with a zone and at most 9 fraction digits"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"time\":\"now\"}",
         "'time' is 'now'; expected: ns since the epoch as an integer or a decimal string, or RFC 3339 text with a zone "
         "and at most 9 fraction digits"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"time\":\"9223372036854775808\"}",
         "'time' is '9223372036854775808'; expected: ns since the epoch as an integer or a decimal string, or RFC 3339 "
         "text with a zone and at most 9 fraction digits"},
        {"{\"kind\":\"x.a.b\",\"subject\":\"s\",\"time\":1772359200000000000,\"body\":{\"at\":1}}",
         "'time' and the body's 'at' are both given; expected: one of them"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct jsonl_event e;
        struct err err = {0};
        assert_int_equal(jsonl_parse(&parser, bytes_of(cases[i].line), &e, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i].want);
    }
}

static void what_is_no_json_is_refused_with_the_column(void **state) {
    (void)state;
    static const char *const lines[] = {
        "{\"kind\":\"x.a.b\",\"subject\":\"s\"",
        "{\"kind\":\"x.a.b\",\"subject\":\"s\"} trailing",
        "{'kind':1}",
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":{\"v\":NaN}}",
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":{\"v\":Infinity}}",
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":{\"v\":1,\"v\":2}}",
        "{\"kind\":\"x.a.b\",\"kind\":\"x.a.b\",\"subject\":\"s\"}",
        "{\"kind\":\"x.a.b\",\"subject\":\"\xff\xfe\"}",
        "{\"kind\":\"x.a.b\",\"subject\":\"\\ud83e\"}",
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":{\"v\":9223372036854775808}}",
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":{\"v\":1e999}}",
        "not json at all",
        "{",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct jsonl_event e;
        struct err err = {0};
        assert_int_equal(jsonl_parse(&parser, bytes_of(lines[i]), &e, &err), ERR_INVALID);
        assert_memory_equal(err.msg, JSONL_NOT_JSON ": column ", strlen(JSONL_NOT_JSON ": column "));
    }
}

static void nesting_beyond_the_bound_is_refused(void **state) {
    (void)state;
    char line[512] = "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":{\"v\":";
    size_t n = strlen(line);
    memset(line + n, '[', 60);
    memset(line + n + 60, ']', 60);
    memcpy(line + n + 120, "}}", 3);
    struct jsonl_event e;
    struct err err = {0};
    assert_int_equal(jsonl_parse(&parser, bytes_of(line), &e, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "nested deeper than 32 levels"));
}

static void strings_and_maps_that_are_too_long_are_refused_with_their_bound(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t max;
    } cases[] = {{"subject", 512}, {"kind", 256}, {"actor", 256}, {"run", 256}, {"key", 256}, {"grade", 256}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[2048], long_text[600], want[128];
        memset(long_text, 'a', sizeof(long_text));
        long_text[cases[i].max + 1] = '\0';
        snprintf(line, sizeof(line), "{\"%s\":\"%s\"}", cases[i].name, long_text);
        snprintf(want, sizeof(want), "'%s' is %zu bytes long; expected: at most %zu", cases[i].name, cases[i].max + 1,
                 cases[i].max);
        struct jsonl_event e;
        struct err err = {0};
        assert_int_equal(jsonl_parse(&parser, bytes_of(line), &e, &err), ERR_INVALID);
        assert_string_equal(err.msg, want);
    }
    size_t n = ((size_t)1 << 20) + 100;
    char *big = malloc(n + 100);
    int head = snprintf(big, 100, "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":{\"v\":\"");
    memset(big + head, 'b', n);
    memcpy(big + head + n, "\"}}", 4);
    struct jsonl_event e;
    struct err err = {0};
    assert_int_equal(jsonl_parse(&parser, bytes_of(big), &e, &err), ERR_INVALID);
    assert_string_equal(err.msg, "'body' is 1048684 bytes when encoded; expected: at most 1048576");
    free(big);
}

static void a_good_line_cut_at_any_byte_is_refused(void **state) {
    (void)state;
    static const char line[] =
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"time\":\"2026-03-01T10:00:00Z\",\"body\":{\"a\":[1]}}";
    good(line);
    for (size_t n = 0; n < sizeof(line) - 1; n++) {
        struct jsonl_event e;
        struct bytes cut = {(const uint8_t *)line, n};
        assert_int_equal(jsonl_parse(&parser, cut, &e, NULL), ERR_INVALID);
    }
}

static struct lines_line line_of(const char *text, uint64_t offset) {
    return (struct lines_line){.text = bytes_of(text), .raw = bytes_of(text), .number = 1, .offset = offset, .ended = true};
}

static void keys_follow_from_text_and_occurrence_alone(void **state) {
    (void)state;
    struct jsonl_input in = {.counter = line_counter_new()};
    char a[JSONL_KEY_MAX], b[JSONL_KEY_MAX], c[JSONL_KEY_MAX], d[JSONL_KEY_MAX];
    struct lines_line x = line_of("abc", 0), y = line_of("abd", 4);
    assert_int_equal(jsonl_key(&in, &x, a, NULL), 0);
    assert_int_equal(jsonl_key(&in, &y, b, NULL), 0);
    x.offset = 99;
    assert_int_equal(jsonl_key(&in, &x, c, NULL), 0);
    assert_string_equal(a, "line:ba7816bf8f01cfea414140de5dae2223"); /* SHA-256("abc"), FIPS 180-4 */
    assert_string_not_equal(a, b);
    assert_string_equal(c, "line:ba7816bf8f01cfea414140de5dae2223#2");
    in.generation = 3;
    assert_int_equal(jsonl_key(&in, &x, d, NULL), 0);
    assert_string_equal(d, "line:ba7816bf8f01cfea414140de5dae2223@3#3");
    line_counter_free(in.counter);
}

static void under_a_secret_the_key_is_no_hash_that_a_guess_can_be_tested_by(void **state) {
    (void)state;
    static const uint8_t secrets[2][KEYED_HASH_SECRET] = {{1}, {2}};
    char keys[2][JSONL_KEY_MAX], again[JSONL_KEY_MAX];
    struct lines_line x = line_of("abc", 0);
    for (size_t i = 0; i < 2; i++) {
        struct jsonl_input in = {.counter = line_counter_new(), .secret = secrets[i]},
                           second = {.counter = line_counter_new()};
        second.secret = secrets[i];
        assert_int_equal(jsonl_key(&in, &x, keys[i], NULL), 0);
        assert_int_equal(jsonl_key(&second, &x, again, NULL), 0);
        assert_string_equal(keys[i], again);
        assert_int_equal(strlen(keys[i]), strlen("line:") + 32);
        assert_null(strstr(keys[i], "ba7816bf"));
        line_counter_free(in.counter);
        line_counter_free(second.counter);
    }
    assert_string_not_equal(keys[0], keys[1]);
}

static void texts_past_the_bound_of_the_table_are_told_apart_by_offset(void **state) {
    (void)state;
    struct jsonl_input in = {.counter = line_counter_new()};
    uint32_t n = 0;
    for (uint64_t i = 1; i <= LINE_COUNTER_MAX; i++) {
        assert_int_equal(line_counter_add(in.counter, i * UINT64_C(0x9e3779b97f4a7c15), &n, NULL), 0);
        assert_int_equal(n, 1);
    }
    char key[JSONL_KEY_MAX];
    struct lines_line x = line_of("abc", 12345);
    assert_int_equal(jsonl_key(&in, &x, key, NULL), 0);
    assert_string_equal(key, "line:ba7816bf8f01cfea414140de5dae2223+12345");
    assert_int_equal(line_counter_add(in.counter, UINT64_C(0x9e3779b97f4a7c15), &n, NULL), 0);
    assert_int_equal(n, 2);
    line_counter_free(in.counter);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_line_gives_each_piece),
        cmocka_unit_test(the_shortest_line_leaves_the_rest_empty),
        cmocka_unit_test(null_counts_as_absent),
        cmocka_unit_test(time_in_each_form_becomes_at_in_its_place),
        cmocka_unit_test(a_time_in_the_body_counts_for_the_tally),
        cmocka_unit_test(each_wrong_line_is_refused_in_its_own_words),
        cmocka_unit_test(what_is_no_json_is_refused_with_the_column),
        cmocka_unit_test(nesting_beyond_the_bound_is_refused),
        cmocka_unit_test(strings_and_maps_that_are_too_long_are_refused_with_their_bound),
        cmocka_unit_test(a_good_line_cut_at_any_byte_is_refused),
        cmocka_unit_test(keys_follow_from_text_and_occurrence_alone),
        cmocka_unit_test(under_a_secret_the_key_is_no_hash_that_a_guess_can_be_tested_by),
        cmocka_unit_test(texts_past_the_bound_of_the_table_are_told_apart_by_offset),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
