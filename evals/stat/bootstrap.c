/* The bootstrap of a mean. An evaluation of 100,000 cases resampled 1,000 times is 100,000,000 draws: one number of the generator
 * gives two of them, each the upper half of a product with n (D. Lemire, Fast random integer generation in an interval, 2019),
 * without bias. Sums are taken in a fixed order, so that a seed gives the same interval everywhere. */
#include "evals/stat/random.h"
#include "evals/stat/stat.h"

#include <math.h>
#include <stdlib.h>

struct drawing {
    struct stat_random random;
    uint64_t word; /* the unused half of it */
    bool half;
    uint32_t n, refused; /* 2^32 mod n: products below it are drawn again */
};

static inline uint32_t draw(struct drawing *d) {
    for (;;) {
        if (d->half) {
            d->word >>= 32;
        } else {
            d->word = stat_random_next(&d->random);
        }
        d->half = !d->half;
        uint64_t product = (d->word & UINT32_MAX) * d->n;
        if ((uint32_t)product >= d->refused) return (uint32_t)(product >> 32);
    }
}

static double mean_of_draws(struct drawing *d, const double *values) {
    double sums[2] = {0, 0};
    uint32_t i = 0;
    for (; i + 2 <= d->n; i += 2) {
        sums[0] += values[draw(d)];
        sums[1] += values[draw(d)];
    }
    if (i < d->n) sums[0] += values[draw(d)];
    return (sums[0] + sums[1]) / d->n;
}

struct weighed {
    double weight, product;
};

static double weighed_mean_of_draws(struct drawing *d, const struct weighed *values) {
    double weight = 0, sum = 0;
    for (uint32_t i = 0; i < d->n; i++) {
        const struct weighed *one = &values[draw(d)];
        weight += one->weight;
        sum += one->product;
    }
    return sum / weight;
}

static struct weighed *weigh(const double *values, const double *weights, size_t n) {
    struct weighed *ret = malloc(n * sizeof *ret);
    for (size_t i = 0; ret != NULL && i < n; i++) {
        double product = weights[i] * values[i];
        ret[i] = (struct weighed){weights[i], product};
    }
    return ret;
}

int stat_bootstrap_mean(const double *values, const double *weights, size_t n, uint64_t resamples, double confidence,
                        uint64_t seed, struct stat_interval *ret, struct err *err) {
    if (n >= UINT32_MAX) return err_set(err, ERR_LIMIT, "too many values to resample");
    if (resamples == 0 || resamples > STAT_RESAMPLES_MAX) {
        return err_set(err, ERR_LIMIT, "resamples: expected 1 to %d", STAT_RESAMPLES_MAX);
    }
    if (n == 0) {
        *ret = (struct stat_interval){-INFINITY, INFINITY};
        return 0;
    }
    double *means = malloc(resamples * sizeof *means);
    struct weighed *weighed = weights != NULL ? weigh(values, weights, n) : NULL;
    if (means == NULL || (weights != NULL && weighed == NULL)) {
        free(means);
        free(weighed);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    struct drawing d = {.n = (uint32_t)n, .refused = -(uint32_t)n % (uint32_t)n};
    stat_random_init(&d.random, seed);
    for (uint64_t i = 0; i < resamples; i++) {
        means[i] = weighed != NULL ? weighed_mean_of_draws(&d, weighed) : mean_of_draws(&d, values);
    }
    stat_sort(means, resamples);
    /* Nearest ranks, the same number of means outside at both ends. 0.05 / 2 * 1000 is a little more than 25 in binary. */
    double outside = ceil((1 - confidence) / 2 * (double)resamples - 1e-6);
    uint64_t rank = outside < 1 ? 1 : outside > (double)resamples / 2 ? (resamples + 1) / 2 : (uint64_t)outside;
    *ret = (struct stat_interval){means[rank - 1], means[resamples - rank]};
    free(weighed);
    free(means);
    return 0;
}
