/* The bootstrap of a mean. An evaluation of 100,000 cases resampled 1,000 times is 100,000,000 draws: one number of the generator
 * gives two of them, each the upper half of a product with n (D. Lemire, Fast random integer generation in an interval, 2019),
 * without bias. Sums are taken in a fixed order, so that a seed gives the same interval everywhere. */
#include "evals/stat/random.h"
#include "evals/stat/stat.h"

#include <math.h>
#include <stdlib.h>

struct drawing {
    struct stat_random random;
    uint64_t word; /* its upper half is the next draw, if `half` */
    bool half;
    uint32_t n, refused; /* 2^32 mod n: products below it are drawn again */
};

/* Two sums: of draws from lower and from upper halves. */
struct sums {
    double value[2], weight[2];
};

struct weighed {
    double weight, product;
};

static inline void add(struct sums *sums, int half, const double *values, const struct weighed *weighed, uint64_t product) {
    uint32_t at = (uint32_t)(product >> 32);
    if (weighed != NULL) {
        sums->weight[half] += weighed[at].weight;
        sums->value[half] += weighed[at].product;
    } else {
        sums->value[half] += values[at];
    }
}

/* The common case, two draws of one number, comes first in the loop; the others are a draw refused, and what an odd n leaves. */
static inline struct sums sum_of_draws(struct drawing *drawing, const double *values, const struct weighed *weighed) {
    struct drawing d = *drawing;
    struct sums sums = {{0, 0}, {0, 0}};
    for (uint32_t left = d.n; left > 0;) {
        uint64_t word = d.half ? d.word : stat_random_next(&d.random);
        uint64_t low = (word & UINT32_MAX) * d.n, high = (word >> 32) * d.n;
        bool takes_low = !d.half && (uint32_t)low >= d.refused, takes_high = (uint32_t)high >= d.refused;
        if (takes_low && takes_high && left >= 2) {
            add(&sums, 0, values, weighed, low);
            add(&sums, 1, values, weighed, high);
            left -= 2;
            continue;
        }
        d.word = word;
        if (d.half) {
            d.half = false;
            if (takes_high) add(&sums, 1, values, weighed, high);
            left -= takes_high;
        } else {
            d.half = true;
            if (takes_low) add(&sums, 0, values, weighed, low);
            left -= takes_low;
        }
    }
    *drawing = d;
    return sums;
}

static double mean_of_draws(struct drawing *d, const double *values) {
    struct sums sums = sum_of_draws(d, values, NULL);
    return (sums.value[0] + sums.value[1]) / d->n;
}

static double weighed_mean_of_draws(struct drawing *d, const struct weighed *weighed) {
    struct sums sums = sum_of_draws(d, NULL, weighed);
    return (sums.value[0] + sums.value[1]) / (sums.weight[0] + sums.weight[1]);
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
