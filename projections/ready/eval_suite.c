/* The list of tasks is sorted once, so that each score finds its requirements. */
#include "projections/ready/eval_suite.h"

#include <math.h>
#include <stdlib.h>

#include "projections/ready/eval.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"

#define NOTHING ((struct bytes){0})

static int by_name(const void *a, const void *b) {
    const struct eval_suite_task *x = a, *y = b;
    int order = bytes_cmp(x->name, y->name);
    return order != 0 ? order : bytes_cmp(x->metric, y->metric);
}

static int take_tasks(struct eval_suite *suite, struct err *err) {
    struct bytes tasks = row_list(&suite->row, SUITE_TASKS);
    struct list list;
    struct bytes item;
    list_open(&list, tasks);
    if (list.left == 0 || list.left > tasks.n) return 0;
    suite->tasks = calloc(list.left, sizeof(suite->tasks[0]));
    if (suite->tasks == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    while (list_next(&list, &item)) {
        struct eval_suite_task task = {0};
        if (list_name(item, "name", &task.name)) {
            list_text(item, "metric", &task.metric);
            task.has_threshold = list_real(item, "threshold", &task.threshold);
            task.has_direction = list_bool(item, "higher_is_better", &task.higher);
            suite->tasks[suite->n++] = task;
        }
    }
    qsort(suite->tasks, suite->n, sizeof(suite->tasks[0]), by_name);
    return 0;
}

int eval_suite_open(struct state_view *view, struct bytes name, struct bytes digest, struct eval_suite *ret,
                    struct err *err) {
    const struct bytes exact[] = {name, digest}, undigested[] = {name, NOTHING};
    *ret = (struct eval_suite){0};
    if (name.n == 0) {
        row_init(&ret->row, NULL);
        return 0;
    }
    int rc = digest.n > 0 ? look_stored(view, "suite_versions", exact, 2, &ret->row, &ret->there, err)
                          : look_stored(view, "suites", &name, 1, &ret->row, &ret->there, err);
    if (rc == 0 && !ret->there && digest.n > 0) {
        row_done(&ret->row);
        rc = look_stored(view, "suite_versions", undigested, 2, &ret->row, &ret->there, err);
    }
    if (rc == 0 && ret->there) rc = take_tasks(ret, err);
    return rc;
}

void eval_suite_done(struct eval_suite *suite) {
    free(suite->tasks);
    row_done(&suite->row);
    *suite = (struct eval_suite){0};
}

/* ---- scores ---- */

/* A metric's name may have a filter after it: "acc" also applies to "acc/none". */
static bool is_metric(struct bytes asked, struct bytes metric) {
    bool begins = metric.n > asked.n && metric.p[asked.n] == '/' && bytes_eq(asked, (struct bytes){metric.p, asked.n});
    return asked.n == 0 || bytes_eq(asked, metric) || begins;
}

struct weighed {
    enum eval_result result;
    double asked;
    bool higher;
};

/* Files of suites are refused with such a threshold; whoever declares one by hand proves nothing with it. */
static bool asks_for_nothing(const struct eval_suite *suite, double value, double threshold) {
    return suite->imported && threshold <= 0 && value >= 0;
}

static void weigh(const struct eval_suite *suite, struct weighed *w, const struct row *score, double threshold,
                  bool has_direction, bool higher) {
    double value = row_real(score, EVAL_SCORE_VALUE);
    if (has_direction && higher && asks_for_nothing(suite, value, threshold)) return;
    enum eval_result result = isnan(value)                                         ? EVAL_RESULT_VALUELESS
                              : !has_direction                                     ? EVAL_RESULT_UNDIRECTED
                              : (higher ? value >= threshold : value <= threshold) ? EVAL_RESULT_PASSES
                                                                                   : EVAL_RESULT_FAILS;
    if (result > w->result) {
        *w = (struct weighed){result, threshold, higher};
    }
}

static void weigh_word(struct weighed *w, const struct row *score) {
    bool passes = row_is(score, EVAL_SCORE_SAID, "pass"); /* which proves nothing */
    enum eval_result result = row_is(score, EVAL_SCORE_SAID, "fail")       ? EVAL_RESULT_FAILS
                              : row_has(score, EVAL_SCORE_SAID) && !passes ? EVAL_RESULT_UNCLEAR
                                                                           : EVAL_RESULT_INFORMS;
    if (result > w->result) {
        *w = (struct weighed){result, NAN, false};
    }
}

static size_t first_of(const struct eval_suite *suite, struct bytes task) {
    size_t low = 0, high = suite->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_cmp(suite->tasks[middle].name, task) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool eval_suite_direction(const struct eval_suite *suite, const struct row *score, bool *ret_higher) {
    struct bytes task = row_text(score, EVAL_SCORE_TASK), metric = row_text(score, EVAL_SCORE_METRIC);
    bool told = row_has(score, EVAL_SCORE_HIGHER);
    *ret_higher = row_bool(score, EVAL_SCORE_HIGHER);
    for (size_t i = first_of(suite, task); !told && i < suite->n && bytes_eq(suite->tasks[i].name, task); i++) {
        const struct eval_suite_task *t = &suite->tasks[i];
        if (t->has_direction && is_metric(t->metric, metric)) {
            told = true;
            *ret_higher = t->higher;
        }
    }
    return told;
}

const char *eval_suite_side(enum eval_result result, double asked) {
    return isnan(asked)                   ? NULL
           : result == EVAL_RESULT_PASSES ? "reaches"
           : result == EVAL_RESULT_FAILS  ? "misses"
                                          : "unknown";
}

enum eval_result eval_suite_judge(struct eval_suite *suite, const struct row *score, double *ret_asked, bool *ret_higher) {
    struct bytes task = row_text(score, EVAL_SCORE_TASK), metric = row_text(score, EVAL_SCORE_METRIC);
    bool own = row_has(score, EVAL_SCORE_THRESHOLD), directed = row_has(score, EVAL_SCORE_HIGHER);
    bool higher = row_bool(score, EVAL_SCORE_HIGHER), own_directed = directed, own_higher = higher;
    bool opposed = false;
    struct weighed w = {EVAL_RESULT_INFORMS, NAN, false};
    for (size_t i = first_of(suite, task); i < suite->n && bytes_eq(suite->tasks[i].name, task); i++) {
        struct eval_suite_task *t = &suite->tasks[i];
        if (!is_metric(t->metric, metric)) continue;
        t->scored = true;
        if (t->has_threshold) {
            weigh(suite, &w, score, t->threshold, t->has_direction || directed, t->has_direction ? t->higher : higher);
        }
        opposed = opposed || (t->has_direction && own_directed && t->higher != own_higher);
        if (t->has_direction && !own_directed) {
            own_directed = true;
            own_higher = t->higher;
        }
    }
    if (opposed && w.result < EVAL_RESULT_OPPOSED) {
        w.result = EVAL_RESULT_OPPOSED;
    }
    if (own) {
        weigh(suite, &w, score, row_real(score, EVAL_SCORE_THRESHOLD), own_directed, own_higher);
    }
    weigh_word(&w, score);
    *ret_asked = w.asked;
    *ret_higher = w.higher;
    return w.result;
}

const char *eval_suite_word(enum eval_result result, const struct row *score) {
    static const char *const words[] = {
        [EVAL_RESULT_INFORMS] = "unknown",    [EVAL_RESULT_PASSES] = "pass",       [EVAL_RESULT_UNCLEAR] = "unknown",
        [EVAL_RESULT_UNDIRECTED] = "unknown", [EVAL_RESULT_VALUELESS] = "unknown", [EVAL_RESULT_OPPOSED] = "unknown",
        [EVAL_RESULT_FAILS] = "fail"};
    bool warns = result == EVAL_RESULT_UNCLEAR && row_is(score, EVAL_SCORE_SAID, "warn");
    return result == EVAL_RESULT_INFORMS ? NULL : warns ? "warn" : words[result];
}

static void put_real(struct buf *out, const char *name, double v) {
    mp_put_str(out, bytes_of(name));
    if (mp_float_ok(v)) {
        mp_put_float(out, v);
    } else {
        mp_put_nil(out);
    }
}

static void put_word(struct buf *out, const char *name, const char *word) {
    mp_put_str(out, bytes_of(name));
    if (word != NULL) {
        mp_put_str(out, bytes_of(word));
    } else {
        mp_put_nil(out);
    }
}

void eval_suite_put(enum eval_result result, double asked, const struct row *score, struct buf *out) {
    struct bytes label = row_text(score, EVAL_SCORE_LABEL);
    mp_put_map(out, 6);
    mp_pair_str(out, "metric", row_text(score, EVAL_SCORE_METRIC));
    put_word(out, "side", eval_suite_side(result, asked));
    mp_pair_str(out, "task", row_text(score, EVAL_SCORE_TASK));
    put_real(out, "threshold", asked);
    if (row_has(score, EVAL_SCORE_VALUE) || label.n == 0) {
        put_real(out, "value", row_real(score, EVAL_SCORE_VALUE));
    } else {
        mp_pair_str(out, "value", label);
    }
    put_word(out, "verdict", eval_suite_word(result, score));
}

/* ---- declarations ---- */

static void put_suite(struct fold *fold, struct row *row) {
    struct bytes digest;
    bool told = fold_text(fold, "suite_digest", &digest);
    if (!row_has(row, SUITE_SEQ) || (told && !bytes_eq(digest, row_text(row, SUITE_DIGEST)))) {
        if (row_has(row, SUITE_DIGEST)) {
            struct bytes before = row_text(row, SUITE_DIGEST);
            row_set_text(row, SUITE_DIGEST_BEFORE, before);
            row_set_null(row, SUITE_TASKS); /* they belong to another definition */
        }
        row_set_int(row, SUITE_CHANGED_AT, (int64_t)fold_at(fold));
        row_set_int(row, SUITE_CHANGED_SEQ, (int64_t)fold_event(fold)->seq);
    }
    fold_copy(fold, row, SUITE_DIGEST, "suite_digest");
    fold_copy(fold, row, SUITE_VERSION, "version");
    fold_copy(fold, row, SUITE_TASKS, "tasks");
    fold_copy(fold, row, SUITE_MAX_AGE_S, "max_age_s");
    row_set_int(row, SUITE_SEQ, (int64_t)fold_event(fold)->seq);
}

/* The newest of its name, and the newest of its digest: an evaluation is judged by the definition that it was made by.
 * */
int eval_suite_take(struct fold *fold, struct err *err) {
    struct bytes parts[] = {fold_subject(fold), NOTHING};
    struct row *row, *version;
    if (parts[0].n == 0 && !fold_text(fold, "suite", &parts[0])) return 0;
    fold_text(fold, "suite_digest", &parts[1]);
    int rc = fold_row(fold, SUITES, parts, 1, &row, err);
    if (rc == 0) rc = fold_row(fold, SUITE_VERSIONS, parts, 2, &version, err);
    if (rc == 0) {
        put_suite(fold, row);
        put_suite(fold, version);
    }
    return rc;
}
