/* Thresholds: each metric against a simple reference over random suites and samples, and the rule above the metrics: what
 * is missing, erred or of other cases never passes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "evals/sample/samples.h"
#include "evals/score/score.h"
#include "evals/stat/random.h"
#include "evals/stat/stat.h"

#define CASES_MAX   12
#define SAMPLES_ALL 64

static struct stat_random random_;

static int start(void **state) {
    (void)state;
    const char *given = getenv("LEDGER_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761U + (uint64_t)getpid();
    printf("LEDGER_TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    stat_random_init(&random_, seed);
    return 0;
}

static uint64_t below(uint64_t n) {
    return stat_random_next(&random_) % n;
}

static bool one_in(uint64_t n) {
    return below(n) == 0;
}

/* ---- a random evaluation ---- */

struct made {
    struct sample all[SAMPLES_ALL];
    size_t n;
};

static struct box {
    struct suite suite;
    struct suite_case cases[CASES_MAX];
    struct suite_threshold thresholds[SUITE_METRICS];
    char ids[CASES_MAX][24], digests[CASES_MAX][80];
    struct made now, before;
    struct score scores[SUITE_METRICS];
} b;

static const char *const outputs[] = {"sha256:aa", "sha256:bb"};

static void make_suite(size_t n_cases) {
    memset(&b, 0, sizeof(b));
    b.suite.name = bytes_of("s");
    b.suite.cases = b.cases;
    b.suite.cases_n = n_cases;
    b.suite.thresholds = b.thresholds;
    b.suite.thresholds_n = SUITE_METRICS;
    bool weighed = one_in(2);
    for (size_t i = 0; i < n_cases; i++) {
        struct suite_case *c = &b.cases[i];
        snprintf(b.ids[i], sizeof(b.ids[i]), "%c%zu", "zyxwv"[i % 5], i);
        *c = (struct suite_case){.id = bytes_of(b.ids[i]), .weight = weighed ? (double)(1 + below(16)) / 4 : 1};
        c->repeats = one_in(2) ? 1 : 1 + below(4);
        c->probe = i == 0 || one_in(3);
        c->checks_n = !c->probe || i == 0 || one_in(2);
        for (size_t j = 0; j < HASH_LEN; j++) {
            c->digest[j] = (uint8_t)below(256);
        }
        memcpy(b.digests[i], "sha256:", 7);
        text_hex(b.digests[i] + 7, c->digest, HASH_LEN);
    }
    static const double asked[SUITE_METRICS][3] = {{0.1, 0.5, 0.8}, {20, 50, 90},       {50, 90, 95}, {50, 99, 100},
                                                   {1, 5, 20},      {-0.9, -0.5, -0.2}, {0, 1, 2},    {0, 1, 2}};
    for (size_t i = 0; i < SUITE_METRICS; i++) {
        b.thresholds[i] = (struct suite_threshold){(enum suite_metric)i, asked[i][below(3)], 0.9, bytes_of("old")};
    }
}

static void make_samples(struct made *made, unsigned good) {
    made->n = 0;
    for (size_t i = 0; i < b.suite.cases_n; i++) {
        for (uint64_t r = 0; r < b.cases[i].repeats; r++) {
            bool passed = below(10) < good;
            made->all[made->n++] = (struct sample){
                .outcome = passed      ? SAMPLE_PASSED
                           : one_in(8) ? SAMPLE_LIMITED
                                       : SAMPLE_MISSED,
                .seq = made->n,
                .task = b.suite.name,
                .id = b.cases[i].id,
                .repeat = r,
                .weight = b.cases[i].weight,
                .latency_ms = (double)below(100),
                .first_ms = NAN,
                .cost = (double)below(8) / 8,
                .score = NAN,
                .violations = one_in(10),
                .probe = b.cases[i].probe,
                .case_digest = bytes_of(b.digests[i]),
                .output_digest = bytes_of(outputs[one_in(6)]),
            };
        }
    }
}

static void make(void) {
    make_suite(1 + below(CASES_MAX));
    make_samples(&b.now, 5 + (unsigned)below(6));
    make_samples(&b.before, 5 + (unsigned)below(6));
}

static void judge(bool with_baseline) {
    samples_settle(b.now.all, &b.now.n);
    samples_settle(b.before.all, &b.before.n);
    struct score_baseline old = {bytes_of("old"), b.before.all, b.before.n};
    struct err err;
    assert_int_equal(score_suite(&b.suite, 0, b.now.all, b.now.n, &old, with_baseline, b.scores, &err), 0);
}

/* ---- a simple reference, where nothing is missing ---- */

static bool passed_of(const struct made *made, size_t i, uint64_t r) {
    for (size_t j = 0; j < made->n; j++) {
        if (bytes_eq(made->all[j].id, b.cases[i].id) && made->all[j].repeat == r)
            return made->all[j].outcome == SAMPLE_PASSED;
    }
    fail();
    return false;
}

static struct bytes output_of(const struct made *made, size_t i, uint64_t r) {
    for (size_t j = 0; j < made->n; j++) {
        if (bytes_eq(made->all[j].id, b.cases[i].id) && made->all[j].repeat == r) return made->all[j].output_digest;
    }
    fail();
    return (struct bytes){0};
}

/* A probe of which nothing else is expected has no part in rates. */
static double weight_of(size_t i) {
    return b.cases[i].probe && b.cases[i].checks_n == 0 ? 0 : b.cases[i].weight;
}

static double effective_of(double *ret_weight) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < b.suite.cases_n; i++) {
        sum += weight_of(i);
        squares += weight_of(i) * weight_of(i);
    }
    *ret_weight = sum;
    return sum * sum / squares;
}

static double reference_rate(void) {
    double weight, n = effective_of(&weight), passed = 0;
    for (size_t i = 0; i < b.suite.cases_n; i++) {
        for (uint64_t r = 0; r < b.cases[i].repeats; r++) {
            bool same = !b.cases[i].probe || bytes_eq(output_of(&b.now, i, r), output_of(&b.before, i, r));
            passed += passed_of(&b.now, i, r) && same ? weight_of(i) / (double)b.cases[i].repeats : 0;
        }
    }
    return stat_wilson(passed / weight * n, n, 0.9).low;
}

static double reference_regression(void) {
    double weight, n = effective_of(&weight), cells[2][2] = {{0, 0}, {0, 0}};
    for (size_t i = 0; i < b.suite.cases_n; i++) { /* each repeat with each */
        uint64_t repeats = b.cases[i].repeats;
        for (uint64_t r = 0; r < repeats * repeats; r++) {
            cells[passed_of(&b.now, i, r / repeats)][passed_of(&b.before, i, r % repeats)] +=
                weight_of(i) / weight * n / (double)(repeats * repeats);
        }
    }
    return stat_newcombe(&(struct stat_pairs){cells[1][1], cells[1][0], cells[0][1], cells[0][0]}, 0.9).low;
}

/* The smallest latency that enough samples do not exceed. */
static double reference_latency(unsigned percent) {
    double best = INFINITY;
    for (size_t i = 0; i < b.now.n; i++) {
        size_t not_above = 0;
        double ms = b.now.all[i].latency_ms;
        for (size_t j = 0; j < b.now.n; j++) {
            not_above += b.now.all[j].outcome != SAMPLE_LIMITED && b.now.all[j].latency_ms <= ms;
        }
        if (not_above * 100 >= b.now.n * percent && ms < best) best = ms;
    }
    return best;
}

static double reference_of(enum suite_metric metric) {
    double sum = 0;
    for (size_t i = 0; i < b.now.n; i++) {
        const struct sample *s = &b.now.all[i], *old = &b.before.all[i];
        bool changed = s->outcome == SAMPLE_LIMITED || !bytes_eq(s->output_digest, old->output_digest);
        sum += metric == SUITE_COST ? s->cost : metric == SUITE_VIOLATIONS ? (double)s->violations : s->probe && changed;
    }
    switch (metric) {
    case SUITE_PASS_RATE:
        return reference_rate();
    case SUITE_REGRESSION:
        return reference_regression();
    case SUITE_LATENCY_P50_MS:
        return reference_latency(50);
    case SUITE_LATENCY_P95_MS:
        return reference_latency(95);
    case SUITE_LATENCY_P99_MS:
        return reference_latency(99);
    default:
        return sum;
    }
}

static void every_metric_agrees_with_a_simple_reference_where_nothing_is_missing(void **state) {
    (void)state;
    size_t verdicts[SUITE_METRICS][2] = {{0}};
    for (int round = 0; round < 1500; round++) {
        make();
        judge(true);
        for (size_t i = 0; i < SUITE_METRICS; i++) {
            double want = reference_of((enum suite_metric)i), asked = b.thresholds[i].value;
            bool higher = i == SUITE_PASS_RATE || i == SUITE_REGRESSION;
            if (fabs(want - asked) < 1e-9 && higher) continue; /* the last bit decides */
            bool passes = higher ? want >= asked : want <= asked;
            assert_int_equal(b.scores[i].verdict, passes ? SCORE_PASS : SCORE_FAIL);
            assert_true(isinf(want) ? isnan(b.scores[i].value) : fabs(b.scores[i].value - want) < 1e-9);
            assert_true((b.scores[i].why[0] == '\0') == passes);
            assert_int_equal(b.scores[i].samples, b.now.n);
            assert_int_equal(b.scores[i].samples_total, b.now.n);
            verdicts[i][passes]++;
        }
    }
    for (size_t i = 0; i < SUITE_METRICS; i++) {
        assert_true(verdicts[i][0] > 0 && verdicts[i][1] > 0); /* both ways */
    }
}

/* ---- what is missing ---- */

enum harm { DROPPED, ERRED, OTHER_CASE, FOREIGN, OTHER_TASK, HARMS };

static void harm(struct made *made, enum harm how) {
    struct sample *one = &made->all[below(made->n)];
    switch (how) {
    case DROPPED:
        *one = made->all[--made->n];
        return;
    case ERRED:
        one->outcome = SAMPLE_ERRED;
        one->output_digest = (struct bytes){NULL, 0};
        return;
    case OTHER_CASE:
        one->case_digest = one_in(2) ? bytes_of("sha256:00") : (struct bytes){NULL, 0};
        return;
    case FOREIGN: {
        struct sample more = *one;
        more.id = bytes_of("not-of-it");
        made->all[made->n++] = more;
        return;
    }
    default:
        one->task = bytes_of("another");
        return;
    }
}

static void nothing_missing_or_erred_or_of_another_case_ever_passes(void **state) {
    (void)state;
    size_t failed = 0, unknown = 0;
    for (int round = 0; round < 3000; round++) {
        make();
        bool foreign = one_in(3);
        for (uint64_t i = foreign ? below(3) : 1 + below(3); i > 0 && b.now.n > 0; i--) {
            enum harm how = (enum harm)below(HARMS);
            harm(&b.now, how == FOREIGN ? ERRED : how);
        }
        if (foreign && b.now.n > 0) harm(&b.now, FOREIGN); /* the last, so that nothing takes it back */
        judge(true);
        for (size_t i = 0; i < SUITE_METRICS; i++) {
            assert_int_not_equal(b.scores[i].verdict, SCORE_PASS);
            assert_true(isnan(b.scores[i].value) && b.scores[i].why[0] != '\0');
            failed += b.scores[i].verdict == SCORE_FAIL;
            unknown += b.scores[i].verdict == SCORE_UNKNOWN;
        }
        assert_int_not_equal(score_verdict(b.scores, SUITE_METRICS), SCORE_PASS);
    }
    assert_true(failed > 0 && unknown > 0);
}

static void a_baseline_that_is_missing_or_has_other_cases_proves_nothing(void **state) {
    (void)state;
    for (int round = 0; round < 1500; round++) {
        make();
        bool there = one_in(2);
        if (there) harm(&b.before, (enum harm)below(HARMS));
        judge(there);
        for (size_t i = 0; i < SUITE_METRICS; i++) {
            bool compares = i == SUITE_REGRESSION || i == SUITE_PROBES;
            if (compares) assert_int_not_equal(b.scores[i].verdict, SCORE_PASS);
            if (!compares) assert_int_not_equal(b.scores[i].verdict, SCORE_UNKNOWN);
        }
        if (!there) assert_int_equal(b.scores[SUITE_REGRESSION].verdict, SCORE_UNKNOWN);
        if (!there) assert_string_equal(b.scores[SUITE_PROBES].why, "there is no baseline 'old' that counts");
    }
}

/* Whatever the unknown samples turn out to be, a verdict that was not `unknown` holds. */
static void a_failure_that_is_said_early_is_one_in_the_end(void **state) {
    (void)state;
    size_t early = 0;
    for (int round = 0; round < 3000; round++) {
        make();
        struct made whole = b.now;
        for (uint64_t i = 1 + below(4); i > 0 && b.now.n > 0; i--) {
            harm(&b.now, one_in(2) ? DROPPED : ERRED);
        }
        judge(true);
        enum score_verdict verdicts[SUITE_METRICS];
        for (size_t i = 0; i < SUITE_METRICS; i++) {
            verdicts[i] = b.scores[i].verdict;
        }
        b.now = whole;
        judge(true);
        for (size_t i = 0; i < SUITE_METRICS; i++) {
            early += verdicts[i] == SCORE_FAIL;
            if (verdicts[i] == SCORE_FAIL) assert_int_equal(b.scores[i].verdict, SCORE_FAIL);
        }
    }
    assert_true(early > 0);
}

static void what_a_server_does_not_say_is_not_nothing(void **state) {
    (void)state;
    for (int round = 0; round < 300; round++) {
        make();
        for (size_t i = 0; i < b.now.n; i++) {
            b.now.all[i].outcome = SAMPLE_PASSED;
            b.now.all[i].latency_ms = i == 0 ? NAN : 1;
            b.now.all[i].cost = i == 0 ? (one_in(2) ? NAN : -1) : 0;
        }
        judge(true);
        for (size_t i = SUITE_LATENCY_P50_MS; i <= SUITE_COST; i++) {
            assert_int_equal(b.scores[i].verdict, SCORE_UNKNOWN);
        }
    }
}

static void repeats_of_one_case_do_not_stand_for_other_cases(void **state) {
    (void)state;
    make_suite(3);
    for (size_t i = 0; i < 3; i++) {
        b.cases[i].repeats = 20;
        b.cases[i].weight = 1;
        b.cases[i].checks_n = 1;
    }
    make_samples(&b.now, 10);
    judge(false);
    assert_int_equal(b.scores[SUITE_PASS_RATE].samples, 60);
    assert_true(fabs(b.scores[SUITE_PASS_RATE].value - stat_wilson(3, 3, 0.9).low) < 1e-12);
}

static void a_case_is_not_run_until_it_passes(void **state) {
    (void)state;
    struct bytes task = bytes_of("s"), id = bytes_of("a");
    struct sample all[] = {
        {.outcome = SAMPLE_PASSED, .seq = 9, .task = task, .id = id},
        {.outcome = SAMPLE_ERRED, .seq = 1, .task = task, .id = id},
        {.outcome = SAMPLE_MISSED, .seq = 5, .task = task, .id = id},
        {.outcome = SAMPLE_ERRED, .seq = 2, .task = task, .id = id, .repeat = 1},
        {.outcome = SAMPLE_PASSED, .seq = 3, .task = task, .id = id, .repeat = 1},
    };
    size_t n = 5, found;
    assert_int_equal(samples_settle(all, &n), 3);
    assert_int_equal(n, 2);
    assert_true(all[0].outcome == SAMPLE_MISSED && all[0].seq == 5 && all[1].outcome == SAMPLE_PASSED && all[1].seq == 3);
    assert_ptr_equal(samples_find(all, n, task, id, &found), all);
    assert_int_equal(found, 2);
    assert_null(samples_find(all, n, task, bytes_of("b"), &found));
}

static void without_thresholds_nothing_is_said(void **state) {
    (void)state;
    assert_int_equal(score_verdict(NULL, 0), SCORE_UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_agrees_with_a_simple_reference_where_nothing_is_missing),
        cmocka_unit_test(nothing_missing_or_erred_or_of_another_case_ever_passes),
        cmocka_unit_test(a_baseline_that_is_missing_or_has_other_cases_proves_nothing),
        cmocka_unit_test(a_failure_that_is_said_early_is_one_in_the_end),
        cmocka_unit_test(what_a_server_does_not_say_is_not_nothing),
        cmocka_unit_test(repeats_of_one_case_do_not_stand_for_other_cases),
        cmocka_unit_test(a_case_is_not_run_until_it_passes),
        cmocka_unit_test(without_thresholds_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
