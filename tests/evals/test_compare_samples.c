/* Comparing samples: a reference that looks for each sample in a list finds the same flips, counts and probability. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "evals/compare/compare.h"

#define SAMPLES_N 400

struct box {
    struct sample samples[2][SAMPLES_N];
    size_t n[2];
    char ids[2][SAMPLES_N][24];
};

static const char *const tasks[] = {"math", "text", ""};
static const char *const digests[] = {"", "sha256:aa", "sha256:bb"};
static const struct compare_options defaults = {COMPARE_CONFIDENCE, COMPARE_SEED, 200};
/* Lists of tags as in an event: none, x, x and y, y twice, and what is no list of texts. */
static const struct {
    struct bytes list;
    bool none, x, y;
} tags[] = {{{NULL, 0}, true, false, false},
            {{(const uint8_t *)"\x91\xa1x", 3}, false, true, false},
            {{(const uint8_t *)"\x92\xa1x\xa1y", 5}, false, true, true},
            {{(const uint8_t *)"\x92\xa1y\xa1y", 5}, false, false, true},
            {{(const uint8_t *)"\xa1x", 2}, true, false, false}};
static uint64_t state;

/* A failure names its seed. */
static uint64_t next(uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % below;
}

static void start(void) {
    const char *given = getenv("LEDGER_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : clock_wall_ns() / 1000;
    print_message("LEDGER_TEST_SEED=%llu\n", (unsigned long long)seed);
    state = seed * 2 + 1;
    for (int i = 0; i < 8; i++) {
        next(2);
    }
}

static struct sample plain(const char *task, const char *id, enum sample_outcome outcome) {
    return (struct sample){.outcome = outcome,
                           .task = bytes_of(task),
                           .id = bytes_of(id),
                           .weight = 1,
                           .latency_ms = NAN,
                           .first_ms = NAN,
                           .cost = NAN,
                           .score = NAN,
                           .seq = SAMPLE_ABSENT,
                           .tokens_in = SAMPLE_ABSENT,
                           .tokens_out = SAMPLE_ABSENT};
}

static void fill(struct box *box, bool same_cases) {
    size_t cases = 1 + next(60);
    for (size_t side = 0; side < 2; side++) {
        box->n[side] = next(SAMPLES_N);
        for (size_t i = 0; i < box->n[side]; i++) {
            struct sample *one = &box->samples[side][i];
            snprintf(box->ids[side][i], sizeof(box->ids[side][i]), "c%llu", (unsigned long long)next(cases));
            *one = plain(tasks[next(3)], box->ids[side][i], (enum sample_outcome)next(4));
            one->seq = i;
            one->repeat = next(3);
            one->filter = bytes_of(next(4) == 0 ? "strict" : "");
            one->case_digest = bytes_of(same_cases ? "" : digests[next(3)]);
            one->latency_ms = next(3) == 0 ? NAN : (double)next(50);
            one->score = next(3) == 0 ? NAN : (double)next(5) / 4;
            one->violations = next(40) == 0;
            one->tags = tags[next(5)].list;
        }
    }
}

/* ---- the reference ---- */

static bool is_alike(const struct sample *a, const struct sample *b) {
    return bytes_eq(a->task, b->task) && bytes_eq(a->id, b->id) && bytes_eq(a->filter, b->filter) && a->repeat == b->repeat;
}

/* 1: passed, 0: failed, -1: nothing is known; *ret: the sample that counts, the first of which something is known. */
static int outcome_of(const struct box *box, size_t side, const struct sample *like, const struct sample **ret) {
    *ret = NULL;
    for (int known = 1; known >= 0; known--) {
        for (size_t i = 0; i < box->n[side]; i++) {
            const struct sample *one = &box->samples[side][i];
            if (!is_alike(one, like) || (known && one->outcome == SAMPLE_ERRED)) continue;
            *ret = one;
            return known ? one->outcome == SAMPLE_PASSED : -1;
        }
    }
    return -1;
}

static bool is_first(const struct box *box, size_t side, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (is_alike(&box->samples[side][i], &box->samples[side][at])) return false;
    }
    return true;
}

static enum compare_change change_of(const struct box *box, const struct sample *like, bool same_suite) {
    const struct sample *a, *b;
    int outcomes[] = {outcome_of(box, 0, like, &a), outcome_of(box, 1, like, &b)};
    if (!a || !b) return a ? COMPARE_ONLY_A : COMPARE_ONLY_B;
    bool same = a->case_digest.n && b->case_digest.n ? bytes_eq(a->case_digest, b->case_digest) : same_suite;
    if (!same) return COMPARE_ALTERED;
    if (outcomes[0] < 0 || outcomes[1] < 0) return COMPARE_ERRED;
    if (outcomes[0] == outcomes[1]) return outcomes[0] ? COMPARE_PASSES : COMPARE_FAILS;
    return outcomes[0] ? COMPARE_LOST : COMPARE_GAINED;
}

/* Twice the smaller tail of a fair coin, by Pascal's triangle. */
static double p_of(uint64_t lost, uint64_t gained) {
    uint64_t n = lost + gained, fewer = lost < gained ? lost : gained;
    double row[SAMPLES_N + 1] = {1}, tail = 0;
    for (uint64_t i = 0; i < n; i++) {
        for (uint64_t k = i + 1; k > 0; k--) {
            row[k] = (row[k] + row[k - 1]) / 2;
        }
        row[0] /= 2;
    }
    for (uint64_t k = 0; k <= fewer; k++) {
        tail += row[k];
    }
    return fmin(1, 2 * tail);
}

static bool is_one_case(const struct sample *a, const struct sample *b) {
    return bytes_eq(a->task, b->task) && bytes_eq(a->id, b->id) && bytes_eq(a->filter, b->filter);
}

/* Case by case: its pairs of which both are known, found by looking through all of them. */
static void check_passes(const struct compare *found, const struct compare_pairs *pairs) {
    uint64_t worse = 0, better = 0, cases = 0, n = 0;
    double moved = 0;
    for (size_t i = 0; i < pairs->n; i++) {
        const struct sample *one = pairs->pairs[i].a;
        uint64_t lost = 0, gained = 0, known = 0, before = 0;
        for (size_t k = 0; k < pairs->n && one != NULL; k++) {
            const struct compare_pair *other = &pairs->pairs[k];
            bool is_known = other->change == COMPARE_LOST || other->change == COMPARE_GAINED ||
                            other->change == COMPARE_PASSES || other->change == COMPARE_FAILS;
            if (!is_known || !is_one_case(one, other->a)) continue;
            before += k < i;
            known++;
            lost += other->change == COMPARE_LOST;
            gained += other->change == COMPARE_GAINED;
        }
        bool counts = one != NULL && pairs->pairs[i].b != NULL && known > 0 && before == 0 &&
                      pairs->pairs[i].change != COMPARE_ERRED && pairs->pairs[i].change != COMPARE_ALTERED;
        if (!counts) continue;
        cases++;
        n += known;
        worse += lost > gained;
        better += gained > lost;
        moved += ((double)gained - (double)lost) / (double)known;
    }
    double p = p_of(worse, better);
    assert_true(fabs(found->p - p) <= 1e-9);
    assert_int_equal(found->n, n);
    assert_int_equal(found->cases, cases);
    assert_int_equal(found->cases_worse, worse);
    assert_int_equal(found->cases_better, better);
    if (cases > 0) {
        moved /= (double)cases;
        assert_true(fabs(found->difference - moved) <= 1e-12);
        assert_true(found->interval.low <= moved + 1e-12 && moved <= found->interval.high + 1e-12);
    }
    bool told = p <= 0.05 && worse != better;
    assert_int_equal(found->passes, !told ? COMPARE_NOISE : worse > better ? COMPARE_WORSE : COMPARE_BETTER);
}

static int by_name(const void *a, const void *b) {
    const struct sample *x = a, *y = b;
    int order = bytes_cmp(x->task, y->task);
    if (order == 0) order = bytes_cmp(x->id, y->id);
    if (order == 0) order = bytes_cmp(x->filter, y->filter);
    return order != 0 ? order : (x->repeat > y->repeat) - (x->repeat < y->repeat);
}

/* Each sample once, in order: those that count. */
static void settle(const struct box *box, size_t side, struct sample *all, struct compare_side *ret) {
    for (size_t i = 0; i < box->n[side]; i++) {
        const struct sample *counts;
        if (!is_first(box, side, i)) continue;
        outcome_of(box, side, &box->samples[side][i], &counts);
        all[ret->n++] = *counts;
    }
    qsort(all, ret->n, sizeof(*all), by_name);
    ret->samples = all;
}

static bool has_tag(const struct sample *one, struct bytes tag) {
    size_t i = 0;
    while (tags[i].list.p != one->tags.p) {
        i++;
    }
    return tag.n == 0 ? tags[i].none : bytes_is(tag, "x") ? tags[i].x : tags[i].y;
}

/* Each tag has the pairs whose first sample has it, and what follows from those alone. */
static void check_tags(const struct compare_pairs *pairs, const struct compare_side sides[2]) {
    struct compare_tags by;
    struct compare_pairs of = {.pairs = calloc(pairs->n + 1, sizeof(*of.pairs)), .cases = pairs->cases};
    struct err err = {0};
    bool seen[3] = {false};
    assert_non_null(of.pairs);
    assert_int_equal(compare_by_tag(pairs, &sides[0], &sides[1], &defaults, &by, &err), 0);
    for (size_t i = 0; i < by.n; i++) {
        uint64_t count[COMPARE_CHANGES] = {0};
        of.n = 0;
        for (size_t k = 0; k < pairs->n; k++) {
            const struct compare_pair *pair = &pairs->pairs[k];
            if (!has_tag(pair->a ? pair->a : pair->b, by.all[i].tag)) continue;
            of.pairs[of.n++] = *pair;
            count[pair->change]++;
        }
        assert_memory_equal(by.all[i].count, count, sizeof(count));
        check_passes(&by.all[i].found, &of);
        assert_true(i == 0 || bytes_cmp(by.all[i - 1].tag, by.all[i].tag) < 0);
        seen[by.all[i].tag.n == 0 ? 0 : bytes_is(by.all[i].tag, "x") ? 1 : 2] = true;
    }
    for (size_t k = 0; k < pairs->n; k++) {
        const struct sample *one = pairs->pairs[k].a ? pairs->pairs[k].a : pairs->pairs[k].b;
        assert_true(!has_tag(one, bytes_of("")) || seen[0]);
        assert_true((!has_tag(one, bytes_of("x")) || seen[1]) && (!has_tag(one, bytes_of("y")) || seen[2]));
    }
    compare_tags_done(&by);
    free(of.pairs);
}

static void check(const struct box *box, bool same_suite) {
    static struct sample all[2][SAMPLES_N];
    struct compare_side sides[] = {{.suite_digest = bytes_of("sha256:s")},
                                   {.suite_digest = bytes_of(same_suite ? "sha256:s" : "")}};
    struct compare_pairs pairs;
    struct compare found;
    struct err err = {0};
    uint64_t count[COMPARE_CHANGES] = {0};
    size_t n = 0;
    settle(box, 0, all[0], &sides[0]);
    settle(box, 1, all[1], &sides[1]);
    assert_int_equal(compare_pair(&sides[0], &sides[1], &pairs, &err), 0);
    assert_int_equal(compare_samples(&pairs, &defaults, &found, &err), 0);
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < box->n[side]; i++) {
            const struct sample *one = &box->samples[side][i], *other;
            if (!is_first(box, side, i)) continue;
            outcome_of(box, 0, one, &other);
            if (side == 1 && other) continue; /* it was there with A's */
            count[change_of(box, one, same_suite)]++;
            n++;
        }
    }
    assert_int_equal(pairs.n, n);
    assert_memory_equal(pairs.count, count, sizeof(count));
    for (size_t i = 0; i < n; i++) {
        const struct sample *one = pairs.pairs[i].a ? pairs.pairs[i].a : pairs.pairs[i].b;
        assert_int_equal(pairs.pairs[i].change, change_of(box, one, same_suite));
    }
    check_passes(&found, &pairs);
    check_tags(&pairs, sides);
    compare_pairs_done(&pairs);
}

static void pairs_counts_and_p_are_those_of_a_simple_reference(void **ctx) {
    struct box *box = calloc(1, sizeof(*box));
    assert_non_null(box);
    (void)ctx;
    start();
    for (int i = 0; i < 60; i++) {
        fill(box, i % 2 == 0);
        check(box, i % 3 != 0);
    }
    free(box);
}

/* ---- single sentences ---- */

static void compare_both(const struct sample *a, size_t n_a, const struct sample *b, size_t n_b, struct compare *ret) {
    struct compare_side sides[] = {{a, n_a, {0}}, {b, n_b, {0}}};
    struct compare_pairs pairs;
    struct err err = {0};
    assert_int_equal(compare_pair(&sides[0], &sides[1], &pairs, &err), 0);
    assert_int_equal(compare_samples(&pairs, &defaults, ret, &err), 0);
    compare_pairs_done(&pairs);
}

static struct sample *cases(size_t n, char (*ids)[8]) {
    struct sample *ret = calloc(n, sizeof(*ret));
    assert_non_null(ret);
    for (size_t i = 0; i < n; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%03u", (unsigned)i % 1000);
        ret[i] = plain("t", ids[i], SAMPLE_PASSED);
    }
    return ret;
}

static void without_samples_nothing_is_better_or_worse(void **ctx) {
    struct compare c;
    (void)ctx;
    compare_both(NULL, 0, NULL, 0, &c);
    assert_int_equal(c.answer, COMPARE_NOISE);
    assert_int_equal(c.n, 0);
    assert_true(isnan(c.difference) && c.interval.low <= -1 && c.interval.high >= 1 && c.p >= 1);
    assert_int_equal(c.needed, UINT64_MAX);
}

static void a_side_that_does_not_answer_is_worse(void **ctx) {
    char ids[20][8];
    struct sample *a = cases(20, ids), *b = cases(20, ids);
    struct compare c;
    (void)ctx;
    for (size_t i = 0; i < 6; i++) {
        b[i].outcome = SAMPLE_ERRED;
    }
    compare_both(a, 20, b, 20, &c);
    assert_int_equal(c.passes, COMPARE_NOISE);
    assert_int_equal(c.erred_only[1], 6);
    assert_int_equal(c.answer, COMPARE_WORSE);
    compare_both(b, 20, a, 20, &c);
    assert_int_equal(c.answer, COMPARE_BETTER);
    for (size_t i = 0; i < 3; i++) {
        b[i].outcome = SAMPLE_PASSED;
    }
    compare_both(a, 20, b, 20, &c); /* three may be chance */
    assert_int_equal(c.answer, COMPARE_NOISE);
    free(a);
    free(b);
}

static void more_violations_are_worse_however_few(void **ctx) {
    char ids[4][8];
    struct sample *a = cases(4, ids), *b = cases(4, ids);
    struct compare c;
    (void)ctx;
    b[3].violations = 1;
    compare_both(a, 4, b, 4, &c);
    assert_int_equal(c.answer, COMPARE_WORSE);
    a[0].violations = 1;
    compare_both(a, 4, b, 4, &c);
    assert_int_equal(c.answer, COMPARE_NOISE);
    free(a);
    free(b);
}

static void slower_is_told_apart_from_worse(void **ctx) {
    char ids[40][8];
    struct sample *a = cases(40, ids), *b = cases(40, ids);
    struct compare c;
    (void)ctx;
    for (size_t i = 0; i < 40; i++) {
        a[i].latency_ms = (double)(100 + i);
        b[i].latency_ms = (double)(200 + i);
    }
    compare_both(a, 40, b, 40, &c);
    assert_int_equal(c.latency_answer, COMPARE_WORSE);
    assert_int_equal(c.answer, COMPARE_NOISE);
    assert_true(c.latency.difference >= 100 && c.latency.difference <= 100);
    assert_true(c.latency.p50[0] >= 119 && c.latency.p50[0] <= 119);
    b[0].outcome = SAMPLE_LIMITED; /* a timeout is a failure, not a latency */
    compare_both(a, 40, b, 40, &c);
    assert_int_equal(c.latency.n, 39);
    assert_int_equal(c.passed[1], 39);
    free(a);
    free(b);
}

static void a_case_counts_by_its_weight(void **ctx) {
    char ids[4][8];
    struct sample *a = cases(4, ids), *b = cases(4, ids);
    struct compare c;
    (void)ctx;
    a[0].weight = b[0].weight = 7;
    b[0].outcome = SAMPLE_MISSED;
    compare_both(a, 4, b, 4, &c);
    assert_true(fabs(c.rate[0] - 1) <= 1e-12 && fabs(c.rate[1] - 0.3) <= 1e-12);
    assert_true(c.effective < 4);
    free(a);
    free(b);
}

static void repeats_of_a_case_are_one_case(void **ctx) {
    struct sample a[30], b[30];
    struct compare c;
    (void)ctx;
    for (size_t i = 0; i < 30; i++) {
        a[i] = plain("t", "only", SAMPLE_PASSED);
        b[i] = plain("t", "only", SAMPLE_MISSED);
        a[i].repeat = b[i].repeat = i;
    }
    compare_both(a, 30, b, 30, &c);
    assert_int_equal(c.passes, COMPARE_NOISE); /* thirty times the same says nothing of other cases */
    assert_int_equal(c.n, 30);
    assert_int_equal(c.cases, 1);
    assert_int_equal(c.cases_worse, 1);
    assert_true(c.p >= 1 && c.interval.high > 0);
}

/* Whatever a sample is copied, nothing becomes surer: repeats that all say the same change no test and no interval. */
static void equal_repeats_change_nothing(void **ctx) {
    enum { CASES = 40, REPEATS = 5 };
    static struct sample once[2][CASES], often[2][CASES * REPEATS];
    static char ids[CASES][8];
    struct compare one, many;
    (void)ctx;
    start();
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < CASES; i++) {
            snprintf(ids[i], sizeof(ids[i]), "%03u", (unsigned)i);
            double weight = 1 + (double)next(round % 2 == 0 ? 1 : 3);
            for (size_t side = 0; side < 2; side++) {
                once[side][i] = plain("t", ids[i], (enum sample_outcome)next(4));
                once[side][i].weight = weight;
                once[side][i].latency_ms = (double)next(50);
                once[side][i].score = (double)next(5) / 4;
                for (size_t k = 0; k < REPEATS; k++) {
                    often[side][i * REPEATS + k] = once[side][i];
                    often[side][i * REPEATS + k].repeat = k;
                }
            }
        }
        compare_both(once[0], CASES, once[1], CASES, &one);
        compare_both(often[0], CASES * REPEATS, often[1], CASES * REPEATS, &many);
        assert_int_equal(one.n * REPEATS, many.n);
        assert_int_equal(one.cases, many.cases);
        assert_true(fabs(one.p - many.p) <= 1e-12 && fabs(one.p_errors - many.p_errors) <= 1e-12);
        assert_true(fabs(one.interval.low - many.interval.low) <= 1e-9 &&
                    fabs(one.interval.high - many.interval.high) <= 1e-9);
        assert_true(fabs(one.effective - many.effective) <= 1e-9 && one.needed == many.needed);
        assert_true(one.latency.n == 0 || fabs(one.latency.p - many.latency.p) <= 1e-12);
        assert_true(one.score.n == 0 || fabs(one.score.interval.low - many.score.interval.low) <= 1e-9);
        assert_true(one.passes == many.passes && one.answer == many.answer && one.latency_answer == many.latency_answer);
    }
}

static void a_changed_probe_is_counted(void **ctx) {
    char ids[3][8];
    struct sample *a = cases(3, ids), *b = cases(3, ids);
    struct compare c;
    (void)ctx;
    for (size_t i = 0; i < 3; i++) {
        a[i].probe = b[i].probe = i > 0;
        a[i].output_digest = bytes_of("sha256:1");
        b[i].output_digest = bytes_of(i == 1 ? "sha256:1" : "sha256:2");
    }
    compare_both(a, 3, b, 3, &c);
    assert_int_equal(c.probes, 2);
    assert_int_equal(c.probes_changed, 1);
    free(a);
    free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_counts_and_p_are_those_of_a_simple_reference),
        cmocka_unit_test(without_samples_nothing_is_better_or_worse),
        cmocka_unit_test(a_side_that_does_not_answer_is_worse),
        cmocka_unit_test(more_violations_are_worse_however_few),
        cmocka_unit_test(slower_is_told_apart_from_worse),
        cmocka_unit_test(a_case_counts_by_its_weight),
        cmocka_unit_test(repeats_of_a_case_are_one_case),
        cmocka_unit_test(equal_repeats_change_nothing),
        cmocka_unit_test(a_changed_probe_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
