/* What answers say, and what is made of those that say it wrongly. The scenario of the proxy has each protocol as it is. */
#include "capture/proxy/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct facts f;

static int begin(void **state) {
    (void)state;
    proxy_facts_init(&f, (size_t)1 << 20, 64);
    return 0;
}

static int end(void **state) {
    (void)state;
    proxy_facts_done(&f);
    return 0;
}

static void say(const char *frame) {
    proxy_facts_take(&f, bytes_of(frame), false);
}

static void what_nobody_states_is_unknown(void **state) {
    (void)state;
    say("{\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":null}],\"usage\":null}");
    assert_true(f.any && f.token && !f.done && !f.error);
    assert_true(f.tokens_in == FACTS_NONE && f.tokens_out == FACTS_NONE && f.tokens_cached == FACTS_NONE);
    assert_string_equal(f.finish, "");
    say("{\"choices\":[],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":3}}");
    assert_true(f.tokens_in == 0 && f.tokens_out == 3 && f.tokens_reasoning == FACTS_NONE && !f.token);
    say("[DONE]");
    assert_true(f.done);
}

static void usage_goes_before_timings(void **state) {
    (void)state;
    say("{\"choices\":[],\"timings\":{\"cache_n\":236,\"prompt_n\":1,\"prompt_ms\":30.5,\"predicted_n\":35,\"predicted_"
        "ms\":661}}");
    assert_true(f.tokens_in == 237 && f.tokens_cached == 236 && f.tokens_out == 35);
    assert_true(f.prompt_ns == 30500000 && f.generate_ns == 661000000);
    say("{\"choices\":[],\"usage\":{\"prompt_tokens\":44,\"completion_tokens\":48,\"prompt_tokens_details\":{\"cached_"
        "tokens\":0}},"
        "\"timings\":{\"cache_n\":236,\"prompt_n\":1,\"predicted_n\":35}}");
    assert_true(f.tokens_in == 44 && f.tokens_cached == 0 && f.tokens_out == 48);
}

static void errors_have_several_forms(void **state) {
    static const struct {
        const char *frame, *words, *kind;
    } errors[] = {
        {"{\"error\":\"it broke\"}", "it broke", ""},
        {"{\"error\":{\"message\":\"Loading model\",\"type\":\"unavailable_error\",\"code\":503}}", "Loading model",
         "unavailable_error"},
        {"{\"type\":\"error\",\"message\":\"no\",\"code\":\"x\"}", "no", "error"},
        {"{\"error\":{}}", "", ""},
        {"{\"error\":7}", "", ""},
        {"{\"type\":\"response.failed\",\"response\":{\"error\":{\"message\":\"full\"}}}", "full", ""},
        {"{\"error\":\"two\\nlines \\u001b[31m\"}", "two\\nlines \\x1b[31m", ""},
    };
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        say(errors[i].frame);
        assert_true(f.error);
        assert_string_equal(f.words, errors[i].words);
        assert_string_equal(f.error_kind, errors[i].kind);
        end(state);
        begin(state);
    }
    say("{\"error\":null}");
    assert_false(f.error);
    proxy_facts_take(&f, bytes_of("no JSON"), true); /* the event's name says so */
    assert_true(f.error && f.words[0] == '\0');
}

static void calls_of_tools_are_counted_once(void **state) {
    (void)state;
    say("{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}");
    assert_true(f.token);
    say("{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}},{\"index\":1}]}}]}");
    say("{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":18446744073709551615},{\"index\":-1},7]}}]}");
    assert_true(f.tool_calls == 2);
    say("{\"message\":{\"content\":\"\",\"tool_calls\":[{\"function\":{\"arguments\":{}}},{}]},\"done\":false}");
    assert_true(f.tool_calls == 4);
}

static void absurd_answers_are_left_out(void **state) {
    (void)state;
    static const char *const frames[] = {
        "",
        "{",
        "[]",
        "null",
        "7",
        "\"x\"",
        "[1,2]",
        "{\"a\":NaN}",
        "{\"model\":\"\\ud83e\"}",
        "{\"a\":1,\"a\":2}",
        "{\"model\":7,\"choices\":{},\"usage\":[],\"timings\":\"x\",\"done\":\"true\",\"error\":null}",
        "{\"choices\":[7,null,{\"delta\":[],\"message\":7,\"text\":{},\"finish_reason\":[]}]}",
        ("{\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":1e300},\"timings\":{\"prompt_ms\":-5,\"predicted_ms\":"
         "1e300}}"),
        "{\"usage\":{\"prompt_tokens\":9223372036854775807},\"total_duration\":-1,\"eval_count\":\"9\"}",
        "{\"type\":\"chat.end\",\"result\":7,\"stats\":{\"generation_time\":\"9\"}}",
    };
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        say(frames[i]);
    }
    assert_true(f.tokens_in == FACTS_NONE && f.tokens_out == FACTS_NONE && f.total_ns == FACTS_NONE);
    assert_true(f.prompt_ns == FACTS_NONE && f.generate_ns == FACTS_NONE && f.tool_calls == 0 && !f.error);
    assert_string_equal(f.served, "");
}

static void text_is_kept_up_to_its_limit(void **state) {
    (void)state;
    for (int i = 0; i < 10; i++) {
        say("{\"message\":{\"content\":\"0123456789\"},\"done\":false}");
    }
    assert_int_equal(f.text.n, 60);
    assert_int_equal(f.text.fail, 0);
}

static void names_of_models_have_no_directories(void **state) {
    (void)state;
    static const char *const names[][2] = {{"/home/alice/q4.gguf", "q4.gguf"},
                                           {"~/m.gguf", "m.gguf"},
                                           {"C:\\m\\q.gguf", "q.gguf"},
                                           {"hf.co/org/m:Q4", "hf.co/org/m:Q4"},
                                           {"org/model", "org/model"},
                                           {"/", ""},
                                           {"", ""}};
    char name[FACTS_NAME_MAX];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        proxy_facts_name(name, sizeof(name), bytes_of(names[i][0]));
        assert_string_equal(name, names[i][1]);
    }
    char *huge = calloc(1, 5001);
    memset(huge, 'x', 5000);
    proxy_facts_name(name, sizeof(name), bytes_of(huge));
    assert_int_equal(strlen(name), FACTS_NAME_MAX - 1);
    free(huge);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(what_nobody_states_is_unknown),       TEST(usage_goes_before_timings),   TEST(errors_have_several_forms),
        TEST(calls_of_tools_are_counted_once),     TEST(absurd_answers_are_left_out), TEST(text_is_kept_up_to_its_limit),
        TEST(names_of_models_have_no_directories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
