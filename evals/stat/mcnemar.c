/* Pass and fail in pairs. Only the pairs that disagree say anything of a difference; were there none, each of them would be a
 * fair coin. The tail of the binomial distribution is summed from its largest term outward, each term from the one before;
 * the largest is computed in the form of Loader, in which nothing large is subtracted from something large. */
#include "evals/stat/stat.h"

#include <math.h>

/* log(n!) less Stirling's formula of it. From 16 on, five terms of the series are exact to the last bit. */
static double stirling_error(double n) {
    if (n < 16) {
        int sign;
        return lgamma_r(n + 1, &sign) - (n + 0.5) * log(n) + n - 0.5 * log(2 * M_PI);
    }
    double r = 1 / n, rr = r * r;
    return r * (1.0 / 12 - rr * (1.0 / 360 - rr * (1.0 / 1260 - rr * (1.0 / 1680 - rr / 1188))));
}

/* n/2 ((1-d) log(1-d) + (1+d) log(1+d)), d = 1 - 2k/n. Near d = 0 its terms cancel, so there its series is summed:
 * d^2 + d^4/6 + d^6/15 + ... + d^2j / (j (2j-1)). */
static double deviance(double k, double n) {
    double d = (n - 2 * k) / n;
    if (d > 0.1) return n / 2 * ((1 - d) * log1p(-d) + (1 + d) * log1p(d));
    double sum = 0, power = d * d;
    for (int j = 1; j <= 10; j++, power *= d * d) {
        sum += power / (j * (2 * j - 1));
    }
    return n / 2 * sum;
}

/* The probability of k heads of n, k <= n/2. */
static double heads(double k, double n) {
    if (k <= 0) return exp2(-n);
    double error = stirling_error(n) - stirling_error(k) - stirling_error(n - k);
    return exp(error - deviance(k, n)) * sqrt(n / (2 * M_PI * k * (n - k)));
}

double stat_mcnemar(uint64_t first, uint64_t second) {
    if (first == second) return 1;
    double k = (double)(first < second ? first : second), n = (double)first + (double)second;
    double term = heads(k, n), sum = 0;
    for (; k >= 0 && term > sum * 1e-18; k--) {
        sum += term;
        term *= k / (n - k + 1);
    }
    return fmin(2 * sum, 1);
}

uint64_t stat_mcnemar_pairs(uint64_t first, uint64_t second, uint64_t n, double confidence, double power) {
    if (first == second || n == 0) return UINT64_MAX;
    double disagree = ((double)first + (double)second) / (double)n, size = fabs((double)first - (double)second) / (double)n;
    double noise = stat_z(confidence) * sqrt(disagree) + stat_z(2 * power - 1) * sqrt(fmax(disagree - size * size, 0));
    double pairs = ceil(noise * noise / (size * size));
    return pairs < 1e18 ? (uint64_t)pairs : UINT64_MAX;
}
