/* Saved answers of servers with OpenAI's interface, and metrics in Prometheus' text format. */
#include "ingest/input/prometheus.h"
#include "tests/ingest/ollama_box.h"

#define FIXTURES "tests/ingest/fixtures/openai/"

static void reads(struct ollama_box *b, const char *file) {
    assert_int_equal(box_run(&b->box, "openai", (struct ingest_options){.from = &file, .n_from = 1}), 0);
}

/* One file's events, and that reading it again adds none. */
static void gives(struct ollama_box *b, const char *file, const char *fields, const char *want) {
    uint64_t from = box_size(&b->box);
    reads(b, file);
    assert_string_equal(b->box.rejections, "");
    events_are(b, from, fields, want);
    uint64_t size = box_size(&b->box);
    reads(b, file);
    assert_int_equal(b->box.result.total.accepted, 0);
    assert_true(b->box.result.total.duplicate > 0);
    assert_int_equal(box_size(&b->box), size);
}

static void each_saved_answer_says_what_was_there(void **state) {
    struct ollama_box *b = *state;
    gives(b, FIXTURES "openai-models.json", "runtime endpoint", "model.observed model/tiny reported runtime=\"openai\"\n");
    gives(b, FIXTURES "lmstudio-v1.json", "bytes context_length",
          "model.loaded model/tiny-270m reported context_length=4096\n"
          "model.observed model/tiny-270m reported bytes=241410208 context_length=32768\n");
    gives(b, FIXTURES "props.json", "runtime build slots",
          "runtime.observed runtime/llama.cpp reported runtime=\"llama.cpp\" build=\"b5163-8cf427ff\" slots=4\n");
    gives(b, FIXTURES "slots.json", "slots", "runtime.observed runtime/llama.cpp reported slots=2\n");
    gives(b, FIXTURES "llamacpp-error.json", "status", "runtime.observed runtime/llama.cpp reported status=\"loading\"\n");
    gives(b, FIXTURES "vllm-metrics.txt", "counters",
          "runtime.observed runtime/vllm reported counters={\"vllm:generation_tokens_total\":1234.0}\n");
}

static void a_saved_completion_is_a_call(void **state) {
    struct ollama_box *b = *state;
    char text[8192];
    uint64_t at = box_size(&b->box);
    reads(b, FIXTURES "completion.json");
    box_event(&b->box, at, text, sizeof(text));
    static const char *const parts[] = {"run.model_called run/openai-",
                                        "\"at\":1772352000000000000",
                                        "\"call\":\"chatcmpl-1\"",
                                        "\"tokens_in\":3",
                                        "\"tokens_out\":1",
                                        "\"finish\":\"stop\"",
                                        "\"operation\":\"chat\"",
                                        "} {\"output\":\"Yes\"}"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strstr(text, parts[i]) == NULL) fail_msg("%s is not in %s", parts[i], text);
    }
}

static void what_was_not_counted_stays_absent(void **state) {
    struct ollama_box *b = *state;
    char path[192], text[8192];
    snprintf(path, sizeof(path), "%s/saved", b->dir);
    put(b, "saved",
        "{\"id\":\"x\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"finish_reason\":\"length\","
        "\"message\":{\"content\":\"a\"}}]}\n"
        "{\"choices\":[],\"object\":\"chat.completion.chunk\",\"usage\":{\"prompt_tokens\":4},\"timings\":{\"cache_n\":3,"
        "\"prompt_ms\":30.5,\"predicted_ms\":61}}\n");
    uint64_t at = box_size(&b->box);
    reads(b, path);
    assert_int_equal(b->box.result.total.accepted, 2);
    assert_null(strstr(box_event(&b->box, at, text, sizeof(text)), "tokens"));
    box_event(&b->box, at + 1, text, sizeof(text));
    assert_non_null(strstr(text, "\"tokens_cached\":3"));
    assert_non_null(strstr(text, "\"generate_ms\":61"));
    assert_non_null(strstr(text, "\"stream\":true"));
}

static void each_wrong_file_is_refused_in_its_own_words(void **state) {
    static const char *const cases[][2] = {
        {"", "0: the file is empty\n"},
        {"{", "0: not valid JSON: line 1 column 1: string or '}' expected near end of file\n"},
        {"{}",
         "0: not an answer of a server with OpenAI's interface; expected: a list of models, /props, /slots, /metrics, "
         "or a completion\n"},
        {"{\"status\":\"ok\"}", "0: the answer alone does not say which server it is of\n"},
        {"{\"version\":\"0.9\"}", "0: the answer alone does not say which server it is of\n"},
        {"{\"error\":{\"message\":\"no\"}}", "0: the answer is an error\n"},
        {"{\"object\":\"list\",\"data\":[]}", "0: the list of models is empty\n"},
        {"node_cpu_seconds_total{cpu=\"0\"} 7\n", "0: the metrics name no known server of models\n"},
        {"vllm:x_total 7\nvllm:x_total{a=b} 1\n", "2: metrics: line 2 has labels that are not name=\"value\"\n"},
        {"{\"choices\":[]}\nno\n", "2: not valid JSON: line 1 column 2: invalid token near 'no'\n"},
    };
    struct ollama_box *b = *state;
    char path[192];
    snprintf(path, sizeof(path), "%s/saved", b->dir);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put(b, "saved", cases[i][0]);
        reads(b, path);
        assert_string_equal(b->box.rejections, cases[i][1]);
    }
    const char *const no = "/nonexistent";
    assert_int_equal(box_run(&b->box, "openai", (struct ingest_options){.from = &no, .n_from = 1}), 0);
    assert_int_equal(b->box.result.total.rejected, 1);
}

/* ---- metrics ------------------------------------------------------------------------------------------------------ */

static void samples_have_colons_escapes_and_times(void **state) {
    static const char text[] =
        "# HELP a:b_total x\n# TYPE a:b_total counter\n"
        "a:b_total{m=\"x\\\"}\\\\\\n\",n=\"\",} 1.5e+03 1700000000000\r\n"
        "# TYPE c gauge\n  c +Inf\n\n# EOF\nd_total -7\n# TYPE e counter\ne_total 3 # {id=\"1\"} 2\nf NaN";
    static const struct {
        const char *name;
        double value;
        bool special, counter;
    } want[] = {{"a:b_total", 1500, false, true},
                {"c", 0, true, false},
                {"d_total", -7, false, true},
                {"e_total", 3, false, true},
                {"f", 0, true, false}};
    struct prometheus p;
    struct prometheus_sample s;
    (void)state;
    prometheus_init(&p, bytes_of(text));
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        struct err err = {0};
        if (prometheus_next(&p, &s, &err) != 0) fail_msg("%s", err.msg);
        assert_true(bytes_is(s.name, want[i].name));
        assert_true(s.value >= want[i].value && s.value <= want[i].value);
        assert_int_equal(s.special, want[i].special);
        assert_int_equal(s.counter, want[i].counter);
    }
    assert_int_equal(prometheus_next(&p, &s, NULL), 1);
}

static void each_bad_line_is_an_error_of_its_own(void **state) {
    static const char *const cases[][2] = {
        {"<html>", "metrics: line 1 does not begin with a name"},
        {"9a 1", "metrics: line 1 does not begin with a name"},
        {"a", "metrics: line 1 has no value; expected: a number, NaN, +Inf or -Inf"},
        {"a{", "metrics: line 1 has labels that are not name=\"value\""},
        {"a{b}", "metrics: line 1 has labels that are not name=\"value\""},
        {"a{b=\"c", "metrics: line 1 has labels that are not name=\"value\""},
        {"a{b=\"c\\", "metrics: line 1 has labels that are not name=\"value\""},
        {"a{b=\"c\\x\"} 1", "metrics: line 1 has labels that are not name=\"value\""},
        {"a{b=\"c\"d=\"e\"} 1", "metrics: line 1 has labels that are not name=\"value\""},
        {"a 1x", "metrics: line 1 has no value; expected: a number, NaN, +Inf or -Inf"},
        {"a 1e999", "metrics: line 1 has no value; expected: a number, NaN, +Inf or -Inf"},
        {"a 1 soon", "metrics: line 1 has something after its value that is not a time"},
        {"a 1 2 3", "metrics: line 1 goes on after its time"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[128];
        struct prometheus p;
        struct prometheus_sample s;
        struct err err = {0};
        snprintf(text, sizeof(text), "%s\nb 1\n", cases[i][0]);
        prometheus_init(&p, bytes_of(text));
        assert_int_equal(prometheus_next(&p, &s, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i][1]);
        assert_int_equal(prometheus_next(&p, &s, NULL), 0);
        assert_int_equal(prometheus_next(&p, &s, NULL), 1);
    }
}

int main(void) {
#define BOX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        BOX(each_saved_answer_says_what_was_there),
        BOX(a_saved_completion_is_a_call),
        BOX(what_was_not_counted_stays_absent),
        BOX(each_wrong_file_is_refused_in_its_own_words),
        cmocka_unit_test(samples_have_colons_escapes_and_times),
        cmocka_unit_test(each_bad_line_is_an_error_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
