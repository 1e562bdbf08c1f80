/* Medians over the stored samples, and the two forms of the table: one for people, one for programs. */
#include "bench/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

void metric_put(struct metric_series *series, double v) {
    if (series->n < METRIC_SAMPLES_MAX) {
        series->v[series->n++] = v;
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double metric_median(const struct metric_series *series) {
    double sorted[METRIC_SAMPLES_MAX];
    size_t n = series->n;
    if (n == 0) return 0;
    memcpy(sorted, series->v, n * sizeof(sorted[0]));
    qsort(sorted, n, sizeof(sorted[0]), by_size);
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

struct metric_pairs *metric_pairs_new(struct err *err) {
    struct metric_pairs *pairs = calloc(1, sizeof(*pairs));
    if (pairs == NULL) {
        err_set(err, ERR_NOMEM, "out of memory");
    }
    return pairs;
}

void metric_pairs_put(struct metric_pairs *pairs, double ours, double theirs) {
    metric_put(&pairs->ours, ours);
    metric_put(&pairs->theirs, theirs);
    metric_put(&pairs->ratio, theirs / ours);
    pairs->ours_sum += ours;
    pairs->theirs_sum += theirs;
}

void metric_pairs_free(struct metric_pairs *pairs) {
    free(pairs);
}

void metric_row(struct metric_table *table, const struct metric_row *row) {
    if (table->n < METRIC_ROWS_MAX) {
        table->row[table->n++] = *row;
    }
}

void metric_rate(struct metric_table *table, const char *name, const char *baseline, const struct metric_pairs *pairs,
                 double target) {
    metric_row(table, &(struct metric_row){.name = name,
                                           .unit = "events/s",
                                           .baseline = baseline,
                                           .value = 1 / metric_median(&pairs->ours),
                                           .baseline_value = 1 / metric_median(&pairs->theirs),
                                           .ratio = metric_median(&pairs->ratio),
                                           .whole = pairs->theirs_sum / pairs->ours_sum,
                                           .target = target});
}

void metric_time(struct metric_table *table, const char *name, const char *baseline, const struct metric_pairs *pairs,
                 double target) {
    metric_row(table, &(struct metric_row){.name = name,
                                           .unit = "ms",
                                           .baseline = baseline,
                                           .value = 1000 * metric_median(&pairs->ours),
                                           .baseline_value = 1000 * metric_median(&pairs->theirs),
                                           .ratio = metric_median(&pairs->ratio),
                                           .whole = pairs->theirs_sum / pairs->ours_sum,
                                           .target = target});
}

/* Large numbers as integers, small ones with three significant digits. */
static void number(char ret[32], double v) {
    int decimals = fabs(v) >= 1000 ? 0 : fabs(v) >= 100 ? 1 : fabs(v) >= 10 ? 2 : 3;
    snprintf(ret, 32, "%.*f", decimals, v);
}

void metric_print(const struct metric_table *table) {
    printf("%-26s %12s %-9s %-34s %12s %7s %7s %7s\n", "metric", "value", "unit", "against", "its value", "ratio", "whole",
           "target");
    for (size_t i = 0; i < table->n; i++) {
        const struct metric_row *r = &table->row[i];
        char value[32], theirs[32] = "-", ratio[32] = "-", whole[32] = "-", target[32] = "-";
        number(value, r->value);
        if (r->baseline != NULL) {
            number(theirs, r->baseline_value);
            snprintf(ratio, sizeof(ratio), "%.2f", r->ratio);
        }
        if (r->whole > 0) {
            snprintf(whole, sizeof(whole), "%.2f", r->whole);
        }
        if (r->target > 0) {
            snprintf(target, sizeof(target), "%.2f", r->target);
        }
        printf("%-26s %12s %-9s %-34s %12s %7s %7s %7s %s\n", r->name, value, r->unit, r->baseline ? r->baseline : "-",
               theirs, ratio, whole, target,
               r->target <= 0          ? ""
               : r->ratio >= r->target ? "met"
                                       : "MISSED");
    }
}

int metric_write(const struct metric_table *table, const char *path, struct err *err) {
    struct buf out;
    buf_init(&out, 1 << 20);
    buf_put_str(&out, "metric\tvalue\tunit\tbaseline\tbaseline value\tratio\n");
    for (size_t i = 0; i < table->n; i++) {
        const struct metric_row *r = &table->row[i];
        buf_printf(&out, "%s\t%.6g\t%s\t", r->name, r->value, r->unit);
        if (r->baseline != NULL) {
            buf_printf(&out, "%s\t%.6g\t%.4g\n", r->baseline, r->baseline_value, r->ratio);
        } else {
            buf_put_str(&out, "-\t-\t-\n");
        }
    }
    int rc = buf_check(&out, "the table", err);
    if (rc == 0) rc = file_write_durable(path, bytes_of_buf(&out), 0644, err);
    buf_done(&out);
    return rc;
}

double metric_now(void) {
    return (double)clock_boot_ns() / (double)CLOCK_NS_PER_S;
}
