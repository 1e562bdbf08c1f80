/* Both sides come in the order of what identifies a sample, so pairs are found by merging them. */
#include <stdlib.h>

#include "evals/compare/compare.h"

const char *const compare_change_words[COMPARE_CHANGES] = {
    [COMPARE_LOST] = "pass -> fail",    [COMPARE_GAINED] = "fail -> pass", [COMPARE_ERRED] = "error",
    [COMPARE_ALTERED] = "another case", [COMPARE_ONLY_A] = "only in A",    [COMPARE_ONLY_B] = "only in B",
    [COMPARE_FAILS] = "fails",          [COMPARE_PASSES] = "passes"};

static int order_case(const struct sample *x, const struct sample *y) {
    int order = bytes_cmp(x->task, y->task);
    if (order == 0) order = bytes_cmp(x->id, y->id);
    return order != 0 ? order : bytes_cmp(x->filter, y->filter);
}

static int order_sample(const struct sample *x, const struct sample *y) {
    int order = order_case(x, y);
    return order != 0 ? order : (x->repeat > y->repeat) - (x->repeat < y->repeat);
}

static bool is_same_case(const struct sample *a, const struct sample *b, bool same_suite) {
    return a->case_digest.n > 0 && b->case_digest.n > 0 ? bytes_eq(a->case_digest, b->case_digest) : same_suite;
}

static enum compare_change change_of(const struct sample *a, const struct sample *b, bool same_suite) {
    if (!b) return COMPARE_ONLY_A;
    if (!a) return COMPARE_ONLY_B;
    if (!is_same_case(a, b, same_suite)) return COMPARE_ALTERED;
    if (a->outcome == SAMPLE_ERRED || b->outcome == SAMPLE_ERRED) return COMPARE_ERRED;
    bool passed[] = {a->outcome == SAMPLE_PASSED, b->outcome == SAMPLE_PASSED};
    if (passed[0] == passed[1]) return passed[0] ? COMPARE_PASSES : COMPARE_FAILS;
    return passed[0] ? COMPARE_LOST : COMPARE_GAINED;
}

static void put(struct compare_pairs *pairs, const struct sample *a, const struct sample *b, bool same_suite) {
    const struct compare_pair *last = pairs->n > 0 ? &pairs->pairs[pairs->n - 1] : NULL;
    struct compare_pair *pair = &pairs->pairs[pairs->n++];
    *pair = (struct compare_pair){.a = a, .b = b, .change = change_of(a, b, same_suite)};
    pairs->cases += !last || order_case(last->a ? last->a : last->b, a ? a : b) != 0;
    pair->case_no = pairs->cases - 1;
    pairs->count[pair->change]++;
    if (pair->change == COMPARE_ERRED) {
        pairs->erred[0] += a->outcome == SAMPLE_ERRED;
        pairs->erred[1] += b->outcome == SAMPLE_ERRED;
    }
}

int compare_pair(const struct compare_side *a, const struct compare_side *b, struct compare_pairs *ret, struct err *err) {
    bool same_suite = bytes_eq(a->suite_digest, b->suite_digest);
    *ret = (struct compare_pairs){.pairs = calloc(a->n + b->n + 1, sizeof(*ret->pairs))};
    if (!ret->pairs) return err_set(err, ERR_NOMEM, "no memory for %zu pairs of samples", a->n + b->n);
    for (size_t i = 0, k = 0; i < a->n || k < b->n;) {
        int order = i == a->n ? 1 : k == b->n ? -1 : order_sample(&a->samples[i], &b->samples[k]);
        put(ret, order <= 0 ? &a->samples[i] : NULL, order >= 0 ? &b->samples[k] : NULL, same_suite);
        i += order <= 0;
        k += order >= 0;
    }
    return 0;
}

void compare_pairs_done(struct compare_pairs *pairs) {
    free(pairs->pairs);
    *pairs = (struct compare_pairs){0};
}
