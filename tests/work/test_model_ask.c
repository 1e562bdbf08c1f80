/* What is sent: the body, the pauses, the key. */
#include "base/http/bearer.h"
#include "tests/work/model_box.h"
#include "work/model/ask.h"
#include "work/model/retry.h"

static const struct work_message talk[] = {{"system", {(const uint8_t *)"Be brief", 8}},
                                           {"user", {(const uint8_t *)"Hi \"you\"\n", 9}}};

static void writes(enum work_protocol protocol, struct work_model_request r, uint64_t max_tokens, const char *want) {
    struct buf out = {.max = 4096};
    struct err err = {0};
    if (model_ask_write(protocol, &r, max_tokens, &out, &err) != 0 || !bytes_is(bytes_of_buf(&out), want)) {
        fail_msg("'%.*s' (%s), wanted '%s'", (int)out.n, (const char *)out.p, err.msg, want);
    }
    buf_done(&out);
}

static void each_protocol_has_its_body(void **state) {
    struct work_model_request r = {.model = "tiny", .messages = talk, .messages_n = 2};
    (void)state;
    writes(WORK_OLLAMA, r, 0,
           "{\"model\":\"tiny\",\"messages\":[{\"role\":\"system\",\"content\":\"Be "
           "brief\"},{\"role\":\"user\",\"content\":\"Hi "
           "\\\"you\\\"\\n\"}],\"stream\":true}");
    r.options = bytes_of("{\"seed\":7,\"temperature\":0.5}");
    r.members = bytes_of("{\"think\":false}");
    writes(WORK_OLLAMA, r, 9,
           "{\"model\":\"tiny\",\"messages\":[{\"role\":\"system\",\"content\":\"Be "
           "brief\"},{\"role\":\"user\",\"content\":\"Hi "
           "\\\"you\\\"\\n\"}],\"stream\":true,\"options\":{\"seed\":7,\"temperature\":0.5,\"num_predict\":9},\"think\":"
           "false}");
    writes(WORK_OPENAI, r, 9,
           "{\"model\":\"tiny\",\"messages\":[{\"role\":\"system\",\"content\":\"Be "
           "brief\"},{\"role\":\"user\",\"content\":\"Hi "
           "\\\"you\\\"\\n\"}],\"stream\":true,\"stream_options\":{\"include_usage\":true},\"seed\":7,\"temperature\":0.5,"
           "\"max_tokens\":9,\"think\":false}");
    r = (struct work_model_request){
        .operation = WORK_GENERATE, .model = "tiny", .messages = talk, .messages_n = 2, .whole = true};
    writes(WORK_OLLAMA, r, 0,
           "{\"model\":\"tiny\",\"prompt\":\"Hi \\\"you\\\"\\n\",\"system\":\"Be brief\",\"stream\":false}");
    r.operation = WORK_EMBED;
    writes(WORK_OLLAMA, r, 5, "{\"model\":\"tiny\",\"input\":[\"Be brief\",\"Hi \\\"you\\\"\\n\"]}");
    writes(WORK_OPENAI, r, 5,
           "{\"model\":\"tiny\",\"input\":[\"Be brief\",\"Hi \\\"you\\\"\\n\"],\"encoding_format\":\"float\"}");
}

static void refuses(enum work_protocol protocol, struct work_model_request r, const char *words) {
    struct buf out = {.max = 4096};
    struct err err = {0};
    int rc = model_ask_write(protocol, &r, 0, &out, &err);
    if (rc != ERR_INVALID || strstr(err.msg, words) == NULL) {
        fail_msg("%d, '%s', wanted '%s'", rc, err.msg, words);
    }
    buf_done(&out);
}

static void a_wrong_request_is_refused_with_its_reason(void **state) {
    const struct work_model_request r = {.model = "tiny", .messages = talk, .messages_n = 2};
    struct work_model_request x = r;
    struct work_message wrong = {"usr", bytes_of("x")};
    (void)state;
    x.operation = WORK_GENERATE;
    refuses(WORK_OPENAI, x, "generate is Ollama's alone");
    x.messages_n = 1;
    refuses(WORK_OLLAMA, x, "expected: one message of 'user'");
    x = r, x.model = "";
    refuses(WORK_OLLAMA, x, "a model's name of 1 to 255 bytes");
    x = r, x.messages_n = 0;
    refuses(WORK_OLLAMA, x, "at least one message");
    x = r, x.messages = &wrong, x.messages_n = 1;
    refuses(WORK_OLLAMA, x, "message 1: unknown role 'usr', did you mean 'user'?");
    wrong = (struct work_message){"user", bytes_of("ab\xff")};
    refuses(WORK_OLLAMA, x, "message 1: not UTF-8 at byte 2");
    x = r, x.options = bytes_of("[1]");
    refuses(WORK_OLLAMA, x, "options: expected: a JSON object");
    x = r, x.options = bytes_of("{\"num_predict\":5}");
    refuses(WORK_OLLAMA, x, "options: 'num_predict' is stated by the call itself (max_tokens)");
    x = r, x.members = bytes_of("{\"stream\":false}");
    refuses(WORK_OLLAMA, x, "members: 'stream' is stated by the call itself");
    x = r, x.options = x.members = bytes_of("{\"seed\":1}");
    refuses(WORK_OPENAI, x, "'seed' is both an option and a member");
}

static void pauses_follow_from_the_seed_and_grow_up_to_the_cap(void **state) {
    const struct work_retry r = model_retry_of(&(struct work_retry){.base_ms = 100, .cap_ms = 1000});
    uint64_t one = 42, two = 42, a, b, seen[8] = {0};
    (void)state;
    assert_int_equal(r.attempts, 4);
    for (unsigned round = 0; round < 2000; round++) {
        for (unsigned n = 0; n < 8; n++) {
            uint64_t most = n < 4 ? 100U << n : 1000;
            assert_int_equal(model_retry_pause(&r, n, 0, &one, &a), 0);
            assert_int_equal(model_retry_pause(&r, n, 0, &two, &b), 0);
            assert_int_equal(a, b);
            assert_true(a <= most);
            seen[n] = a > seen[n] ? a : seen[n];
        }
    }
    for (unsigned n = 0; n < 8; n++) {
        assert_true(seen[n] > (n < 4 ? 90U << n : 900)); /* the whole range is used */
    }
    assert_int_equal(model_retry_pause(&r, 5, 7, &one, &a), 0);
    assert_true(a >= 7000 && a <= 7100);
    assert_int_equal(model_retry_pause(&r, 0, 61, &one, &a), ERR_LIMIT);
    assert_int_equal(a, 61000);
    assert_int_equal(model_retry_pause(&r, 0, UINT32_MAX, &one, &a), ERR_LIMIT);
}

static void only_what_has_not_begun_is_repeated(void **state) {
    (void)state;
    assert_true(model_retry_safe(&(struct http_answer){.fault = HTTP_REFUSED}));
    assert_true(model_retry_safe(&(struct http_answer){.fault = HTTP_TIMEOUT}));
    assert_true(model_retry_safe(&(struct http_answer){.status = 429, .sent = true}));
    assert_true(model_retry_safe(&(struct http_answer){.status = 503, .sent = true}));
    assert_false(model_retry_safe(&(struct http_answer){.fault = HTTP_TIMEOUT, .sent = true}));
    assert_false(model_retry_safe(&(struct http_answer){.fault = HTTP_PROTOCOL, .cut = true, .sent = true}));
    assert_false(model_retry_safe(&(struct http_answer){.fault = HTTP_TLS}));
    assert_false(model_retry_safe(&(struct http_answer){.status = 500, .sent = true}));
    assert_false(model_retry_safe(&(struct http_answer){.status = 200, .sent = true}));
}

/* ---- the key's file ---- */

static void key_is(struct model_box *b, mode_t mode, const char *content, int want, const char *words) {
    struct work_model *model = NULL;
    assert_int_equal(chmod(b->key, 0600), 0);
    FILE *f = fopen(b->key, "w");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
    assert_int_equal(chmod(b->key, mode), 0);
    b->endpoint = (struct work_endpoint){.url = "http://127.0.0.1:1", .key_file = b->key};
    int rc = work_model_open(&b->endpoint, &model, &b->err);
    if (rc != want || (rc != 0 && strstr(b->err.msg, words) == NULL) || strstr(b->err.msg, "secret") != NULL) {
        fail_msg("'%s' of mode %o: %d, %s", content, (unsigned)mode, rc, b->err.msg);
    }
    work_model_close(model);
}

static void a_key_that_others_can_read_is_not_used(void **state) {
    struct model_box *b = *state;
    key_is(b, 0600, "secret-0123\n", 0, "");
    key_is(b, 0400, "secret-0123", 0, "");
    key_is(b, 0600, "secret-0123\r\n", 0, "");
    key_is(b, 0644, "secret-0123\n", ERR_INVALID, "mode 0644; expected: 0600");
    key_is(b, 0640, "secret-0123\n", ERR_INVALID, "mode 0640; expected: 0600");
    key_is(b, 0700, "secret-0123\n", ERR_INVALID, "mode 0700; expected: 0600");
    key_is(b, 0600, "secret\n", ERR_INVALID, "one line of 8 to 4096 visible ASCII characters");
    key_is(b, 0600, "", ERR_INVALID, "one line of 8");
    key_is(b, 0600, "secret-0123\nsecret-4567\n", ERR_INVALID, "one line of 8");
    key_is(b, 0600, "secret 0123\n", ERR_INVALID, "one line of 8");
    key_is(b, 0600, "secret-ü-0123\n", ERR_INVALID, "one line of 8");
    char long_key[BEARER_MAX + 10];
    snprintf(long_key, sizeof(long_key), "%0*d", BEARER_MAX, 1);
    key_is(b, 0600, long_key, 0, "");
    snprintf(long_key, sizeof(long_key), "%0*d", BEARER_MAX + 1, 1);
    key_is(b, 0600, long_key, ERR_INVALID, "one line of 8");
}

static void a_key_is_a_regular_file_of_this_user(void **state) {
    struct model_box *b = *state;
    char link[300];
    struct work_model *model = NULL;
    snprintf(link, sizeof(link), "%s-link", b->key);
    assert_int_equal(symlink(b->key, link), 0);
    b->endpoint = (struct work_endpoint){.url = "http://127.0.0.1:1", .key_file = link};
    assert_int_equal(work_model_open(&b->endpoint, &model, &b->err), ERR_INVALID);
    assert_non_null(strstr(b->err.msg, "a link; expected: a regular file"));
    unlink(link);
    assert_int_equal(mkfifo(link, 0600), 0);
    assert_int_equal(work_model_open(&b->endpoint, &model, &b->err), ERR_INVALID);
    assert_non_null(strstr(b->err.msg, "not a regular file"));
    unlink(link);
    assert_int_equal(work_model_open(&b->endpoint, &model, &b->err), ERR_NOTFOUND);
    if (geteuid() == 0) {
        assert_int_equal(chown(b->key, 65534, 65534), 0);
        b->endpoint.key_file = b->key;
        assert_int_equal(work_model_open(&b->endpoint, &model, &b->err), ERR_INVALID);
        assert_non_null(strstr(b->err.msg, "owned by user 65534; expected: user 0"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_protocol_has_its_body),
        cmocka_unit_test(a_wrong_request_is_refused_with_its_reason),
        cmocka_unit_test(pauses_follow_from_the_seed_and_grow_up_to_the_cap),
        cmocka_unit_test(only_what_has_not_begun_is_repeated),
        MODEL_TEST(a_key_that_others_can_read_is_not_used),
        MODEL_TEST(a_key_is_a_regular_file_of_this_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
