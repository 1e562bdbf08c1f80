/* A server of models for tests (model_server.py), and calls of it. The first part of the path says how it behaves. */
#ifndef TESTS_WORK_MODEL_BOX_H
#define TESTS_WORK_MODEL_BOX_H

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tests/base/python_server.h"
#include "work/model.h"

#define MODEL_KEY  "sk-test-0123456789abcdef"
#define MODEL_TEXT "Grüße – 日本 🎉!"

struct model_box {
    struct python_server server;
    char log[256], key[256];
    struct work_message message;
    struct work_model_request request; /* of every call; a test changes it */
    struct work_endpoint endpoint;
    struct work_model_result result; /* of the newest call */
    struct err err;
};

static inline int model_box_setup(void **state) {
    struct model_box *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    const char *tmp = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    snprintf(b->log, sizeof(b->log), "%s/model-log-XXXXXX", tmp);
    snprintf(b->key, sizeof(b->key), "%s/model-key-XXXXXX", tmp);
    int log = mkstemp(b->log), key = mkstemp(b->key);
    assert_true(log >= 0 && key >= 0);
    assert_int_equal(write(key, MODEL_KEY "\n", strlen(MODEL_KEY) + 1), strlen(MODEL_KEY) + 1);
    close(log);
    close(key);
    python_server_start(&b->server, "tests/work/model_server.py", b->log, NULL);
    b->message = (struct work_message){"user", bytes_of("Hello")};
    b->request = (struct work_model_request){.model = "tiny", .messages = &b->message, .messages_n = 1, .stop.fd = -1};
    b->request.retry = (struct work_retry){.base_ms = 1, .cap_ms = 1, .seeded = true};
    *state = b;
    return 0;
}

static inline int model_box_teardown(void **state) {
    struct model_box *b = *state;
    work_model_result_done(&b->result);
    python_server_stop(&b->server);
    unlink(b->log);
    unlink(b->key);
    free(b);
    return 0;
}

static inline struct work_model *model_box_open(struct model_box *b, enum work_protocol protocol, const char *behaviour) {
    char url[128];
    struct work_model *model = NULL;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s", b->server.port, behaviour);
    b->endpoint.protocol = protocol;
    b->endpoint.url = url;
    if (work_model_open(&b->endpoint, &model, &b->err) != 0) {
        fail_msg("%s", b->err.msg);
    }
    b->endpoint.url = NULL;
    return model;
}

/* Calls; the result is in b->result, and how it ended is returned. */
static inline enum work_call_end model_box_call(struct model_box *b, enum work_protocol protocol, const char *behaviour) {
    struct work_model *model = model_box_open(b, protocol, behaviour);
    work_model_result_done(&b->result);
    int rc = work_model_call(model, &b->request, &b->result, &b->err);
    work_model_close(model);
    if (rc != 0) {
        fail_msg("%s: %d, %s", behaviour, rc, b->err.msg);
    }
    return b->result.end;
}

static inline void model_box_ends(struct model_box *b, enum work_protocol protocol, const char *behaviour,
                                  enum work_call_end end, const char *words) {
    enum work_call_end is = model_box_call(b, protocol, behaviour);
    if (is != end || strstr(b->result.why, words) == NULL || (end == WORK_CALL_OK && b->result.why[0] != '\0')) {
        fail_msg("%s: wanted %s with '%s', got %s: %s", behaviour, work_call_end_name(end), words, work_call_end_name(is),
                 b->result.why);
    }
    if (end != WORK_CALL_OK && strncmp(b->result.why, "http://127.0.0.1:", 17) != 0) {
        fail_msg("%s: no URL: %s", behaviour, b->result.why);
    }
}

static inline void model_box_says(const struct model_box *b, const char *text) {
    if (!bytes_is(bytes_of_buf(&b->result.text), text)) {
        fail_msg("wanted '%s', got '%.*s'", text, (int)b->result.text.n, (const char *)b->result.text.p);
    }
}

/* How many lines of the server's log have this in them. */
static inline unsigned model_box_requests(const struct model_box *b, const char *with) {
    struct buf text = {.max = (size_t)1 << 26};
    unsigned n = 0;
    assert_int_equal(file_read(b->log, &text, NULL), 0);
    buf_put_u8(&text, 0);
    for (char *line = (char *)text.p, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        n += strstr(line, with) != NULL;
    }
    buf_done(&text);
    return n;
}

#define MODEL_TEST(name) cmocka_unit_test_setup_teardown(name, model_box_setup, model_box_teardown)

#endif
