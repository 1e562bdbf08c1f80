/* Calls of a model whose server does what the protocols say. */
#include "tests/work/model_box.h"

static void an_answer_of_ollama_is_its_text_its_counts_and_its_times(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "ollama", WORK_CALL_OK, "");
    const struct work_model_result *r = &b->result;
    model_box_says(b, MODEL_TEXT);
    assert_int_equal(r->status, 200);
    assert_string_equal(r->finish, "stop");
    assert_string_equal(r->served, "tiny:latest");
    assert_int_equal(r->tokens_from, WORK_TOKENS_EVAL_COUNT);
    assert_int_equal(r->prompt_tokens, 26);
    assert_int_equal(r->completion_tokens, 7);
    assert_int_equal(r->cached_tokens, WORK_UNKNOWN);
    assert_int_equal(r->load_ns, 41295167);
    assert_int_equal(r->prompt_ns, 24573166);
    assert_int_equal(r->generate_ns, 115959084);
    assert_true(r->first_ns > 0 && r->first_ns <= r->answer_ns && r->answer_ns <= r->total_ns);
    assert_true(r->loopback);
    assert_string_equal(r->address, "127.0.0.1");
    assert_int_equal(r->attempts_n, 1);
    assert_int_equal(r->attempts[0].end, WORK_CALL_OK);
    assert_int_equal(r->cost, WORK_UNKNOWN);
    assert_string_equal(r->remote_host, "");
}

static void an_answer_of_openais_protocol_has_the_counts_of_its_usage(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OPENAI, "openai", WORK_CALL_OK, "");
    const struct work_model_result *r = &b->result;
    model_box_says(b, MODEL_TEXT);
    assert_string_equal(r->finish, "stop");
    assert_string_equal(r->served, "tiny");
    assert_string_equal(r->fingerprint, "fp_b6000");
    assert_int_equal(r->tokens_from, WORK_TOKENS_USAGE);
    assert_int_equal(r->prompt_tokens, 26);
    assert_int_equal(r->completion_tokens, 7);
    assert_int_equal(r->cached_tokens, 4);
    assert_int_equal(r->reasoning_tokens, 2);
    assert_int_equal(r->load_ns, WORK_UNKNOWN);
    assert_true(r->first_ns <= r->answer_ns);
}

static void an_answer_in_single_bytes_is_the_same(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "ollama-bytewise", WORK_CALL_OK, "");
    model_box_says(b, MODEL_TEXT);
    model_box_ends(b, WORK_OPENAI, "openai-bytewise", WORK_CALL_OK, "");
    model_box_says(b, MODEL_TEXT);
    assert_int_equal(b->result.completion_tokens, 7);
    model_box_ends(b, WORK_OPENAI, "openai-crlf", WORK_CALL_OK, "");
    model_box_says(b, MODEL_TEXT);
}

static void counts_that_are_not_stated_are_unknown(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OPENAI, "openai-no-usage", WORK_CALL_OK, "");
    assert_int_equal(b->result.tokens_from, WORK_TOKENS_UNKNOWN);
    assert_int_equal(b->result.prompt_tokens, WORK_UNKNOWN);
    assert_int_equal(b->result.completion_tokens, WORK_UNKNOWN);
    model_box_ends(b, WORK_OLLAMA, "ollama-cached", WORK_CALL_OK, "");
    assert_int_equal(b->result.prompt_tokens, WORK_UNKNOWN); /* the prompt was in a cache: absent is not 0 */
    assert_int_equal(b->result.completion_tokens, 7);
    assert_string_equal(b->result.finish, "length");
    assert_int_equal(b->result.load_ns, WORK_UNKNOWN);
    model_box_ends(b, WORK_OPENAI, "openai-timings", WORK_CALL_OK, "");
    assert_int_equal(b->result.tokens_from, WORK_TOKENS_TIMINGS);
    assert_int_equal(b->result.prompt_tokens, 237);
    assert_int_equal(b->result.completion_tokens, 35);
}

static void a_completion_that_another_host_computes_needs_leave(void **state) {
    struct model_box *b = *state;
    b->request.operation = WORK_GENERATE;
    model_box_ends(b, WORK_OLLAMA, "ollama-generate", WORK_CALL_OFF_BOX, "'https://ollama.com:443' computes the answer");
    model_box_says(b, "Grü"); /* it ends at once, but the prompt is gone */
    b->endpoint.off_box = true;
    model_box_ends(b, WORK_OLLAMA, "ollama-generate", WORK_CALL_OK, "");
    model_box_says(b, MODEL_TEXT);
    assert_string_equal(b->result.remote_host, "https://ollama.com:443");
    assert_int_equal(model_box_requests(b, "/api/generate"), 2);
    assert_int_equal(model_box_requests(b, "\\\"prompt\\\":\\\"Hello\\\""), 2);
}

static void reasoning_is_kept_apart_from_the_text(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "ollama-thinking", WORK_CALL_OK, "");
    model_box_says(b, MODEL_TEXT);
    assert_true(bytes_is(bytes_of_buf(&b->result.reasoning), "hm"));
}

static void tool_calls_are_whole_however_they_came(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "ollama-tools", WORK_CALL_OK, "");
    assert_int_equal(b->result.tools_n, 1);
    assert_string_equal(b->result.tools[0].name, "get_weather");
    assert_true(bytes_is(bytes_of_buf(&b->result.tools[0].arguments), "{\"city\":\"Tōkyō\"}"));
    model_box_ends(b, WORK_OPENAI, "openai-tools", WORK_CALL_OK, "");
    assert_int_equal(b->result.tools_n, 2);
    assert_string_equal(b->result.tools[0].id, "call_1");
    assert_string_equal(b->result.tools[0].name, "get_weather");
    assert_true(bytes_is(bytes_of_buf(&b->result.tools[0].arguments), "{\"city\":\"Tōkyō\"}"));
    assert_string_equal(b->result.tools[1].name, "get_time");
    assert_string_equal(b->result.finish, "tool_calls");
    assert_int_equal(b->result.text.n, 0);
}

static void an_answer_in_one_piece_has_no_first_token(void **state) {
    struct model_box *b = *state;
    b->request.whole = true;
    model_box_ends(b, WORK_OLLAMA, "ollama-whole", WORK_CALL_OK, "");
    model_box_says(b, "Yes");
    assert_int_equal(b->result.first_ns, WORK_UNKNOWN);
    model_box_ends(b, WORK_OPENAI, "openai-whole", WORK_CALL_OK, "");
    model_box_says(b, "Yes\n");
    assert_int_equal(b->result.first_ns, WORK_UNKNOWN);
    assert_int_equal(b->result.completion_tokens, 7);
    b->request.whole = false; /* a server may do so unasked */
    model_box_ends(b, WORK_OPENAI, "openai-whole", WORK_CALL_OK, "");
    model_box_says(b, "Yes\n");
    assert_int_equal(b->result.first_ns, WORK_UNKNOWN);
}

static void embeddings_come_in_the_order_of_their_texts(void **state) {
    struct model_box *b = *state;
    const struct work_message texts[] = {{NULL, bytes_of("one")}, {NULL, bytes_of("two")}};
    static const float want[] = {0.5F, -1, 2.25F, 0, 1e-3F, -0.125F};
    b->request.operation = WORK_EMBED;
    b->request.messages = texts;
    b->request.messages_n = 2;
    for (int i = 0; i < 2; i++) {
        model_box_ends(b, i == 0 ? WORK_OLLAMA : WORK_OPENAI, i == 0 ? "ollama-embed" : "openai-embed", WORK_CALL_OK, "");
        assert_int_equal(b->result.vectors_n, 2);
        assert_int_equal(b->result.dimensions, 3);
        assert_memory_equal(b->result.vectors, want, sizeof(want));
        assert_int_equal(b->result.prompt_tokens, 8);
        assert_int_equal(b->result.completion_tokens, WORK_UNKNOWN);
    }
    b->request.messages_n = 1;
    model_box_ends(b, WORK_OLLAMA, "ollama-embed", WORK_CALL_BAD_ANSWER, "'embeddings' has 2 elements; expected: 1");
    model_box_ends(b, WORK_OPENAI, "openai-embed", WORK_CALL_BAD_ANSWER, "'data' has 2 elements; expected: 1");
}

static void a_stream_that_is_complete_is_not_waited_for(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "ollama-late", WORK_CALL_OK, ""); /* its connection never ends */
    model_box_says(b, MODEL_TEXT);
    b->endpoint.keep = true; /* what is left is waited for only for a moment */
    model_box_ends(b, WORK_OLLAMA, "ollama-late", WORK_CALL_OK, "");
    model_box_says(b, MODEL_TEXT);
}

static int keep_piece(void *ctx, struct bytes text, struct err *err) {
    struct buf *all = ctx;
    buf_put_bytes(all, text);
    buf_put_str(all, "|");
    return all->n > 40 ? err_set(err, ERR_IO, "the terminal is gone") : 0;
}

static void pieces_are_shown_as_they_arrive_until_nobody_looks(void **state) {
    struct model_box *b = *state;
    struct buf all = {.max = 4096};
    b->request.piece = keep_piece;
    b->request.piece_ctx = &all;
    model_box_ends(b, WORK_OPENAI, "openai", WORK_CALL_OK, "");
    assert_true(bytes_is(bytes_of_buf(&all), "Grü|ße| – |日本| 🎉|!|"));
    model_box_ends(b, WORK_OPENAI, "openai", WORK_CALL_STOPPED, "the terminal is gone");
    buf_done(&all);
}

static void the_model_behind_a_name_is_asked_for(void **state) {
    struct model_box *b = *state;
    const struct work_identity *i = &b->result.identity;
    b->request.identify = true;
    model_box_ends(b, WORK_OLLAMA, "ollama", WORK_CALL_OK, "");
    assert_int_equal(i->end, WORK_CALL_OK);
    assert_string_equal(i->name, "tiny:latest");
    assert_string_equal(i->manifest, "sha256:a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72");
    assert_string_equal(i->weights, "sha256:dde5aa3fc5ffc17176b5e8bdc82f587b24b2678c6c66101bf7da77af9f7ccdff");
    assert_string_equal(i->family, "llama");
    assert_int_equal(i->context, 131072);
    assert_true(i->loaded);
    model_box_ends(b, WORK_OLLAMA, "ollama-cached", WORK_CALL_OK, ""); /* unloaded by now */
    assert_string_equal(i->manifest, "sha256:a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72");
    assert_false(i->loaded);
    model_box_ends(b, WORK_OPENAI, "openai", WORK_CALL_OK, "");
    assert_int_equal(i->end, WORK_CALL_OK);
    assert_string_equal(i->name, "tiny");
    assert_string_equal(i->manifest, "");
    assert_int_equal(i->context, 4096);
}

static void a_model_that_is_not_there_is_said_to_be_missing(void **state) {
    struct model_box *b = *state;
    struct work_identity i;
    model_box_ends(b, WORK_OLLAMA, "ollama-missing", WORK_CALL_NO_MODEL,
                   "no model 'tiny': status 404: model 'tiny' not found");
    model_box_ends(b, WORK_OPENAI, "openai-missing", WORK_CALL_NO_MODEL, "The model `tiny` does not exist.");
    struct work_model *model = model_box_open(b, WORK_OPENAI, "openai");
    assert_int_equal(work_model_identify(model, "other", 0, NULL, &i, &b->err), 0);
    assert_int_equal(i.end, WORK_CALL_NO_MODEL);
    assert_non_null(strstr(i.why, "/openai/v1/models: no model 'other'"));
    work_model_close(model);
    model = model_box_open(b, WORK_OLLAMA, "ollama-missing");
    assert_int_equal(work_model_identify(model, "tiny", 0, NULL, &i, &b->err), 0);
    assert_int_equal(i.end, WORK_CALL_NO_MODEL);
    assert_int_equal(i.status, 404);
    work_model_close(model);
}

static void a_budget_limits_the_answer_and_counts_what_was_used(void **state) {
    struct model_box *b = *state;
    struct work_budget budget = {
        .tokens = 100, .cost = WORK_UNKNOWN, .prompt_price = 1000000, .completion_price = 10000000};
    b->request.budget = &budget;
    model_box_ends(b, WORK_OPENAI, "openai", WORK_CALL_OK, "");
    assert_int_equal(b->result.max_tokens, 100);
    assert_int_equal(model_box_requests(b, "\\\"max_tokens\\\":100"), 1);
    assert_int_equal(b->result.cost, 26 + 70);
    assert_false(b->result.over_budget);
    budget.cost = 95; /* pays for 9 tokens of an answer; the prompt is known only afterwards */
    model_box_ends(b, WORK_OLLAMA, "ollama", WORK_CALL_OK, "");
    assert_int_equal(b->result.max_tokens, 9);
    assert_int_equal(model_box_requests(b, "\\\"options\\\":{\\\"num_predict\\\":9}"), 1);
    assert_true(b->result.over_budget);
    budget = (struct work_budget){.tokens = 33, .cost = WORK_UNKNOWN};
    model_box_ends(b, WORK_OPENAI, "openai", WORK_CALL_OK, "");
    assert_false(b->result.over_budget);
    assert_int_equal(b->result.cost, 0);
    model_box_ends(b, WORK_OPENAI, "openai-no-usage", WORK_CALL_OK, "");
    assert_int_equal(b->result.cost, WORK_UNKNOWN);
}

static void an_empty_budget_sends_nothing(void **state) {
    struct model_box *b = *state;
    struct work_budget budget = {.tokens = 0, .cost = WORK_UNKNOWN};
    b->request.budget = &budget;
    model_box_ends(b, WORK_OPENAI, "openai", WORK_CALL_BUDGET, "nothing was sent");
    budget = (struct work_budget){.tokens = WORK_UNKNOWN, .cost = 0, .prompt_price = 1};
    model_box_ends(b, WORK_OPENAI, "openai", WORK_CALL_BUDGET, "nothing was sent");
    assert_int_equal(model_box_requests(b, ""), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        MODEL_TEST(an_answer_of_ollama_is_its_text_its_counts_and_its_times),
        MODEL_TEST(an_answer_of_openais_protocol_has_the_counts_of_its_usage),
        MODEL_TEST(an_answer_in_single_bytes_is_the_same),
        MODEL_TEST(counts_that_are_not_stated_are_unknown),
        MODEL_TEST(a_completion_that_another_host_computes_needs_leave),
        MODEL_TEST(reasoning_is_kept_apart_from_the_text),
        MODEL_TEST(tool_calls_are_whole_however_they_came),
        MODEL_TEST(an_answer_in_one_piece_has_no_first_token),
        MODEL_TEST(embeddings_come_in_the_order_of_their_texts),
        MODEL_TEST(a_stream_that_is_complete_is_not_waited_for),
        MODEL_TEST(pieces_are_shown_as_they_arrive_until_nobody_looks),
        MODEL_TEST(the_model_behind_a_name_is_asked_for),
        MODEL_TEST(a_model_that_is_not_there_is_said_to_be_missing),
        MODEL_TEST(a_budget_limits_the_answer_and_counts_what_was_used),
        MODEL_TEST(an_empty_budget_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
