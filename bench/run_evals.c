/* Evaluations against an endpoint on the loopback that answers at once. What a case costs beside the endpoint's own time, one
 * at a time; and how many cases a second are run with 32 in flight, each recorded durably. */
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http/http.h"
#include "base/thread.h"
#include "bench/bench.h"
#include "evals/run/endpoint.h"
#include "evals/run/run.h"

enum { CASES = 10000, ALONE = 500, ROUNDS = 5, FLIGHT = 32, HEAD_MAX = 16384, SOCKETS = 64 };
#define ALLOWED_S 0.001 /* a case, beside the endpoint's time */
#define ASKED_S   0.0002

/* ---- the endpoint: one thread, connections that stay open --------------------------------------------------------------- */

struct server {
    int listener, epoll;
    unsigned port;
    struct buf answer;
    pthread_t thread;
};

static void put_answer(struct buf *answer) {
    static const char body[] =
        "data: {\"model\":\"tiny\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"yes\"},"
        "\"finish_reason\":\"stop\"}]}\n\n"
        "data: {\"model\":\"tiny\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n"
        "data: [DONE]\n\n";
    buf_init(answer, 4096);
    buf_printf(answer, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %zu\r\n\r\n%s",
               sizeof(body) - 1, body);
}

/* Small requests come whole. */
static void serve_one(struct server *s, int fd) {
    char request[HEAD_MAX];
    ssize_t n = read(fd, request, sizeof(request));
    if (n <= 0) {
        close(fd);
    } else {
        file_put_all(fd, s->answer.p, s->answer.n);
    }
}

static void *serve(void *ctx) {
    struct server *s = ctx;
    struct epoll_event events[SOCKETS];
    int n, one = 1;
    while ((n = epoll_wait(s->epoll, events, SOCKETS, -1)) >= 0) {
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd != s->listener) {
                serve_one(s, fd);
                continue;
            }
            fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
            if (fd < 0) return NULL;
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            (void)epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
        }
    }
    return NULL;
}

static int server_start(struct server *s, struct err *err) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    put_answer(&s->answer);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = s->listener};
    if (s->listener < 0 || s->epoll < 0 || bind(s->listener, (struct sockaddr *)&address, n) != 0 ||
        listen(s->listener, SOCKETS) != 0 || getsockname(s->listener, (struct sockaddr *)&address, &n) != 0 ||
        epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &event) != 0 || thread_start(&s->thread, serve, s) != 0) {
        return err_set(err, ERR_IO, "no server can be started on the loopback");
    }
    s->port = ntohs(address.sin_port);
    return 0;
}

static void server_stop(struct server *s, bool started) {
    if (started) {
        shutdown(s->listener, SHUT_RDWR);
        pthread_join(s->thread, NULL);
    }
    if (s->listener >= 0) close(s->listener);
    if (s->epoll >= 0) close(s->epoll);
    buf_done(&s->answer);
}

/* ---- the suite ---------------------------------------------------------------------------------------------------------- */

struct questions {
    struct suite suite;
    struct suite_case *cases;
    struct suite_check check;
    char (*ids)[16];
};

static int make_suite(struct questions *q, size_t n, struct err *err) {
    q->cases = calloc(n, sizeof(q->cases[0]));
    q->ids = calloc(n, sizeof(q->ids[0]));
    if (q->cases == NULL || q->ids == NULL) return err_set(err, ERR_NOMEM, "no memory for %zu cases", n);
    q->check = (struct suite_check){.type = SUITE_EQUALS, .text = bytes_of("yes"), .at_least = NAN, .at_most = NAN};
    for (size_t i = 0; i < n; i++) {
        snprintf(q->ids[i], sizeof(q->ids[i]), "case-%zu", i);
        q->cases[i] = (struct suite_case){.id = bytes_of(q->ids[i]),
                                          .repeats = 1,
                                          .weight = 1,
                                          .timeout_ms = 60000,
                                          .text = bytes_of("Is the sky blue? Answer in one word."),
                                          .checks = &q->check,
                                          .checks_n = 1};
        const struct bytes id = q->cases[i].id;
        hash_parts(q->cases[i].digest, &id, 1);
    }
    q->suite = (struct suite){
        .name = bytes_of("bench"), .settings = bytes_of("{\"temperature\":0}"), .cases = q->cases, .cases_n = n};
    return 0;
}

static void suite_done(struct questions *q) {
    free(q->cases);
    free(q->ids);
}

/* ---- measuring ---------------------------------------------------------------------------------------------------------- */

static int evaluate(struct ledger *ledger, const struct suite *suite, const char *url, unsigned lanes, double *ret_s,
                    struct err *err) {
    const struct run_endpoint_options at = {.protocol = WORK_OPENAI, .url = url, .model = "tiny", .lanes = lanes};
    struct run_suite_result *result = calloc(1, sizeof(*result));
    struct run_endpoint *endpoint = NULL;
    int rc = result != NULL ? run_endpoint_open(&at, &endpoint, err) : err_set(err, ERR_NOMEM, "no memory for a result");
    if (rc == 0) {
        const struct run_suite_options how = {.ledger = ledger,
                                              .suite = suite,
                                              .actor = "user:bench",
                                              .subject = run_endpoint_subject(endpoint),
                                              .concurrency = lanes};
        double start = metric_now();
        rc = run_suite(&how, result, err);
        *ret_s = (metric_now() - start) / (double)suite->cases_n;
    }
    if (rc == 0 && result->counts.passed != suite->cases_n) {
        rc = err_set(err, ERR_IO, "only %llu of %zu cases passed: %s", (unsigned long long)result->counts.passed,
                     suite->cases_n, result->why);
    }
    run_endpoint_close(endpoint);
    free(result);
    return rc;
}

/* The endpoint's own time: a request on a connection that stays open, and the answer not read. */
static int fetch(const char *url, double *ret_s, struct err *err) {
    char path[128];
    struct http *http = NULL;
    snprintf(path, sizeof(path), "%s/v1/chat/completions", url);
    int rc = http_open("bench", &http, err);
    double start = metric_now();
    for (int i = 0; rc == 0 && i < ALONE; i++) {
        struct buf body = {.max = (size_t)1 << 16};
        struct http_answer answer;
        const struct http_request request = {
            .url = path, .content_type = "application/json", .body = bytes_of("{}"), .to = &body};
        rc = http_fetch(http, &request, &answer, err);
        buf_done(&body);
    }
    *ret_s = (metric_now() - start) / ALONE;
    http_close(http);
    return rc;
}

static int measure(struct bench *b, struct ledger *ledger, const char *url, struct metric_pairs *alone,
                   struct metric_pairs *many, struct err *err) {
    struct questions few = {.ids = NULL}, all = {.ids = NULL};
    int rc = make_suite(&few, ALONE, err);
    if (rc == 0) rc = make_suite(&all, CASES, err);
    for (int i = 0; rc == 0 && i < ROUNDS; i++) {
        double ours = 0, theirs = 0, each = 0;
        rc = fetch(url, &theirs, err);
        if (rc == 0) rc = evaluate(ledger, &few.suite, url, 1, &ours, err);
        if (rc == 0) rc = evaluate(ledger, &all.suite, url, FLIGHT, &each, err);
        metric_pairs_put(alone, ours, theirs + ALLOWED_S);
        metric_pairs_put(many, each, ASKED_S);
    }
    if (rc == 0) metric_time(&b->table, "eval_case_overhead", "the endpoint alone, and 1 ms", alone, 1);
    if (rc == 0) metric_rate(&b->table, "eval_cases", "5,000 cases/s", many, 1);
    suite_done(&few);
    suite_done(&all);
    return rc;
}

int run_evals(struct bench *b, struct err *err) {
    struct metric_pairs *alone = metric_pairs_new(err), *many = metric_pairs_new(err);
    struct server server = {.listener = -1, .epoll = -1};
    struct ledger *ledger = NULL;
    char url[64];
    int rc = alone != NULL && many != NULL ? bench_ledger_new(b, "evals", &ledger, err) : ERR_NOMEM;
    if (rc == 0) rc = server_start(&server, err);
    bool started = rc == 0;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", server.port);
    if (rc == 0) rc = measure(b, ledger, url, alone, many, err);
    server_stop(&server, started);
    log_close(ledger);
    metric_pairs_free(alone);
    metric_pairs_free(many);
    return rc;
}
