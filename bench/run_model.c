/* A model's streamed answer of 1,000 tokens, against the same bytes fetched and not read: what cutting, parsing and counting
 * add. The server is a thread that sends an answer which is ready, so that it costs both sides the same. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http/http.h"
#include "base/thread.h"
#include "bench/bench.h"
#include "work/model.h"

enum { TOKENS = 1000, ROUNDS = 100, HEAD_MAX = 16384 };

struct server {
    int listener;
    unsigned port;
    struct buf answer;
    pthread_t thread;
};

/* Reads a head and, by its length, a body. */
static bool read_request(int fd) {
    static const char length[] = "Content-Length: ";
    char head[HEAD_MAX];
    size_t n = 0, want = SIZE_MAX;
    while (n < want && n < sizeof(head) - 1) {
        ssize_t got = read(fd, head + n, sizeof(head) - 1 - n);
        if (got <= 0) return false;
        n += (size_t)got;
        head[n] = '\0';
        const char *end = strstr(head, "\r\n\r\n"), *is = strstr(head, length);
        if (end != NULL) want = (size_t)(end + 4 - head) + (is != NULL ? strtoul(is + strlen(length), NULL, 10) : 0);
    }
    return n >= want;
}

static void *serve(void *ctx) {
    struct server *s = ctx;
    for (int fd; (fd = accept(s->listener, NULL, NULL)) >= 0; close(fd)) {
        if (read_request(fd)) {
            file_put_all(fd, s->answer.p, s->answer.n);
        }
    }
    return NULL;
}

static int server_start(struct server *s, struct err *err) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    buf_init(&s->answer, (size_t)1 << 20);
    buf_put_str(&s->answer, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < TOKENS; i++) {
        buf_printf(
            &s->answer,
            "data: {\"id\":\"chatcmpl-2\",\"object\":\"chat.completion.chunk\",\"created\":1763632800,\"model\":\"tiny\","
            "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word%d\"},\"finish_reason\":null}]}\n\n",
            i);
    }
    buf_printf(&s->answer,
               "data: {\"model\":\"tiny\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":%d}}\n\n"
               "data: [DONE]\n\n",
               TOKENS);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->answer.fail != 0 || s->listener < 0 || bind(s->listener, (struct sockaddr *)&address, n) != 0 ||
        listen(s->listener, 16) != 0 || getsockname(s->listener, (struct sockaddr *)&address, &n) != 0 ||
        thread_start(&s->thread, serve, s) != 0) {
        return err_set(err, ERR_IO, "no server can be started on the loopback");
    }
    s->port = ntohs(address.sin_port);
    return 0;
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
    struct server server = {.listener = -1};
    struct work_model *model = NULL;
    struct http *http = NULL;
    char url[64];
    int rc = pairs != NULL ? server_start(&server, err) : ERR_NOMEM;
    bool started = rc == 0;
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
    if (started) {
        shutdown(server.listener, SHUT_RDWR);
        pthread_join(server.thread, NULL);
    }
    if (server.listener >= 0) {
        close(server.listener);
    }
    buf_done(&server.answer);
    metric_pairs_free(pairs);
    return rc;
}
