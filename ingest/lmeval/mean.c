/* The scores that the samples make, so that a score that was edited in a results file is found out: for every metric and
 * filter the sum of the values and their number.
 *
 *   results[TASK]["acc,none"] = sum("acc" of the samples whose filter is "none") / number of them
 *
 * That holds for metrics whose aggregation is "mean". The task's configuration states it ("metric_list"); where it does not,
 * acc, acc_norm and exact_match are means in every version of the harness. Others, such as a perplexity or an F1 over all
 * samples, cannot be computed from single values and are not checked. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ingest/lmeval/lmeval.h"

struct mean {
    char metric[LMEVAL_NAME_MAX + 1], filter[LMEVAL_NAME_MAX + 1];
    double sum;
    uint64_t n;
    bool odd; /* a sample has no number for it */
};

struct lmeval_means {
    struct mean *means;
    size_t n;
};

int lmeval_means_new(struct lmeval_means **ret, struct err *err) {
    *ret = calloc(1, sizeof(**ret));
    return *ret != NULL ? 0 : err_set(err, ERR_NOMEM, "lm-eval: out of memory");
}

void lmeval_means_free(struct lmeval_means *m) {
    if (m != NULL) {
        free(m->means);
        free(m);
    }
}

static struct mean *find(const struct lmeval_means *m, struct bytes metric, struct bytes filter) {
    for (size_t i = 0; i < m->n; i++) {
        if (bytes_is(metric, m->means[i].metric) && bytes_is(filter, m->means[i].filter)) return &m->means[i];
    }
    return NULL;
}

static void keep(char room[LMEVAL_NAME_MAX + 1], struct bytes text) {
    if (text.n > 0) memcpy(room, text.p, text.n);
    room[text.n] = '\0';
}

/* NULL when there are too many, or no memory: what is not there is not checked. A name with a NUL is never found. */
static struct mean *add(struct lmeval_means *m, struct bytes metric, struct bytes filter) {
    if (m->n == LMEVAL_MEANS_MAX || metric.n > LMEVAL_NAME_MAX || filter.n > LMEVAL_NAME_MAX) return NULL;
    struct mean *means = realloc(m->means, (m->n + 1) * sizeof(*means));
    if (means == NULL) return NULL;
    m->means = means;
    memset(&means[m->n], 0, sizeof(*means));
    keep(means[m->n].metric, metric);
    keep(means[m->n].filter, filter);
    return &means[m->n++];
}

static bool number_of(struct bytes raw, double *ret) {
    struct mp_item item;
    if (mp_scalar(raw, &item) != 0) return false;
    *ret = item.type == MP_UINT    ? (double)item.uint
           : item.type == MP_INT   ? (double)item.sint
           : item.type == MP_FLOAT ? item.real
                                   : (double)(item.type == MP_BOOL && item.boolean);
    return item.type == MP_UINT || item.type == MP_INT || item.type == MP_FLOAT || item.type == MP_BOOL;
}

void lmeval_means_take(struct lmeval_means *m, const struct lmeval_sample *sample) {
    struct mp_reader r;
    struct mp_item name;
    struct bytes raw;
    mp_reader_init(&r, sample->scores);
    for (uint32_t i = sample->n_scores; i > 0; i--) {
        double value = 0;
        if (mp_next(&r, &name, NULL) != 0 || mp_skip(&r, 1, &raw, NULL) != 0) return;
        struct mean *mean = find(m, name.data, sample->filter);
        mean = mean != NULL ? mean : add(m, name.data, sample->filter);
        if (mean == NULL) continue;
        mean->odd = !number_of(raw, &value) || mean->odd;
        mean->sum += value;
        mean->n++;
    }
}

/* The aggregation of a metric as its task states it; empty: it does not. A metric may also be a function's name. */
static struct bytes aggregation_of(const struct lmeval_task *task, struct bytes metric) {
    struct mp_reader r;
    struct mp_item list = {0};
    struct bytes raw;
    mp_reader_init(&r, lmeval_get(task->config, "metric_list"));
    if (mp_next(&r, &list, NULL) == 0 && list.type == MP_ARRAY) {
        for (uint32_t i = list.count; i > 0 && mp_skip(&r, 1, &raw, NULL) == 0; i--) {
            if (bytes_eq(lmeval_text(lmeval_get(raw, "metric")), metric)) return lmeval_get(raw, "aggregation");
        }
    }
    return (struct bytes){NULL, 0};
}

static bool is_mean(const struct lmeval_task *task, struct bytes metric) {
    struct bytes told = aggregation_of(task, metric);
    bool known = bytes_is(metric, "acc") || bytes_is(metric, "acc_norm") || bytes_is(metric, "exact_match");
    return told.n > 0 ? bytes_is(lmeval_text(told), "mean") : known;
}

bool lmeval_mean(const struct lmeval_task *task, const struct lmeval_metric *metric, double *ret) {
    if (task->group || task->means == NULL || !is_mean(task, metric->metric)) return false;
    const struct mean *mean = find(task->means, metric->metric, metric->filter);
    if (mean == NULL && bytes_is(metric->filter, "none")) {
        mean = find(task->means, metric->metric, (struct bytes){NULL, 0});
    }
    bool all = mean != NULL && mean->n > 0 && mean->n == task->samples && !mean->odd &&
               (!task->has_effective || mean->n == task->effective);
    if (!all || !mp_float_ok(mean->sum)) return false;
    *ret = mean->sum / (double)mean->n;
    return true;
}
