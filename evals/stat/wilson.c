/* Intervals of proportions. Sums are taken of numbers that were scaled to 1 at most, so that no input overflows. */
#include "evals/stat/stat.h"

#include <math.h>

/* By halving: erfc is strictly monotone, and 40 is further out than a double can tell. Called rarely. */
double stat_z(double confidence) {
    if (!(confidence > 0)) return 0;
    if (confidence >= 1) return INFINITY;
    double above = (1 - confidence) / 2, low = 0, high = 40;
    for (int i = 0; i < 100; i++) {
        double middle = low + (high - low) / 2;
        if (erfc(middle * M_SQRT1_2) / 2 > above) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static double within(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

struct stat_interval stat_wilson(double passed, double n, double confidence) {
    double z = stat_z(confidence);
    if (!(n > 0) || isinf(n) || isnan(passed) || isinf(z)) return (struct stat_interval){0, 1};
    double p = within(passed / n, 0, 1), zz = z * z;
    double half = z * sqrt(p * (1 - p) / n + zz / (4 * n * n)), middle = p + zz / (2 * n), scale = 1 + zz / n;
    struct stat_interval ret = {within((middle - half) / scale, 0, p), within((middle + half) / scale, p, 1)};
    /* There it holds exactly, and the roots cancel. */
    if (p <= 0) ret.low = 0;
    if (p >= 1) ret.high = 1;
    return ret;
}

double stat_effective_size(const double *weights, size_t n) {
    double most = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        if (weights[i] > most && isfinite(weights[i])) most = weights[i];
    }
    for (size_t i = 0; i < n; i++) {
        double w = weights[i] / most;
        if (!(weights[i] > 0) || isinf(weights[i])) continue;
        sum += w;
        squares += w * w;
    }
    return squares > 0 ? within(sum * sum / squares, 1, (double)n) : 0;
}

/* The correlation of the two, with Newcombe's correction: what n/2 would make of it counts against it if it is above 0. */
static double correlation(const struct stat_pairs *pairs, double n) {
    double a = pairs->both / n, b = pairs->first / n, c = pairs->second / n, d = pairs->neither / n;
    double margins = (a + b) * (c + d) * (a + c) * (b + d);
    if (!(margins > 0)) return 0;
    double product = a * d - b * c;
    if (product > 0) product = fmax(product - 1 / (2 * n), 0);
    return within(product / sqrt(margins), -1, 1);
}

static double root(double x, double y, double phi) {
    return sqrt(fmax(x * x - 2 * phi * x * y + y * y, 0));
}

struct stat_interval stat_newcombe(const struct stat_pairs *pairs, double confidence) {
    double n = pairs->both + pairs->first + pairs->second + pairs->neither;
    if (!(n > 0) || isinf(n) || isinf(stat_z(confidence))) return (struct stat_interval){-1, 1};
    double p = (pairs->both + pairs->first) / n, q = (pairs->both + pairs->second) / n;
    struct stat_interval of_p = stat_wilson(p * n, n, confidence), of_q = stat_wilson(q * n, n, confidence);
    double phi = correlation(pairs, n), difference = (pairs->first - pairs->second) / n;
    return (struct stat_interval){
        within(difference - root(p - of_p.low, of_q.high - q, phi), -1, 1),
        within(difference + root(of_p.high - p, q - of_q.low, phi), -1, 1),
    };
}
