/* Calls of a model whose server misbehaves: how each ends, and what is repeated. */
#include "tests/work/model_box.h"

static void an_error_inside_of_a_stream_is_the_servers(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "ollama-error", WORK_CALL_ERROR, "an error was encountered while running the model");
    model_box_says(b, "Grüße – "); /* what came before it */
    assert_int_equal(b->result.status, 200);
    assert_int_equal(b->result.completion_tokens, WORK_UNKNOWN);
    model_box_ends(b, WORK_OPENAI, "openai-error", WORK_CALL_ERROR, "exceeds the available context size");
    model_box_says(b, "Grüße");
    model_box_ends(b, WORK_OPENAI, "openai-old-error", WORK_CALL_ERROR, "exceeds the available context size");
}

static void a_stream_that_ends_early_is_cut(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "ollama-early", WORK_CALL_CUT, "expected at its end: \"done\": true");
    model_box_ends(b, WORK_OPENAI, "openai-early", WORK_CALL_CUT, "expected at its end: [DONE]");
    model_box_says(b, MODEL_TEXT);
    model_box_ends(b, WORK_OLLAMA, "cut", WORK_CALL_CUT, "");
    model_box_says(b, "Grüße");
    model_box_ends(b, WORK_OLLAMA, "empty", WORK_CALL_CUT, "the answer is empty");
}

static void a_reset_connection_is_cut_and_not_repeated(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "reset", WORK_CALL_CUT, "");
    assert_int_equal(b->result.attempts_n, 1);
    assert_int_equal(model_box_requests(b, "/reset/"), 1);
}

static void what_is_not_the_protocol_is_a_bad_answer(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "html", WORK_CALL_BAD_ANSWER,
                   "content type 'text/html'; expected: application/x-ndjson or application/json");
    model_box_ends(b, WORK_OPENAI, "html", WORK_CALL_BAD_ANSWER, "expected: text/event-stream or application/json");
    model_box_ends(b, WORK_OLLAMA, "plain", WORK_CALL_BAD_ANSWER, "content type 'text/plain'");
    model_box_ends(b, WORK_OLLAMA, "other-json", WORK_CALL_BAD_ANSWER, "neither 'message' nor 'done'");
    model_box_ends(b, WORK_OLLAMA, "not-json", WORK_CALL_BAD_ANSWER, "not JSON: line 1 column");
    assert_null(strstr(b->result.why, "private"));
    b->request.whole = true;
    model_box_ends(b, WORK_OPENAI, "openai", WORK_CALL_BAD_ANSWER,
                   "content type 'text/event-stream'; expected: application/json");
}

static void another_status_is_named_with_the_servers_words(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "html-502", WORK_CALL_STATUS,
                   "/api/chat: status 502, content type 'text/html'; expected: 200");
    model_box_ends(b, WORK_OLLAMA, "broken", WORK_CALL_STATUS, "status 500: the disk \\x1b[31mburns; expected: 200");
    model_box_ends(b, WORK_OLLAMA, "nowhere", WORK_CALL_STATUS, "status 404");
    model_box_ends(b, WORK_OLLAMA, "redirect", WORK_CALL_STATUS, "status 302");
    assert_int_equal(model_box_requests(b, ""), 4);
}

static void a_line_or_an_answer_without_an_end_is_too_long(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "long-line", WORK_CALL_TOO_LONG,
                   "one line or event of the answer has more than 1048576 bytes");
    b->request.limit.text_bytes = 10000;
    model_box_ends(b, WORK_OLLAMA, "endless", WORK_CALL_TOO_LONG, "the answer has more than 10000 bytes of text");
    assert_true(b->result.text.n <= 10000);
    b->request.limit = (struct work_model_limit){.received_bytes = 100000};
    model_box_ends(b, WORK_OLLAMA, "endless", WORK_CALL_TOO_LONG, "exceeds the limit");
}

static void each_deadline_has_its_own_words(void **state) {
    struct model_box *b = *state;
    b->request.limit = (struct work_model_limit){.first_ms = 300};
    model_box_ends(b, WORK_OLLAMA, "silent", WORK_CALL_TIMEOUT, "no token within 300 ms");
    model_box_ends(b, WORK_OPENAI, "drip-before", WORK_CALL_TIMEOUT, "no token within 300 ms"); /* comments are no tokens */
    b->request.limit = (struct work_model_limit){.idle_ms = 300};
    model_box_ends(b, WORK_OLLAMA, "stall", WORK_CALL_TIMEOUT, "no token for 300 ms");
    model_box_says(b, "Grüße");
    model_box_ends(b, WORK_OPENAI, "drip-after", WORK_CALL_TIMEOUT, "no token for 300 ms");
    b->request.limit = (struct work_model_limit){.total_ms = 300};
    model_box_ends(b, WORK_OLLAMA, "stall", WORK_CALL_TIMEOUT, "expected: the whole answer within 300 ms");
    b->request.whole = true;
    model_box_ends(b, WORK_OLLAMA, "silent", WORK_CALL_TIMEOUT, "expected: the whole answer within 300 ms");
    assert_int_equal(b->result.attempts_n, 1); /* it may have been answered */
}

static void a_server_that_is_not_there_is_unreachable_and_tried_again(void **state) {
    struct model_box *b = *state;
    struct work_model *model = NULL;
    b->endpoint.url = "http://127.0.0.1:1";
    assert_int_equal(work_model_open(&b->endpoint, &model, &b->err), 0);
    b->request.retry.attempts = 3;
    assert_int_equal(work_model_call(model, &b->request, &b->result, &b->err), 0);
    assert_int_equal(b->result.end, WORK_CALL_UNREACHABLE);
    assert_non_null(strstr(b->result.why, "http://127.0.0.1:1/api/chat: "));
    assert_non_null(strstr(b->result.why, "; expected: a server that listens there"));
    assert_int_equal(b->result.attempts_n, 3);
    assert_int_equal(b->result.attempts[1].end, WORK_CALL_UNREACHABLE);
    work_model_close(model);
}

static void a_busy_server_is_asked_again_until_it_answers(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "busy-1", WORK_CALL_OK, "");
    assert_int_equal(b->result.attempts_n, 3);
    assert_int_equal(b->result.attempts[0].status, 429);
    assert_int_equal(b->result.attempts[0].end, WORK_CALL_REFUSED);
    assert_true(b->result.attempts[0].pause_ms <= 1);
    assert_int_equal(b->result.attempts[2].status, 200);
    model_box_ends(b, WORK_OLLAMA, "loading-1", WORK_CALL_OK, "");
    assert_int_equal(b->result.attempts_n, 2);
    assert_int_equal(b->result.attempts[0].status, 503);
    model_box_says(b, MODEL_TEXT);
    model_box_ends(b, WORK_OLLAMA, "after-1", WORK_CALL_OK, ""); /* it states when */
    assert_int_equal(b->result.attempts_n, 2);
    assert_true(b->result.attempts[0].pause_ms >= 1000);
    b->request.retry.attempts = 2;
    model_box_ends(b, WORK_OLLAMA, "busy-2", WORK_CALL_REFUSED, "status 429: not now");
}

static void a_pause_that_is_too_long_is_not_begun(void **state) {
    struct model_box *b = *state;
    model_box_ends(b, WORK_OLLAMA, "later", WORK_CALL_REFUSED, "come back later");
    assert_int_equal(b->result.attempts_n, 1);
    b->request.retry.after_ms = 3600000;
    b->request.limit.total_ms = 60000;
    model_box_ends(b, WORK_OLLAMA, "later", WORK_CALL_REFUSED, "come back later");
    assert_int_equal(b->result.attempts_n, 1);
    assert_int_equal(b->result.attempts[0].pause_ms, 0);
}

static int stop_here(void *ctx, struct bytes text, struct err *err) {
    (void)text, (void)err;
    assert_int_equal(write(*(int *)ctx, "x", 1), 1);
    return 0;
}

static void a_call_is_stopped_by_a_flag_or_a_descriptor(void **state) {
    struct model_box *b = *state;
    static const volatile sig_atomic_t flag = 1;
    int ends[2];
    b->request.stop.flag = &flag;
    model_box_ends(b, WORK_OLLAMA, "silent", WORK_CALL_STOPPED, "stopped");
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    b->request.stop = (struct work_stop){.fd = ends[0]};
    b->request.piece = stop_here;
    b->request.piece_ctx = &ends[1];
    model_box_ends(b, WORK_OLLAMA, "stall", WORK_CALL_STOPPED, "stopped");
    assert_true(b->result.text.n > 0);
    model_box_ends(b, WORK_OLLAMA, "later", WORK_CALL_STOPPED, "stopped");
    close(ends[0]);
    close(ends[1]);
}

static void a_key_is_sent_and_in_no_message(void **state) {
    struct model_box *b = *state;
    b->endpoint.key_file = b->key;
    model_box_ends(b, WORK_OPENAI, "openai", WORK_CALL_OK, "");
    assert_int_equal(model_box_requests(b, "\"key\": \"Bearer " MODEL_KEY "\""), 1);
    model_box_ends(b, WORK_OPENAI, "echo-key", WORK_CALL_REFUSED,
                   "status 401: wrong key: ************************; expected: 200");
    model_box_ends(b, WORK_OPENAI, "long-key", WORK_CALL_REFUSED, "status 401");
    assert_null(strstr(b->result.why, "sk-"));
    model_box_ends(b, WORK_OLLAMA, "repeat-key", WORK_CALL_OK, "");
    model_box_says(b, "it is ************************, is it not?");
    b->endpoint.key_file = NULL;
    model_box_ends(b, WORK_OPENAI, "openai", WORK_CALL_OK, "");
    assert_int_equal(model_box_requests(b, "\"key\": null"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        MODEL_TEST(an_error_inside_of_a_stream_is_the_servers),
        MODEL_TEST(a_stream_that_ends_early_is_cut),
        MODEL_TEST(a_reset_connection_is_cut_and_not_repeated),
        MODEL_TEST(what_is_not_the_protocol_is_a_bad_answer),
        MODEL_TEST(another_status_is_named_with_the_servers_words),
        MODEL_TEST(a_line_or_an_answer_without_an_end_is_too_long),
        MODEL_TEST(each_deadline_has_its_own_words),
        MODEL_TEST(a_server_that_is_not_there_is_unreachable_and_tried_again),
        MODEL_TEST(a_busy_server_is_asked_again_until_it_answers),
        MODEL_TEST(a_pause_that_is_too_long_is_not_begun),
        MODEL_TEST(a_call_is_stopped_by_a_flag_or_a_descriptor),
        MODEL_TEST(a_key_is_sent_and_in_no_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
