/* One call of a model through the proxy, against the same server asked directly, one after the other. Both sides keep their
 * connection; the answer is a stream of 20 events that is ready, so what differs is what the proxy adds. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/http/http.h"
#include "base/thread.h"
#include "bench/bench.h"
#include "bench/model_server.h"
#include "capture/proxy/proxy.h"

enum { EVENTS = 20, ROUNDS = 400 };

struct tap {
    struct ledger *ledger;
    struct proxy_options options;
    struct proxy_result result;
    char address[128];
    atomic_bool listening, ended;
    pthread_t thread;
    int code;
    struct err err;
};

static void put_answer(struct buf *out) {
    struct buf body = {.max = (size_t)1 << 20};
    for (int i = 0; i < EVENTS; i++) {
        model_server_put_event(&body, i);
    }
    buf_put_str(&body, "data: [DONE]\n\n");
    buf_printf(out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %zu\r\n\r\n", body.n);
    buf_put_bytes(out, bytes_of_buf(&body));
    buf_done(&body);
}

static void on_listening(void *ctx, const char *address) {
    struct tap *tap = ctx;
    snprintf(tap->address, sizeof(tap->address), "%s", address);
    atomic_store(&tap->listening, true);
}

static volatile sig_atomic_t stop;

static void *run_proxying(void *ctx) {
    struct tap *tap = ctx;
    tap->code = proxy_run(tap->ledger, &tap->options, &tap->result, &tap->err);
    atomic_store(&tap->ended, true);
    return NULL;
}

static int once(struct http *http, const char *at, double *ret_s, struct err *err) {
    struct buf body = {.max = (size_t)1 << 20};
    struct http_answer answer;
    char url[192];
    snprintf(url, sizeof(url), "http://%s/v1/chat/completions", at);
    const struct http_request request = {
        .url = url,
        .content_type = "application/json",
        .body = bytes_of("{\"model\":\"tiny\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}"),
        .to = &body};
    double start = metric_now();
    int rc = http_fetch(http, &request, &answer, err);
    *ret_s = metric_now() - start;
    buf_done(&body);
    return rc;
}

static int measure(struct bench *b, const struct tap *tap, const char *direct, struct metric_pairs *pairs,
                   struct err *err) {
    struct http *ours = NULL, *theirs = NULL;
    int rc = http_open("bench", &ours, err);
    if (rc == 0) rc = http_open("bench", &theirs, err);
    for (int i = 0; i < ROUNDS && rc == 0; i++) {
        double a = 0, c = 0;
        rc = once(theirs, direct, &c, err);
        if (rc == 0) rc = once(ours, tap->address, &a, err);
        metric_pairs_put(pairs, a, c + 0.001);
    }
    if (rc == 0) metric_time(&b->table, "proxy", "the same server, asked directly, and 1 ms", pairs, 1);
    http_close(ours);
    http_close(theirs);
    return rc;
}

int run_proxy(struct bench *b, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    struct model_server upstream;
    struct tap tap = {.options.serve = {.listen = "127.0.0.1:0", .listening = on_listening, .stop = &stop}};
    char direct[64], url[80];
    bool taps = false;
    model_server_init(&upstream);
    put_answer(&upstream.answer);
    int rc = pairs != NULL ? model_server_start(&upstream, true, err) : ERR_NOMEM;
    snprintf(direct, sizeof(direct), "127.0.0.1:%u", upstream.port);
    snprintf(url, sizeof(url), "http://%s", direct);
    tap.options.serve.upstream = url;
    tap.options.serve.ctx = &tap;
    stop = 0;
    if (rc == 0) rc = bench_ledger_new(b, "proxy", &tap.ledger, err);
    if (rc == 0) taps = thread_start(&tap.thread, run_proxying, &tap) == 0;
    while (taps && !atomic_load(&tap.listening) && !atomic_load(&tap.ended)) {
        usleep(1000);
    }
    if (rc == 0 && !atomic_load(&tap.listening)) rc = err_set(err, ERR_IO, "the proxy does not start: %s", tap.err.msg);
    if (rc == 0) rc = measure(b, &tap, direct, pairs, err);
    stop = 1;
    if (taps) pthread_join(tap.thread, NULL);
    if (rc == 0 && tap.result.calls != ROUNDS) rc = err_set(err, ERR_IO, "the proxy recorded other calls than were made");
    log_close(tap.ledger);
    model_server_stop(&upstream);
    metric_pairs_free(pairs);
    return rc;
}
