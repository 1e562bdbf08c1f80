/* Single durable events: one at a time, and by 64 threads at once; and inclusion proofs, compared with the same bare
 * commit. Ledger and LMDB take turns in small blocks on the databases that the first stage has filled. */
#include <pthread.h>
#include <stdlib.h>

#include "bench/bench.h"

#define BLOCK          10 /* events */
#define BLOCKS         30
#define THREADS        64
#define EVERY          200 /* events of each thread in one round */
#define ROUNDS         5
#define PROOFS         5 /* in one block; and commits compared with one proof */
#define TARGET_SINGLE  0.77
#define TARGET_THREADS 20
#define TARGET_PROVE   1

/* Median time of one durable event over a block. The events are read back into wire. */
static int append_block(struct bench *b, struct load *load, size_t n, struct wire *wire, double *ret_s, struct err *err) {
    struct metric_series *times = calloc(1, sizeof(*times));
    uint64_t before = 0;
    int rc = times != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) rc = load_make(load, b->next, n, false, err);
    if (rc == 0) rc = bench_size(b->ledger, &before, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct log_receipt receipt;
        double start = metric_now();
        rc = log_append(b->ledger, &load->w[i].draft, &receipt, NULL, err);
        metric_put(times, metric_now() - start);
    }
    if (rc == 0) rc = wire_read(wire, b->ledger, before, n, err);
    if (rc == 0) {
        b->next += n;
        *ret_s = metric_median(times);
    }
    free(times);
    return rc;
}

/* Median time of one bare commit of what append_block read back. */
static int commit_block(struct bench *b, const struct wire *wire, double *ret_s, struct err *err) {
    struct metric_series *times = calloc(1, sizeof(*times));
    int rc = times != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < wire->n && rc == 0; i++) {
        double s = 0;
        rc = base_lmdb_one(b->lmdb, wire_at(wire, i), &s, err);
        metric_put(times, s);
    }
    if (rc == 0) {
        *ret_s = metric_median(times);
    }
    free(times);
    return rc;
}

int run_single(struct bench *b, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    struct load load = {0};
    struct wire wire;
    wire_init(&wire);
    int rc = pairs != NULL ? 0 : ERR_NOMEM;
    for (int i = 0; i < BLOCKS && rc == 0; i++) {
        double ours = 0, theirs = 0;
        rc = append_block(b, &load, BLOCK, &wire, &ours, err);
        if (rc == 0) rc = commit_block(b, &wire, &theirs, err);
        metric_pairs_put(pairs, ours, theirs);
    }
    if (rc == 0) {
        metric_time(&b->table, "append_single", "one put and commit of bare LMDB", pairs, TARGET_SINGLE);
    }
    metric_pairs_free(pairs);
    load_done(&load);
    wire_done(&wire);
    return rc;
}

/* ---- threads ---- */

struct worker {
    pthread_t thread;
    struct ledger *ledger;
    pthread_barrier_t *start;
    const struct workload *w; /* EVERY of them */
    int rc;
    struct err err;
};

static void *work(void *ctx) {
    struct worker *worker = ctx;
    pthread_barrier_wait(worker->start);
    for (size_t i = 0; i < EVERY && worker->rc == 0; i++) {
        struct log_receipt receipt;
        worker->rc = log_append(worker->ledger, &worker->w[i].draft, &receipt, NULL, &worker->err);
    }
    return NULL;
}

/* Seconds per event when all threads append at the same time. */
static int threads_round(struct bench *b, struct load *load, double *ret_s, struct err *err) {
    struct worker *worker = calloc(THREADS, sizeof(*worker));
    pthread_barrier_t barrier;
    int rc = worker != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) rc = load_make(load, b->next, (size_t)THREADS * EVERY, false, err);
    if (rc != 0) {
        free(worker);
        return rc;
    }
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++) {
        worker[i].ledger = b->ledger;
        worker[i].start = &barrier;
        worker[i].w = load->w + i * EVERY;
        if (pthread_create(&worker[i].thread, NULL, work, &worker[i]) != 0) {
            abort(); /* the others would wait at the barrier for ever */
        }
    }
    pthread_barrier_wait(&barrier);
    double start = metric_now();
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(worker[i].thread, NULL);
    }
    double took = metric_now() - start;
    for (size_t i = 0; i < THREADS && rc == 0; i++) {
        rc = worker[i].rc == 0 ? 0 : err_set(err, worker[i].rc, "thread %zu: %s", i, worker[i].err.msg);
    }
    pthread_barrier_destroy(&barrier);
    free(worker);
    if (rc == 0) {
        b->next += (uint64_t)THREADS * EVERY;
        *ret_s = took / (THREADS * EVERY);
    }
    return rc;
}

int run_threads(struct bench *b, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    struct load load = {0};
    struct wire wire;
    wire_init(&wire);
    int rc = pairs != NULL ? 0 : ERR_NOMEM;
    for (int i = 0; i < ROUNDS && rc == 0; i++) {
        double one = 0, many = 0;
        rc = append_block(b, &load, (size_t)2 * BLOCK, &wire, &one, err);
        if (rc == 0) rc = threads_round(b, &load, &many, err);
        metric_pairs_put(pairs, many, one);
    }
    if (rc == 0) {
        metric_rate(&b->table, "append_64_threads", "append_single, one thread", pairs, TARGET_THREADS);
    }
    metric_pairs_free(pairs);
    load_done(&load);
    wire_done(&wire);
    return rc;
}

/* ---- proofs ---- */

static int prove_block(struct bench *b, uint64_t size, uint64_t *random, double *ret_s, struct err *err) {
    struct metric_series *times = calloc(1, sizeof(*times));
    struct buf proof, leaf, payload;
    int rc = times != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    buf_init(&proof, 1 << 20);
    buf_init(&leaf, 1 << 20);
    buf_init(&payload, 2 << 20);
    for (int i = 0; i < PROOFS && rc == 0; i++) {
        *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        buf_clear(&proof);
        buf_clear(&leaf);
        buf_clear(&payload);
        double start = metric_now();
        rc = log_prove(b->ledger, (*random >> 16) % size, &proof, &leaf, &payload, err);
        metric_put(times, metric_now() - start);
    }
    if (rc == 0) {
        *ret_s = metric_median(times);
    }
    buf_done(&proof);
    buf_done(&leaf);
    buf_done(&payload);
    free(times);
    return rc;
}

int run_prove(struct bench *b, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    struct wire wire;
    uint64_t size = 0, random = 1;
    wire_init(&wire);
    int rc = pairs != NULL ? 0 : ERR_NOMEM;
    if (rc == 0) rc = bench_size(b->ledger, &size, err);
    if (rc == 0) rc = wire_read(&wire, b->ledger, size - PROOFS, PROOFS, err);
    for (int i = 0; i < BLOCKS && rc == 0; i++) {
        double ours = 0, commits = 0, s = 0;
        rc = prove_block(b, size, &random, &ours, err);
        for (size_t k = 0; k < PROOFS && rc == 0; k++) {
            rc = base_lmdb_one(b->lmdb, wire_at(&wire, k), &s, err);
            commits += s;
        }
        metric_pairs_put(pairs, ours, commits);
    }
    if (rc == 0) {
        metric_time(&b->table, "prove", "5 bare LMDB commits of one put", pairs, TARGET_PROVE);
    }
    metric_pairs_free(pairs);
    wire_done(&wire);
    return rc;
}
