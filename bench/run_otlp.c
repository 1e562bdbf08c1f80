/* Spans in Protocol Buffers as SDKs send them: over HTTP, one document after another on one connection, each answered when
 * its events are durable. The receiver runs on a thread of this process. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/http/http.h"
#include "bench/bench.h"
#include "bench/spans.h"
#include "ingest/ingest.h"

#define DOCUMENTS  16 /* of one sample */
#define SAMPLES    24
#define SLICE      ((size_t)DOCUMENTS * SPANS_DOCUMENT)
#define TARGET     120000.0
#define TEXT_MAX   ((size_t)64 << 20)
#define FIRST_SPAN ((uint64_t)1 << 32) /* others than those of the documents in JSON */

struct receiver {
    struct ledger *ledger;
    volatile sig_atomic_t stop;
    sem_t listens;
    pthread_t thread;
    char url[128];
    struct ingest_result result;
    int code;
    struct err err;
};

static void on_listening(void *ctx, const char *address) {
    struct receiver *r = ctx;
    snprintf(r->url, sizeof(r->url), "%s/v1/traces", address);
    sem_post(&r->listens);
}

static void *receive(void *ctx) {
    struct receiver *r = ctx;
    const struct ingest_options options = {.listen = "127.0.0.1:0", .stop = &r->stop, .ctx = r, .listening = on_listening};
    r->code = ingest_source_run(r->ledger, "otlp", &options, &r->result, &r->err);
    sem_post(&r->listens);
    return NULL;
}

static int post(struct http *http, const struct receiver *r, struct bytes document, struct err *err) {
    struct http_answer answer;
    struct buf body = {.max = 65536};
    const struct http_request request = {
        .url = r->url, .content_type = "application/x-protobuf", .body = document, .to = &body};
    int rc = http_fetch(http, &request, &answer, err);
    if (rc == 0 && (answer.status != 200 || body.n > 0)) {
        rc = err_set(err, ERR_IO, "the receiver answered %u with %zu bytes", answer.status, body.n);
    }
    buf_done(&body);
    return rc;
}

/* The documents are made before the clock starts. */
static int sample(struct http *http, const struct receiver *r, uint64_t from, struct buf *text, struct metric_pairs *pairs,
                  struct err *err) {
    size_t ends[DOCUMENTS];
    int rc = 0;
    buf_clear(text);
    for (size_t i = 0; i < DOCUMENTS && rc == 0; i++) {
        rc = spans_make_protobuf(text, from + i * SPANS_DOCUMENT, SPANS_DOCUMENT, err);
        ends[i] = text->n;
    }
    double start = metric_now();
    for (size_t i = 0; i < DOCUMENTS && rc == 0; i++) {
        size_t at = i > 0 ? ends[i - 1] : 0;
        rc = post(http, r, (struct bytes){text->p + at, ends[i] - at}, err);
    }
    metric_pairs_put(pairs, (metric_now() - start) / (double)SLICE, 1 / TARGET);
    return rc;
}

int run_otlp(struct bench *b, struct err *err) {
    struct receiver *r = calloc(1, sizeof(*r));
    struct metric_pairs *pairs = metric_pairs_new(err);
    struct http *http = NULL;
    struct buf text = {.max = TEXT_MAX};
    int rc = r == NULL || pairs == NULL ? ERR_NOMEM : bench_ledger_new(b, "otlp", &r->ledger, err);
    if (rc == 0) rc = http_open("bench", &http, err);
    if (rc == 0) {
        sem_init(&r->listens, 0, 0);
        rc = pthread_create(&r->thread, NULL, receive, r) == 0 ? 0 : err_set(err, ERR_IO, "no thread for the receiver");
    }
    if (rc == 0) {
        sem_wait(&r->listens);
        rc = r->url[0] == '\0' ? err_set(err, r->code, "%s", r->err.msg) : 0;
        for (uint64_t i = 0; i < SAMPLES && rc == 0; i++) {
            rc = sample(http, r, FIRST_SPAN + i * SLICE, &text, pairs, err);
        }
        r->stop = 1;
        pthread_join(r->thread, NULL);
    }
    if (rc == 0 && (r->code != 0 || r->result.total.accepted < SAMPLES * SLICE)) {
        rc = err_set(err, ERR_IO, "the receiver accepted %llu: %s", (unsigned long long)r->result.total.accepted,
                     r->err.msg);
    }
    if (rc == 0) {
        metric_row(&b->table, &(struct metric_row){.name = "otlp_protobuf",
                                                   .unit = "spans/s",
                                                   .baseline = "what is aimed at",
                                                   .value = 1 / metric_median(&pairs->ours),
                                                   .baseline_value = TARGET,
                                                   .ratio = metric_median(&pairs->ratio),
                                                   .whole = pairs->theirs_sum / pairs->ours_sum,
                                                   .target = 1});
    }
    http_close(http);
    buf_done(&text);
    metric_pairs_free(pairs);
    if (r != NULL) {
        log_close(r->ledger);
    }
    free(r);
    return rc;
}
