/* A model's streamed answer of 1,000 tokens, against the same bytes fetched and not read: what cutting, parsing and counting
 * add. The server is a thread that sends an answer which is ready, so that it costs both sides the same. */
#include <stdio.h>

#include "base/http/http.h"
#include "bench/bench.h"
#include "bench/model_server.h"
#include "work/model.h"

enum { TOKENS = 1000, ROUNDS = 100 };

static void put_answer(struct buf *out) {
    buf_put_str(out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < TOKENS; i++) {
        model_server_put_event(out, i);
    }
    buf_printf(out,
               "data: {\"model\":\"tiny\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":%d}}\n\n"
               "data: [DONE]\n\n",
               TOKENS);
}

static int once_ours(struct work_model *model, double *ret_s, struct err *err) {
    const struct work_message hello = {"user", bytes_of("Hello")};
    const struct work_model_request request = {.model = "tiny", .messages = &hello, .messages_n = 1};
    struct work_model_result result;
    double start = metric_now();
    int rc = work_model_call(model, &request, &result, err);
    *ret_s = metric_now() - start;
    if (rc == 0 && (result.end != WORK_CALL_OK || result.completion_tokens != TOKENS)) {
        rc = err_set(err, ERR_IO, "a call of the bench's model fails: %s", result.why);
    }
    work_model_result_done(&result);
    return rc;
}

static int once_bare(struct http *http, const char *url, double *ret_s, struct err *err) {
    struct buf body = {.max = (size_t)1 << 20};
    struct http_answer answer;
    const struct http_request request = {
        .url = url, .content_type = "application/json", .body = bytes_of("{}"), .fresh = true, .to = &body};
    double start = metric_now();
    int rc = http_fetch(http, &request, &answer, err);
    *ret_s = metric_now() - start;
    buf_done(&body);
    return rc;
}

int run_model(struct bench *b, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    struct model_server server;
    struct work_model *model = NULL;
    struct http *http = NULL;
    char url[64];
    model_server_init(&server);
    put_answer(&server.answer);
    int rc = pairs != NULL ? model_server_start(&server, false, err) : ERR_NOMEM;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", server.port);
    if (rc == 0) rc = work_model_open(&(struct work_endpoint){.protocol = WORK_OPENAI, .url = url}, &model, err);
    if (rc == 0) rc = http_open("bench", &http, err);
    for (int i = 0; i < ROUNDS && rc == 0; i++) {
        double ours = 0, theirs = 0;
        rc = once_bare(http, url, &theirs, err);
        if (rc == 0) rc = once_ours(model, &ours, err);
        metric_pairs_put(pairs, ours, theirs);
    }
    if (rc == 0) metric_time(&b->table, "model_stream", "the same bytes, not read", pairs, 0);
    work_model_close(model);
    http_close(http);
    model_server_stop(&server);
    metric_pairs_free(pairs);
    return rc;
}
