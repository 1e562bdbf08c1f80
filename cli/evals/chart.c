/* Latencies spread over orders of magnitude, so classes are equal in their logarithm, unless all numbers are close. */
#include "cli/evals/chart.h"

#include <math.h>

#define CLASSES   10
#define BAR_CELLS 40
#define LEVELS    8

static void put_bar(struct cli *cli, size_t count, size_t most) {
    size_t cells = most > 0 ? (count * BAR_CELLS + most - 1) / most : 0;
    for (size_t i = 0; i < cells; i++) {
        out_str(cli, out_utf8(cli) ? "\xe2\x96\x88" : "#");
    }
}

static double edge(double low, double high, size_t i) {
    double share = (double)i / CLASSES;
    return low > 0 && high / low > 4 ? low * pow(high / low, share) : low + (high - low) * share;
}

void chart_histogram(struct cli *cli, const double *sorted, size_t n, void (*unit)(struct buf *out, double v)) {
    size_t counts[CLASSES] = {0}, most = 0, at = 0;
    if (n == 0) return;
    double low = sorted[0], high = sorted[n - 1];
    size_t classes = high > low ? CLASSES : 1;
    for (size_t i = 0; i < classes; i++) {
        size_t from = at;
        while (at < n && (i + 1 == classes || sorted[at] < edge(low, high, i + 1))) {
            at++;
        }
        counts[i] = at - from;
        most = counts[i] > most ? counts[i] : most;
    }
    for (size_t i = 0; i < classes; i++) {
        struct buf range = {.max = 256};
        unit(&range, classes == 1 ? low : edge(low, high, i));
        if (classes > 1) {
            buf_put_str(&range, " to ");
            unit(&range, i + 1 == classes ? high : edge(low, high, i + 1));
        }
        out_printf(cli, "  %24.*s  %7zu  ", (int)range.n, range.n > 0 ? (const char *)range.p : "", counts[i]);
        put_bar(cli, counts[i], most);
        out_str(cli, "\n");
        buf_done(&range);
    }
}

void chart_spark(struct cli *cli, const double *values, size_t n, size_t columns) {
    static const char *const blocks[LEVELS] = {"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84",
                                               "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"};
    static const char *const plain[LEVELS] = {"_", ".", "-", "~", "=", "+", "*", "#"};
    double means[256], low = INFINITY, high = -INFINITY;
    columns = columns < n ? columns : n;
    columns = columns < 256 ? columns : 256;
    for (size_t i = 0; i < columns; i++) {
        double sum = 0;
        size_t of = 0;
        for (size_t k = n * i / columns; k < n * (i + 1) / columns; k++) {
            of += isfinite(values[k]) ? 1 : 0;
            sum += isfinite(values[k]) ? values[k] : 0;
        }
        means[i] = of > 0 ? sum / (double)of : NAN;
        low = fmin(low, means[i]);
        high = fmax(high, means[i]);
    }
    for (size_t i = 0; i < columns; i++) {
        double level = high > low ? (means[i] - low) / (high - low) * LEVELS : 0;
        size_t step = level < LEVELS ? (size_t)fmax(level, 0) : LEVELS - 1;
        out_str(cli, isnan(means[i]) ? " " : out_utf8(cli) ? blocks[step] : plain[step]);
    }
}
