/* Every score of a metric must be within the route's bounds, whichever task it is of; the rules are those of
 * readiness_threshold.def. */
#include "projections/ready/thresholds.h"

#include <stdio.h>

#include "projections/ready/routes.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"

#define NAME(text) REASON_PART(text, 40)

/* The first few, in words. */
struct named {
    size_t n, used;
    char words[180];
};

struct judging {
    struct state_view *view;
    struct bytes eval;
    struct eval_verdict *ret;
    struct named below, unscored;
};

struct threshold {
    struct bytes metric;
    bool has_min, has_max;
    double min, max;
};

static void add(struct named *named, const char *words) {
    size_t room = sizeof(named->words) - named->used;
    int n = snprintf(named->words + named->used, room, "%s%s", named->n++ > 0 ? "; " : "", words);
    named->used += n > 0 && (size_t)n < room ? (size_t)n : 0;
    named->words[named->used] = '\0';
}

/* A value that is no number is on no side. */
static bool is_outside(const struct threshold *t, double value) {
    return !((!t->has_min || value >= t->min) && (!t->has_max || value <= t->max));
}

static void take_score(struct judging *j, const struct threshold *t, const struct row *score) {
    double value = row_real(score, EVAL_SCORE_VALUE);
    char words[180];
    if (!is_outside(t, value)) return;
    bool low = t->has_min && !(value >= t->min);
    (void)snprintf(words, sizeof(words), "'%.*s %.*s' %.6g, asked for at %s %.6g", NAME(row_text(score, EVAL_SCORE_TASK)),
                   NAME(t->metric), value, low ? "least" : "most", low ? t->min : t->max);
    add(&j->below, words);
    reason_cite_cell(&j->ret->reason, score, EVAL_SCORE_SEQ, SIZE_MAX);
}

static int take_threshold(struct judging *j, const struct threshold *t, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *score;
    size_t scored = 0;
    char words[64];
    int rc = look_rows(j->view, "eval_scores", &j->eval, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &score, err)) == 0) {
        if (!bytes_eq(row_text(score, EVAL_SCORE_METRIC), t->metric) || !row_has(score, EVAL_SCORE_VALUE)) continue;
        scored++;
        take_score(j, t, score);
    }
    state_rows_close(rows);
    if (rc == 1 && scored == 0) {
        (void)snprintf(words, sizeof(words), "'%.*s'", NAME(t->metric));
        add(&j->unscored, words);
    }
    return rc == 1 ? 0 : rc;
}

/* ---- the conditions of readiness_threshold.def ---- */

static bool say(struct judging *j, const char *name, const struct named *named) {
    readiness_say(&j->ret->found, name, "%s", named->words);
    return named->n > 0;
}

static bool is_below(struct judging *j) {
    return say(j, "below", &j->below);
}

static bool is_not_scored(struct judging *j) {
    return say(j, "unscored", &j->unscored);
}

static const struct {
    enum readiness_id id;
    bool (*unmet)(struct judging *j);
} rules[] = {
#define RULE(id, unmet, ...) {READINESS_##id, unmet},
#include "projections/ready/readiness_threshold.def"
#undef RULE
};

static void walk(struct judging *j) {
    struct eval_verdict *ret = j->ret;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (!rules[i].unmet(j)) continue;
        enum readiness_outcome outcome = readiness_rules[rules[i].id].outcome;
        readiness_add(&ret->found, rules[i].id);
        ret->outcome = ret->counts || outcome == READINESS_FAILED ? outcome : ret->outcome;
        ret->counts = false;
    }
}

int thresholds_judge(struct state_view *view, const struct row *route, const struct row *eval, struct eval_verdict *verdict,
                     struct err *err) {
    struct judging j = {.view = view, .eval = row_text(eval, EVAL_ID), .ret = verdict};
    struct list list;
    struct bytes item;
    int rc = 0;
    if (!verdict->counts && verdict->outcome <= READINESS_UNFINISHED) return 0; /* it did not end, or is void */
    list_open(&list, row_list(route, ROUTE_THRESHOLDS));
    while (rc == 0 && list_next(&list, &item)) {
        struct threshold t = {0};
        if (!list_text(item, "metric", &t.metric)) continue;
        t.has_min = list_real(item, "min", &t.min);
        t.has_max = list_real(item, "max", &t.max);
        rc = take_threshold(&j, &t, err);
    }
    if (rc == 0) walk(&j);
    return rc;
}
