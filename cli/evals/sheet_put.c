/* The same for programs. docs/evaluations.md describes the members. */
#include <math.h>

#include "cli/evals/sheet.h"
#include "cli/print/cell.h"
#include "cli/print/junit.h"
#include "cli/print/say.h"
#include "projections/ready/eval.h"

#define LIST_MAX ((size_t)16 << 20) /* of a JSON document; the rest is counted */
#define WHY_MAX  ((size_t)33 << 20)
#define XML_MAX  ((size_t)1 << 30)

static int put_score(void *ctx, const struct row *score, struct err *err) {
    struct obj *list = ctx, one = {0};
    (void)err;
    cell_put(NULL, score, EVAL_SCORE_TASK, &one);
    cell_put(NULL, score, EVAL_SCORE_METRIC, &one);
    cell_put(NULL, score, row_has(score, EVAL_SCORE_VALUE) ? EVAL_SCORE_VALUE : EVAL_SCORE_LABEL, &one);
    cell_put(NULL, score, EVAL_SCORE_STDERR, &one);
    cell_put_as(NULL, score, EVAL_SCORE_ASKED, "threshold", &one);
    cell_put(NULL, score, EVAL_SCORE_SIDE, &one);
    cell_put(NULL, score, EVAL_SCORE_VERDICT, &one);
    cell_put(NULL, score, EVAL_SCORE_SAMPLES, &one);
    cell_put(NULL, score, EVAL_SCORE_SEQ, &one);
    obj_obj(list, NULL, &one);
    return 0;
}

static void put_counts(const struct sheet_task *task, struct obj *out) {
    struct obj interval = {0};
    obj_uint(out, "samples", task->known + task->count[SAMPLE_ERRED]);
    obj_uint(out, "passed", task->count[SAMPLE_PASSED]);
    obj_uint(out, "failed", task->count[SAMPLE_MISSED]);
    obj_uint(out, "limits", task->count[SAMPLE_LIMITED]);
    obj_uint(out, "errors", task->count[SAMPLE_ERRED]);
    evaluation_put_real(out, "pass_rate", task->known > 0 ? (double)task->count[SAMPLE_PASSED] / (double)task->known : NAN);
    evaluation_put_real(&interval, NULL, task->interval.low);
    evaluation_put_real(&interval, NULL, task->interval.high);
    obj_list(out, "interval", &interval);
}

static void put_tasks(const struct sheet *s, struct obj *out) {
    struct obj tasks = {0}, all = {0};
    for (size_t i = 0; i + 1 < s->n_tasks; i++) {
        struct obj one = {0};
        if (s->by_tag && s->tasks[i].task.n == 0) {
            obj_text(&one, "tag", NULL);
        } else {
            obj_str(&one, s->by_tag ? "tag" : "task", s->tasks[i].task);
        }
        put_counts(&s->tasks[i], &one);
        obj_obj(&tasks, NULL, &one);
    }
    put_counts(&s->tasks[s->n_tasks - 1], &all);
    obj_obj(out, "all", &all);
    obj_list(out, s->by_tag ? "tags" : "tasks", &tasks);
}

static int put_failed(struct sheet *s, struct obj *out, struct err *err) {
    struct obj list = {0};
    uint64_t omitted = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < s->samples.n; i++) {
        const struct sample *one = &s->samples.all[i];
        struct buf why = {.max = WHY_MAX};
        struct obj obj = {0};
        if (one->outcome == SAMPLE_PASSED) continue;
        if (list.items.n > LIST_MAX) {
            omitted++;
            continue;
        }
        rc = sheet_why(s, one, &why, err);
        obj_str(&obj, "task", one->task);
        obj_str(&obj, "case", one->id);
        obj_str(&obj, "filter", one->filter);
        obj_uint(&obj, "repeat", one->repeat);
        obj_text(&obj, "outcome", evaluation_outcomes[one->outcome]);
        obj_str(&obj, "why", bytes_of_buf(&why));
        obj_uint(&obj, "seq", one->seq);
        obj_obj(&list, NULL, &obj);
        buf_done(&why);
    }
    obj_list(out, "failed", &list);
    obj_uint(out, "failed_omitted", omitted);
    return rc;
}

static void put_latencies(const struct sheet *s, struct obj *out) {
    struct obj obj = {0};
    obj_uint(&obj, "answers", s->n_latencies);
    obj_uint(&obj, "limited", s->n_limited);
    evaluation_put_real(&obj, "p50", sheet_latency(s, 5000));
    evaluation_put_real(&obj, "p95", sheet_latency(s, 9500));
    evaluation_put_real(&obj, "p99", sheet_latency(s, 9900));
    obj_obj(out, "latency_ms", &obj);
}

int sheet_put(struct sheet *s) {
    struct obj obj = {0}, eval = {0}, scores = {0};
    struct err err = {0};
    obj_text(&obj, "schema", "ledger.eval_report/1");
    asof_put(s->view, SIZE_MAX, &obj);
    evaluation_put(s->view, &s->row, &eval);
    obj_obj(&obj, "eval", &eval);
    int rc = sheet_scores(s, put_score, &scores, &err);
    obj_list(&obj, "scores", &scores);
    evaluation_put_real(&obj, "confidence", s->confidence);
    put_tasks(s, &obj);
    if (rc == 0) rc = put_failed(s, &obj, &err);
    put_latencies(s, &obj);
    obj_uint(&obj, "repeated", s->samples.repeated);
    obj_uint(&obj, "unreadable", s->samples.erased + s->samples.unreadable);
    if (rc == 0) return cli_print(s->view->cli, &obj, false);
    obj_done(&obj);
    return cli_fail(s->view->cli, &err);
}

/* ---- a row for each sample ---- */

enum {
    R_TASK,
    R_CASE,
    R_FILTER,
    R_REPEAT,
    R_OUTCOME,
    R_WHY,
    R_SCORE,
    R_LATENCY,
    R_FIRST,
    R_TOKENS_IN,
    R_TOKENS_OUT,
    R_COST,
    R_VIOLATIONS,
    R_SEQ,
    ROW_COLUMNS
};

static struct query_value text_value(struct bytes text) {
    return (struct query_value){.type = QUERY_TEXT, .text = text};
}

static struct query_value real_value(double v) {
    return isfinite(v) ? (struct query_value){.type = QUERY_REAL, .real = v} : (struct query_value){.type = QUERY_NULL};
}

static struct query_value uint_value(uint64_t v) {
    return v <= INT64_MAX ? (struct query_value){.type = QUERY_INT, .int_ = (int64_t)v}
                          : (struct query_value){.type = QUERY_NULL};
}

int sheet_put_rows(struct sheet *s, enum rows_format format) {
    static const struct rows_column columns[ROW_COLUMNS] = {
        [R_TASK] = {.name = "task"},
        [R_CASE] = {.name = "case"},
        [R_FILTER] = {.name = "filter"},
        [R_REPEAT] = {.name = "repeat"},
        [R_OUTCOME] = {.name = "outcome"},
        [R_WHY] = {.name = "why"},
        [R_SCORE] = {.name = "score"},
        [R_LATENCY] = {.name = "latency_ms"},
        [R_FIRST] = {.name = "first_ms"},
        [R_TOKENS_IN] = {.name = "tokens_in"},
        [R_TOKENS_OUT] = {.name = "tokens_out"},
        [R_COST] = {.name = "cost"},
        [R_VIOLATIONS] = {.name = "violations"},
        [R_SEQ] = {.name = "seq"},
    };
    struct rows_options options = {.format = format, .n = ROW_COLUMNS, .columns = columns};
    struct rows *rows = rows_begin(s->view->cli, &options);
    struct buf why = {.max = WHY_MAX};
    struct err err = {0};
    int rc = 0;
    for (size_t i = 0; rows && rc == 0 && i < s->samples.n && out_good(s->view->cli); i++) {
        const struct sample *one = &s->samples.all[i];
        buf_clear(&why);
        if (one->outcome != SAMPLE_PASSED) rc = sheet_why(s, one, &why, &err);
        const struct query_value values[ROW_COLUMNS] = {
            [R_TASK] = text_value(one->task),
            [R_CASE] = text_value(one->id),
            [R_FILTER] = text_value(one->filter),
            [R_REPEAT] = uint_value(one->repeat),
            [R_OUTCOME] = text_value(bytes_of(evaluation_outcomes[one->outcome])),
            [R_WHY] = text_value(bytes_of_buf(&why)),
            [R_SCORE] = real_value(one->score),
            [R_LATENCY] = real_value(one->latency_ms),
            [R_FIRST] = real_value(one->first_ms),
            [R_TOKENS_IN] = uint_value(one->tokens_in),
            [R_TOKENS_OUT] = uint_value(one->tokens_out),
            [R_COST] = real_value(one->cost),
            [R_VIOLATIONS] = uint_value(one->violations),
            [R_SEQ] = uint_value(one->seq),
        };
        rows_values(rows, values);
    }
    buf_done(&why);
    int exit_code = rows_end(rows, NULL);
    return rc != 0 ? cli_fail(s->view->cli, &err) : exit_code;
}

/* ---- JUnit ---- */

int sheet_put_junit(struct sheet *s) {
    static const enum junit_end ends[] = {[SAMPLE_PASSED] = JUNIT_PASSED,
                                          [SAMPLE_MISSED] = JUNIT_FAILURE,
                                          [SAMPLE_LIMITED] = JUNIT_FAILURE,
                                          [SAMPLE_ERRED] = JUNIT_ERROR};
    struct junit junit;
    struct buf name = {.max = WHY_MAX}, why = {.max = WHY_MAX}, xml = {.max = XML_MAX};
    struct err err = {0};
    int rc = 0;
    junit_init(&junit);
    for (size_t i = 0; rc == 0 && i < s->samples.n; i++) {
        const struct sample *one = &s->samples.all[i];
        buf_clear(&name);
        buf_clear(&why);
        evaluation_sample_name(one, &name);
        if (one->outcome == SAMPLE_LIMITED) buf_put_str(&why, "limit: ");
        if (one->outcome != SAMPLE_PASSED) rc = sheet_why(s, one, &why, &err);
        junit_case(&junit, one->task, bytes_of_buf(&name), one->latency_ms / 1000, ends[one->outcome], bytes_of_buf(&why));
    }
    if (rc == 0) rc = junit_write(&junit, row_text(&s->row, EVAL_ID), &xml, &err);
    if (rc == 0) out_data(s->view->cli, bytes_of_buf(&xml));
    junit_done(&junit);
    buf_done(&name);
    buf_done(&why);
    buf_done(&xml);
    return rc == 0 ? 0 : cli_fail(s->view->cli, &err);
}
