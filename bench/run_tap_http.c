/* One call of a tool through the tap over HTTP, against the same server asked directly, one after the other. Both sides keep
 * their connection; the answer is ready, so what differs is what the tap adds. The tap runs on threads of this process. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/http/http.h"
#include "base/thread.h"
#include "bench/bench.h"
#include "bench/model_server.h"
#include "capture/streamable/streamable.h"

enum { ROUNDS = 400 };
#define ADDED 0.001 /* s */

#define CALL                                                                                                               \
    "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"arguments\":{\"path\":\"src/"                   \
    "a.c\"},\"name\":\"read\"}}"
#define ANSWER "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"int main;\"}]}}"

struct tap {
    struct ledger *ledger;
    struct streamable_options options;
    struct streamable_result result;
    char address[128];
    atomic_bool listening, ended;
    pthread_t thread;
    int code;
    struct err err;
};

static volatile sig_atomic_t stop;

static void on_listening(void *ctx, const char *address) {
    struct tap *tap = ctx;
    (void)snprintf(tap->address, sizeof(tap->address), "%s", address);
    atomic_store(&tap->listening, true);
}

static void *run(void *ctx) {
    struct tap *tap = ctx;
    tap->code = streamable_run(&tap->options, &tap->result, &tap->err);
    atomic_store(&tap->ended, true);
    return NULL;
}

static int once(struct http *http, const char *at, double *ret_s, struct err *err) {
    struct buf body = {.max = (size_t)1 << 20};
    struct http_answer answer;
    char url[192];
    (void)snprintf(url, sizeof(url), "http://%s/mcp", at);
    const struct http_request request = {
        .url = url, .content_type = "application/json", .body = bytes_of(CALL), .to = &body};
    double start = metric_now();
    int rc = http_fetch(http, &request, &answer, err);
    *ret_s = metric_now() - start;
    if (rc == 0 && (answer.status != 200 || body.n != strlen(ANSWER))) {
        rc = err_set(err, ERR_IO, "the answer is %u with %zu bytes", answer.status, body.n);
    }
    buf_done(&body);
    return rc;
}

static int take_turns(struct bench *b, const struct tap *tap, const char *direct, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    struct http *ours = NULL, *theirs = NULL;
    int rc = pairs != NULL ? http_open("bench", &ours, err) : ERR_NOMEM;
    if (rc == 0) rc = http_open("bench", &theirs, err);
    for (int i = 0; i < ROUNDS && rc == 0; i++) {
        double with = 0, without = 0;
        rc = once(theirs, direct, &without, err);
        if (rc == 0) rc = once(ours, tap->address, &with, err);
        metric_pairs_put(pairs, with, without + ADDED);
    }
    if (rc == 0) metric_time(&b->table, "tap_http", "the same server, asked directly, and 1 ms", pairs, 1);
    http_close(ours);
    http_close(theirs);
    metric_pairs_free(pairs);
    return rc;
}

int run_tap_http(struct bench *b, struct err *err) {
    const struct tap_names names = {.server = "bench"};
    struct model_server upstream;
    struct tap tap = {.options = {.serve = {.listen = "127.0.0.1:0", .listening = on_listening, .stop = &stop},
                                  .names = &names,
                                  .end_ns = UINT64_C(5000000000)}};
    char direct[64], url[80];
    bool taps = false;
    model_server_init(&upstream);
    buf_printf(&upstream.answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
               strlen(ANSWER), ANSWER);
    int rc = model_server_start(&upstream, true, err);
    (void)snprintf(direct, sizeof(direct), "127.0.0.1:%u", upstream.port);
    (void)snprintf(url, sizeof(url), "http://%s/mcp", direct);
    tap.options.serve.upstream = url;
    tap.options.serve.ctx = &tap;
    stop = 0;
    if (rc == 0) rc = bench_ledger_new(b, "tap_http", &tap.ledger, err);
    tap.options.ledger = tap.ledger;
    if (rc == 0) taps = thread_start(&tap.thread, run, &tap) == 0;
    while (taps && !atomic_load(&tap.listening) && !atomic_load(&tap.ended)) {
        usleep(1000);
    }
    if (rc == 0 && !atomic_load(&tap.listening)) rc = err_set(err, ERR_IO, "the tap does not start: %s", tap.err.msg);
    if (rc == 0) rc = take_turns(b, &tap, direct, err);
    stop = 1;
    if (taps) pthread_join(tap.thread, NULL);
    if (rc == 0 && (tap.result.requests != ROUNDS || tap.result.lost.events + tap.result.lost.bytes > 0)) {
        rc = err_set(err, ERR_IO, "the tap recorded other calls than were made");
    }
    log_close(tap.ledger);
    model_server_stop(&upstream);
    return rc;
}
