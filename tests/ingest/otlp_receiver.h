/* The source otlp as a receiver on a thread of its own, with a ledger in a box. */
#ifndef TESTS_INGEST_OTLP_RECEIVER_H
#define TESTS_INGEST_OTLP_RECEIVER_H

#include <pthread.h>
#include <semaphore.h>

#include "tests/base/http_client.h"
#include "tests/ingest/ledger_box.h"

struct receiver {
    struct box box;
    pthread_t thread;
    sem_t listens;
    bool strict, ended;
    int code;
    struct ingest_result result;
    struct err err;
    char address[128];
};

/* Set as the command sets it: by a signal, in the thread that reads it. */
static volatile sig_atomic_t stopped;

static inline void on_signal(int number) {
    (void)number;
    stopped = 1;
}

static inline void on_listening(void *ctx, const char *address) {
    struct receiver *r = ctx;
    snprintf(r->address, sizeof(r->address), "%s", address);
    sem_post(&r->listens);
}

static inline void *receive(void *ctx) {
    struct receiver *r = ctx;
    const struct ingest_options o = {
        .listen = "127.0.0.1:0", .strict = r->strict, .stop = &stopped, .ctx = r, .listening = on_listening};
    r->code = ingest_source_run(r->box.ledger, "otlp", &o, &r->result, &r->err);
    sem_post(&r->listens);
    return NULL;
}

static inline void start(struct receiver *r) {
    stopped = 0;
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL);
    sem_init(&r->listens, 0, 0);
    assert_int_equal(pthread_create(&r->thread, NULL, receive, r), 0);
    sem_wait(&r->listens);
    if (r->address[0] == '\0') {
        fail_msg("%s", r->err.msg);
    }
}

static inline void end(struct receiver *r) {
    if (!r->ended) {
        pthread_kill(r->thread, SIGUSR1);
        pthread_join(r->thread, NULL);
        r->ended = true;
        sem_destroy(&r->listens);
    }
}

static inline int setup(void **state) {
    struct receiver *r = calloc(1, sizeof(*r));
    box_init(&r->box);
    *state = r;
    return 0;
}

static inline int teardown(void **state) {
    struct receiver *r = *state;
    end(r);
    box_done(&r->box);
    free(r);
    return 0;
}

/* `headers`: of the content type, and others after CR LF. */
static inline void post_bytes(struct receiver *r, struct client *c, const char *path, const char *headers, const void *body,
                              size_t n) {
    char head[512];
    snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", path,
             r->address + strlen("http://"), headers, n);
    client_open(c, r->address);
    client_say(c, head);
    client_send(c, body, n);
    client_read(c);
    client_close(c);
}

static inline char *file_text(const char *path, size_t *ret_n) {
    struct buf text;
    buf_init(&text, (size_t)1 << 20);
    assert_int_equal(file_read(path, &text, NULL), 0);
    *ret_n = text.n;
    buf_put_u8(&text, 0);
    return (char *)text.p;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
