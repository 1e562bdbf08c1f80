/* A threshold names a score as `ledger eval show` lists it: by its metric, with or without the filter, and by its task where several tasks
 * have that metric. */
#include "evals/score/held.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/locale.h"
#include "base/mp.h"
#include "projections/ready/eval.h"
#include "projections/view/look.h"

#define FORM "expected '[TASK] METRIC at_least VALUE' or '... at_most VALUE', such as 'acc/none at_least 0.6'"

/* Where the last `word` begins; NULL: nowhere. */
static const char *last(const char *text, const char *word) {
    const char *found = NULL;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        found = at;
    }
    return found;
}

static bool read_number(const char *text, double *ret) {
    struct buf mp = {.max = 64};
    struct mp_item item;
    bool number = text[0] != '\0' && json_to_mp(bytes_of(text), &mp, NULL) == 0 && mp_scalar(bytes_of_buf(&mp), &item) == 0;
    if (number && item.type == MP_FLOAT) {
        *ret = item.real;
    } else if (number && item.type == MP_UINT) {
        *ret = (double)item.uint;
    } else if (number && item.type == MP_INT) {
        *ret = (double)item.sint;
    } else {
        number = false;
    }
    buf_done(&mp);
    return number && isfinite(*ret);
}

static int read_text(const char *text, struct bytes *ret_name, struct held_threshold *ret, struct err *err) {
    static const char least[] = " at_least ", most[] = " at_most ";
    const char *low = last(text, least), *high = last(text, most);
    const char *side = low != NULL ? low : high;
    *ret = (struct held_threshold){.higher = low != NULL};
    if (side == NULL || side == text || (low != NULL && high != NULL) ||
        !read_number(side + (ret->higher ? sizeof(least) : sizeof(most)) - 1, &ret->value)) {
        return err_set(err, ERR_INVALID, "the threshold '%.120s' is none: " FORM, text);
    }
    *ret_name = (struct bytes){(const uint8_t *)text, (size_t)(side - text)};
    return 0;
}

/* "acc", "acc/none" or "task acc/none". */
static bool is_named(struct bytes name, struct bytes task, struct bytes metric) {
    if (name.n > task.n && bytes_starts(name, task) && name.p[task.n] == ' ' && task.n > 0) {
        name = (struct bytes){name.p + task.n + 1, name.n - task.n - 1};
    }
    return name.n > 0 && bytes_starts(metric, name) && (metric.n == name.n || metric.p[name.n] == '/');
}

/* The scores that a name means. */
struct meant {
    struct bytes name;
    size_t n;
    struct held_threshold one; /* the first: its task and metric */
    bool directed, higher, has_value;
    double value;
    int64_t samples;
    struct buf all, matching; /* for messages */
};

static void add_name(struct buf *out, struct bytes task, struct bytes metric) {
    if (out->n > 600) return;
    buf_printf(out, "%s'%.*s%s%.*s'", out->n > 0 ? ", " : "", (int)(task.n < 80 ? task.n : 80), (const char *)task.p,
               task.n > 0 ? " " : "", (int)(metric.n < 80 ? metric.n : 80), (const char *)metric.p);
}

static void take(struct meant *m, const struct row *score) {
    struct bytes task = row_text(score, EVAL_SCORE_TASK), metric = row_text(score, EVAL_SCORE_METRIC);
    add_name(&m->all, task, metric);
    if (!is_named(m->name, task, metric)) return;
    add_name(&m->matching, task, metric);
    if (m->n++ > 0) return;
    (void)snprintf(m->one.task, sizeof(m->one.task), "%.*s", (int)task.n, (const char *)task.p);
    (void)snprintf(m->one.metric, sizeof(m->one.metric), "%.*s", (int)metric.n, (const char *)metric.p);
    m->directed = row_has(score, EVAL_SCORE_HIGHER);
    m->higher = row_bool(score, EVAL_SCORE_HIGHER);
    m->has_value = row_has(score, EVAL_SCORE_VALUE);
    m->value = row_real(score, EVAL_SCORE_VALUE);
    m->samples = row_int(score, EVAL_SCORE_SAMPLES);
    if (task.n >= sizeof(m->one.task) || metric.n >= sizeof(m->one.metric)) m->n = SIZE_MAX; /* too long to be named */
}

static int find(struct meant *m, struct state_view *view, const struct row *eval, struct err *err) {
    const struct bytes id = row_text(eval, EVAL_ID);
    struct state_rows *rows = NULL;
    const struct row *score;
    int rc = look_rows(view, "eval_scores", &id, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &score, err)) == 0) {
        bool own = row_int(score, EVAL_SCORE_RUN) == row_int(eval, EVAL_STARTED_SEQ);
        if (own && !eval_score_is_foreign(eval, score)) take(m, score);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

/* Means of values from 0 to 1, of which more is better in every version of lm-eval. */
static bool is_share(const char *metric) {
    static const char *const shares[] = {"acc", "acc_norm", "exact_match"};
    const size_t n = strcspn(metric, "/");
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        if (strlen(shares[i]) == n && memcmp(metric, shares[i], n) == 0) return true;
    }
    return false;
}

/* What nothing could miss: a direction that nobody states could be chosen so, and a mean of 0 and 1 has steps. */
static int check_scale(const struct meant *m, const struct held_threshold *t, const char *text, struct err *err) {
    const bool share = is_share(t->metric);
    if (!m->directed && !share) {
        return err_set(err, ERR_INVALID,
                       "the threshold '%.120s' cannot be judged: its file does not say whether more is better of '%s'",
                       text, t->metric);
    }
    if (!m->directed && !t->higher) {
        return err_set(err, ERR_INVALID,
                       "the threshold '%.120s' is on the wrong side: more is better of '%s' (expected 'at_least')", text,
                       t->metric);
    }
    if (share && t->higher && t->value > 0 && m->samples > 0 && t->value * (double)m->samples < 1 - 1e-9) {
        return err_set(err, ERR_INVALID,
                       "the threshold '%.120s' is below one of its %lld samples (expected 1/%lld or more)", text,
                       (long long)m->samples, (long long)m->samples);
    }
    return 0;
}

static int check(const struct meant *m, const struct held_threshold *t, const char *text, struct err *err) {
    if (m->n == 0) {
        return err_set(err, ERR_INVALID, "the threshold '%.120s' names none of its scores: it has %.*s", text,
                       (int)m->all.n, m->all.n > 0 ? (const char *)m->all.p : "");
    }
    if (m->n > 1) {
        return err_set(err, ERR_INVALID, "the threshold '%.120s' names several scores: %.*s (one threshold each)", text,
                       (int)m->matching.n, (const char *)m->matching.p);
    }
    if (m->directed && m->higher != t->higher) {
        return err_set(err, ERR_INVALID,
                       "the threshold '%.120s' is on the wrong side: %s is better of '%s' (expected '%s')", text,
                       m->higher ? "more" : "less", t->metric, m->higher ? "at_least" : "at_most");
    }
    if (t->higher && t->value <= 0 && !(m->has_value && m->value < 0)) {
        return err_set(err, ERR_INVALID, "the threshold '%.120s' asks for nothing (expected a value above 0)", text);
    }
    return check_scale(m, t, text, err);
}

static int order(const struct held_threshold *a, const struct held_threshold *b) {
    int by = strcmp(a->task, b->task);
    return by != 0 ? by : strcmp(a->metric, b->metric);
}

static int insert(struct held *held, const struct held_threshold *t, const char *text, struct err *err) {
    size_t at = 0;
    while (at < held->n && order(&held->all[at], t) < 0) {
        at++;
    }
    if (at < held->n && order(&held->all[at], t) == 0) {
        return err_set(err, ERR_INVALID, "the threshold '%.120s' is the second of its score", text);
    }
    if (held->n == HELD_MAX) return err_set(err, ERR_LIMIT, "more than %d thresholds", HELD_MAX);
    memmove(&held->all[at + 1], &held->all[at], (held->n - at) * sizeof(*t));
    held->all[at] = *t;
    held->n++;
    return 0;
}

int held_add(struct held *held, struct state_view *view, const struct row *eval, const char *text, struct err *err) {
    struct held_threshold t;
    struct meant m = {.all = {.max = 4096}, .matching = {.max = 4096}};
    int rc = read_text(text, &m.name, &t, err);
    if (rc == 0) rc = find(&m, view, eval, err);
    if (rc == 0) {
        memcpy(t.task, m.one.task, sizeof(t.task));
        memcpy(t.metric, m.one.metric, sizeof(t.metric));
        rc = check(&m, &t, text, err);
    }
    if (rc == 0) rc = insert(held, &t, text, err);
    buf_done(&m.all);
    buf_done(&m.matching);
    return rc;
}

void held_put_tasks(const struct held *held, struct buf *out) {
    mp_put_array(out, (uint32_t)held->n);
    for (size_t i = 0; i < held->n; i++) {
        const struct held_threshold *t = &held->all[i];
        mp_put_map(out, 4);
        mp_pair_bool(out, "higher_is_better", t->higher);
        mp_pair_text(out, "metric", t->metric);
        mp_pair_text(out, "name", t->task);
        mp_put_text(out, "threshold");
        mp_put_float(out, t->value + 0.0); /* no negative zero */
    }
}

void held_digest(const struct held *held, uint8_t ret[HASH_LEN]) {
    struct buf tasks = {.max = (size_t)1 << 20};
    held_put_tasks(held, &tasks);
    const struct bytes parts[] = {bytes_of("ledger thresholds/1"), bytes_of_buf(&tasks)};
    hash_parts(ret, parts, 2);
    buf_done(&tasks);
}
