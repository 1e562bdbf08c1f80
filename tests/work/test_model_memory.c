/* Each allocation of a call fails once: the answer is right, or the call is refused for want of memory, and nothing is left
 * behind. */
#include "tests/work/model_box.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t k, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t k, size_t n);
void *__wrap_realloc(void *p, size_t n);

static long fail_at; /* this many allocations from now; 0: none */

static bool fails(void) {
    return fail_at > 0 && --fail_at == 0;
}

void *__wrap_malloc(size_t n) {
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t k, size_t n) {
    return fails() ? NULL : __real_calloc(k, n);
}

void *__wrap_realloc(void *p, size_t n) {
    return fails() ? NULL : __real_realloc(p, n);
}

/* One call, from opening to closing, with the n-th allocation failing. Whether there were so many. */
static bool call_with(struct model_box *b, enum work_protocol protocol, const char *url, long n) {
    struct work_model *model = NULL;
    b->endpoint.protocol = protocol;
    b->endpoint.url = url;
    memset(&b->err, 0, sizeof(b->err));
    work_model_result_done(&b->result);
    b->result = (struct work_model_result){.end = WORK_CALL_OK};
    fail_at = n;
    int rc = work_model_open(&b->endpoint, &model, &b->err);
    if (rc == 0) rc = work_model_call(model, &b->request, &b->result, &b->err);
    bool spent = fail_at == 0;
    fail_at = 0;
    work_model_close(model);
    if ((rc != 0 && (rc != ERR_NOMEM || !spent || b->err.msg[0] == '\0')) || b->result.end != WORK_CALL_OK) {
        fail_msg("allocation %ld: %d, '%s', %s: %s", n, rc, b->err.msg, work_call_end_name(b->result.end), b->result.why);
    }
    if (rc == 0 && b->result.text.n > 0) {
        model_box_says(b, MODEL_TEXT);
    }
    assert_true(rc != 0 || b->result.text.n > 0 || b->result.tools_n == 2 || b->result.vectors_n == 2);
    return spent;
}

static void sweep(struct model_box *b, enum work_protocol protocol, const char *behaviour) {
    char url[128];
    long n = 1;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s", b->server.port, behaviour);
    while (call_with(b, protocol, url, n)) {
        n++;
    }
    assert_true(n > 5);
}

static void a_call_without_memory_is_refused_and_never_half_right(void **state) {
    struct model_box *b = *state;
    static const struct work_message texts[] = {{NULL, {(const uint8_t *)"one", 3}}, {NULL, {(const uint8_t *)"two", 3}}};
    b->endpoint.key_file = b->key;
    sweep(b, WORK_OPENAI, "openai-tools");
    sweep(b, WORK_OPENAI, "openai");
    b->request.identify = true;
    sweep(b, WORK_OLLAMA, "ollama");
    b->request.operation = WORK_EMBED;
    b->request.messages = texts;
    b->request.messages_n = 2;
    sweep(b, WORK_OPENAI, "openai-embed");
}

int main(void) {
    const struct CMUnitTest tests[] = {MODEL_TEST(a_call_without_memory_is_refused_and_never_half_right)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
