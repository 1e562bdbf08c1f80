/* Invalid values, and which model an evaluation of the lm-evaluation-harness is about. */
#include "ingest/lmeval/lmeval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

#define HEX40 "0123456789abcdef0123456789abcdef01234567"
#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

/* A JSON text as one canonical item, in a buffer of its own. */
static struct bytes item(struct buf *room, const char *json) {
    struct err err = {0};
    buf_init(room, 1 << 20);
    if (json_to_mp(bytes_of(json), room, &err) != 0) {
        fail_msg("%s: %s", json, err.msg);
    }
    return bytes_of_buf(room);
}

static const char *shown(struct bytes b, char ret[512]) {
    snprintf(ret, 512, "%.*s", (int)b.n, b.n > 0 ? (const char *)b.p : "");
    return ret;
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

static void numbers_are_read_from_text_too(void **state) {
    (void)state;
    static const char *const good[][2] = {{"1", "1"},
                                          {"-2.5", "-2.5"},
                                          {"\"2677.7320792819373\"", "2677.7320792819373"},
                                          {"\"16\"", "16"},
                                          {"\"1e3\"", "1000.0"}};
    static const char *const bad[] = {"\"N/A\"", "\"\"", "null", "true", "[1]", "\"1 2\"", "\"NaN\"", "\"auto:4\"", "{}"};
    struct buf room, scratch, json;
    buf_init(&scratch, 64);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct bytes raw = lmeval_number(item(&room, good[i][0]), &scratch);
        buf_init(&json, 128);
        assert_int_equal(json_from_mp(raw, JSON_LINE, &json, NULL), 0);
        assert_true(bytes_is(bytes_of_buf(&json), good[i][1]));
        buf_done(&json);
        buf_done(&room);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(lmeval_number(item(&room, bad[i]), &scratch).n, 0);
        buf_done(&room);
    }
    assert_int_equal(lmeval_number((struct bytes){NULL, 0}, &scratch).n, 0);
    buf_done(&scratch);
}

static void counts_are_whole_numbers_however_they_are_written(void **state) {
    (void)state;
    static const struct {
        const char *json;
        bool good;
        uint64_t want;
    } cases[] = {{"0", true, 0},       {"5000", true, 5000}, {"\"5000\"", true, 5000},
                 {"3.0", true, 3},     {"3.5", false, 0},    {"-1", false, 0},
                 {"\"-1\"", false, 0}, {"null", false, 0},   {"\"many\"", false, 0},
                 {"1e300", false, 0},  {"true", false, 0},   {"\"9223372036854775808\"", false, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf room;
        uint64_t n = 99;
        assert_int_equal(lmeval_count(item(&room, cases[i].json), &n), cases[i].good);
        assert_true(n == (cases[i].good ? cases[i].want : 99));
        buf_done(&room);
    }
}

static void a_date_is_read_exactly_and_a_counter_of_the_machine_is_none(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t want; /* 0: none */
    } cases[] = {
        {"1768964383.8593218", UINT64_C(1768964383859321800)},
        {"1768964383.123456789", UINT64_C(1768964383123456789)},
        {"1768964383", UINT64_C(1768964383000000000)},
        {"1768964383.0", UINT64_C(1768964383000000000)},
        {"1768964383.1234567891", 0},
        {"3391296.96253277", 0},
        {"51234.5", 0},
        {"946684799.9", 0},
        {"9214646400", 0},
        {"1.768964383e9", 0},
        {"-1768964383", 0},
        {"1768964383.", 0},
        {"1768964383.1x", 0},
        {".5", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t ns = 0;
        assert_int_equal(lmeval_seconds(bytes_of(cases[i].text), &ns), cases[i].want != 0);
        assert_true(ns == cases[i].want);
    }
}

static void only_short_names_pass_as_words(void **state) {
    (void)state;
    static const char *const good[] = {"\"hf\"", "\"torch.bfloat16\"", "\"v0.4.9-3-g0a1b2c3-dirty\"", "\"org/name:7b\""};
    static const char *const bad[] = {"\"two words\"", "\"a\\nb\"", "\"\xc3\xa4\"", "1", "null", "\"\""};
    struct buf room;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(lmeval_word(item(&room, good[i])).n > 0);
        buf_done(&room);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(lmeval_word(item(&room, bad[i])).n, 0);
        buf_done(&room);
    }
}

/* ---- the model ---------------------------------------------------------------------------------------------------- */

struct model_case {
    const char *config, *name, *source;
    const char *want; /* name|path|base|digest|revision|endpoint|runtime */
};

static void the_model_is_found_by_name_path_digest_and_arguments(void **state) {
    (void)state;
    static const struct model_case cases[] = {
        {"{\"model\":\"hf\",\"model_args\":\"pretrained=a/b,dtype=auto\",\"model_sha\":\"" HEX40 "\"}", "\"a/b\"", "\"hf\"",
         "a/b||||" HEX40 "||hf"},
        {"{\"model\":\"hf-causal\",\"model_args\":\"dtype=auto, pretrained = a/b ,x\"}", "null", "null",
         "a/b||||||hf-causal"},
        {"{\"model\":\"hf\",\"model_args\":{\"pretrained\":\"/srv/models/tiny/\"}}", "\"\"", "\"hf\"",
         "tiny|/srv/models/tiny/|||||hf"},
        {"{\"model_args\":\"pretrained=a/base,peft=./adapters/mine\"}", "\"./adapters/mine\"", "\"hf\"",
         "mine|./adapters/mine|a/base||||hf"},
        {"{}", "\"/home/x/hub/models--Org--Name-7B--v2/snapshots/" HEX40 "\"", "\"vllm\"",
         "Org/Name-7B--v2|/home/x/hub/models--Org--Name-7B--v2/snapshots/" HEX40 "|||" HEX40 "||vllm"},
        {"{}", "\"/var/lib/ollama/blobs/sha256-" HEX64 "\"", "\"gguf\"",
         "sha256-" HEX64 "|/var/lib/ollama/blobs/sha256-" HEX64 "||" HEX64 "|||gguf"},
        {"{}", "\"qwen2.5:7b@sha256:" HEX64 "\"", "\"x\"", "qwen2.5:7b@sha256:" HEX64 "|||" HEX64 "|||x"},
        {"{}", "\"qwen2.5:7b@sha256:" HEX64 "0\"", "\"x\"", "qwen2.5:7b@sha256:" HEX64 "0||||||x"},
        {"{\"model_sha\":\"" HEX64 "\"}", "\"a/b\"", "\"x\"", "a/b|||" HEX64 "|||x"},
        {"{\"model_args\":\"base_url=http://me:pw@box:8080/v1?key=s#f,model=m\"}", "\"m\"", "\"local-completions\"",
         "m|||||http://box:8080/v1|local-completions"},
        {"{\"model_args\":\"base_url=not an address,model=m\"}", "\"m\"", "\"x\"", "m||||||x"},
        {"{\"model\":\"Tiny\",\"model_args\":null}", "null", "null", "Tiny||||||Tiny"},
        {"{\"model_args\":\"tokenizer_model=t,path=C:\\\\models\\\\tiny\"}", "null", "\"x\"",
         "tiny|C:\\models\\tiny|||||x"},
        {"null", "null", "null", "||||||"},
        {"[1]", "7", "{}", "||||||"},
        {"{\"model_args\":7,\"model\":[]}", "[]", "7", "||||||"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf config, name, source;
        struct lmeval_model m;
        char got[8192], parts[7][512];
        lmeval_model_read(&m, item(&config, cases[i].config), item(&name, cases[i].name), item(&source, cases[i].source));
        snprintf(got, sizeof(got), "%s|%s|%s|%s|%s|%s|%s", shown(m.name, parts[0]), shown(m.path, parts[1]),
                 shown(m.base, parts[2]), shown(m.digest, parts[3]), shown(m.revision, parts[4]),
                 shown(m.endpoint, parts[5]), shown(m.runtime, parts[6]));
        assert_string_equal(got, cases[i].want);
        buf_done(&config);
        buf_done(&name);
        buf_done(&source);
    }
}

static void a_name_that_is_too_long_is_kept_with_the_paths(void **state) {
    (void)state;
    struct buf config, name, source;
    struct lmeval_model m;
    char text[700];
    memset(text, 'm', sizeof(text));
    text[0] = text[600] = '"';
    text[601] = '\0';
    lmeval_model_read(&m, item(&config, "{}"), item(&name, text), item(&source, "null"));
    assert_int_equal(m.name.n, 0);
    assert_int_equal(m.path.n, 599);
    buf_done(&config);
    buf_done(&name);
    buf_done(&source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_from_text_too),
        cmocka_unit_test(counts_are_whole_numbers_however_they_are_written),
        cmocka_unit_test(a_date_is_read_exactly_and_a_counter_of_the_machine_is_none),
        cmocka_unit_test(only_short_names_pass_as_words),
        cmocka_unit_test(the_model_is_found_by_name_path_digest_and_arguments),
        cmocka_unit_test(a_name_that_is_too_long_is_kept_with_the_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
