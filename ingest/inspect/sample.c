/* One sample, and the means that all of them make, by which an edited score is found out.
 *
 *   results.scores[match].metrics.accuracy = sum of the values of "match" / number of samples
 *
 * That holds for accuracy and mean when every sample ran the same number of epochs and these are reduced by their mean. Other
 * metrics and reducers are not checked. A scorer may give a sample several values by name; then each name is a score. */
#include <string.h>

#include "ingest/inspect/inspect.h"

#define NO_BYTES ((struct bytes){NULL, 0})

bool inspect_value(struct bytes raw, double *ret) {
    static const struct {
        const char *word;
        double value;
    } words[] = {{"C", 1}, {"I", 0}, {"P", 0.5}, {"N", 0}, {"yes", 1}, {"true", 1}, {"no", 0}, {"false", 0}};
    bool truth;
    if (item_number(raw, ret)) return true;
    if (item_truth(raw, &truth)) {
        *ret = truth;
        return true;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (bytes_is(item_text(raw), words[i].word)) {
            *ret = words[i].value;
            return true;
        }
    }
    return false;
}

bool inspect_score_at(struct bytes sample, size_t i, struct bytes *ret_scorer, struct bytes *ret_score) {
    struct item_entries e;
    struct bytes scores = item_get(sample, "scores"), old = item_get(sample, "score");
    item_entries_open(&e, scores);
    while (item_entries_next(&e)) {
        if (!item_is(e.raw, MP_MAP) || e.name.n > INSPECT_NAME_MAX || i-- > 0) continue;
        *ret_scorer = e.name;
        *ret_score = e.raw;
        return true;
    }
    if (scores.n > 0 || i > 0 || !item_is(old, MP_MAP)) return false;
    *ret_scorer = NO_BYTES; /* version 1 has one, and names it in the results alone */
    *ret_score = old;
    return true;
}

/* A value that counts nothing: wrong, or 0. Of several none may be. */
static bool is_failing(struct bytes value) {
    struct item_entries e;
    double v;
    item_entries_open(&e, value);
    while (item_entries_next(&e)) {
        if (inspect_value(e.raw, &v) && v <= 0) return true;
    }
    return inspect_value(value, &v) && v <= 0;
}

int inspect_sample_read(struct bytes raw, struct inspect_sample *ret, struct err *err) {
    struct inspect_sample s = {.raw = raw, .id = item_get(raw, "id"), .epoch = 1};
    struct bytes scorer, score, epoch = item_get(raw, "epoch");
    if (!item_is(raw, MP_MAP) || !(item_is(s.id, MP_UINT) || item_is(s.id, MP_INT) || item_text(s.id).n > 0)) {
        return err_set(err, ERR_INVALID, "'id' of a sample is missing; expected: a number or a text");
    }
    if (epoch.n > 0 && (!item_count(epoch, &s.epoch) || s.epoch == 0 || s.epoch > UINT32_MAX)) {
        return err_set(err, ERR_INVALID, "'epoch' of a sample is not a whole number from 1");
    }
    for (size_t i = 0; s.outcome == INSPECT_PASSED && inspect_score_at(raw, i, &scorer, &score); i++) {
        if (is_failing(item_get(score, "value"))) {
            s.outcome = INSPECT_FAILED;
            s.scorer = scorer;
        }
    }
    if (item_get(raw, "error").n > 0) s.outcome = INSPECT_ERRED;
    *ret = s;
    return 0;
}

/* ---- sums ---- */

static struct inspect_mean *mean_of(struct inspect_sums *sums, struct bytes name) {
    for (size_t i = 0; i < sums->n_means; i++) {
        if (bytes_is(name, sums->means[i].name)) return &sums->means[i];
    }
    if (sums->n_means == INSPECT_SCORERS_MAX || name.n > INSPECT_NAME_MAX) return NULL;
    struct inspect_mean *mean = &sums->means[sums->n_means++];
    bytes_copy(mean->name, name);
    mean->name[name.n] = '\0';
    return mean;
}

static void take_value(struct inspect_sums *sums, struct bytes name, struct bytes value, bool edited) {
    struct inspect_mean *mean = mean_of(sums, name);
    double v = 0;
    if (mean == NULL) return;
    mean->odd = !inspect_value(value, &v) || mean->odd;
    mean->edited = mean->edited || edited;
    mean->sum += v;
    mean->n++;
}

/* The first entry of the history is the score before any edit; an edit says who made it. */
static bool is_edited(struct bytes score) {
    struct mp_reader r;
    struct bytes raw;
    uint32_t n = 0;
    item_list(item_get(score, "history"), &r, &n);
    for (bool more = n > 1; n > 0 && mp_skip(&r, 2, &raw, NULL) == 0; n--) {
        if (more || item_get(raw, "provenance").n > 0) return true;
    }
    return false;
}

/* Whether an answer came from Inspect's cache; false in *ret_known when the sample has no events of models. */
static bool is_cached(struct bytes sample, bool *ret_known) {
    struct mp_reader r;
    struct bytes raw;
    uint32_t n = 0;
    bool cached = false;
    *ret_known = false;
    item_list(item_get(sample, "events"), &r, &n);
    for (; n > 0 && mp_skip(&r, 2, &raw, NULL) == 0; n--) {
        if (!bytes_is(mp_get_text(raw, "event"), "model")) continue;
        *ret_known = true;
        cached = cached || bytes_is(mp_get_text(raw, "cache"), "read");
    }
    return cached;
}

void inspect_sums_take(struct inspect_sums *sums, const struct inspect_sample *sample) {
    struct bytes scorer, score;
    bool known;
    sums->cached = is_cached(sample->raw, &known) || sums->cached;
    sums->cache_known = known && (sums->samples == 0 || sums->cache_known);
    sums->invalidated = sums->invalidated || item_get(sample->raw, "invalidation").n > 0;
    sums->samples++;
    for (size_t i = 0; inspect_score_at(sample->raw, i, &scorer, &score); i++) {
        struct bytes value = item_get(score, "value");
        struct item_entries e;
        if (!item_is(value, MP_MAP)) take_value(sums, scorer, value, is_edited(score));
        item_entries_open(&e, value);
        while (item_entries_next(&e)) {
            take_value(sums, e.name, e.raw, is_edited(score));
        }
    }
}

static const struct inspect_mean *find(const struct inspect_sums *sums, struct bytes name) {
    for (size_t i = 0; i < sums->n_means; i++) {
        if (bytes_is(name, sums->means[i].name) || sums->means[i].name[0] == '\0') return &sums->means[i];
    }
    return NULL;
}

bool inspect_sums_edited(const struct inspect_sums *sums, struct bytes score) {
    const struct inspect_mean *mean = find(sums, score);
    return mean != NULL && mean->edited;
}

bool inspect_sums_mean(const struct inspect_sums *sums, const struct inspect_log *log, const struct inspect_metric *m,
                       double *ret) {
    const struct inspect_mean *mean = find(sums, m->name);
    bool is_mean = bytes_is(m->metric, "accuracy") || bytes_is(m->metric, "mean");
    bool reduced = m->reducer.n == 0 || bytes_is(m->reducer, "mean");
    bool all = sums->lost == 0 && sums->samples > 0 && sums->samples == log->completed;
    if (!is_mean || !reduced || !all || mean == NULL || mean->odd || mean->n != sums->samples) return false;
    if (!mp_float_ok(mean->sum)) return false;
    *ret = mean->sum / (double)mean->n;
    return true;
}
