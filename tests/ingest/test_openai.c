/* Looks at servers with OpenAI's interface: what is recorded, once, and what of one that is at fault. */
#include <sys/stat.h>

#include "tests/ingest/ollama_box.h"

#define LLAMA(...)                                                                                                         \
    "{\"object\":\"list\",\"data\":[{\"id\":\"../models/Tiny-Q4_K_M.gguf\",\"object\":\"model\",\"created\":1,"            \
    "\"owned_by\":\"llamacpp\",\"meta\":{\"n_ctx_train\":131072,\"n_embd\":4096,\"n_params\":8030261312,"                  \
    "\"size\":4912898304}}" __VA_ARGS__ "]}"
#define PROPS(build, n_ctx)                                                                                                \
    "{\"default_generation_settings\":{\"n_ctx\":" n_ctx ",\"params\":{\"seed\":7}},\"total_slots\":4,"                    \
    "\"model_path\":\"/srv/secret/Tiny.gguf\",\"chat_template\":\"{{x}}\",\"build_info\":\"" build "\"}"
#define COUNTERS(n)                                                                                                        \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"                                             \
    "# TYPE llamacpp:prompt_tokens_total counter\nllamacpp:prompt_tokens_total " n                                         \
    "\n# TYPE llamacpp:n_tokens_max counter\nllamacpp:n_tokens_max 9\n"
#define LOADING                                                                                                            \
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 75\r\n\r\n"                                                       \
    "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}"
#define VLLM(created, permission, more)                                                                                    \
    "{\"object\":\"list\",\"data\":[{\"id\":\"org/tiny\",\"object\":\"model\",\"created\":" created                        \
    ",\"owned_by\":\"vllm\",\"root\":\"org/tiny\",\"parent\":null,\"max_model_len\":8192,\"permission\":[{\"id\":\""       \
    "modelperm-" permission "\",\"created\":" created "}]}" more "]}"
#define ADAPTER                                                                                                            \
    ",{\"id\":\"tiny-lora\",\"object\":\"model\",\"owned_by\":\"vllm\",\"root\":\"/srv/lora\",\"parent\":\"org/tiny\"}"
#define LMS(...) "{\"models\":[" __VA_ARGS__ "]}"
#define LMS_MODEL(key, instances)                                                                                          \
    "{\"type\":\"llm\",\"publisher\":\"example\",\"key\":\"" key "\",\"architecture\":\"gemma3\",\"quantization\":{"       \
    "\"name\":\"Q4_0\"},\"size_bytes\":1000,\"params_string\":\"270M\",\"loaded_instances\":[" instances                   \
    "],\"max_context_length\":32768,\"format\":\"gguf\",\"capabilities\":{\"vision\":true,\"trained_for_tool_use\":true}}"
#define INSTANCE(n) "{\"id\":\"a\",\"config\":{\"context_length\":" n "}}"

static int ask(struct ollama_box *b) {
    return box_run(&b->box, "openai", (struct ingest_options){.url = b->url});
}

static void ask_well(struct ollama_box *b) {
    if (ask(b) != 0) fail_msg("%s", b->box.err.msg);
}

static uint64_t asked(struct ollama_box *b) {
    uint64_t from = box_size(&b->box);
    ask_well(b);
    return from;
}

/* Events as events_are has them, with the port as '#'. */
static void are(struct ollama_box *b, uint64_t from, const char *fields, const char *want) {
    char text[4096] = "", port[16];
    snprintf(port, sizeof(port), "%u", b->server.port);
    for (const char *p = want; *p != '\0'; p++) {
        size_t n = strlen(text);
        if (*p == '#') {
            snprintf(text + n, sizeof(text) - n, "%s", port);
        } else {
            snprintf(text + n, sizeof(text) - n, "%c", *p);
        }
    }
    events_are(b, from, fields, text);
}

static int setup_llama(void **state) {
    setup_server(state);
    put(*state, "v1_models.json", LLAMA());
    put(*state, "props.json", PROPS("b5163-8cf427ff", "4096"));
    put(*state, "health.json", "{\"status\":\"ok\"}");
    put(*state, "metrics.raw", COUNTERS("1234"));
    return 0;
}

/* ---- llama.cpp ---------------------------------------------------------------------------------------------------- */

static void a_first_look_says_what_is_there_and_a_second_one_nothing(void **state) {
    struct ollama_box *b = *state;
    uint64_t from = asked(b);
    are(b, from, "runtime build status slots counters model bytes parameters context_length format",
        "model.loaded model/Tiny-Q4_K_M.gguf reported runtime=\"llama.cpp\" model=\"Tiny-Q4_K_M.gguf\" "
        "context_length=4096\n"
        "model.observed model/Tiny-Q4_K_M.gguf reported runtime=\"llama.cpp\" model=\"Tiny-Q4_K_M.gguf\" "
        "bytes=4912898304 parameters=\"8030261312\" context_length=131072 format=\"gguf\"\n"
        "runtime.observed runtime/llama.cpp@127.0.0.1:# reported runtime=\"llama.cpp\" build=\"b5163-8cf427ff\" "
        "status=\"ok\" slots=4 counters={\"llamacpp:prompt_tokens_total\":1234.0}\n");
    from = asked(b);
    assert_int_equal(box_size(&b->box), from);
    assert_int_equal(b->box.result.total.accepted, 0);
    assert_true(b->box.result.total.duplicate > 0);
}

static void paths_are_private(void **state) {
    struct ollama_box *b = *state;
    char text[16384];
    uint64_t from = asked(b);
    for (uint64_t seq = from; seq < box_size(&b->box); seq++) {
        const char *event = box_event(&b->box, seq, text, sizeof(text)), *body = strchr(event, '}');
        size_t open = body != NULL ? (size_t)(body - event) : strlen(event);
        assert_null(memmem(event, open, "/srv/secret", 11));
        assert_null(memmem(event, open, "../models", 9));
    }
}

static void a_new_build_and_another_context_are_changes(void **state) {
    struct ollama_box *b = *state;
    ask_well(b);
    put(b, "props.json", PROPS("b6000-00000000", "8192"));
    uint64_t from = asked(b);
    are(b, from, "what build context_length",
        "model.loaded model/Tiny-Q4_K_M.gguf reported context_length=8192\n"
        "runtime.changed runtime/llama.cpp@127.0.0.1:# reported what=\"build\"\n"
        "runtime.changed runtime/llama.cpp@127.0.0.1:# reported what=\"config\"\n"
        "runtime.observed runtime/llama.cpp@127.0.0.1:# reported build=\"b6000-00000000\"\n");
    put(b, "props.json", PROPS("b5163-8cf427ff", "4096"));
    from = asked(b);
    assert_int_equal(box_size(&b->box), from + 5); /* back is a change too, with its receipt */
}

static void answers_that_stay_away_change_nothing(void **state) {
    struct ollama_box *b = *state;
    ask_well(b);
    drop(b, "props.json");
    drop(b, "metrics.raw");
    put(b, "slots.silent", "");
    uint64_t from = box_size(&b->box);
    assert_int_equal(box_run(&b->box, "openai", (struct ingest_options){.url = b->url, .patience_ms = 300}), 0);
    assert_int_equal(box_size(&b->box), from);
}

static void a_counter_that_goes_back_is_a_restart(void **state) {
    struct ollama_box *b = *state;
    ask_well(b);
    put(b, "metrics.raw", COUNTERS("2000"));
    uint64_t from = asked(b);
    assert_int_equal(box_size(&b->box), from); /* counting is no news */
    put(b, "metrics.raw", COUNTERS("5"));
    from = asked(b);
    are(b, from, "what detail before after counters",
        "ledger.gap gap/openai@127.0.0.1:# reported what=\"counter_reset\" detail=\"llamacpp:prompt_tokens_total\" "
        "before=2000.0 after=5.0\n"
        "runtime.changed runtime/llama.cpp@127.0.0.1:# inferred what=\"restart\"\n"
        "runtime.observed runtime/llama.cpp@127.0.0.1:# reported counters={\"llamacpp:prompt_tokens_total\":5.0}\n");
    from = asked(b);
    assert_int_equal(box_size(&b->box), from);
}

static void a_model_that_is_loading_is_a_status(void **state) {
    struct ollama_box *b = *state;
    put(b, "v1_models.raw", LOADING);
    uint64_t from = asked(b);
    are(b, from, "status", "runtime.observed runtime/llama.cpp@127.0.0.1:# reported status=\"loading\"\n");
    drop(b, "v1_models.raw");
    from = asked(b);
    assert_int_equal(box_size(&b->box), from + 4);
    put(b, "v1_models.raw", LOADING);
    from = asked(b);
    are(b, from, "status", "runtime.observed runtime/llama.cpp@127.0.0.1:# reported status=\"loading\"\n");
}

static void a_model_that_is_served_no_more_is_unloaded_and_not_removed(void **state) {
    struct ollama_box *b = *state;
    ask_well(b);
    put(b, "v1_models.json", "{\"object\":\"list\",\"data\":[{\"id\":\"other\",\"owned_by\":\"llamacpp\",\"meta\":null}]}");
    uint64_t from = asked(b);
    are(b, from, "",
        "model.loaded model/other reported\nmodel.observed model/other reported\n"
        "model.unloaded model/Tiny-Q4_K_M.gguf reported\n");
}

static void a_router_says_which_models_are_loaded(void **state) {
    struct ollama_box *b = *state;
    put(b, "v1_models.json",
        "{\"object\":\"list\",\"data\":["
        "{\"id\":\"a\",\"owned_by\":\"llamacpp\",\"status\":{\"value\":\"unloaded\"}},"
        "{\"id\":\"b\",\"owned_by\":\"llamacpp\",\"status\":{\"value\":\"loaded\"}}]}");
    ask_well(b);
    assert_int_equal(box_count(&b->box, "model.observed"), 2);
    assert_int_equal(box_count(&b->box, "model.loaded"), 1);
}

/* ---- others ------------------------------------------------------------------------------------------------------- */

static void what_vllm_makes_up_for_each_answer_is_no_change(void **state) {
    struct ollama_box *b = *state;
    put(b, "v1_models.json", VLLM("1735142223", "abc", ""));
    put(b, "version.json", "{\"version\":\"0.9.1\"}");
    ask_well(b);
    put(b, "v1_models.json", VLLM("1735149999", "def", ""));
    uint64_t from = asked(b);
    assert_int_equal(box_size(&b->box), from);
    put(b, "v1_models.json", VLLM("1735149999", "def", ADAPTER));
    put(b, "version.raw", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"version\":\"0.10.0\"}");
    from = asked(b);
    are(b, from, "parent version version_before what",
        "model.loaded model/tiny-lora reported\n"
        "model.observed model/tiny-lora reported parent=\"org/tiny\"\n"
        "runtime.changed runtime/vllm@127.0.0.1:# reported version=\"0.10.0\" version_before=\"0.9.1\" what=\"version\"\n"
        "runtime.observed runtime/vllm@127.0.0.1:# reported version=\"0.10.0\"\n");
}

static void lm_studio_is_asked_for_more_about_its_models(void **state) {
    struct ollama_box *b = *state;
    put(b, "v1_models.json", "{\"object\":\"list\",\"data\":[{\"id\":\"a\",\"owned_by\":\"organization_owner\"}]}");
    put(b, "api_v1_models.json", LMS(LMS_MODEL("a", "") "," LMS_MODEL("b", INSTANCE("4096"))));
    uint64_t from = asked(b);
    are(b, from, "quantization capabilities context_length",
        "model.loaded model/b reported context_length=4096\n"
        "model.observed model/a reported quantization=\"Q4_0\" capabilities=[\"completion\",\"vision\",\"tools\"] "
        "context_length=32768\n"
        "model.observed model/b reported quantization=\"Q4_0\" capabilities=[\"completion\",\"vision\",\"tools\"] "
        "context_length=32768\n"
        "runtime.observed runtime/lm_studio@127.0.0.1:# reported\n");
    put(b, "api_v1_models.json", LMS(LMS_MODEL("a", INSTANCE("2048"))));
    from = asked(b);
    are(b, from, "context_length",
        "model.loaded model/a reported context_length=2048\n"
        "model.removed model/b reported\nmodel.unloaded model/b reported\n");
}

static void another_server_at_the_address_takes_the_place_of_the_one_before(void **state) {
    struct ollama_box *b = *state;
    ask_well(b);
    put(b, "v1_models.json", VLLM("1", "a", ""));
    uint64_t from = asked(b);
    are(b, from, "error runtime",
        "model.loaded model/org/tiny reported runtime=\"vllm\"\n"
        "model.observed model/org/tiny reported runtime=\"vllm\"\n"
        "model.unloaded model/Tiny-Q4_K_M.gguf reported runtime=\"llama.cpp\"\n"
        "runtime.observed runtime/vllm@127.0.0.1:# reported runtime=\"vllm\"\n"
        "runtime.unreachable runtime/llama.cpp@127.0.0.1:# measured error=\"answer\" runtime=\"llama.cpp\"\n");
    from = asked(b);
    assert_int_equal(box_size(&b->box), from);
}

/* ---- faults ------------------------------------------------------------------------------------------------------- */

static void a_server_that_is_down_is_said_once_and_once_when_it_is_back(void **state) {
    struct ollama_box *b = *state;
    ask_well(b);
    uint64_t from = box_size(&b->box);
    server_stop(b);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(b), ERR_NET);
    }
    are(b, from, "error", "runtime.unreachable runtime/llama.cpp@127.0.0.1:# measured error=\"refused\"\n");
    server_start(b);
    from = asked(b);
    ask_well(b);
    are(b, from, "", "runtime.observed runtime/llama.cpp@127.0.0.1:# reported\n");
}

static void of_a_stranger_that_does_not_show_what_it_is_nothing_is_recorded(void **state) {
    struct ollama_box *b = *state;
    put(b, "v1_models.raw", "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>no</html>");
    uint64_t from = box_size(&b->box);
    assert_int_equal(ask(b), ERR_NET);
    assert_non_null(strstr(b->box.err.msg, "answer: /v1/models: not valid JSON"));
    assert_int_equal(box_size(&b->box), from);
}

static void each_way_of_being_broken_has_its_word(void **state) {
    static const struct {
        const char *raw, *error, *words;
    } ways[] = {
        {"HTTP/1.1 500 No\r\nContent-Length: 16\r\n\r\n{\"error\":\"full\"}", "http", "status 500: full"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "protocol", "/v1/models: "},
        {"220 smtp.example.org\r\n", "protocol", "/v1/models: "},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n{", "limit", "/v1/models: "},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "answer", "no list of models"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"data\":null}", "answer", "not valid JSON"},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "redirect", "redirects"},
    };
    struct ollama_box *b = *state;
    ask_well(b);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char want[160];
        uint64_t from = box_size(&b->box);
        put(b, "v1_models.raw", ways[i].raw);
        assert_int_equal(ask(b), ERR_NET);
        if (strstr(b->box.err.msg, ways[i].words) == NULL) fail_msg("%s: %s", ways[i].words, b->box.err.msg);
        snprintf(want, sizeof(want), "runtime.unreachable runtime/llama.cpp@127.0.0.1:# measured error=\"%s\"\n",
                 ways[i].error);
        bool again = i > 0 && strcmp(ways[i].error, ways[i - 1].error) == 0 && strcmp(ways[i].error, "protocol") != 0;
        if (!again && box_size(&b->box) > from) are(b, from, "error", want);
    }
}

static void a_server_that_is_silent_is_not_waited_for_longer_than_was_said(void **state) {
    struct ollama_box *b = *state;
    put(b, "v1_models.silent", "");
    assert_int_equal(box_run(&b->box, "openai", (struct ingest_options){.url = b->url, .patience_ms = 300}), ERR_NET);
    assert_non_null(strstr(b->box.err.msg, "timeout"));
}

static void a_bad_entry_is_rejected_alone_and_takes_nothing_away(void **state) {
    struct ollama_box *b = *state;
    ask_well(b);
    put(b, "v1_models.json",
        "{\"object\":\"list\",\"data\":[{\"id\":\"b\",\"owned_by\":\"llamacpp\"},7,{\"id\":\"\"},{\"id\":\"/srv/\"},"
        "{\"id\":\"ghp_0123456789abcdefghijklmnopqrstuvwxyzAB\"},{\"id\":\"b\"}]}");
    uint64_t from = asked(b);
    assert_string_equal(b->box.rejections, "0: an entry of the list of models is not an object\n"
                                           "0: a model has no name; expected: text in 'name' or 'model'\n"
                                           "0: a model has no name; expected: text in 'name' or 'model'\n"
                                           "0: a model's name holds a secret (rule github-pat)\n"
                                           "0: the model 'b' is listed twice\n");
    are(b, from, "", "model.loaded model/b reported\nmodel.observed model/b reported\n");
}

static void an_id_of_a_megabyte_is_rejected_and_ends_no_run(void **state) {
    struct ollama_box *b = *state;
    struct buf text = {.max = 4 << 20};
    buf_printf(&text, "{\"object\":\"list\",\"data\":[{\"owned_by\":\"llamacpp\",\"id\":\"/%0*u/a.gguf\"}]}", 1 << 20, 0);
    buf_put_u8(&text, 0);
    put(b, "v1_models.json", (char *)text.p);
    buf_clear(&text);
    buf_printf(&text, "{\"default_generation_settings\":{\"n_ctx\":1},\"model_path\":\"/%0*u\"}", 1 << 20, 0);
    buf_put_u8(&text, 0);
    put(b, "props.json", (char *)text.p);
    buf_done(&text);
    ask_well(b);
    assert_string_equal(b->box.rejections, "0: a model's id has 1048584 bytes; expected: at most 4096\n");
    assert_int_equal(box_count(&b->box, "runtime.observed"), 1);
}

static void more_models_than_fit_are_rejected_not_forgotten(void **state) {
    struct ollama_box *b = *state;
    struct buf text = {.max = 4 << 20};
    buf_put_str(&text, "{\"object\":\"list\",\"data\":[");
    for (unsigned i = 0; i < 2100; i++) {
        buf_printf(&text, "%s{\"id\":\"%0150u\",\"owned_by\":\"llamacpp\"}", i == 0 ? "" : ",", i);
    }
    buf_put_str(&text, "]}");
    buf_put_u8(&text, 0);
    put(b, "v1_models.json", (char *)text.p);
    buf_done(&text);
    ask_well(b);
    size_t told = box_count(&b->box, "model.observed");
    assert_true(told > 900 && told < 2048);
    assert_int_equal(b->box.result.total.rejected, 2048 - told + 1);
    ask_well(b);
    assert_int_equal(b->box.result.total.accepted, 0);
    assert_int_equal(box_count(&b->box, "model.unloaded"), 0);
}

/* ---- the token ---------------------------------------------------------------------------------------------------- */

#define TOKEN "not-a-real-token-0001"

static void a_token_is_read_from_a_private_file_and_is_in_no_event(void **state) {
    struct ollama_box *b = *state;
    char path[192], text[16384];
    snprintf(path, sizeof(path), "%s/token-file", b->box.dir);
    put(b, "token", TOKEN);
    box_write(path, TOKEN "\n", O_TRUNC);
    const struct ingest_options o = {.url = b->url, .token_file = path};
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(box_run(&b->box, "openai", o), ERR_INVALID);
    assert_non_null(strstr(b->box.err.msg, "mode 0644; expected: 0600"));
    assert_int_equal(chmod(path, 0600), 0);
    uint64_t from = box_size(&b->box);
    assert_int_equal(box_run(&b->box, "openai", o), 0);
    assert_true(box_size(&b->box) > from);
    for (uint64_t seq = from; seq < box_size(&b->box); seq++) {
        assert_null(strstr(box_event(&b->box, seq, text, sizeof(text)), TOKEN));
    }
    from = box_size(&b->box);
    assert_int_equal(ask(b), ERR_NET);
    assert_non_null(strstr(b->box.err.msg, "give its token with --token-file FILE"));
    are(b, from, "status", "runtime.observed runtime/llama.cpp@127.0.0.1:# reported status=\"locked\"\n");
}

int main(void) {
#define WITH(test, with) cmocka_unit_test_setup_teardown(test, with, teardown)
    const struct CMUnitTest tests[] = {
        WITH(a_first_look_says_what_is_there_and_a_second_one_nothing, setup_llama),
        WITH(paths_are_private, setup_llama),
        WITH(a_new_build_and_another_context_are_changes, setup_llama),
        WITH(answers_that_stay_away_change_nothing, setup_llama),
        WITH(a_counter_that_goes_back_is_a_restart, setup_llama),
        WITH(a_model_that_is_loading_is_a_status, setup_llama),
        WITH(a_model_that_is_served_no_more_is_unloaded_and_not_removed, setup_llama),
        WITH(a_router_says_which_models_are_loaded, setup_llama),
        WITH(what_vllm_makes_up_for_each_answer_is_no_change, setup_server),
        WITH(lm_studio_is_asked_for_more_about_its_models, setup_server),
        WITH(another_server_at_the_address_takes_the_place_of_the_one_before, setup_llama),
        WITH(a_server_that_is_down_is_said_once_and_once_when_it_is_back, setup_llama),
        WITH(of_a_stranger_that_does_not_show_what_it_is_nothing_is_recorded, setup_server),
        WITH(each_way_of_being_broken_has_its_word, setup_llama),
        WITH(a_server_that_is_silent_is_not_waited_for_longer_than_was_said, setup_llama),
        WITH(a_bad_entry_is_rejected_alone_and_takes_nothing_away, setup_llama),
        WITH(an_id_of_a_megabyte_is_rejected_and_ends_no_run, setup_llama),
        WITH(more_models_than_fit_are_rejected_not_forgotten, setup_llama),
        WITH(a_token_is_read_from_a_private_file_and_is_in_no_event, setup_llama),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
