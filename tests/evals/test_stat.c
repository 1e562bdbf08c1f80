/* Statistics: what R says of the same numbers (fixtures/stat.R), and what must hold of any numbers. */
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

#include "evals/stat/random.h"
#include "evals/stat/stat.h"

#define NUMBERS_MAX 128

/* ---- against R ---- */

struct line {
    char name[32];
    double x[NUMBERS_MAX];
    size_t n;
};

static bool read_line(FILE *from, struct line *ret) {
    char text[8192];
    do {
        if (fgets(text, sizeof(text), from) == NULL) return false;
    } while (text[0] == '#');
    char *rest = NULL, *word = strtok_r(text, "\t\n", &rest);
    snprintf(ret->name, sizeof(ret->name), "%s", word);
    for (ret->n = 0; (word = strtok_r(NULL, "\t\n", &rest)) != NULL; ret->n++) {
        assert_true(ret->n < NUMBERS_MAX);
        ret->x[ret->n] = strtod(word, NULL);
    }
    return true;
}

static void near(const struct line *line, double got, double want, double tolerance) {
    if (fabs(got - want) <= tolerance * fmax(fabs(want), tolerance)) return;
    fail_msg("%s %.17g %.17g ...: got %.17g, R says %.17g", line->name, line->x[0], line->x[1], got, want);
}

static size_t is_asked(const struct line *l, struct line *values, struct line *against) {
    const double *x = l->x;
    struct err err;
    if (strcmp(l->name, "values") == 0) {
        *values = *l;
        for (size_t i = 0; i < l->n; i++) {
            against->x[i] = 1;
        }
        return 0;
    }
    if (strcmp(l->name, "against") == 0) {
        *against = *l;
        return 0;
    }
    if (strcmp(l->name, "z") == 0) {
        near(l, stat_z(x[0]), x[1], 1e-12);
    } else if (strcmp(l->name, "wilson") == 0) {
        struct stat_interval is = stat_wilson(x[0], x[1], x[2]);
        near(l, is.low, x[3], 1e-10);
        near(l, is.high, x[4], 1e-10);
    } else if (strcmp(l->name, "mcnemar") == 0) {
        near(l, stat_mcnemar((uint64_t)x[0], (uint64_t)x[1]), x[2], 1e-11);
        near(l, stat_mcnemar((uint64_t)x[1], (uint64_t)x[0]), x[2], 1e-11);
    } else if (strcmp(l->name, "newcombe") == 0) {
        struct stat_interval is = stat_newcombe(&(struct stat_pairs){x[0], x[1], x[2], x[3]}, x[4]);
        near(l, is.low, x[5], 1e-10);
        near(l, is.high, x[6], 1e-10);
    } else if (strcmp(l->name, "pairs") == 0) {
        uint64_t is = stat_mcnemar_pairs((uint64_t)x[0], (uint64_t)x[1], (uint64_t)x[2], x[3], x[4]);
        near(l, (double)is, x[5], 0);
    } else if (strcmp(l->name, "percentile") == 0) {
        stat_sort(values->x, values->n);
        near(l, stat_percentile(values->x, values->n, (unsigned)x[0]), x[1], 0);
    } else if (strcmp(l->name, "effective") == 0) {
        near(l, stat_effective_size(values->x, values->n), x[0], 1e-12);
    } else if (strcmp(l->name, "bootstrap") == 0) {
        struct stat_interval is;
        assert_int_equal(stat_bootstrap_mean(values->x, against->x, values->n, 200000, x[0], 1, &is, &err), 0);
        assert_true(is.low >= x[1] - 1e-9 && is.low <= x[2] + 1e-9);
        assert_true(is.high >= x[3] - 1e-9 && is.high <= x[4] + 1e-9);
    } else {
        bool mean = strcmp(l->name, "permute_mean") == 0;
        assert_true(mean || strcmp(l->name, "permute_median") == 0);
        double p = -1;
        int rc = mean ? stat_permute_mean(values->x, values->n, 100000, 1, &p, &err)
                      : stat_permute_median(values->x, against->x, values->n, 100000, 1, &p, &err);
        assert_int_equal(rc, 0);
        if (values->n > STAT_EXACT_PAIRS) { /* drawn with a fixed seed, not tried one by one */
            assert_true(fabs(p - x[0]) < 0.005);
        } else {
            near(l, p, x[0], 1e-14);
        }
    }
    return 1;
}

static void every_function_agrees_with_r(void **state) {
    (void)state;
    FILE *from = fopen("tests/evals/fixtures/stat.tsv", "r");
    assert_non_null(from);
    static struct line line, values, against;
    size_t asked = 0;
    while (read_line(from, &line)) {
        asked += is_asked(&line, &values, &against);
    }
    fclose(from);
    assert_true(asked > 300);
}

/* ---- of any numbers ---- */

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

static void the_generator_gives_the_numbers_of_its_authors(void **state) {
    (void)state;
    struct stat_random r;
    stat_random_init(&r, 0); /* the first numbers of splitmix64 from 0 */
    assert_true(r.state[0] == UINT64_C(0xe220a8397b1dcdaf) && r.state[1] == UINT64_C(0x6e789e6aa1b965f4));
    assert_true(r.state[2] == UINT64_C(0x06c45d188009454f) && r.state[3] == UINT64_C(0xf88bb8a8724c81ec));
    r = (struct stat_random){{1, 2, 3, 4}};
    assert_true(stat_random_next(&r) == 11520 && stat_random_next(&r) == 0 && stat_random_next(&r) == 1509978240);
    assert_true(stat_random_next(&r) == UINT64_C(1215971899390074240));
}

static void an_interval_of_a_rate_contains_it_and_widens_with_confidence(void **state) {
    (void)state;
    for (int i = 0; i < 3000; i++) {
        double n = 1 + (double)below(1u << below(20)), x = (double)below((uint64_t)n + 1);
        double c = (double)(1 + below(998)) / 1000;
        struct stat_interval a = stat_wilson(x, n, c), b = stat_wilson(x, n, c + 0.001), mirror = stat_wilson(n - x, n, c);
        assert_true(0 <= a.low && a.low <= x / n && x / n <= a.high && a.high <= 1);
        assert_true(b.low <= a.low + 1e-12 && b.high >= a.high - 1e-12);
        assert_true(fabs(mirror.low - (1 - a.high)) < 1e-10 && fabs(mirror.high - (1 - a.low)) < 1e-10);
        if (x < n) assert_true(stat_wilson(x + 1, n, c).low >= a.low);
        assert_true(stat_wilson(2 * x, 2 * n, c).low >= a.low - 1e-12); /* more that say the same say more */
    }
}

static void an_interval_of_a_difference_contains_it_and_turns_round_with_its_sides(void **state) {
    (void)state;
    for (int i = 0; i < 3000; i++) {
        uint64_t most = 1 + below(1u << below(16));
        struct stat_pairs p = {(double)below(most), (double)below(most), (double)below(most), (double)below(most)};
        struct stat_pairs turned = {p.both, p.second, p.first, p.neither};
        double n = p.both + p.first + p.second + p.neither, c = (double)(1 + below(999)) / 1000;
        struct stat_interval a = stat_newcombe(&p, c), b = stat_newcombe(&turned, c);
        if (n > 0) assert_true(a.low <= (p.first - p.second) / n + 1e-12 && (p.first - p.second) / n - 1e-12 <= a.high);
        assert_true(-1 <= a.low && a.high <= 1 && fabs(a.low + b.high) < 1e-9 && fabs(a.high + b.low) < 1e-9);
    }
}

static void mcnemars_p_is_a_probability_that_falls_as_the_split_gets_more_uneven(void **state) {
    (void)state;
    for (int i = 0; i < 2000; i++) {
        uint64_t n = 1 + below(1u << below(18)), k = below(n / 2 + 1);
        double p = stat_mcnemar(k, n - k);
        assert_true(p >= 0 && p <= 1);
        if (k > 0) assert_true(stat_mcnemar(k - 1, n - k + 1) <= p);
        /* Up to 50 coins: the heads counted one by one. */
        if (n > 50) continue;
        double tail = 0, term = 1;
        for (uint64_t j = 0; j <= k; j++) {
            tail += term;
            term = term * (double)(n - j) / (double)(j + 1);
        }
        assert_true(fabs(p - fmin(1, 2 * tail / exp2((double)n))) <= 1e-12 * p);
    }
}

static void a_percentile_is_the_smallest_value_that_enough_do_not_exceed(void **state) {
    (void)state;
    for (int i = 0; i < 500; i++) {
        double x[300];
        size_t n = 1 + below(300);
        for (size_t j = 0; j < n; j++) {
            x[j] = (double)below(200) / 4;
        }
        stat_sort(x, n);
        unsigned q = (unsigned)below(10001);
        double v = stat_percentile(x, n, q);
        size_t not_above = 0, smaller = 0;
        for (size_t j = 0; j < n; j++) {
            not_above += x[j] <= v;
            smaller += x[j] < v;
        }
        assert_true(not_above * 10000 >= n * q && (smaller * 10000 < n * q || smaller == 0));
    }
}

static void resampling_gives_the_same_for_the_same_seed_and_lies_within_the_values(void **state) {
    (void)state;
    for (int i = 0; i < 60; i++) {
        double x[200], y[200], w[200], low = INFINITY, high = -INFINITY;
        size_t n = 1 + below(200);
        for (size_t j = 0; j < n; j++) {
            x[j] = (double)below(1000) / 8;
            y[j] = (double)below(1000) / 8;
            w[j] = (double)(1 + below(40)) / 8;
            low = fmin(low, x[j]);
            high = fmax(high, x[j]);
        }
        struct stat_interval a, b, wide;
        uint64_t seed = below(UINT64_MAX);
        const double *weights = i % 2 == 0 ? w : NULL;
        assert_int_equal(stat_bootstrap_mean(x, weights, n, 200, 0.8, seed, &a, NULL), 0);
        assert_int_equal(stat_bootstrap_mean(x, weights, n, 200, 0.8, seed, &b, NULL), 0);
        assert_int_equal(stat_bootstrap_mean(x, weights, n, 200, 0.95, seed, &wide, NULL), 0);
        assert_memory_equal(&a, &b, sizeof(a));
        assert_true(low - 1e-9 <= wide.low && wide.low <= a.low && a.low <= a.high && a.high <= wide.high);
        assert_true(wide.high <= high + 1e-9);
        double p, q, turned;
        assert_int_equal(stat_permute_median(x, y, n, 100, seed, &p, NULL), 0);
        assert_int_equal(stat_permute_median(x, y, n, 100, seed, &q, NULL), 0);
        assert_int_equal(stat_permute_median(y, x, n, 100, seed, &turned, NULL), 0);
        assert_true(p > 0 && p <= 1);
        assert_memory_equal(&p, &q, sizeof(p));
        assert_memory_equal(&p, &turned, sizeof(p)); /* which of the two is the first does not matter */
        assert_int_equal(stat_permute_mean(x, n, 100, seed, &p, NULL), 0);
        assert_true(p > 0 && p <= 1);
    }
}

/* The same seed gives the same bits on every platform: a golden number. */
static void a_seed_gives_one_interval_everywhere(void **state) {
    (void)state;
    double x[1000];
    for (int i = 0; i < 1000; i++) {
        x[i] = (double)(i * 7919 % 1000) / 8;
    }
    struct stat_interval is;
    assert_int_equal(stat_bootstrap_mean(x, NULL, 1000, 1000, 0.95, 42, &is, NULL), 0);
    assert_int_equal(llround(is.low * 8000), 482351); /* the sum of a resample, in eighths */
    assert_int_equal(llround(is.high * 8000), 517513);
}

static void nothing_known_gives_the_widest_answer(void **state) {
    (void)state;
    struct stat_interval is = stat_wilson(0, 0, 0.95);
    assert_true(is.low <= 0 && is.high >= 1);
    is = stat_wilson(NAN, 10, 0.95);
    assert_true(is.low <= 0 && is.high >= 1);
    is = stat_wilson(5, 10, 1);
    assert_true(is.low <= 0 && is.high >= 1);
    is = stat_newcombe(&(struct stat_pairs){0, 0, 0, 0}, 0.95);
    assert_true(is.low <= -1 && is.high >= 1);
    assert_true(stat_mcnemar(0, 0) >= 1 && stat_mcnemar_pairs(3, 3, 10, 0.95, 0.8) == UINT64_MAX);
    assert_true(isnan(stat_percentile(NULL, 0, 5000)) && stat_effective_size(NULL, 0) <= 0);
    double p = 0;
    assert_int_equal(stat_permute_mean(NULL, 0, 10, 1, &p, NULL), 0);
    assert_true(p >= 1);
    assert_int_equal(stat_permute_median(NULL, NULL, 0, 10, 1, &p, NULL), 0);
    assert_true(p >= 1);
    assert_int_equal(stat_bootstrap_mean(NULL, NULL, 0, 10, 0.95, 1, &is, NULL), 0);
    assert_true(isinf(is.low) && isinf(is.high));
    struct err err;
    assert_int_equal(stat_bootstrap_mean(&p, NULL, 1, 0, 0.95, 1, &is, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "resamples: expected 1 to 1000000");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_agrees_with_r),
        cmocka_unit_test(the_generator_gives_the_numbers_of_its_authors),
        cmocka_unit_test(an_interval_of_a_rate_contains_it_and_widens_with_confidence),
        cmocka_unit_test(an_interval_of_a_difference_contains_it_and_turns_round_with_its_sides),
        cmocka_unit_test(mcnemars_p_is_a_probability_that_falls_as_the_split_gets_more_uneven),
        cmocka_unit_test(a_percentile_is_the_smallest_value_that_enough_do_not_exceed),
        cmocka_unit_test(resampling_gives_the_same_for_the_same_seed_and_lies_within_the_values),
        cmocka_unit_test(a_seed_gives_one_interval_everywhere),
        cmocka_unit_test(nothing_known_gives_the_widest_answer),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
