/* The same for programs. docs/evaluations.md describes the members. */
#include "cli/evals/comparison.h"

#include <math.h>

#include "base/text.h"
#include "cli/print/junit.h"
#include "cli/print/say.h"
#include "projections/ready/eval.h"

#define LIST_MAX  ((size_t)16 << 20) /* of a JSON document; the rest is counted */
#define WORDS_MAX ((size_t)4 << 20)
#define NAME_MAX  ((size_t)1 << 20)
#define XML_MAX   ((size_t)1 << 30)

static const char *const answers[] = {[COMPARE_NOISE] = "noise", [COMPARE_BETTER] = "better", [COMPARE_WORSE] = "worse"};

static void put_both(struct obj *obj, const char *key, const double v[2]) {
    struct obj both = {0};
    evaluation_put_real(&both, "a", v[0]);
    evaluation_put_real(&both, "b", v[1]);
    obj_obj(obj, key, &both);
}

static void put_counts(struct obj *obj, const char *key, uint64_t a, uint64_t b) {
    struct obj both = {0};
    obj_uint(&both, "a", a);
    obj_uint(&both, "b", b);
    obj_obj(obj, key, &both);
}

static void put_interval(struct obj *obj, const struct stat_interval *interval) {
    struct obj list = {0};
    evaluation_put_real(&list, NULL, interval->low);
    evaluation_put_real(&list, NULL, interval->high);
    obj_list(obj, "interval", &list);
}

static void put_passes(const struct comparison *c, struct obj *out) {
    const struct compare *f = &c->found;
    struct obj passes = {0};
    obj_uint(&passes, "pairs", f->n);
    put_counts(&passes, "passed", f->passed[0], f->passed[1]);
    put_both(&passes, "rate", f->rate);
    evaluation_put_real(&passes, "difference", f->difference);
    put_interval(&passes, &f->interval);
    evaluation_put_real(&passes, "effective", f->effective);
    obj_uint(&passes, "pass_to_fail", c->pairs.count[COMPARE_LOST]);
    obj_uint(&passes, "fail_to_pass", c->pairs.count[COMPARE_GAINED]);
    obj_uint(&passes, "both_pass", c->pairs.count[COMPARE_PASSES]);
    obj_uint(&passes, "both_fail", c->pairs.count[COMPARE_FAILS]);
    evaluation_put_real(&passes, "p", f->p);
    obj_text(&passes, "answer", answers[f->passes]);
    obj_uint(&passes, "cases", f->cases);
    obj_uint(&passes, "cases_worse", f->cases_worse);
    obj_uint(&passes, "cases_better", f->cases_better);
    obj_uint(&passes, "cases_needed", f->needed);
    obj_obj(out, "passes", &passes);
}

static void put_tags(const struct comparison *c, struct obj *out) {
    struct obj list = {0};
    for (size_t i = 0; i < c->tags.n; i++) {
        const struct compare_tag *tag = &c->tags.all[i];
        struct obj one = {0};
        if (tag->tag.n > 0) {
            obj_str(&one, "tag", tag->tag);
        } else {
            obj_text(&one, "tag", NULL);
        }
        obj_uint(&one, "pairs", tag->found.n);
        put_counts(&one, "passed", tag->found.passed[0], tag->found.passed[1]);
        put_both(&one, "rate", tag->found.rate);
        evaluation_put_real(&one, "difference", tag->found.difference);
        put_interval(&one, &tag->found.interval);
        obj_uint(&one, "pass_to_fail", tag->count[COMPARE_LOST]);
        obj_uint(&one, "fail_to_pass", tag->count[COMPARE_GAINED]);
        obj_uint(&one, "errors", tag->count[COMPARE_ERRED]);
        evaluation_put_real(&one, "p", tag->found.p);
        obj_text(&one, "answer", answers[tag->found.passes]);
        obj_obj(&list, NULL, &one);
    }
    if (c->by_tag) {
        obj_list(out, "tags", &list);
    } else {
        obj_done(&list);
    }
}

static void put_errors(const struct comparison *c, struct obj *out) {
    const struct compare *f = &c->found;
    struct obj errors = {0};
    obj_uint(&errors, "pairs", c->pairs.count[COMPARE_ERRED]);
    put_counts(&errors, "errors", c->pairs.erred[0], c->pairs.erred[1]);
    put_counts(&errors, "only", f->erred_only[0], f->erred_only[1]);
    evaluation_put_real(&errors, "p", f->p_errors);
    obj_text(&errors, "answer", answers[f->errors]);
    obj_obj(out, "errors", &errors);
}

static void put_numbers(const char *key, const struct compare_numbers *numbers, const char *answer, struct obj *out) {
    struct obj obj = {0};
    obj_uint(&obj, "pairs", numbers->n);
    obj_uint(&obj, "cases", numbers->cases);
    put_both(&obj, "mean", numbers->mean);
    put_both(&obj, "p50", numbers->p50);
    put_both(&obj, "p95", numbers->p95);
    put_both(&obj, "p99", numbers->p99);
    evaluation_put_real(&obj, "difference", numbers->difference);
    put_interval(&obj, &numbers->interval);
    evaluation_put_real(&obj, "p", numbers->p);
    obj_text(&obj, "answer", answer);
    obj_obj(out, key, &obj);
}

static void put_sample(const struct compare_pair *pair, size_t side, struct obj *out) {
    const struct sample *one = side == 0 ? pair->a : pair->b;
    struct obj obj = {0};
    if (!one) {
        obj_text(out, side == 0 ? "a" : "b", NULL);
        return;
    }
    obj_text(&obj, "outcome", comparison_outcome(pair, side));
    obj_uint(&obj, "seq", one->seq);
    evaluation_put_real(&obj, "latency_ms", one->latency_ms);
    evaluation_put_real(&obj, "score", one->score);
    obj_obj(out, side == 0 ? "a" : "b", &obj);
}

/* Those that flipped, ended in an error or have no counterpart; the rest are alike. */
static void put_changed(const struct comparison *c, struct obj *out) {
    struct obj list = {0};
    uint64_t omitted = 0;
    for (size_t i = 0; i < c->pairs.n; i++) {
        const struct compare_pair *pair = &c->pairs.pairs[i];
        const struct sample *one = pair->a ? pair->a : pair->b;
        struct obj obj = {0};
        if (pair->change == COMPARE_FAILS || pair->change == COMPARE_PASSES) continue;
        if (list.items.n > LIST_MAX) {
            omitted++;
            continue;
        }
        obj_text(&obj, "change", compare_change_words[pair->change]);
        obj_str(&obj, "task", one->task);
        obj_str(&obj, "case", one->id);
        obj_str(&obj, "filter", one->filter);
        obj_uint(&obj, "repeat", one->repeat);
        put_sample(pair, 0, &obj);
        put_sample(pair, 1, &obj);
        obj_obj(&list, NULL, &obj);
    }
    obj_list(out, "changed", &list);
    obj_uint(out, "changed_omitted", omitted);
}

static void put_left(const struct comparison *c, struct obj *out) {
    struct obj left = {0};
    obj_uint(&left, "only_a", c->pairs.count[COMPARE_ONLY_A]);
    obj_uint(&left, "only_b", c->pairs.count[COMPARE_ONLY_B]);
    obj_uint(&left, "other_case", c->pairs.count[COMPARE_ALTERED]);
    put_counts(&left, "repeated", c->samples[0].repeated, c->samples[1].repeated);
    put_counts(&left, "unreadable", c->samples[0].erased + c->samples[0].unreadable,
               c->samples[1].erased + c->samples[1].unreadable);
    obj_obj(out, "not_compared", &left);
}

static void put_lines(struct obj *out, const char *key, struct bytes text) {
    struct obj list = {0};
    while (text.n > 0) {
        const uint8_t *end = bytes_find(text, '\n');
        size_t n = end ? (size_t)(end - text.p) : text.n;
        obj_str(&list, NULL, (struct bytes){text.p, n});
        n += end ? 1 : 0;
        text = (struct bytes){text.p + n, text.n - n};
    }
    obj_list(out, key, &list);
}

static void put_words(const struct comparison *c, struct obj *out) {
    struct buf words = {.max = WORDS_MAX};
    comparison_words(c, &words);
    put_lines(out, "words", bytes_of_buf(&words));
    buf_clear(&words);
    comparison_weak(c, &words);
    put_lines(out, "weak", bytes_of_buf(&words));
    buf_done(&words);
}

int comparison_put(struct comparison *c) {
    const struct compare *f = &c->found;
    struct obj obj = {0}, sides[2] = {{.n = 0}, {.n = 0}};
    obj_text(&obj, "schema", "ledger.eval_comparison/1");
    asof_put(c->view, SIZE_MAX, &obj);
    for (size_t i = 0; i < 2; i++) {
        evaluation_put(c->view, &c->rows[i], &sides[i]);
        obj_obj(&obj, i == 0 ? "a" : "b", &sides[i]);
    }
    evaluation_put_real(&obj, "confidence", c->options.confidence);
    obj_uint(&obj, "seed", c->options.seed);
    obj_uint(&obj, "resamples", c->options.resamples);
    obj_text(&obj, "answer", answers[comparison_answer(c)]);
    put_passes(c, &obj);
    put_tags(c, &obj);
    put_errors(c, &obj);
    put_numbers("score", &f->score, f->score.n > 0 && f->score.p <= 1 - c->options.confidence ? "differs" : "noise", &obj);
    put_numbers("latency_ms", &f->latency, answers[f->latency_answer], &obj);
    put_both(&obj, "cost", f->cost);
    put_counts(&obj, "violations", f->violations[0], f->violations[1]);
    obj_uint(&obj, "probes", f->probes);
    obj_uint(&obj, "probes_changed", f->probes_changed);
    put_left(c, &obj);
    put_changed(c, &obj);
    put_words(c, &obj);
    return cli_print(c->view->cli, &obj, false);
}

/* ---- a row for each pair ---- */

enum {
    R_CHANGE,
    R_TASK,
    R_CASE,
    R_FILTER,
    R_REPEAT,
    R_A,
    R_B,
    R_LATENCY_A,
    R_LATENCY_B,
    R_SCORE_A,
    R_SCORE_B,
    R_SEQ_A,
    R_SEQ_B,
    ROW_COLUMNS
};

static struct query_value text_value(struct bytes text) {
    return (struct query_value){.type = QUERY_TEXT, .text = text};
}

static struct query_value real_value(const struct sample *one, double v) {
    return one && isfinite(v) ? (struct query_value){.type = QUERY_REAL, .real = v}
                              : (struct query_value){.type = QUERY_NULL};
}

static struct query_value seq_value(const struct sample *one) {
    return one && one->seq <= INT64_MAX ? (struct query_value){.type = QUERY_INT, .int_ = (int64_t)one->seq}
                                        : (struct query_value){.type = QUERY_NULL};
}

int comparison_put_rows(struct comparison *c, enum rows_format format) {
    static const struct rows_column columns[ROW_COLUMNS] = {
        [R_CHANGE] = {.name = "change"},
        [R_TASK] = {.name = "task"},
        [R_CASE] = {.name = "case"},
        [R_FILTER] = {.name = "filter"},
        [R_REPEAT] = {.name = "repeat"},
        [R_A] = {.name = "a"},
        [R_B] = {.name = "b"},
        [R_LATENCY_A] = {.name = "latency_ms_a"},
        [R_LATENCY_B] = {.name = "latency_ms_b"},
        [R_SCORE_A] = {.name = "score_a"},
        [R_SCORE_B] = {.name = "score_b"},
        [R_SEQ_A] = {.name = "seq_a"},
        [R_SEQ_B] = {.name = "seq_b"},
    };
    struct rows_options options = {.format = format, .n = ROW_COLUMNS, .columns = columns};
    struct rows *rows = rows_begin(c->view->cli, &options);
    for (size_t i = 0; rows && i < c->pairs.n && out_good(c->view->cli); i++) {
        const struct compare_pair *pair = &c->pairs.pairs[i];
        const struct sample *a = pair->a, *b = pair->b, *one = a ? a : b;
        const struct query_value values[ROW_COLUMNS] = {
            [R_CHANGE] = text_value(bytes_of(compare_change_words[pair->change])),
            [R_TASK] = text_value(one->task),
            [R_CASE] = text_value(one->id),
            [R_FILTER] = text_value(one->filter),
            [R_REPEAT] = {.type = QUERY_INT, .int_ = (int64_t)one->repeat},
            [R_A] = text_value(bytes_of(comparison_outcome(pair, 0))),
            [R_B] = text_value(bytes_of(comparison_outcome(pair, 1))),
            [R_LATENCY_A] = real_value(a, a ? a->latency_ms : NAN),
            [R_LATENCY_B] = real_value(b, b ? b->latency_ms : NAN),
            [R_SCORE_A] = real_value(a, a ? a->score : NAN),
            [R_SCORE_B] = real_value(b, b ? b->score : NAN),
            [R_SEQ_A] = seq_value(a),
            [R_SEQ_B] = seq_value(b),
        };
        rows_values(rows, values);
    }
    return rows_end(rows, NULL);
}

/* ---- JUnit ---- */

/* A failure is a sample that B lost; what B did not answer is an error; what cannot be compared is skipped. */
static enum junit_end junit_of(const struct compare_pair *pair) {
    switch (pair->change) {
    case COMPARE_LOST:
        return JUNIT_FAILURE;
    case COMPARE_ERRED:
        return pair->b->outcome == SAMPLE_ERRED ? JUNIT_ERROR : JUNIT_SKIPPED;
    case COMPARE_ALTERED:
    case COMPARE_ONLY_A:
    case COMPARE_ONLY_B:
        return JUNIT_SKIPPED;
    default:
        return JUNIT_PASSED;
    }
}

int comparison_put_junit(struct comparison *c) {
    struct junit junit;
    struct buf name = {.max = NAME_MAX}, xml = {.max = XML_MAX};
    struct err err = {0};
    junit_init(&junit);
    for (size_t i = 0; i < c->pairs.n; i++) {
        const struct compare_pair *pair = &c->pairs.pairs[i];
        const struct sample *one = pair->a ? pair->a : pair->b;
        buf_clear(&name);
        evaluation_sample_name(one, &name);
        junit_case(&junit, one->task, bytes_of_buf(&name), pair->b ? pair->b->latency_ms / 1000 : NAN, junit_of(pair),
                   bytes_of(compare_change_words[pair->change]));
    }
    buf_clear(&name);
    buf_put_bytes(&name, row_text(&c->rows[0], EVAL_ID));
    buf_put_str(&name, " to ");
    buf_put_bytes(&name, row_text(&c->rows[1], EVAL_ID));
    int rc = junit_write(&junit, bytes_of_buf(&name), &xml, &err);
    if (rc == 0) out_data(c->view->cli, bytes_of_buf(&xml));
    junit_done(&junit);
    buf_done(&name);
    buf_done(&xml);
    return rc == 0 ? 0 : cli_fail(c->view->cli, &err);
}
