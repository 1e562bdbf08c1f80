/* A server on a thread of its own. */
#ifndef TESTS_BASE_HTTPD_SERVER_H
#define TESTS_BASE_HTTPD_SERVER_H

#include <pthread.h>
#include <signal.h>

#include "base/clock.h"
#include "base/http/server.h"
#include "tests/base/http_client.h"

#ifndef INSTEAD
#define INSTEAD NULL /* of gRPC */
#endif
#define BODY_MAX   100000
#define BODIES_MAX 150000

static _Atomic uint64_t skipped_ns; /* for a clock_boot_ns of the test */

struct server {
    struct httpd *httpd;
    pthread_t thread;
    bool joined;
    char address[HTTPD_ADDRESS_MAX];
    int code; /* of httpd_run */
    struct err err;
    pthread_mutex_t lock; /* protects what follows */
    size_t handled, bytes;
    char body[64];
    unsigned status; /* the handler's next result */
    int answer;
};

/* Set as the command sets it: by a signal, in the thread that reads it. */
static volatile sig_atomic_t stopped;

static inline void on_signal(int number) {
    (void)number;
    stopped = 1;
}

static const struct httpd_route routes[] = {{"POST", "/in", "application/json", NULL, true}};

static inline int handle(void *ctx, const struct httpd_request *request, struct httpd_reply *reply, struct err *err) {
    struct server *s = ctx;
    pthread_mutex_lock(&s->lock);
    s->handled++;
    s->bytes = request->body.n;
    snprintf(s->body, sizeof(s->body), "%.*s", (int)(request->body.n < 60 ? request->body.n : 60),
             (const char *)request->body.p);
    if (s->status != 0) {
        reply->status = s->status;
        reply->retry_after_s = 7;
        buf_put_str(&reply->body, "not now");
    } else {
        buf_printf(&reply->body, "{\"bytes\":%zu}", request->body.n);
    }
    int answer = s->answer;
    pthread_mutex_unlock(&s->lock);
    return answer != 0 ? err_set(err, answer, "the handler has enough") : 0;
}

static inline void *serve(void *ctx) {
    struct server *s = ctx;
    s->code = httpd_run(s->httpd, &stopped, &s->err);
    return NULL;
}

static inline int setup_at(void **state, const char *address) {
    struct server *s = calloc(1, sizeof(*s));
    struct err err = {0};
    const struct httpd_options options = {.address = address,
                                          .routes = routes,
                                          .n_routes = 1,
                                          .instead_of_grpc = INSTEAD,
                                          .body_max = BODY_MAX,
                                          .bodies_max = BODIES_MAX,
                                          .ctx = s,
                                          .handle = handle};
    pthread_mutex_init(&s->lock, NULL);
    skipped_ns = 0;
    stopped = 0;
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL);
    if (httpd_open(&options, &s->httpd, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    snprintf(s->address, sizeof(s->address), "%s", httpd_address(s->httpd));
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    *state = s;
    return 0;
}

static inline int setup(void **state) {
    return setup_at(state, "127.0.0.1:0");
}

static inline void end(struct server *s) {
    pthread_kill(s->thread, SIGUSR1);
    pthread_join(s->thread, NULL);
    s->joined = true;
}

static inline int teardown(void **state) {
    struct server *s = *state;
    if (!s->joined) {
        end(s);
    }
    httpd_close(s->httpd);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return 0;
}

static inline size_t handled(struct server *s) {
    pthread_mutex_lock(&s->lock);
    size_t n = s->handled;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* "POST /in" with the headers and a body that follow. */
static inline void post(char *ret, size_t n, const struct server *s, const char *headers, const char *body) {
    snprintf(ret, n, "POST /in HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%s\r\n%s", s->address, headers,
             body);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
