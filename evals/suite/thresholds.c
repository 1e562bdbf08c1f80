/* Each metric has one side and one range; bounds are compared with what this many cases can show. */
#include "evals/suite/thresholds.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/text.h"

#define MIN_KEY "at_least"
#define MAX_KEY "at_most"

static const struct {
    double min, max;
    const char *range;
    bool whole, bound, baseline; /* a whole number; has a confidence; has a baseline */
} rows[SUITE_METRICS] = {
    [SUITE_PASS_RATE] = {DBL_MIN, 1, "a rate above 0 and up to 1", false, true,
                         false}, /* 0 asks for nothing, nor does -1 below */
    [SUITE_LATENCY_P50_MS] = {DBL_MIN, INFINITY, "milliseconds, above 0", false, false, false},
    [SUITE_LATENCY_P95_MS] = {DBL_MIN, INFINITY, "milliseconds, above 0", false, false, false},
    [SUITE_LATENCY_P99_MS] = {DBL_MIN, INFINITY, "milliseconds, above 0", false, false, false},
    [SUITE_COST] = {0, INFINITY, "an amount of at least 0", false, false, false},
    [SUITE_REGRESSION] = {-1 + DBL_EPSILON, 1, "a difference of rates above -1 and up to 1", false, true, true},
    [SUITE_VIOLATIONS] = {0, INFINITY, "a count of at least 0", true, false, false},
    [SUITE_PROBES] = {0, INFINITY, "a count of at least 0", true, false, true},
};

/* Repeats of a case do not count: they tell nothing of other cases (evals/score/score.h). */
struct strength {
    uint64_t cases;
    double size; /* Kish's, of the weights */
};

static struct strength strength_of(const struct reading *r) {
    struct strength s = {.cases = 0};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->cases[i].checks_n == 0) continue; /* a probe of which nothing else is expected */
        s.cases++;
        sum += r->cases[i].weight;
        squares += r->cases[i].weight * r->cases[i].weight;
    }
    s.size = squares > 0 ? sum * sum / squares : 0;
    return s;
}

/* The highest bound that n cases can have. A margin has to be kept by what is as good as its baseline. */
static double best_of(const struct reading *r, const struct suite_threshold *t, double n) {
    return t->metric == SUITE_REGRESSION ? r->rules->best_change(n, t->confidence, t->value >= 0)
                                         : r->rules->best(n, t->confidence);
}

/* The least n whose bound is that high; 0: none below a thousand million. */
static uint64_t least(const struct reading *r, const struct suite_threshold *t) {
    uint64_t low = 1, high = 1000000000;
    if (best_of(r, t, (double)high) < t->value) return 0;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (best_of(r, t, (double)middle) >= t->value) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void check_reach(struct reading *r, struct yaml_place at, const struct suite_threshold *t) {
    if (r->rules == NULL || r->rules->best == NULL || r->rules->best_change == NULL || r->n == 0) return;
    const struct strength s = strength_of(r);
    if (s.cases == 0) {
        suite_read_fault(r, at, "'%s': no case expects anything that could pass", MIN_KEY);
        return;
    }
    const double best = best_of(r, t, s.size);
    if (best >= t->value) return;
    const uint64_t need = least(r, t);
    if (need == 0) {
        suite_read_fault(r, at, "'%s': no number of cases has a lower bound of %.6g at a confidence of %.6g", MIN_KEY,
                         t->value, t->confidence);
    } else {
        char by_weight[64] = "";
        if (s.size < (double)s.cases * (1 - 1e-9)) {
            snprintf(by_weight, sizeof(by_weight), ", which by their weights count as %.1f,", floor(s.size * 10) / 10);
        }
        const bool one = s.cases == 1, change = t->metric == SUITE_REGRESSION;
        const char *so = change && t->value < 0 ? one ? "is as good as in the baseline" : "are as good as in the baseline"
                         : change ? one ? "passes, and none did in the baseline," : "pass, and none did in the baseline,"
                         : one    ? "passes"
                                  : "pass";
        suite_read_fault(r, at,
                         "'%s': %.6g is out of reach: when %llu case%s %s%s the lower bound is %.4f; it takes %llu cases%s",
                         MIN_KEY, t->value, (unsigned long long)s.cases, text_s(s.cases), so, by_weight,
                         floor(best * 1e4) / 1e4, (unsigned long long)need, by_weight[0] != '\0' ? " of equal weight" : "");
    }
}

/* The number on the side that the metric has. */
static bool read_value(struct reading *r, const struct form_threshold *form, enum suite_metric metric, double *ret) {
    bool higher = suite_metric_is_better_higher(metric);
    const struct manifest_number right = higher ? form->at_least : form->at_most;
    const char *key = higher ? MIN_KEY : MAX_KEY, *other = higher ? MAX_KEY : MIN_KEY;
    const struct yaml_node *wrong = yaml_get(form->node, other);
    if (wrong != NULL) {
        suite_read_fault(r, wrong->key_at, "'%s' is not for %s, where %s is better (expected '%s')", other,
                         suite_metric_names[metric], higher ? "higher" : "lower", key);
    } else if (yaml_get(form->node, key) == NULL) {
        suite_read_fault(r, form->node->at, "the threshold on %s needs '%s'", suite_metric_names[metric], key);
    }
    if (!right.given) return false;
    *ret = right.value + 0.0;
    if (!(right.value >= rows[metric].min && right.value <= rows[metric].max) ||
        (rows[metric].whole && right.value != floor(right.value))) {
        suite_read_fault(r, suite_read_place(form->node, key), "'%s': %.6g is not %s", key, right.value,
                         rows[metric].range);
        return false;
    }
    return true;
}

static void check_keys(struct reading *r, const struct form_threshold *form, enum suite_metric metric) {
    const struct yaml_node *confidence = yaml_get(form->node, "confidence"), *baseline = yaml_get(form->node, "baseline");
    if (confidence != NULL && !rows[metric].bound) {
        suite_read_fault(r, confidence->key_at, "'confidence' is of lower bounds, and %s is none",
                         suite_metric_names[metric]);
    } else if (form->confidence.given && !(form->confidence.value > 0 && form->confidence.value < 1)) {
        suite_read_fault(r, confidence->at, "'confidence': %.6g is not between 0 and 1", form->confidence.value);
    }
    if (baseline != NULL && !rows[metric].baseline) {
        suite_read_fault(r, baseline->key_at, "'baseline' is not for %s", suite_metric_names[metric]);
    } else if (baseline == NULL && rows[metric].baseline) {
        suite_read_fault(r, form->node->at, "the threshold on %s needs 'baseline'", suite_metric_names[metric]);
    }
    suite_read_name(r, form->node, "baseline", form->baseline);
}

/* What the suite has to have so that the metric can be measured at all. */
static void check_ground(struct reading *r, const struct form_suite *form, const struct form_threshold *t,
                         enum suite_metric metric) {
    bool probe = false;
    for (size_t i = 0; i < r->n; i++) {
        probe = probe || r->cases[i].probe;
    }
    if (metric == SUITE_PROBES && !probe && r->n > 0) {
        suite_read_fault(r, t->node->at, "the threshold on probes_changed needs a case with 'probe: true'");
    } else if (metric == SUITE_COST && form->prices == NULL) {
        suite_read_fault(r, t->node->at, "the threshold on cost needs 'prices'");
    }
}

static bool read_one(struct reading *r, const struct form_suite *form, const struct form_threshold *t,
                     struct suite_threshold *ret) {
    size_t metric = 0;
    double value = 0;
    while (metric < SUITE_METRICS && !bytes_is(t->metric, suite_metric_names[metric])) {
        metric++;
    }
    if (metric == SUITE_METRICS) return false; /* that was said */
    size_t errors = r->found->errors;
    bool good = read_value(r, t, (enum suite_metric)metric, &value);
    check_keys(r, t, (enum suite_metric)metric);
    check_ground(r, form, t, (enum suite_metric)metric);
    *ret = (struct suite_threshold){
        .metric = (enum suite_metric)metric,
        .value = value,
        .confidence = t->confidence.given  ? t->confidence.value
                      : rows[metric].bound ? SUITE_CONFIDENCE
                                           : NAN,
        .baseline = suite_read_copy(r, t->baseline),
    };
    if (good && (metric == SUITE_PASS_RATE || metric == SUITE_REGRESSION) && r->found->errors == errors) {
        check_reach(r, suite_read_place(t->node, MIN_KEY), ret);
    }
    return true;
}

int thresholds_read(struct reading *r, const struct form_suite *form, struct suite *suite, struct err *err) {
    const struct form_threshold *of[SUITE_METRICS] = {NULL};
    struct suite_threshold one, *list = arena_take(r->arena, SUITE_METRICS * sizeof(*list));
    struct suite_threshold by_metric[SUITE_METRICS];
    if (list == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < form->thresholds.n; i++) {
        const struct form_threshold *t = &form->thresholds.items[i];
        if (!read_one(r, form, t, &one)) continue;
        if (of[one.metric] != NULL) {
            suite_read_fault(r, t->node->at, "a second threshold on %s (first on line %u)", suite_metric_names[one.metric],
                             of[one.metric]->node->at.line);
            continue;
        }
        of[one.metric] = t;
        by_metric[one.metric] = one;
    }
    for (size_t i = 0; i < SUITE_METRICS; i++) {
        if (of[i] != NULL) list[suite->thresholds_n++] = by_metric[i];
    }
    suite->thresholds = list;
    return 0;
}
