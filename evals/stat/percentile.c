/* Percentiles by nearest rank, in whole numbers: 0.95 times 100 is a little more than 95 in binary, and the rank would be 96. */
#include "evals/stat/stat.h"

#include <math.h>
#include <stdlib.h>

size_t stat_rank(size_t n, unsigned per_10000) {
    if (per_10000 >= 10000) return n - 1;
    size_t rank = n / 10000 * per_10000 + (n % 10000 * per_10000 + 9999) / 10000;
    return rank > 0 ? rank - 1 : 0;
}

double stat_percentile(const double *sorted, size_t n, unsigned per_10000) {
    return n > 0 ? sorted[stat_rank(n, per_10000)] : NAN;
}

static int order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void stat_sort(double *values, size_t n) {
    if (n > 1) qsort(values, n, sizeof *values, order);
}
