/* Only pairs of which both samples are known say something about passes; errors are compared by a test of their own, so that
 * a side cannot win by not answering. */
#include <math.h>
#include <stdlib.h>

#include "base/thread.h"
#include "evals/compare/compare.h"

static bool is_compared(const struct compare_pair *pair) {
    return pair->change != COMPARE_ALTERED && pair->change != COMPARE_ONLY_A && pair->change != COMPARE_ONLY_B;
}

static bool is_known(const struct compare_pair *pair) {
    return is_compared(pair) && pair->change != COMPARE_ERRED;
}

static double weight_of(const struct compare_pair *pair) {
    return pair->a->weight > 0 && isfinite(pair->a->weight) ? pair->a->weight : 1;
}

/* ---- passes ---- */

static int weigh(const struct compare_pairs *pairs, struct compare *ret, double cells[COMPARE_CHANGES], bool *ret_equal,
                 struct err *err) {
    double *weights = calloc(pairs->n + 1, sizeof(*weights)), sum = 0;
    if (!weights) return err_set(err, ERR_NOMEM, "no memory for %zu weights", pairs->n);
    *ret_equal = true;
    for (size_t i = 0; i < pairs->n; i++) {
        const struct compare_pair *pair = &pairs->pairs[i];
        if (!is_known(pair)) continue;
        double weight = weight_of(pair);
        *ret_equal = *ret_equal && (ret->n == 0 || !(weight < weights[0] || weight > weights[0]));
        weights[ret->n++] = weight;
        cells[pair->change] += weight;
        sum += weight;
    }
    ret->effective = *ret_equal ? (double)ret->n : stat_effective_size(weights, ret->n);
    for (size_t i = 0; i < COMPARE_CHANGES && sum > 0; i++) {
        cells[i] = *ret_equal ? (double)pairs->count[i] : cells[i] / sum * ret->effective;
    }
    free(weights);
    return 0;
}

static enum compare_answer answer_of(uint64_t worse, uint64_t better, double p, double confidence) {
    return p > 1 - confidence || worse == better ? COMPARE_NOISE : worse > better ? COMPARE_WORSE : COMPARE_BETTER;
}

static int compare_passes(const struct compare_pairs *pairs, const struct compare_options *options, struct compare *ret,
                          struct err *err) {
    double cells[COMPARE_CHANGES] = {0};
    bool equal = true;
    uint64_t lost = pairs->count[COMPARE_LOST], gained = pairs->count[COMPARE_GAINED];
    int rc = weigh(pairs, ret, cells, &equal, err);
    if (rc != 0) return rc;
    const struct stat_pairs four = {cells[COMPARE_PASSES], cells[COMPARE_GAINED], cells[COMPARE_LOST],
                                    cells[COMPARE_FAILS]};
    ret->passed[0] = pairs->count[COMPARE_PASSES] + lost;
    ret->passed[1] = pairs->count[COMPARE_PASSES] + gained;
    ret->rate[0] = ret->n > 0 ? (four.both + four.second) / ret->effective : NAN;
    ret->rate[1] = ret->n > 0 ? (four.both + four.first) / ret->effective : NAN;
    ret->difference = ret->n > 0 ? (four.first - four.second) / ret->effective : NAN;
    ret->interval = stat_newcombe(&four, options->confidence);
    ret->p = stat_mcnemar(lost, gained);
    ret->needed = lost == gained ? UINT64_MAX : stat_mcnemar_pairs(lost, gained, ret->n, options->confidence, STAT_POWER);
    ret->passes = answer_of(lost, gained, ret->p, options->confidence);
    if (!equal) { /* McNemar's test counts every pair alike, but they do not weigh alike */
        ret->passes = ret->interval.high < 0 ? COMPARE_WORSE : ret->interval.low > 0 ? COMPARE_BETTER : COMPARE_NOISE;
    }
    return 0;
}

/* Repeats of a case are not independent of one another; cases are. */
static int compare_cases(const struct compare_pairs *pairs, struct compare *ret, struct err *err) {
    struct tally {
        int64_t moved; /* gained less lost */
        bool any;
    } *tally = calloc(pairs->cases + 1, sizeof(*tally));
    if (!tally) return err_set(err, ERR_NOMEM, "no memory for %zu cases", pairs->cases);
    for (size_t i = 0; i < pairs->n; i++) {
        const struct compare_pair *pair = &pairs->pairs[i];
        struct tally *one = &tally[pair->case_no];
        one->any = one->any || is_known(pair);
        one->moved += (pair->change == COMPARE_GAINED) - (pair->change == COMPARE_LOST);
    }
    for (size_t i = 0; i < pairs->cases; i++) {
        ret->cases += tally[i].any;
        ret->cases_worse += tally[i].moved < 0;
        ret->cases_better += tally[i].moved > 0;
    }
    ret->p_cases = stat_mcnemar(ret->cases_worse, ret->cases_better);
    free(tally);
    return 0;
}

/* ---- errors, violations, probes, cost ---- */

static void compare_rest(const struct compare_pairs *pairs, double confidence, struct compare *ret) {
    for (size_t i = 0; i < pairs->n; i++) {
        const struct compare_pair *pair = &pairs->pairs[i];
        if (!is_compared(pair)) continue;
        bool erred[] = {pair->a->outcome == SAMPLE_ERRED, pair->b->outcome == SAMPLE_ERRED};
        ret->erred_only[0] += erred[0] && !erred[1];
        ret->erred_only[1] += erred[1] && !erred[0];
        ret->violations[0] += pair->a->violations;
        ret->violations[1] += pair->b->violations;
        ret->cost[0] += pair->a->cost;
        ret->cost[1] += pair->b->cost;
        if (pair->a->probe && pair->b->probe && !erred[0] && !erred[1]) {
            ret->probes++;
            ret->probes_changed += !bytes_eq(pair->a->output_digest, pair->b->output_digest);
        }
    }
    ret->p_errors = stat_mcnemar(ret->erred_only[0], ret->erred_only[1]);
    ret->errors = answer_of(ret->erred_only[1], ret->erred_only[0], ret->p_errors, confidence);
}

/* ---- numbers ---- */

struct numbers {
    double *values[2], *differences; /* pair by pair; owned */
    size_t n;
};

static int numbers_new(struct numbers *numbers, size_t n, struct err *err) {
    double *all = calloc(3 * n + 3, sizeof(*all));
    if (!all) return err_set(err, ERR_NOMEM, "no memory for %zu numbers", 3 * n);
    *numbers = (struct numbers){{all, all + n + 1}, all + 2 * n + 2, 0};
    return 0;
}

static void take(struct numbers *numbers, double a, double b) {
    if (isfinite(a) && isfinite(b)) {
        numbers->values[0][numbers->n] = a;
        numbers->values[1][numbers->n] = b;
        numbers->differences[numbers->n++] = b - a;
    }
}

static double mean(const double *values, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
    }
    return n > 0 ? sum / (double)n : NAN;
}

/* Sorts the values: call it last. */
static void describe(struct numbers *numbers, struct compare_numbers *ret) {
    for (size_t i = 0; i < 2; i++) {
        ret->mean[i] = mean(numbers->values[i], numbers->n);
        stat_sort(numbers->values[i], numbers->n);
        ret->p50[i] = stat_percentile(numbers->values[i], numbers->n, 5000);
        ret->p95[i] = stat_percentile(numbers->values[i], numbers->n, 9500);
        ret->p99[i] = stat_percentile(numbers->values[i], numbers->n, 9900);
    }
    ret->n = numbers->n;
    ret->difference = mean(numbers->differences, numbers->n);
}

struct work {
    struct numbers numbers;
    const struct compare_options *options;
    bool medians; /* what the permutation test is of, else means */
    struct compare_numbers ret;
    int rc;
    struct err err;
};

static void *work(void *ctx) {
    struct work *w = ctx;
    const struct compare_options *o = w->options;
    struct numbers *n = &w->numbers;
    w->rc =
        stat_bootstrap_mean(n->differences, NULL, n->n, o->resamples, o->confidence, o->seed, &w->ret.interval, &w->err);
    if (w->rc == 0) {
        w->rc = w->medians
                    ? stat_permute_median(n->values[0], n->values[1], n->n, o->resamples, o->seed, &w->ret.p, &w->err)
                    : stat_permute_mean(n->differences, n->n, o->resamples, o->seed, &w->ret.p, &w->err);
    }
    if (w->rc == 0) describe(n, &w->ret);
    return NULL;
}

/* Scores in a thread of their own, where there is one to be had: each takes about as long as all the rest. */
static int work_both(struct work *scores, struct work *latencies, struct err *err) {
    pthread_t thread;
    bool threaded = scores->numbers.n > 0 && thread_start(&thread, work, scores) == 0;
    work(latencies);
    if (threaded) {
        pthread_join(thread, NULL);
    } else {
        work(scores);
    }
    const struct work *failed = scores->rc != 0 ? scores : latencies;
    return failed->rc == 0 ? 0 : err_set(err, failed->rc, "%s", failed->err.msg);
}

static bool is_answered(const struct sample *sample) {
    return sample->outcome == SAMPLE_PASSED || sample->outcome == SAMPLE_MISSED;
}

static int compare_numbers(const struct compare_pairs *pairs, const struct compare_options *options, struct compare *ret,
                           struct err *err) {
    struct work scores = {.options = options}, latencies = {.options = options, .medians = true};
    int rc = numbers_new(&scores.numbers, pairs->n, err);
    if (rc == 0) rc = numbers_new(&latencies.numbers, pairs->n, err);
    for (size_t i = 0; rc == 0 && i < pairs->n; i++) {
        const struct compare_pair *pair = &pairs->pairs[i];
        if (is_known(pair)) take(&scores.numbers, pair->a->score, pair->b->score);
        if (is_known(pair) && is_answered(pair->a) && is_answered(pair->b)) {
            take(&latencies.numbers, pair->a->latency_ms, pair->b->latency_ms);
        }
    }
    if (rc == 0) rc = work_both(&scores, &latencies, err);
    ret->score = scores.ret;
    ret->latency = latencies.ret;
    free(scores.numbers.values[0]);
    free(latencies.numbers.values[0]);
    return rc;
}

/* ---- the answer ---- */

static void conclude(struct compare *c, double confidence) {
    if (c->latency.n > 0 && c->latency.p <= 1 - confidence) {
        c->latency_answer = c->latency.p50[1] > c->latency.p50[0]   ? COMPARE_WORSE
                            : c->latency.p50[1] < c->latency.p50[0] ? COMPARE_BETTER
                                                                    : COMPARE_NOISE;
    }
    bool violates = c->violations[1] > c->violations[0];
    if (violates || c->passes == COMPARE_WORSE || c->errors == COMPARE_WORSE) {
        c->answer = COMPARE_WORSE;
    } else if (c->passes == COMPARE_BETTER || c->errors == COMPARE_BETTER) {
        c->answer = COMPARE_BETTER;
    }
}

int compare_samples(const struct compare_pairs *pairs, const struct compare_options *options, struct compare *ret,
                    struct err *err) {
    struct compare compare = {0};
    int rc = compare_passes(pairs, options, &compare, err);
    if (rc == 0) rc = compare_cases(pairs, &compare, err);
    if (rc == 0) {
        compare_rest(pairs, options->confidence, &compare);
        rc = compare_numbers(pairs, options, &compare, err);
    }
    if (rc != 0) return rc;
    conclude(&compare, options->confidence);
    *ret = compare;
    return 0;
}
