/* Permutation tests of pairs. An exchange of a pair turns the sign of its difference. Four pairs share a table of the sums that
 * their sixteen exchanges give, so that a sum over 100,000 pairs is 25,000 additions. For medians all values are sorted once, each with its
 * pair; a median under exchanges is found by counting along that order. */
#include "evals/stat/random.h"
#include "evals/stat/stat.h"

#include <math.h>
#include <stdlib.h>

/* Sums that are equal in exact arithmetic may differ in their last bits; they count as equal. */
#define TOLERANCE 1e-10

/* How often a statistic under exchanges is at least as far from 0. `count` of the exchanges in `bits`, pair i in bit i % 64 of
 * word i / 64. */
struct trial {
    void *ctx;
    double (*statistic)(void *ctx, const uint64_t *bits);
    size_t pairs;
    double at_least;
};

static int try_exchanges(const struct trial *trial, uint64_t permutations, uint64_t seed, double *ret, struct err *err) {
    if (permutations > STAT_RESAMPLES_MAX)
        return err_set(err, ERR_LIMIT, "permutations: expected %d at most", STAT_RESAMPLES_MAX);
    size_t words = trial->pairs / 64 + 1;
    uint64_t *bits = calloc(words, sizeof *bits), far = 0;
    if (bits == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    if (trial->pairs <= STAT_EXACT_PAIRS) {
        uint64_t all = (uint64_t)1 << trial->pairs;
        for (bits[0] = 0; bits[0] < all; bits[0]++) {
            far += fabs(trial->statistic(trial->ctx, bits)) >= trial->at_least;
        }
        *ret = (double)far / (double)all;
    } else {
        struct stat_random random;
        stat_random_init(&random, seed);
        for (uint64_t i = 0; i < permutations; i++) {
            for (size_t w = 0; w < words; w++) {
                bits[w] = stat_random_next(&random);
            }
            bits[words - 1] &= ((uint64_t)1 << trial->pairs % 64) - 1;
            far += fabs(trial->statistic(trial->ctx, bits)) >= trial->at_least;
        }
        *ret = ((double)far + 1) / ((double)permutations + 1);
    }
    free(bits);
    return 0;
}

/* ---- the mean ---- */

struct sums {
    double (*of)[16];
    size_t fours;
};

static double sum_of(void *ctx, const uint64_t *bits) {
    const struct sums *sums = ctx;
    double parts[4] = {0, 0, 0, 0};
    for (size_t i = 0; i < sums->fours; i++) {
        parts[i % 4] += sums->of[i][bits[i / 16] >> i % 16 * 4 & 15];
    }
    return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}

int stat_permute_mean(const double *differences, size_t n, uint64_t permutations, uint64_t seed, double *ret,
                      struct err *err) {
    struct sums sums = {calloc(n / 4 + 1, sizeof *sums.of), 0};
    if (sums.of == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    size_t pairs = 0;
    double sum = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        double d = differences[i];
        if (!(d < 0 || d > 0)) continue;
        for (size_t bits = 0; bits < 16; bits++) {
            sums.of[pairs / 4][bits] += bits >> pairs % 4 & 1 ? -d : d;
        }
        sum += d;
        size += fabs(d);
        pairs++;
    }
    sums.fours = (pairs + 3) / 4;
    struct trial trial = {&sums, sum_of, pairs, fabs(sum) - size * TOLERANCE};
    int rc = try_exchanges(&trial, permutations, seed, ret, err);
    free(sums.of);
    return rc;
}

/* ---- the median ---- */

struct placed {
    double value;
    uint32_t pair, side; /* side 1: of b */
};

struct medians {
    double *values;   /* all of both, ascending */
    uint32_t *places; /* pair * 2 + side of each */
    size_t n;
};

static int order(const void *a, const void *b) {
    const struct placed *x = a, *y = b;
    if (x->value < y->value || x->value > y->value) return x->value < y->value ? -1 : 1;
    if (x->pair != y->pair) return x->pair < y->pair ? -1 : 1;
    return (x->side > y->side) - (x->side < y->side);
}

/* The median of a is the value at which half of its values are counted. */
static double difference_of(void *ctx, const uint64_t *bits) {
    const struct medians *m = ctx;
    size_t middle = (m->n + 1) / 2, of_b = 0, at = 0;
    for (; of_b < middle && at - of_b < middle; at++) {
        uint32_t place = m->places[at];
        of_b += (place ^ (uint32_t)(bits[place / 128] >> place / 2 % 64)) & 1;
    }
    /* One of them has its median at `at - 1`; the other has not, and is counted on. */
    double first = m->values[at - 1];
    bool is_b = of_b == middle;
    size_t other = is_b ? at - of_b : of_b;
    for (; other < middle; at++) {
        uint32_t place = m->places[at];
        bool b = (place ^ (uint32_t)(bits[place / 128] >> place / 2 % 64)) & 1;
        other += b != is_b;
    }
    double second = m->values[at - 1];
    return is_b ? second - first : first - second;
}

/* Pairs that differ are numbered from 0; *ret_pairs: how many. All others share the number after them, whose bit is never set. */
static void place(const double *a, const double *b, size_t n, struct placed *placed, size_t *ret_pairs) {
    size_t pairs = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        pairs += a[i] < b[i] || a[i] > b[i];
    }
    for (size_t i = 0, number = 0; i < n; i++) {
        bool differs = a[i] < b[i] || a[i] > b[i];
        uint32_t pair = (uint32_t)(differs ? number : pairs);
        number += differs;
        placed[at++] = (struct placed){a[i], pair, 0};
        placed[at++] = (struct placed){b[i], pair, 1};
    }
    qsort(placed, at, sizeof *placed, order);
    *ret_pairs = pairs;
}

int stat_permute_median(const double *a, const double *b, size_t n, uint64_t permutations, uint64_t seed, double *ret,
                        struct err *err) {
    if (n >= UINT32_MAX / 2) return err_set(err, ERR_LIMIT, "too many pairs to exchange");
    if (n == 0) {
        *ret = 1;
        return 0;
    }
    struct medians medians = {malloc(2 * n * sizeof *medians.values), malloc(2 * n * sizeof *medians.places), n};
    struct placed *placed = malloc(2 * n * sizeof *placed);
    int rc = 0;
    if (medians.values == NULL || medians.places == NULL || placed == NULL) rc = err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) {
        size_t pairs;
        place(a, b, n, placed, &pairs);
        for (size_t i = 0; i < 2 * n; i++) {
            medians.values[i] = placed[i].value;
            medians.places[i] = placed[i].pair * 2 + placed[i].side;
        }
        uint64_t *none = calloc(pairs / 64 + 1, sizeof *none);
        if (none == NULL) {
            rc = err_set(err, ERR_NOMEM, "out of memory");
        } else {
            double seen = fabs(difference_of(&medians, none));
            struct trial trial = {&medians, difference_of, pairs, seen - seen * TOLERANCE};
            rc = try_exchanges(&trial, permutations, seed, ret, err);
        }
        free(none);
    }
    free(placed);
    free(medians.places);
    free(medians.values);
    return rc;
}
