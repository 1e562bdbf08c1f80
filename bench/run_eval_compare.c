/* eval_compare: two evaluations of 100,000 samples each, compared as `ledger eval compare` does: read from the log, paired,
 * tested with 1,000 resamples of scores and of latencies. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mp.h"
#include "base/mp_map.h"
#include "bench/bench.h"
#include "evals/compare/compare.h"
#include "query/query.h"

#define SAMPLES 100000
#define BATCH   1000
#define ROUNDS  5
#define LIMIT_S 1.0
#define TARGET  1

/* A small generator: latencies and outcomes only have to differ. */
static uint64_t next(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static int add_sample(struct log_batch *batch, const char *subject, int i, uint64_t *state, struct mp_map *map,
                      struct buf *body, struct err *err) {
    struct log_draft draft;
    char id[32];
    bool passed = next(state) % 10 > 0;
    snprintf(id, sizeof(id), "case-%d", i);
    mp_map_clear(map);
    buf_clear(body);
    if (!passed) mp_map_text(map, "failure", bytes_of("assertion"));
    mp_map_begin(map, "latency_ms");
    mp_put_float(&map->values, 50 + (double)(next(state) % 100000) / 100);
    mp_map_end(map);
    mp_map_text(map, "sample", bytes_of(id));
    mp_map_begin(map, "scores");
    mp_put_map(&map->values, 1);
    mp_put_text(&map->values, "token_f1");
    mp_put_float(&map->values, (double)(next(state) % 1000) / 1000);
    mp_map_end(map);
    mp_map_text(map, "task", bytes_of("bench"));
    int rc = mp_map_write(map, body, err);
    log_draft_init(&draft);
    draft.kind = bytes_of(passed ? "eval.sampled" : "eval.sample_failed");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:bench");
    draft.source = bytes_of("bench");
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(body);
    return rc == 0 ? log_batch_add(batch, &draft, err) : rc;
}

static int fill(struct ledger *ledger, const char *subject, uint64_t seed, struct err *err) {
    struct log_batch *batch = NULL;
    struct mp_map map;
    struct buf body = {.max = 65536};
    mp_map_init(&map, 65536);
    int rc = log_batch_new(ledger, &batch, err);
    for (int i = 0; rc == 0 && i < SAMPLES; i++) {
        rc = add_sample(batch, subject, i, &seed, &map, &body, err);
        if (rc == 0 && (i + 1) % BATCH == 0) rc = log_batch_commit(batch, NULL, NULL, NULL, err);
    }
    log_batch_free(batch);
    mp_map_done(&map);
    buf_done(&body);
    return rc;
}

static int compare_once(struct ledger *ledger, double *ret_s, struct err *err) {
    static const char *const ids[] = {"before", "after"};
    const struct compare_options options = {COMPARE_CONFIDENCE, COMPARE_SEED, COMPARE_RESAMPLES};
    struct samples samples[2] = {{.n = 0}, {.n = 0}};
    struct compare_side sides[2];
    struct compare_pairs pairs = {.n = 0};
    struct compare found = {.n = 0};
    int rc = 0;
    double start = metric_now();
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        rc = samples_read(ledger, bytes_of(ids[i]), false, &samples[i], err);
        sides[i] = (struct compare_side){.samples = samples[i].all, .n = samples[i].n};
    }
    if (rc == 0) rc = compare_pair(&sides[0], &sides[1], &pairs, err);
    if (rc == 0) rc = compare_samples(&pairs, &options, &found, err);
    *ret_s = metric_now() - start;
    if (rc == 0 && (found.n != SAMPLES || found.latency.n != SAMPLES || found.score.n != SAMPLES)) {
        rc = err_set(err, ERR_INVALID, "not all samples were compared");
    }
    compare_pairs_done(&pairs);
    samples_done(&samples[0]);
    samples_done(&samples[1]);
    return rc;
}

int run_eval_compare(struct bench *b, struct err *err) {
    struct ledger *ledger = NULL;
    struct metric_series times = {.n = 0};
    int rc = bench_ledger_new(b, "eval-compare", &ledger, err);
    if (rc == 0) rc = fill(ledger, "eval/before", 1, err);
    if (rc == 0) rc = fill(ledger, "eval/after", 2, err);
    if (rc == 0) rc = query_index_build(ledger, NULL, err);
    for (int i = 0; rc == 0 && i < ROUNDS; i++) {
        double s = 0;
        rc = compare_once(ledger, &s, err);
        metric_put(&times, s);
    }
    log_close(ledger);
    if (rc == 0) {
        double s = metric_median(&times);
        metric_row(&b->table, &(struct metric_row){.name = "eval_compare",
                                                   .unit = "ms",
                                                   .baseline = "1 s",
                                                   .value = 1000 * s,
                                                   .baseline_value = 1000 * LIMIT_S,
                                                   .ratio = LIMIT_S / s,
                                                   .target = TARGET});
    }
    return rc;
}
