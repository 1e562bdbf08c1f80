/* Only pairs of which both samples are known say something about passes; errors are compared by a test of their own, so that
 * a side cannot win by not answering. The unit is the case: whatever is tested or has an interval is first summed up over the
 * repeats of each case. */
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

/* A case with its repeats. They are not independent of one another; cases are. */
struct one_case {
    uint32_t known, count[COMPARE_CHANGES]; /* pairs of which both samples are known, and what became of them */
    int64_t erred;                          /* errors only in B less those only in A */
    double weight;                          /* of the first known pair */
};

static int fold_cases(const struct compare_pairs *pairs, struct one_case **ret, struct err *err) {
    struct one_case *cases = calloc(pairs->cases + 1, sizeof(*cases));
    if (!cases) return err_set(err, ERR_NOMEM, "no memory for %zu cases", pairs->cases);
    for (size_t i = 0; i < pairs->n; i++) {
        const struct compare_pair *pair = &pairs->pairs[i];
        struct one_case *one = &cases[pair->case_no];
        if (!is_compared(pair)) continue;
        one->erred += (pair->b->outcome == SAMPLE_ERRED) - (pair->a->outcome == SAMPLE_ERRED);
        if (!is_known(pair)) continue;
        if (one->known++ == 0) one->weight = weight_of(pair);
        one->count[pair->change]++;
    }
    *ret = cases;
    return 0;
}

static enum compare_answer answer_of(uint64_t worse, uint64_t better, double p, double confidence) {
    return p > 1 - confidence || worse == better ? COMPARE_NOISE : worse > better ? COMPARE_WORSE : COMPARE_BETTER;
}

/* The four cells of a table of cases: each case counts once, by the shares of its pairs, times its weight. */
static int weigh(const struct one_case *cases, size_t n, struct compare *ret, double cells[COMPARE_CHANGES],
                 bool *ret_equal, struct err *err) {
    double *weights = calloc(n + 1, sizeof(*weights)), sum = 0;
    if (!weights) return err_set(err, ERR_NOMEM, "no memory for %zu weights", n);
    *ret_equal = true;
    for (size_t i = 0; i < n; i++) {
        if (cases[i].known == 0) continue;
        *ret_equal = *ret_equal && (ret->cases == 0 || !(cases[i].weight < weights[0] || cases[i].weight > weights[0]));
        weights[ret->cases++] = cases[i].weight;
    }
    ret->effective = *ret_equal ? (double)ret->cases : stat_effective_size(weights, ret->cases);
    free(weights);
    for (size_t i = 0; i < n; i++) {
        double weight = *ret_equal ? 1 : cases[i].weight;
        sum += cases[i].known > 0 ? weight : 0;
        for (size_t k = 0; k < COMPARE_CHANGES && cases[i].known > 0; k++) {
            cells[k] += weight * (double)cases[i].count[k] / (double)cases[i].known;
        }
    }
    for (size_t k = 0; k < COMPARE_CHANGES && sum > 0 && !*ret_equal; k++) {
        cells[k] = cells[k] / sum * ret->effective;
    }
    return 0;
}

/* With a single pair for each case the sign test of the cases is McNemar's exact test. */
static int compare_passes(const struct compare_pairs *pairs, const struct one_case *cases,
                          const struct compare_options *options, struct compare *ret, struct err *err) {
    double cells[COMPARE_CHANGES] = {0};
    bool equal = true;
    int rc = weigh(cases, pairs->cases, ret, cells, &equal, err);
    if (rc != 0) return rc;
    for (size_t i = 0; i < pairs->cases; i++) {
        const struct one_case *one = &cases[i];
        ret->n += one->known;
        ret->cases_worse += one->count[COMPARE_LOST] > one->count[COMPARE_GAINED];
        ret->cases_better += one->count[COMPARE_GAINED] > one->count[COMPARE_LOST];
        ret->passed[0] += one->count[COMPARE_PASSES] + one->count[COMPARE_LOST];
        ret->passed[1] += one->count[COMPARE_PASSES] + one->count[COMPARE_GAINED];
    }
    const struct stat_pairs four = {cells[COMPARE_PASSES], cells[COMPARE_GAINED], cells[COMPARE_LOST],
                                    cells[COMPARE_FAILS]};
    uint64_t worse = ret->cases_worse, better = ret->cases_better;
    ret->rate[0] = ret->n > 0 ? (four.both + four.second) / ret->effective : NAN;
    ret->rate[1] = ret->n > 0 ? (four.both + four.first) / ret->effective : NAN;
    ret->difference = ret->n > 0 ? (four.first - four.second) / ret->effective : NAN;
    ret->interval = stat_newcombe(&four, options->confidence);
    ret->p = stat_mcnemar(worse, better);
    ret->needed =
        worse == better ? UINT64_MAX : stat_mcnemar_pairs(worse, better, ret->cases, options->confidence, STAT_POWER);
    ret->passes = answer_of(worse, better, ret->p, options->confidence);
    if (!equal) { /* the test counts every case alike, but they do not weigh alike */
        ret->passes = ret->interval.high < 0 ? COMPARE_WORSE : ret->interval.low > 0 ? COMPARE_BETTER : COMPARE_NOISE;
    }
    return 0;
}

static void compare_errors(const struct compare_pairs *pairs, const struct one_case *cases, double confidence,
                           struct compare *ret) {
    uint64_t more = 0, fewer = 0;
    for (size_t i = 0; i < pairs->cases; i++) {
        more += cases[i].erred > 0;
        fewer += cases[i].erred < 0;
    }
    ret->p_errors = stat_mcnemar(more, fewer);
    ret->errors = answer_of(more, fewer, ret->p_errors, confidence);
}

/* ---- errors, violations, probes, cost ---- */

static void compare_rest(const struct compare_pairs *pairs, struct compare *ret) {
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
}

/* ---- numbers ---- */

struct numbers {
    double *values[2]; /* of the samples, pair by pair; owned */
    size_t n;
    double *means[2], *differences; /* of the cases: the means of their pairs; owned with `values` */
    size_t cases;
    size_t last, pairs; /* number of the last case, and its pairs so far: means[] has their sums */
};

static int numbers_new(struct numbers *numbers, size_t n, struct err *err) {
    double *all = calloc(5 * n + 5, sizeof(*all));
    if (!all) return err_set(err, ERR_NOMEM, "no memory for %zu numbers", 5 * n);
    *numbers = (struct numbers){
        .values = {all, all + n + 1}, .means = {all + 2 * n + 2, all + 3 * n + 3}, .differences = all + 4 * n + 4};
    return 0;
}

static void end_case(struct numbers *numbers) {
    if (numbers->cases == 0) return;
    size_t at = numbers->cases - 1;
    for (size_t i = 0; i < 2; i++) {
        numbers->means[i][at] /= (double)numbers->pairs;
    }
    numbers->differences[at] = numbers->means[1][at] - numbers->means[0][at];
}

/* Pairs of a case come one after the other. */
static void take(struct numbers *numbers, size_t case_no, double a, double b) {
    if (!isfinite(a) || !isfinite(b)) return;
    if (numbers->cases == 0 || numbers->last != case_no) {
        end_case(numbers);
        numbers->last = case_no;
        numbers->pairs = 0;
        numbers->cases++;
    }
    numbers->values[0][numbers->n] = a;
    numbers->values[1][numbers->n++] = b;
    numbers->means[0][numbers->cases - 1] += a;
    numbers->means[1][numbers->cases - 1] += b;
    numbers->pairs++;
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
        ret->mean[i] = mean(numbers->means[i], numbers->cases);
        stat_sort(numbers->values[i], numbers->n);
        ret->p50[i] = stat_percentile(numbers->values[i], numbers->n, 5000);
        ret->middle[i] = ret->p50[i]; /* where no case is repeated, its mean is its value */
        if (numbers->cases < numbers->n) {
            stat_sort(numbers->means[i], numbers->cases);
            ret->middle[i] = stat_percentile(numbers->means[i], numbers->cases, 5000);
        }
        ret->p95[i] = stat_percentile(numbers->values[i], numbers->n, 9500);
        ret->p99[i] = stat_percentile(numbers->values[i], numbers->n, 9900);
    }
    ret->n = numbers->n;
    ret->cases = numbers->cases;
    ret->difference = mean(numbers->differences, numbers->cases);
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
    w->rc = stat_bootstrap_mean(n->differences, NULL, n->cases, o->resamples, o->confidence, o->seed, &w->ret.interval,
                                &w->err);
    if (w->rc == 0) {
        w->rc = w->medians
                    ? stat_permute_median(n->means[0], n->means[1], n->cases, o->resamples, o->seed, &w->ret.p, &w->err)
                    : stat_permute_mean(n->differences, n->cases, o->resamples, o->seed, &w->ret.p, &w->err);
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
        if (is_known(pair)) take(&scores.numbers, pair->case_no, pair->a->score, pair->b->score);
        if (is_known(pair) && is_answered(pair->a) && is_answered(pair->b)) {
            take(&latencies.numbers, pair->case_no, pair->a->latency_ms, pair->b->latency_ms);
        }
    }
    end_case(&scores.numbers);
    end_case(&latencies.numbers);
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
        c->latency_answer = c->latency.middle[1] > c->latency.middle[0]   ? COMPARE_WORSE
                            : c->latency.middle[1] < c->latency.middle[0] ? COMPARE_BETTER
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
    struct one_case *cases = NULL;
    int rc = fold_cases(pairs, &cases, err);
    if (rc == 0) rc = compare_passes(pairs, cases, options, &compare, err);
    if (rc == 0) {
        compare_rest(pairs, &compare);
        compare_errors(pairs, cases, options->confidence, &compare);
        rc = compare_numbers(pairs, options, &compare, err);
    }
    free(cases);
    if (rc != 0) return rc;
    conclude(&compare, options->confidence);
    *ret = compare;
    return 0;
}
