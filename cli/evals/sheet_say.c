/* From what decides (scores against thresholds) to what explains it. */
#include <math.h>
#include <stdlib.h>

#include "cli/evals/chart.h"
#include "cli/evals/sheet.h"
#include "cli/print/cell.h"
#include "cli/print/table.h"
#include "projections/ready/eval.h"

#define LISTED    40 /* failed samples in a table */
#define WORDS_MAX ((size_t)33 << 20)
#define SPARK     60

static void put_real(struct table *table, const struct row *row, size_t column) {
    struct buf text = {.max = 64};
    if (row_has(row, column)) buf_printf(&text, "%.6g", row_real(row, column));
    table_cell(table, text.n > 0 ? bytes_of_buf(&text) : bytes_of("-"));
    buf_done(&text);
}

struct scores {
    struct cli *cli;
    struct table *table;
};

static int print_score(void *ctx, const struct row *score, struct err *err) {
    static const struct table_column columns[] = {{"TASK", TABLE_TAIL, 0},       {"METRIC", TABLE_KEEP, 0},
                                                  {"VALUE", TABLE_RIGHT, 0},     {"STDERR", TABLE_RIGHT | TABLE_SPARE, 0},
                                                  {"THRESHOLD", TABLE_RIGHT, 0}, {"SIDE", TABLE_KEEP, 0},
                                                  {"VERDICT", TABLE_WHOLE, 0}};
    struct scores *s = ctx;
    (void)err;
    if (!s->table) s->table = table_new(s->cli, columns, sizeof(columns) / sizeof(columns[0]));
    table_cell(s->table, row_text(score, EVAL_SCORE_TASK));
    table_cell(s->table, row_text(score, EVAL_SCORE_METRIC));
    if (row_has(score, EVAL_SCORE_VALUE)) {
        put_real(s->table, score, EVAL_SCORE_VALUE);
    } else {
        table_cell(s->table, row_text(score, EVAL_SCORE_LABEL));
    }
    put_real(s->table, score, EVAL_SCORE_STDERR);
    put_real(s->table, score, EVAL_SCORE_ASKED);
    table_cell(s->table, row_text(score, EVAL_SCORE_SIDE));
    table_color(s->table, out_state(row_text(score, EVAL_SCORE_VERDICT)));
    table_cell(s->table, row_text(score, EVAL_SCORE_VERDICT));
    return 0;
}

static void print_tasks(struct sheet *s) {
    const struct table_column columns[] = {{s->by_tag ? "TAG" : "TASK", TABLE_TAIL, 0},
                                           {"SAMPLES", TABLE_RIGHT, 0},
                                           {"PASSED", TABLE_RIGHT, 0},
                                           {"FAILED", TABLE_RIGHT, 0},
                                           {"LIMITS", TABLE_RIGHT, 0},
                                           {"ERRORS", TABLE_RIGHT, 0},
                                           {"PASS RATE", TABLE_RIGHT, 0},
                                           {"INTERVAL (WILSON)", TABLE_RIGHT, 0}};
    struct table *table = NULL;
    const bool one = s->n_tasks == 2 && !s->by_tag;
    for (size_t i = one ? 1 : 0; i < s->n_tasks; i++) {
        const struct sheet_task *task = &s->tasks[i];
        struct buf text = {.max = 256};
        if (!table) {
            out_str(s->view->cli, "\n");
            table = table_new(s->view->cli, columns, sizeof(columns) / sizeof(columns[0]));
        }
        table_cell(table, one                          ? s->tasks[0].task
                          : i + 1 == s->n_tasks        ? bytes_of("(all)")
                          : s->by_tag && !task->task.n ? bytes_of("(none)")
                                                       : task->task);
        table_uint(table, task->known + task->count[SAMPLE_ERRED]);
        for (size_t k = 0; k <= SAMPLE_ERRED; k++) {
            table_uint(table, task->count[k]);
        }
        if (task->known > 0) {
            buf_printf(&text, "%.2f %%", 100 * (double)task->count[SAMPLE_PASSED] / (double)task->known);
        }
        table_cell(table, bytes_of_buf(&text));
        buf_clear(&text);
        buf_printf(&text, "%.2f %% to %.2f %%", 100 * task->interval.low, 100 * task->interval.high);
        table_cell(table, bytes_of_buf(&text));
        buf_done(&text);
    }
    table_end(table);
    if (s->tasks[s->n_tasks - 1].count[SAMPLE_ERRED] > 0) {
        out_str(s->view->cli, "Rates leave out errors, of which nothing is known.\n");
    }
}

static int print_failed(struct sheet *s, struct err *err) {
    static const struct table_column columns[] = {{"OUTCOME", TABLE_WHOLE, 0},
                                                  {"TASK", TABLE_TAIL, 0},
                                                  {"CASE", TABLE_TAIL, 48},
                                                  {"EVENT", TABLE_RIGHT, 0},
                                                  {"NOT MET", TABLE_WRAP, 0}};
    struct cli *cli = s->view->cli;
    struct table *table = NULL;
    uint64_t n = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < s->samples.n; i++) {
        const struct sample *one = &s->samples.all[i];
        struct buf name = {.max = WORDS_MAX}, why = {.max = WORDS_MAX};
        if (one->outcome == SAMPLE_PASSED || n++ >= LISTED) continue;
        if (!table) {
            out_str(cli, "\n");
            table = table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
        }
        evaluation_sample_name(one, &name);
        rc = sheet_why(s, one, &why, err);
        table_color(table, one->outcome == SAMPLE_ERRED ? OUT_YELLOW : OUT_RED);
        table_text(table, evaluation_outcomes[one->outcome]);
        table_cell(table, one->task);
        table_cell(table, bytes_of_buf(&name));
        table_uint(table, one->seq);
        table_cell(table, bytes_of_buf(&why));
        buf_done(&name);
        buf_done(&why);
    }
    table_end(table);
    if (n > LISTED) {
        out_printf(cli, "and %llu more; --format jsonl lists every sample\n", (unsigned long long)(n - LISTED));
    }
    return rc;
}

static int by_seq(const void *a, const void *b) {
    const struct sample *const *x = a, *const *y = b;
    return ((*x)->seq > (*y)->seq) - ((*x)->seq < (*y)->seq);
}

/* In the order in which they ended. */
static int print_spark(struct sheet *s, struct err *err) {
    const struct sample **order = calloc(s->samples.n + 1, sizeof(*order));
    double *values = calloc(s->samples.n + 1, sizeof(*values));
    int rc = order && values ? 0 : err_set(err, ERR_NOMEM, "no memory for %zu samples", s->samples.n);
    for (size_t i = 0; rc == 0 && i < s->samples.n; i++) {
        order[i] = &s->samples.all[i];
    }
    if (rc == 0) {
        qsort(order, s->samples.n, sizeof(*order), by_seq);
        for (size_t i = 0; i < s->samples.n; i++) {
            values[i] = order[i]->latency_ms;
        }
        out_str(s->view->cli, "  over the run  ");
        chart_spark(s->view->cli, values, s->samples.n, SPARK);
        out_str(s->view->cli, "\n");
    }
    free(order);
    free(values);
    return rc;
}

static int print_latencies(struct sheet *s, struct err *err) {
    static const struct {
        const char *name;
        unsigned per_10000;
    } shown[] = {{"p50", 5000}, {"p95", 9500}, {"p99", 9900}};
    struct cli *cli = s->view->cli;
    struct buf text = {.max = 1024};
    if (s->n_latencies == 0) return 0;
    buf_printf(&text, "\nLatency of %zu samples", s->n_latencies + s->n_limited);
    if (s->n_limited > 0) buf_printf(&text, ", %zu of them over the limit and slower than any", s->n_limited);
    buf_put_str(&text, ":");
    for (size_t i = 0; i < 3; i++) {
        buf_printf(&text, "%s %s ", i > 0 ? "," : "", shown[i].name);
        const double ms = sheet_latency(s, shown[i].per_10000);
        if (isfinite(ms)) {
            when_length(&text, ms);
        } else {
            buf_put_str(&text, "over the limit");
        }
    }
    buf_put_str(&text, "\n");
    out_bytes(cli, bytes_of_buf(&text));
    buf_done(&text);
    chart_histogram(cli, s->latencies, s->n_latencies, when_length);
    return print_spark(s, err);
}

/* Of a result file: whether its scores are those of its samples. */
static void print_checked(struct sheet *s) {
    int64_t checked = row_int(&s->row, EVAL_SCORES_CHECKED), all = row_int(&s->row, EVAL_SCORED);
    if (!row_has(&s->row, EVAL_SCORES_CHECKED) || all == 0) return;
    if (checked == 0) {
        out_str(s->view->cli, "None of its scores was checked: its samples are not there, or do not make them.\n");
    } else {
        out_printf(s->view->cli, "%lld of its %lld scores %s computed again from its samples.\n", (long long)checked,
                   (long long)all, checked == 1 ? "was" : "were");
    }
}

int sheet_say(struct sheet *s, struct err *err) {
    struct cli *cli = s->view->cli;
    struct buf head = {.max = WORDS_MAX};
    struct scores scores = {.cli = cli};
    evaluation_head(s->view, &s->row, &head);
    out_safe(cli, bytes_of_buf(&head));
    out_str(cli, "\n");
    if (!row_bool(&s->row, EVAL_COUNTS) && row_has(&s->row, EVAL_REASON)) {
        out_str(cli, "  ");
        out_safe(cli, row_text(&s->row, EVAL_REASON));
        out_str(cli, "\n");
    }
    out_str(cli, "\n");
    buf_done(&head);
    int rc = sheet_scores(s, print_score, &scores, err);
    if (!scores.table) out_str(cli, "no scores on record\n");
    table_end(scores.table);
    print_checked(s);
    if (s->samples.n == 0) {
        out_str(cli, "\nno samples on record\n");
        return rc;
    }
    print_tasks(s);
    if (rc == 0) rc = print_failed(s, err);
    if (rc == 0) rc = print_latencies(s, err);
    return rc;
}
