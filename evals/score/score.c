/* Each metric gives two numbers: its value, and the best that it could be were everything unknown as good as can be. Where all
 * is known, the value decides. Else the best does, and only against. */
#include "evals/score/score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "evals/score/tally.h"
#include "evals/stat/stat.h"

const char *const score_verdict_names[SCORE_UNKNOWN + 1] = {
    [SCORE_PASS] = "pass", [SCORE_FAIL] = "fail", [SCORE_UNKNOWN] = "unknown"};

#define PRINT(text) (int)((text).n < 80 ? (text).n : 80), (text).n > 0 ? (const char *)(text).p : ""

struct scoring {
    const struct suite_threshold *threshold;
    const struct score_tally *tally;
    const struct score_tally *base;   /* NULL: none is named, or it is missing */
    const struct score_tally *probes; /* the baseline that probes are compared with; NULL: the same */
    struct score *score;
};

struct found {
    double value; /* if `whole` */
    double best;  /* NAN: not known either */
    bool whole;
};

static bool reaches(const struct score *score, double value) {
    return score->higher_is_better ? value >= score->threshold : value <= score->threshold;
}

static void judge(struct score *score, const struct found *found) {
    const char *side = score->higher_is_better ? "below" : "above";
    if (found->whole && !isnan(found->value)) {
        score->value = isinf(found->value) ? NAN : found->value;
        score->verdict = reaches(score, found->value) ? SCORE_PASS : SCORE_FAIL;
        score->why[0] = '\0';
        if (score->verdict != SCORE_FAIL) return;
        if (isinf(found->value)) {
            (void)snprintf(score->why, sizeof(score->why), "too many samples ran into their limit");
        } else {
            (void)snprintf(score->why, sizeof(score->why), "%.6g is %s %.6g", found->value, side, score->threshold);
        }
        return;
    }
    score->value = NAN;
    score->verdict = isnan(found->best) || reaches(score, found->best) ? SCORE_UNKNOWN : SCORE_FAIL;
    size_t used = strlen(score->why);
    if (score->verdict == SCORE_FAIL && used < sizeof(score->why)) {
        (void)snprintf(score->why + used, sizeof(score->why) - used, "; it is %s %.6g whatever they would have been", side,
                       score->threshold);
    }
}

/* ---- rates ---- */

static double bound_of(const struct scoring *s, double passed) {
    double n = s->tally->effective;
    return stat_wilson(passed / s->tally->weight * n, n, s->threshold->confidence).low;
}

/* Repeats are in order, each once: the sample is at the index of its number, or before it. */
static const struct sample *repeat_of(const struct score_case *c, uint64_t repeat) {
    for (size_t i = repeat < c->n ? (size_t)repeat + 1 : c->n; i > 0 && c->samples[i - 1].repeat >= repeat; i--) {
        if (c->samples[i - 1].repeat == repeat) return &c->samples[i - 1];
    }
    return NULL;
}

/* 1: the answer differs; 0: it does not; -1: not known. */
static int has_changed(const struct sample *now, const struct sample *before) {
    if (now == NULL || before == NULL || !score_tally_is_known(now) || !score_tally_is_known(before)) return -1;
    if (before->output_digest.n == 0) return -1;
    if (now->outcome == SAMPLE_LIMITED) return 1;
    return now->output_digest.n == 0 ? -1 : !bytes_eq(now->output_digest, before->output_digest);
}

/* A probe that passed and has another answer than before did not pass. */
static uint64_t passes_of(const struct scoring *s, size_t i) {
    const struct score_case *c = &s->tally->cases[i], *b = s->probes != NULL ? &s->probes->cases[i] : NULL;
    uint64_t n = c->passed;
    if (!s->tally->suite->cases[i].probe || b == NULL || !c->sound || !b->sound) return n;
    for (size_t k = 0; k < c->n; k++) {
        const struct sample *one = &c->samples[k];
        n -= one->outcome == SAMPLE_PASSED && has_changed(one, repeat_of(b, one->repeat)) == 1;
    }
    return n;
}

static void find_pass_rate(const struct scoring *s, struct found *ret) {
    const struct score_tally *t = s->tally;
    double passed = 0, at_best = 0;
    for (size_t i = 0; i < t->suite->cases_n; i++) {
        const struct score_case *c = &t->cases[i];
        double repeats = (double)(c->repeats > 0 ? c->repeats : 1);
        uint64_t passes = passes_of(s, i);
        passed += t->weights[i] * (double)passes / repeats;
        at_best += t->weights[i] * (c->sound ? (double)(passes + c->repeats - c->known) / repeats : 1);
    }
    ret->value = bound_of(s, passed);
    ret->best = bound_of(s, at_best);
}

/* A case whose repeats differ is all four cells at once, by the chance that one draw of each side falls there. */
static void find_regression(const struct scoring *s, struct found *ret) {
    const struct score_tally *t = s->tally;
    struct stat_pairs pairs = {0};
    if (!ret->whole) return;
    for (size_t i = 0; i < t->suite->cases_n; i++) {
        const struct score_case *c = &t->cases[i], *b = &s->base->cases[i];
        double w = t->weights[i] / t->weight * t->effective;
        double now = (double)c->passed / (double)c->repeats, before = (double)b->passed / (double)b->repeats;
        pairs.both += w * now * before;
        pairs.first += w * now * (1 - before);
        pairs.second += w * (1 - now) * before;
        pairs.neither += w * (1 - now) * (1 - before);
    }
    ret->value = stat_newcombe(&pairs, s->threshold->confidence).low;
}

/* ---- numbers ---- */

/* Samples of which nothing is known are faster than any here. */
static int find_latency(const struct scoring *s, unsigned per_10000, struct found *ret, struct err *err) {
    const struct score_tally *t = s->tally;
    double *known = malloc((t->known + 1) * sizeof *known);
    size_t n = 0;
    if (known == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < t->suite->cases_n; i++) {
        for (size_t j = 0; j < t->cases[i].n && t->cases[i].sound; j++) {
            const struct sample *one = &t->cases[i].samples[j];
            if (!score_tally_is_known(one)) continue;
            double ms = one->outcome == SAMPLE_LIMITED ? INFINITY : one->latency_ms;
            bool told = ms >= 0 && (isfinite(ms) || one->outcome == SAMPLE_LIMITED);
            if (told) known[n++] = ms;
        }
    }
    stat_sort(known, n);
    if (t->total > 0) {
        size_t rank = stat_rank(t->total, per_10000), unknown = t->total - n;
        ret->best = rank < unknown ? 0 : known[rank - unknown];
        ret->value = ret->best;
    }
    if (ret->whole && n < t->total) {
        (void)snprintf(s->score->why, sizeof(s->score->why), "the latency of %llu samples is not known",
                       (unsigned long long)(t->total - n));
        ret->whole = false;
    }
    free(known);
    return 0;
}

static double cost_of(const struct sample *sample) {
    return sample->cost;
}

static double violations_of(const struct sample *sample) {
    return (double)sample->violations;
}

static void find_sum(const struct scoring *s, double (*of)(const struct sample *), const char *name, struct found *ret) {
    const struct score_tally *t = s->tally;
    uint64_t untold = 0;
    double sum = 0;
    for (size_t i = 0; i < t->suite->cases_n; i++) {
        for (size_t j = 0; j < t->cases[i].n; j++) {
            double one = of(&t->cases[i].samples[j]);
            bool told = one >= 0 && isfinite(one);
            untold += !told;
            sum += told ? one : 0;
        }
    }
    ret->value = ret->best = sum;
    if (ret->whole && untold > 0) {
        (void)snprintf(s->score->why, sizeof(s->score->why), "the %s of %llu samples is not known", name,
                       (unsigned long long)untold);
        ret->whole = false;
    }
}

/* ---- probes ---- */

static void find_probes(const struct scoring *s, struct found *ret) {
    const struct score_tally *t = s->tally;
    uint64_t probes = 0, changed = 0, unknown = 0;
    for (size_t i = 0; i < t->suite->cases_n; i++) {
        const struct score_case *c = &t->cases[i], *b = s->base != NULL ? &s->base->cases[i] : NULL;
        if (!t->suite->cases[i].probe) continue;
        probes++;
        for (uint64_t r = 0; r < c->repeats; r++) {
            bool sound = b != NULL && c->sound && b->sound;
            int is = sound ? has_changed(repeat_of(c, r), repeat_of(b, r)) : -1;
            changed += is == 1;
            unknown += is < 0;
        }
    }
    ret->value = ret->best = (double)changed;
    if (!ret->whole) return;
    ret->whole = probes > 0 && unknown == 0;
    if (ret->whole) return;
    (void)snprintf(s->score->why, sizeof(s->score->why),
                   probes == 0 ? "no case of the suite is a probe"
                               : "the baseline does not have the answers of %llu probes",
                   (unsigned long long)unknown);
}

/* ---- a threshold ---- */

static int find(const struct scoring *s, struct found *ret, struct err *err) {
    switch (s->threshold->metric) {
    case SUITE_PASS_RATE:
        find_pass_rate(s, ret);
        return 0;
    case SUITE_LATENCY_P50_MS:
        return find_latency(s, 5000, ret, err);
    case SUITE_LATENCY_P95_MS:
        return find_latency(s, 9500, ret, err);
    case SUITE_LATENCY_P99_MS:
        return find_latency(s, 9900, ret, err);
    case SUITE_COST:
        find_sum(s, cost_of, "cost", ret);
        return 0;
    case SUITE_REGRESSION:
        find_regression(s, ret);
        return 0;
    case SUITE_VIOLATIONS:
        find_sum(s, violations_of, "number of violations", ret);
        return 0;
    case SUITE_PROBES:
        find_probes(s, ret);
        return 0;
    case SUITE_METRICS:
        break;
    }
    ret->whole = false;
    return 0;
}

static int score_one(const struct scoring *s, struct err *err) {
    const struct suite_threshold *threshold = s->threshold;
    struct score *score = s->score;
    struct found found = {NAN, NAN, s->tally->whole};
    bool compares = threshold->metric == SUITE_REGRESSION || threshold->metric == SUITE_PROBES;
    *score = (struct score){.metric = threshold->metric, .value = NAN, .threshold = threshold->value};
    score->higher_is_better = suite_metric_is_better_higher(threshold->metric);
    score->samples = s->tally->known;
    score->samples_total = s->tally->total;
    if (!s->tally->whole) {
        score_tally_why(s->tally, score->why, sizeof(score->why));
    } else if (compares && s->base == NULL) {
        (void)snprintf(score->why, sizeof(score->why), "there is no baseline '%.*s' that counts",
                       PRINT(threshold->baseline));
        found.whole = false;
    } else if (compares && !s->base->whole) {
        int n = snprintf(score->why, sizeof(score->why), "of the baseline '%.*s', ", PRINT(threshold->baseline));
        score_tally_why(s->base, score->why + n, sizeof(score->why) - (size_t)n);
        found.whole = false;
    }
    int rc = find(s, &found, err);
    if (rc == 0) judge(score, &found);
    return rc;
}

static struct bytes probes_baseline(const struct suite *suite) {
    struct bytes name = {NULL, 0};
    for (size_t i = 0; i < suite->thresholds_n; i++) {
        if (suite->thresholds[i].metric == SUITE_PROBES) name = suite->thresholds[i].baseline;
    }
    return name;
}

int score_suite(const struct suite *suite, uint64_t repeats, const struct sample *samples, size_t n,
                const struct score_baseline *baselines, size_t n_baselines, struct score *ret, struct err *err) {
    struct score_tally tally, *bases = calloc(n_baselines + 1, sizeof *bases);
    const struct bytes probes = probes_baseline(suite);
    int rc = score_tally_init(&tally, suite, repeats, samples, n, err);
    if (rc == 0 && bases == NULL) rc = err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; rc == 0 && i < n_baselines; i++) {
        rc = score_tally_init(&bases[i], suite, 0, baselines[i].samples, baselines[i].n, err);
    }
    for (size_t i = 0; rc == 0 && i < suite->thresholds_n; i++) {
        struct scoring s = {&suite->thresholds[i], &tally, NULL, NULL, &ret[i]};
        for (size_t j = 0; j < n_baselines && s.threshold->baseline.n > 0; j++) {
            if (bytes_eq(baselines[j].name, s.threshold->baseline)) s.base = &bases[j];
        }
        for (size_t j = 0; j < n_baselines && probes.n > 0; j++) {
            if (bytes_eq(baselines[j].name, probes)) s.probes = &bases[j];
        }
        rc = score_one(&s, err);
    }
    for (size_t i = 0; bases != NULL && i < n_baselines; i++) {
        score_tally_done(&bases[i]);
    }
    free(bases);
    score_tally_done(&tally);
    return rc;
}

enum score_verdict score_verdict(const struct score *scores, size_t n) {
    enum score_verdict ret = n > 0 ? SCORE_PASS : SCORE_UNKNOWN;
    for (size_t i = 0; i < n; i++) {
        if (scores[i].verdict == SCORE_FAIL) return SCORE_FAIL;
        if (scores[i].verdict != SCORE_PASS) ret = SCORE_UNKNOWN;
    }
    return ret;
}
