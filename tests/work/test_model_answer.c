/* Answers from memory: cut anywhere, and of every wrong shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "work/model/answer.h"
#include "work/model/frame.h"

static const char sse[] =
    "\xef\xbb\xbf"
    "data: one\n\n: a comment\r\nevent: x\r\ndata:two\r\ndata: lines\r\n\r\n\r\r"
    "data\n\ndata:\n\nid: 7\rdata: {\"ü\":\"日\"}\r\rerror: bad\n\nretry: 1\nevent: error\ndata: worse\n\ndata: last";

struct seen {
    char text[512];
    unsigned n, enough_at;
};

static int see(void *ctx, struct bytes frame, bool error, struct err *err) {
    struct seen *s = ctx;
    size_t n = strlen(s->text);
    (void)err;
    snprintf(s->text + n, sizeof(s->text) - n, "%s%.*s|", error ? "!" : "", (int)frame.n, (const char *)frame.p);
    return ++s->n == s->enough_at;
}

/* In pieces: up to `cut`, then bytes of `step` at a time. */
static void cut_at(enum model_form form, struct bytes all, size_t cut, size_t step, size_t max, int want,
                   const char *text) {
    struct model_frames f;
    struct seen s = {.n = 0};
    struct err err = {0};
    model_frames_init(&f, form, max, see, &s);
    int rc = model_frames_put(&f, (struct bytes){all.p, cut}, &err);
    for (size_t at = cut; rc == 0 && at < all.n; at += step) {
        rc = model_frames_put(&f, (struct bytes){all.p + at, step < all.n - at ? step : all.n - at}, &err);
    }
    if (rc == 0) rc = model_frames_end(&f, &err);
    model_frames_done(&f);
    if (rc != want || strcmp(s.text, text) != 0) {
        fail_msg("cut at %zu by %zu: %d, '%s', wanted %d, '%s'", cut, step, rc, s.text, want, text);
    }
}

static void events_are_the_same_wherever_they_are_cut(void **state) {
    (void)state;
    for (size_t cut = 0; cut <= strlen(sse); cut++) {
        for (size_t step = 1; step <= 3; step++) {
            cut_at(MODEL_EVENTS, bytes_of(sse), cut, step, 100, 0, "one|two\nlines|{\"ü\":\"日\"}|!bad|!worse|last|");
        }
    }
}

static void lines_are_the_same_wherever_they_are_cut(void **state) {
    static const char lines[] = "{\"a\":\"ü\"}\r\n\n  \r\n{\"b\":1}\n{\"c\":2}";
    (void)state;
    for (size_t cut = 0; cut <= strlen(lines); cut++) {
        cut_at(MODEL_LINES, bytes_of(lines), cut, 1, 100, 0, "{\"a\":\"ü\"}|{\"b\":1}|{\"c\":2}|");
        cut_at(MODEL_WHOLE, bytes_of("{\n}"), cut % 4, 1, 100, 0, "{\n}|");
    }
}

static void a_frame_that_is_too_long_is_refused_and_one_that_fits_is_not(void **state) {
    (void)state;
    cut_at(MODEL_LINES, bytes_of("12345678\n"), 0, 1, 8, 0, "12345678|");
    cut_at(MODEL_LINES, bytes_of("123456789\n"), 0, 1, 8, ERR_LIMIT, "");
    cut_at(MODEL_EVENTS, bytes_of("data: 1\ndata: 2\ndata: 3\n\n"), 0, 1, 7, 0, "1\n2\n3|");
    cut_at(MODEL_EVENTS, bytes_of("data: 1\ndata: 2\ndata: 3\ndata: 4\ndata: 5\n\n"), 0, 1, 8, ERR_LIMIT, "");
    cut_at(MODEL_EVENTS, bytes_of(": a long comment"), 0, 1, 8, ERR_LIMIT, "");
    cut_at(MODEL_WHOLE, bytes_of("123456789"), 4, 5, 8, ERR_LIMIT, "");
}

static void whoever_has_enough_gets_no_further_frame(void **state) {
    (void)state;
    struct model_frames f;
    struct seen s = {.enough_at = 2};
    model_frames_init(&f, MODEL_LINES, 100, see, &s);
    assert_int_equal(model_frames_put(&f, bytes_of("1\n2\n3\n"), NULL), 1);
    assert_string_equal(s.text, "1|2|");
    model_frames_done(&f);
}

/* ---- what frames mean ---- */

#define FRAMES_MAX 4

static const struct {
    enum work_protocol protocol;
    enum work_operation operation;
    bool stream;
    const char *frames[FRAMES_MAX];
    int rc;
    const char *words;
} bad[] = {
    {WORK_OLLAMA, WORK_CHAT, true, {"[1]"}, ERR_INVALID, "not a JSON object"},
    {WORK_OLLAMA, WORK_CHAT, true, {"{\"done\":\"yes\"}"}, ERR_INVALID, "'done' is not true or false"},
    {WORK_OLLAMA, WORK_CHAT, true, {"{\"message\":\"x\"}"}, ERR_INVALID, "'message' is not an object"},
    {WORK_OLLAMA, WORK_CHAT, true, {"{\"message\":{\"content\":7}}"}, ERR_INVALID, "'content' is not text"},
    {WORK_OLLAMA, WORK_CHAT, true, {"{\"message\":{\"tool_calls\":[7]}}"}, ERR_INVALID, "a tool call is not an object"},
    {WORK_OLLAMA, WORK_CHAT, true, {"{\"message\":{\"tool_calls\":[{}]}}"}, ERR_INVALID, "no 'function'"},
    {WORK_OLLAMA, WORK_CHAT, true, {"{\"response\":\"x\"}"}, ERR_INVALID, "neither 'message' nor 'done'"},
    {WORK_OLLAMA, WORK_GENERATE, true, {"{\"message\":{}}"}, ERR_INVALID, "neither 'response' nor 'done'"},
    {WORK_OLLAMA, WORK_CHAT, true, {"{\"error\":\"x\"}"}, ERR_NET, "the server reports an error"},
    {WORK_OLLAMA,
     WORK_CHAT,
     true,
     {"{\"message\":{\"content\":\"12345678901\"}}"},
     ERR_LIMIT,
     "more than 10 bytes of text"},
    {WORK_OLLAMA,
     WORK_CHAT,
     true,
     {"{\"message\":{\"content\":\"123456\"}}", "{\"message\":{\"thinking\":\"12345\"}}"},
     ERR_LIMIT,
     "10 bytes"},
    {WORK_OLLAMA,
     WORK_EMBED,
     false,
     {"{\"embeddings\":[[1],[2,3]]}"},
     ERR_INVALID,
     "embedding 1 has 2 numbers; expected: 1"},
    {WORK_OLLAMA, WORK_EMBED, false, {"{\"embeddings\":[[],[]]}"}, ERR_INVALID, "an embedding is empty"},
    {WORK_OLLAMA,
     WORK_EMBED,
     false,
     {"{\"embeddings\":[[\"x\"],[1]]}"},
     ERR_INVALID,
     "embedding 0, number 0: not a number"},
    {WORK_OLLAMA,
     WORK_EMBED,
     false,
     {"{\"embeddings\":[[1,2],[3,4]]}"},
     ERR_LIMIT,
     "2 embeddings of 2 numbers are more than 10 bytes"},
    {WORK_OLLAMA, WORK_EMBED, false, {"{}"}, ERR_INVALID, "0 elements; expected: 2"},
    {WORK_OPENAI,
     WORK_EMBED,
     false,
     {"{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":0,\"embedding\":[1]}]}"},
     ERR_INVALID,
     "embedding 0 is there twice"},
    {WORK_OPENAI,
     WORK_EMBED,
     false,
     {"{\"data\":[{\"index\":5,\"embedding\":[1]},{}]}"},
     ERR_INVALID,
     "embedding 5 is one too many"},
    {WORK_OPENAI, WORK_EMBED, false, {"{\"data\":[{},{}]}"}, ERR_INVALID, "embedding 0 is not a list"},
    {WORK_OPENAI, WORK_CHAT, true, {"[DONE]"}, ERR_INVALID, "[DONE] comes before any choice"},
    {WORK_OPENAI, WORK_CHAT, true, {"{}"}, ERR_INVALID, "no 'choices'"},
    {WORK_OPENAI, WORK_CHAT, true, {"{\"choices\":[3]}"}, ERR_INVALID, "a choice is not an object"},
    {WORK_OPENAI, WORK_CHAT, true, {"{\"choices\":[{\"delta\":3}]}"}, ERR_INVALID, "'delta' is not an object"},
    {WORK_OPENAI, WORK_CHAT, true, {"{\"choices\":[],\"usage\":7}"}, ERR_INVALID, "'usage' is not an object"},
    {WORK_OPENAI,
     WORK_CHAT,
     true,
     {"{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{}}]}}]}"},
     ERR_INVALID,
     "tool call 1 comes before number 0"},
    {WORK_OPENAI, WORK_CHAT, true, {"{\"object\":\"error\",\"message\":\"x\"}"}, ERR_NET, "the server reports an error"},
    {WORK_OPENAI, WORK_CHAT, false, {"{\"choices\":[]}"}, ERR_INVALID, "'choices' is empty"},
    {WORK_OPENAI, WORK_CHAT, false, {"[DONE]"}, ERR_INVALID, "not JSON"},
    {WORK_OPENAI, WORK_CHAT, true, {"{\"choices\":[{\"delta\":{\"content\":\"\\ud83c\"}}]}"}, ERR_INVALID, "not JSON"},
};

static void an_answer_of_a_wrong_shape_is_refused_with_its_reason(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct work_model_result r;
        struct err err = {0};
        int rc = 0;
        model_result_init(&r, 10);
        struct model_answer a = {.protocol = bad[i].protocol,
                                 .operation = bad[i].operation,
                                 .stream = bad[i].stream,
                                 .inputs = 2,
                                 .text_max = 10,
                                 .result = &r};
        model_answer_init(&a, 4096);
        for (size_t k = 0; k < FRAMES_MAX && rc == 0 && bad[i].frames[k] != NULL; k++) {
            rc = model_answer_take(&a, bytes_of(bad[i].frames[k]), false, &err);
        }
        if (rc != bad[i].rc || strstr(err.msg, bad[i].words) == NULL || a.done || a.error != (rc == ERR_NET)) {
            fail_msg("'%s': %d, %s", bad[i].frames[0], rc, err.msg);
        }
        model_answer_done(&a);
        work_model_result_done(&r);
    }
}

static int take_one(const char *frame, enum work_protocol protocol, struct work_model_result *r) {
    struct model_answer a = {.protocol = protocol, .stream = protocol == WORK_OLLAMA, .text_max = 100, .result = r};
    model_result_init(r, 100);
    model_answer_init(&a, 4096);
    int rc = model_answer_take(&a, bytes_of(frame), false, NULL);
    model_answer_done(&a);
    return rc;
}

static void a_later_line_may_name_another_model(void **state) {
    static const struct {
        const char *first, *last, *served, *too;
    } cases[] = {{"m", "m", "m", ""},
                 {"m", "other", "m", "other"},
                 {"other", "m", "other", "m"},
                 {"m\\u0000other", "m", "m", "m?other"},
                 {"m", "m\\u0000", "m", "m?"}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct work_model_result r;
        struct model_answer a = {.protocol = WORK_OLLAMA, .stream = true, .text_max = 100, .result = &r};
        char frame[200];
        model_result_init(&r, 100);
        model_answer_init(&a, 4096);
        snprintf(frame, sizeof(frame), "{\"model\":\"%s\",\"message\":{\"content\":\"x\"},\"done\":false}", cases[i].first);
        assert_int_equal(model_answer_take(&a, bytes_of(frame), false, NULL), 0);
        snprintf(frame, sizeof(frame), "{\"model\":\"%s\",\"message\":{\"content\":\"\"},\"done\":true}", cases[i].last);
        assert_int_equal(model_answer_take(&a, bytes_of(frame), false, NULL), 1);
        assert_string_equal(r.served, cases[i].served);
        assert_string_equal(r.served_too, cases[i].too);
        model_answer_done(&a);
        work_model_result_done(&r);
    }
}

static void counts_that_are_no_counts_are_unknown(void **state) {
    struct work_model_result r;
    (void)state;
    assert_int_equal(
        take_one("{\"done\":true,\"eval_count\":-3,\"prompt_eval_count\":2.5,\"load_duration\":\"1s\"}", WORK_OLLAMA, &r),
        1);
    assert_int_equal(r.tokens_from, WORK_TOKENS_UNKNOWN);
    assert_int_equal(r.completion_tokens, WORK_UNKNOWN);
    assert_int_equal(r.prompt_tokens, WORK_UNKNOWN);
    assert_int_equal(r.load_ns, WORK_UNKNOWN);
    assert_string_equal(r.finish, "");
    work_model_result_done(&r);
    assert_int_equal(take_one("{\"done\":true,\"eval_count\":0}", WORK_OLLAMA, &r), 1);
    assert_int_equal(r.completion_tokens, 0);
    work_model_result_done(&r);
    /* llama.cpp's prompt_n leaves out what its cache had: alone it is not the prompt */
    assert_int_equal(
        take_one("{\"choices\":[{\"message\":{}}],\"timings\":{\"prompt_n\":1,\"predicted_n\":2}}", WORK_OPENAI, &r), 1);
    assert_int_equal(r.prompt_tokens, WORK_UNKNOWN);
    assert_int_equal(r.completion_tokens, 2);
    work_model_result_done(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_the_same_wherever_they_are_cut),
        cmocka_unit_test(lines_are_the_same_wherever_they_are_cut),
        cmocka_unit_test(a_frame_that_is_too_long_is_refused_and_one_that_fits_is_not),
        cmocka_unit_test(whoever_has_enough_gets_no_further_frame),
        cmocka_unit_test(an_answer_of_a_wrong_shape_is_refused_with_its_reason),
        cmocka_unit_test(counts_that_are_no_counts_are_unknown),
        cmocka_unit_test(a_later_line_may_name_another_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
