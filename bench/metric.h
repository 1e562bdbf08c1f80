/* Metrics: samples taken in pairs, their medians, and the resulting table.
 *
 * Machines are noisy, and the noise lasts longer than a slice of work. So a metric is measured in many small slices, the
 * ledger's and the baseline's next to each other, and the reported ratio is the median of the slices' ratios. The second
 * ratio, that of all slices together, shows what a median hides: work that only some slices pay for. */
#ifndef BENCH_METRIC_H
#define BENCH_METRIC_H

#include "base/bytes.h"

#define METRIC_SAMPLES_MAX 2048
#define METRIC_ROWS_MAX    48

struct metric_series {
    size_t n;
    double v[METRIC_SAMPLES_MAX];
};

/* 0 if there are none; samples after METRIC_SAMPLES_MAX are not kept. */
void metric_put(struct metric_series *series, double v);
double metric_median(const struct metric_series *series);

/* Times of the same work by the ledger and by the baseline, in seconds per unit of work. */
struct metric_pairs {
    struct metric_series ours, theirs, ratio;
    double ours_sum, theirs_sum;
};
struct metric_pairs *metric_pairs_new(struct err *err);
void metric_pairs_put(struct metric_pairs *pairs, double ours, double theirs);
void metric_pairs_free(struct metric_pairs *pairs); /* NULL is allowed */

struct metric_row {
    const char *name, *unit, *baseline; /* baseline NULL: a number without comparison */
    double value, baseline_value;
    double ratio, whole; /* above 1: the ledger is better; whole: of all slices together, 0 if it does not apply */
    double target;       /* 0: no target, the row is for orientation */
};

struct metric_table {
    struct metric_row row[METRIC_ROWS_MAX];
    size_t n;
};

void metric_row(struct metric_table *table, const struct metric_row *row);
/* A rate per second from seconds per unit: "events/s". */
void metric_rate(struct metric_table *table, const char *name, const char *baseline, const struct metric_pairs *pairs,
                 double target);
/* Time per unit in milliseconds. */
void metric_time(struct metric_table *table, const char *name, const char *baseline, const struct metric_pairs *pairs,
                 double target);

void metric_print(const struct metric_table *table);
/* Tab-separated, one header line: metric, value, unit, baseline, baseline value, ratio. "-" if absent. */
int metric_write(const struct metric_table *table, const char *path, struct err *err);

/* Seconds of a monotonic clock. */
double metric_now(void);

#endif
