/* The metrics of thresholds, by the names that scores have in the log. */
#include "evals/suite/suite.h"

const char *const suite_metric_names[SUITE_METRICS] = {
    [SUITE_PASS_RATE] = "pass_rate_lower",
    [SUITE_LATENCY_P50_MS] = "latency_p50_ms",
    [SUITE_LATENCY_P95_MS] = "latency_p95_ms",
    [SUITE_LATENCY_P99_MS] = "latency_p99_ms",
    [SUITE_COST] = "cost",
    [SUITE_REGRESSION] = "regression_lower",
    [SUITE_VIOLATIONS] = "violations",
    [SUITE_PROBES] = "probes_changed",
};

bool suite_metric_is_better_higher(enum suite_metric metric) {
    return metric == SUITE_PASS_RATE || metric == SUITE_REGRESSION;
}
