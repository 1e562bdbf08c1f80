/* The server of pages and of the API: one row of the states, one event at random, an append, each asked over 64 connections that are kept,
 * by a client on the same processors. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "bench/bench.h"
#include "ledger/log.h"
#include "serve/web/web.h"

enum { CLIENTS = 64, ROUNDS = 200, WARM = 20, READERS = 8 };
#define STATES_A_S 10000.0
#define EVENTS_A_S 4000.0

struct served {
    struct ledger *ledger;
    struct web_options options;
    char url[128], token[ACCESS_TEXT];
    atomic_bool listening, ended;
    pthread_t thread;
    int code;
    struct err err;
    pthread_mutex_t lock; /* protects what follows */
    struct log_reader *readers[READERS];
    size_t n_readers;
    int fds[CLIENTS];
    uint64_t events, sent;
};

static volatile sig_atomic_t stop;

static void on_listening(void *ctx, const char *url) {
    struct served *s = ctx;
    snprintf(s->url, sizeof(s->url), "%s", url);
    atomic_store(&s->listening, true);
}

static void on_code(void *ctx, const char *url, const char *code) {
    (void)ctx;
    (void)url;
    (void)code;
}

static void on_trouble(void *ctx, const char *message) {
    (void)ctx;
    fprintf(stderr, "bench: %s\n", message);
}

/* As the command does it, but for marks of what was corrected. */
static int on_event(void *ctx, uint64_t seq, struct buf *out, struct err *err) {
    struct served *s = ctx;
    struct log_reader *reader = NULL;
    struct log_event event;
    pthread_mutex_lock(&s->lock);
    if (s->n_readers > 0) reader = s->readers[--s->n_readers];
    pthread_mutex_unlock(&s->lock);
    int rc = reader != NULL ? log_reader_again(reader, seq, seq + 1, err)
                            : log_reader_open(s->ledger, seq, seq + 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &event, err);
    if (rc == 0) rc = log_event_json(&event, (struct bytes){0}, false, out, err);
    pthread_mutex_lock(&s->lock);
    bool kept = reader != NULL && s->n_readers < READERS;
    if (kept) s->readers[s->n_readers++] = reader;
    pthread_mutex_unlock(&s->lock);
    if (!kept) log_reader_close(reader);
    return rc;
}

static int on_record(void *ctx, const struct meter_due *due, uint64_t now, struct err *err) {
    (void)ctx;
    (void)due;
    (void)now;
    (void)err;
    return 0;
}

static void on_rest(void *ctx) {
    struct served *s = ctx;
    pthread_mutex_lock(&s->lock);
    while (s->n_readers > 0) {
        log_reader_close(s->readers[--s->n_readers]);
    }
    pthread_mutex_unlock(&s->lock);
}

static void *run(void *ctx) {
    struct served *s = ctx;
    s->code = web_serve(&s->options, &s->err);
    atomic_store(&s->ended, true);
    return NULL;
}

static int add_token(void *ctx, struct access_tokens *tokens, struct err *err) {
    struct served *s = ctx;
    struct access_token token = {.scopes = ACCESS_READ_STATES | ACCESS_READ_EVENTS | ACCESS_APPEND, .n_kinds = 1};
    snprintf(token.name, sizeof(token.name), "bench");
    snprintf(token.kinds[0], sizeof(token.kinds[0]), "x.*");
    access_token_make(s->token, token.sha256);
    return access_tokens_add(tokens, &token, err);
}

/* ---- a client ---- */

static int connect_all(struct served *s, struct err *err) {
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtoul(strrchr(s->url, ':') + 1, NULL, 10))};
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < CLIENTS; i++) {
        s->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (s->fds[i] < 0 || connect(s->fds[i], (const struct sockaddr *)&where, sizeof(where)) != 0) {
            return err_set(err, ERR_IO, "connecting to the server");
        }
    }
    return 0;
}

/* Reads one answer; its status. */
static int read_answer(int fd) {
    static char text[65536];
    size_t n = 0, want = SIZE_MAX;
    while (n < want && n < sizeof(text) - 1) {
        ssize_t got = recv(fd, text + n, sizeof(text) - 1 - n, 0);
        if (got <= 0) return 0;
        n += (size_t)got;
        text[n] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
        if (end != NULL && length != NULL) want = (size_t)(end + 4 - text) + strtoul(length + 16, NULL, 10);
    }
    return (int)strtol(text + 9, NULL, 10);
}

typedef void put_request(struct served *s, struct buf *out);

static void put_state(struct served *s, struct buf *out) {
    buf_printf(out, "GET /v1/states/routes/pdf-extract HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n",
               s->url + 7, s->token);
}

static void put_event(struct served *s, struct buf *out) {
    s->sent = s->sent * UINT64_C(6364136223846793005) + 1442695040888963407;
    buf_printf(out, "GET /v1/events/%llu HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n",
               (unsigned long long)((s->sent >> 20) % s->events), s->url + 7, s->token);
}

static void put_append(struct served *s, struct buf *out) {
    char body[128];
    int n = snprintf(body, sizeof(body), "{\"kind\":\"x.bench.sent\",\"subject\":\"thing/%llu\",\"body\":{\"n\":1}}",
                     (unsigned long long)s->sent++);
    buf_printf(out,
               "POST /v1/events HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
               "Content-Length: %d\r\n\r\n%s",
               s->url + 7, s->token, n, body);
}

/* One request on each connection, then all answers: seconds for each. */
static int round_of(struct served *s, put_request *put, int status, double *ret, struct err *err) {
    struct buf out = {.max = 4096};
    double start = metric_now();
    for (int i = 0; i < CLIENTS; i++) {
        buf_clear(&out);
        put(s, &out);
        if (send(s->fds[i], out.p, out.n, MSG_NOSIGNAL) != (ssize_t)out.n)
            return err_set(err, ERR_IO, "sending to the server");
    }
    buf_done(&out);
    for (int i = 0; i < CLIENTS; i++) {
        int got = read_answer(s->fds[i]);
        if (got != status) return err_set(err, ERR_IO, "the server answers %d, not %d", got, status);
    }
    *ret = (metric_now() - start) / CLIENTS;
    return 0;
}

static int measure(struct bench *b, struct served *s, const char *name, put_request *put, int status, const char *baseline,
                   double wanted, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    int rc = pairs != NULL ? 0 : ERR_NOMEM;
    for (int i = 0; i < WARM + ROUNDS && rc == 0; i++) {
        double took = 0;
        rc = round_of(s, put, status, &took, err);
        if (i >= WARM) metric_pairs_put(pairs, took, 1 / wanted);
    }
    if (rc == 0) metric_rate(&b->table, name, baseline, pairs, 1);
    metric_pairs_free(pairs);
    return rc;
}

/* A third of what 64 threads append in this very run; without that row there is nothing to compare with. */
static double third_of_threads(const struct bench *b) {
    for (size_t i = 0; i < b->table.n; i++) {
        if (strcmp(b->table.row[i].name, "append_64_threads") == 0) return b->table.row[i].value / 3;
    }
    return 0;
}

static int measure_all(struct bench *b, struct served *s, struct err *err) {
    double third = third_of_threads(b);
    int rc = connect_all(s, err);
    if (rc == 0) rc = measure(b, s, "serve_state", put_state, 200, "10,000 a second", STATES_A_S, err);
    if (rc == 0) rc = measure(b, s, "serve_event", put_event, 200, "4,000 a second", EVENTS_A_S, err);
    if (rc == 0 && third > 0) {
        rc = measure(b, s, "serve_append", put_append, 201, "a third of append_64_threads", third, err);
    }
    for (int i = 0; i < CLIENTS; i++) {
        if (s->fds[i] > 0) close(s->fds[i]);
    }
    return rc;
}

int run_serve(struct bench *b, struct err *err) {
    static struct served s;
    bool runs = false;
    memset(&s, 0, sizeof(s));
    stop = 0;
    pthread_mutex_init(&s.lock, NULL);
    s.options = (struct web_options){.program = "/bin/false",
                                     .version = "bench",
                                     .address = "127.0.0.1:0",
                                     .origin = "bench",
                                     .limit_ns = CLOCK_NS_PER_S,
                                     .stop = &stop,
                                     .event = on_event,
                                     .rest = on_rest,
                                     .record = on_record,
                                     .facts = &s,
                                     .ctx = &s,
                                     .listening = on_listening,
                                     .code = on_code,
                                     .trouble = on_trouble};
    s.ledger = s.options.ledger = b->ledger;
    s.options.dir = log_dir(b->ledger);
    int rc = bench_size(b->ledger, &s.events, err);
    if (rc == 0) rc = access_tokens_change(s.options.dir, add_token, &s, err);
    if (rc == 0) runs = thread_start(&s.thread, run, &s) == 0;
    while (runs && !atomic_load(&s.listening) && !atomic_load(&s.ended)) {
        usleep(1000);
    }
    if (rc == 0 && !atomic_load(&s.listening)) rc = err_set(err, ERR_IO, "the server does not start: %s", s.err.msg);
    if (rc == 0) rc = measure_all(b, &s, err);
    stop = 1;
    if (runs) pthread_join(s.thread, NULL);
    on_rest(&s);
    pthread_mutex_destroy(&s.lock);
    return rc;
}
