/* eval report: one evaluation, its scores, its samples and what failed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "cli/evals/evals.h"
#include "cli/evals/sheet.h"
#include "cli/print/say.h"
#include "projections/ready/eval.h"

#define FIELDS_MAX ((size_t)32 << 20)

enum { R_CONFIDENCE, R_PRIVATE, R_BY, R_AT, R_FORMAT };
static const struct opt report_options[] = {
    [R_CONFIDENCE] = {"confidence", 0, "SHARE", "level of intervals: above 0.5, below 1 (default 0.95)"},
    [R_PRIVATE] = {"private", 0, NULL, "show what failed samples answered: private fields"},
    [R_BY] = {"by", 0, "WHAT", "rates by task (default) or by tag of the cases"},
    [R_AT] = {"at", 0, "WHEN", ASOF_AT_HELP},
    [R_FORMAT] = {"format", 0, "FORMAT", "table (default), json, jsonl, csv, junit"},
    {0},
};

/* ---- scores ---- */

int sheet_scores(struct sheet *s, int (*each)(void *ctx, const struct row *score, struct err *err), void *ctx,
                 struct err *err) {
    const struct bytes id = row_text(&s->row, EVAL_ID);
    struct state_view *state = s->view->state;
    struct state_rows *rows = NULL;
    const struct row *score = NULL;
    int rc = state_rows_open(state, state_table_find(state, "eval_scores"), &id, 1, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &score, err)) == 0) {
        if (row_int(score, EVAL_SCORE_RUN) == row_int(&s->row, EVAL_STARTED_SEQ)) rc = each(ctx, score, err);
        if (rc != 0) break;
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

/* ---- why a sample is no pass ---- */

static void put_list(struct buf *out, struct bytes raw) {
    struct mp_reader r;
    struct mp_item item = {0};
    mp_reader_init(&r, raw);
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY) return;
    for (uint32_t i = 0, n = item.count; i < n && mp_next(&r, &item, NULL) == 0 && item.type == MP_STR; i++) {
        buf_put_str(out, i > 0 ? ", " : "");
        buf_put_bytes(out, item.data);
    }
}

static void put_private(struct buf *out, struct bytes fields, const char *name) {
    struct bytes raw = {0};
    struct mp_item item = {0};
    if (mp_map_get(fields, name, &raw) != 0) return;
    buf_printf(out, "%s%s: ", out->n > 0 ? "; " : "", name);
    if (mp_scalar(raw, &item) == 0 && item.type == MP_STR) {
        buf_put_bytes(out, item.data);
    } else {
        json_from_mp(raw, JSON_LINE, out, NULL);
    }
}

int sheet_why(struct sheet *s, const struct sample *sample, struct buf *out, struct err *err) {
    struct log_event event;
    struct bytes unmet = {0};
    int rc = 0;
    if (!s->reader) rc = log_reader_open(s->view->ledger, 0, LOG_NO_SEQ, &s->reader, err);
    if (rc == 0) {
        log_reader_seek(s->reader, sample->seq);
        rc = log_reader_next(s->reader, &event, err);
    }
    if (rc != 0) return rc == 1 ? err_set(err, ERR_CORRUPT, "a sample is missing") : rc;
    if (event.body.n > 0 && mp_map_get(event.body, "unmet", &unmet) == 0) {
        put_list(out, unmet);
    } else {
        buf_put_bytes(out, mp_get_text(event.body, "metric"));
    }
    if (s->private_ && event.has_private) {
        struct buf fields = {.max = FIELDS_MAX};
        rc = log_reader_private(s->reader, &fields, err);
        if (rc == 0) {
            put_private(out, bytes_of_buf(&fields), "detail");
            put_private(out, bytes_of_buf(&fields), "output");
        }
        buf_done(&fields);
    }
    return rc;
}

/* ---- loading ---- */

static void add(struct sheet_task *task, const struct sample *sample) {
    task->count[sample->outcome]++;
    task->known += sample->outcome != SAMPLE_ERRED;
}

double sheet_latency(const struct sheet *s, unsigned per_10000) {
    const size_t n = s->n_latencies + s->n_limited, rank = n > 0 ? stat_rank(n, per_10000) : 0;
    return rank < s->n_latencies ? s->latencies[rank] : n > 0 ? INFINITY : NAN;
}

/* The groups: tasks are in the samples' order, tags in their own. */
static int name_tasks(struct sheet *s, struct err *err) {
    const struct samples *all = &s->samples;
    struct samples_tags tags = {0};
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        n += i == 0 || !bytes_eq(all->all[i].task, all->all[i - 1].task);
    }
    int rc = s->by_tag ? samples_tags(all->all, all->n, &tags, err) : 0;
    n = s->by_tag ? tags.n : n;
    s->tasks = calloc(n + 1, sizeof(*s->tasks));
    s->latencies = calloc(all->n + 1, sizeof(*s->latencies));
    if (rc == 0 && (!s->tasks || !s->latencies)) rc = err_set(err, ERR_NOMEM, "no memory for %zu samples", all->n);
    for (size_t i = 0; rc == 0 && i < (s->by_tag ? n : all->n); i++) {
        if (s->by_tag || i == 0 || !bytes_eq(all->all[i].task, all->all[i - 1].task)) {
            s->tasks[s->n_tasks++].task = s->by_tag ? tags.tags[i] : all->all[i].task;
        }
    }
    free(tags.tags);
    return rc;
}

static int order_of_task(const void *key, const void *task) {
    return bytes_cmp(*(const struct bytes *)key, ((const struct sheet_task *)task)->task);
}

static void add_tag(struct sheet *s, struct bytes tag, const struct sample *one) {
    struct sheet_task *task = bsearch(&tag, s->tasks, s->n_tasks, sizeof(*s->tasks), order_of_task);
    if (task == NULL || task->seen == one->seq + 1) return;
    add(task, one);
    task->seen = one->seq + 1;
}

static void add_tags(struct sheet *s, const struct sample *one) {
    struct sample_tags tags;
    struct bytes tag = {NULL, 0};
    sample_tags_open(&tags, one);
    if (tags.left == 0) add_tag(s, tag, one);
    while (sample_tag_next(&tags, &tag)) {
        add_tag(s, tag, one);
    }
}

static int count_tasks(struct sheet *s, struct err *err) {
    const struct samples *all = &s->samples;
    size_t at = 0;
    int rc = name_tasks(s, err);
    if (rc != 0) return rc;
    const size_t n = s->n_tasks;
    for (size_t i = 0; i < all->n; i++) {
        const struct sample *one = &all->all[i];
        at += !s->by_tag && i > 0 && !bytes_eq(one->task, all->all[i - 1].task);
        if (s->by_tag) {
            add_tags(s, one);
        } else {
            add(&s->tasks[at], one);
        }
        add(&s->tasks[n], one);
        if ((one->outcome == SAMPLE_PASSED || one->outcome == SAMPLE_MISSED) && isfinite(one->latency_ms)) {
            s->latencies[s->n_latencies++] = one->latency_ms;
        }
        s->n_limited += one->outcome == SAMPLE_LIMITED;
    }
    s->n_tasks = n + 1;
    for (size_t i = 0; i <= n; i++) {
        struct sheet_task *task = &s->tasks[i];
        task->interval = stat_wilson((double)task->count[SAMPLE_PASSED], (double)task->known, s->confidence);
    }
    stat_sort(s->latencies, s->n_latencies);
    return 0;
}

static int show(struct sheet *s, const char *format) {
    struct cli *cli = s->view->cli;
    struct err err = {0};
    if (!format && cli->json) format = "json";
    if (!format || strcmp(format, "table") == 0) return sheet_say(s, &err) != 0 ? cli_fail(cli, &err) : 0;
    if (strcmp(format, "json") == 0) return sheet_put(s);
    if (strcmp(format, "junit") == 0) return sheet_put_junit(s);
    return sheet_put_rows(s, strcmp(format, "csv") == 0 ? ROWS_CSV : ROWS_JSONL);
}

static int answer(struct sheet *s, const char *name, const char *format) {
    struct err err = {0};
    int rc = evaluation_find(s->view, name, &s->row, &err);
    if (rc != 0) return asof_fail_lookup(s->view, &err);
    rc = samples_read_until(s->view->ledger, row_text(&s->row, EVAL_ID), state_at(s->view->state), &s->samples, &err);
    if (rc == 0) rc = count_tasks(s, &err);
    return rc == 0 ? show(s, format) : cli_fail(s->view->cli, &err);
}

static int report(struct cli *cli, const struct opt_args *args) {
    struct asof view = {0};
    struct err err = {0};
    struct sheet s = {.view = &view, .confidence = 0.95, .private_ = opt_has(args, &report_options[R_PRIVATE])};
    const char *format = opt_text(args, &report_options[R_FORMAT]);
    int exit_code = evaluation_format(cli, format);
    if (exit_code != 0) return exit_code;
    if (evaluation_confidence(opt_text(args, &report_options[R_CONFIDENCE]), &s.confidence, &err) != 0) {
        return cli_usage(cli, "%s", err.msg);
    }
    exit_code = evaluation_by(cli, opt_text(args, &report_options[R_BY]), format, &s.by_tag);
    if (exit_code != 0) return exit_code;
    exit_code = asof_open(&view, cli, opt_text(args, &report_options[R_AT]));
    if (exit_code == 0) {
        size_t table = state_table_find(view.state, "evals");
        asof_warn(&view, table);
        row_init(&s.row, state_table(view.state, table));
        exit_code = asof_exit(&view, answer(&s, args->args[0], format));
        log_reader_close(s.reader);
        free(s.tasks);
        free(s.latencies);
        samples_done(&s.samples);
        row_done(&s.row);
    }
    asof_close(&view);
    return exit_code;
}

const struct spec evals_report = {
    .synopsis = "EVAL [--by tag] [--confidence SHARE] [--private] [--at WHEN] [--format FORMAT]",
    .about = "Shows one evaluation: its scores with their thresholds, pass rates by task or tag with Wilson's\nintervals, "
             "the cases that failed and which expectations they did not meet, and how latencies are spread and\n"
             "changed while it ran. What was answered is private and shown only with --private. JSON lines, CSV\n"
             "and JUnit have every sample. Exit code 1 if there is no such evaluation.",
    .examples = "ledger eval report e17\nledger eval report e17 --format junit >e17.xml",
    .opts = report_options,
    .min_args = 1,
    .max_args = 1,
    .run = report,
};
