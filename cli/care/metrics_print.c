/* The figures as a table, as JSON, and in Prometheus' text format; each with the query that gives it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"
#include "base/mp.h"
#include "base/obj.h"
#include "base/text.h"
#include "cli/care/metrics.h"
#include "cli/print/say.h"
#include "cli/print/table.h"

#define COMMAND_MAX ((size_t)1 << 20)

struct shown {
    struct cli *cli;
    const struct ask *ask;
    uint64_t size;
    struct metric_row rows[METRICS_ROWS_MAX];
    size_t n;
    struct metric_budget budgets[METRICS_ROWS_MAX * METRICS_SLOS_MAX];
    size_t n_budgets;
};

static const char *const forms[] = {"table", "json", "prometheus"};

/* The statement has no double quote, backslash, dollar or backtick. */
static void put_command(const struct shown *s, const struct metric *metric, struct buf *out) {
    buf_put_str(out, "ledger query --sql \"");
    metrics_statement(metric, s->ask, s->size, out);
    buf_put_str(out, "\"");
}

static void put_budgets(struct shown *s, const struct metrics_options *options) {
    for (size_t i = 0; i < options->slos_n; i++) {
        for (size_t k = 0; k < s->n; k++) {
            if (s->rows[k].metric == options->slos[i].metric)
                s->budgets[s->n_budgets++] = metrics_budget(&options->slos[i], &s->rows[k]);
        }
    }
}

/* ---- for people ----------------------------------------------------------------------------------------------------- */

static const char *name_of(const struct metric_row *row, char room[128]) {
    snprintf(room, 128, "%s%s%s", row->metric->name, row->label[0] != '\0' ? " " : "", row->label);
    return room;
}

static void cell_number(struct table *table, double v, int digits, const char *unit) {
    char text[64] = "-";
    if (!isnan(v)) snprintf(text, sizeof(text), "%.*g%s", digits, v, unit);
    table_number(table, bytes_of(text));
}

static int print_figures(struct shown *s) {
    static const struct table_column columns[] = {{"METRIC", 0, 0}, {"VALUE", TABLE_RIGHT, 0}, {"COUNT", TABLE_RIGHT, 0}};
    struct table *table = table_new(s->cli, columns, 3);
    char text[128];
    for (size_t i = 0; i < s->n; i++) {
        const struct metric_row *r = &s->rows[i];
        bool ratio = r->metric->unit == METRIC_RATIO;
        table_text(table, name_of(r, text));
        cell_number(table, ratio ? 100 * r->value : r->value, 5, ratio ? " %" : " ms");
        snprintf(text, sizeof(text), "%llu of %llu", (unsigned long long)r->part, (unsigned long long)r->whole);
        if (!ratio) snprintf(text, sizeof(text), "%llu", (unsigned long long)r->whole);
        table_text(table, text);
    }
    return table_end(table);
}

static int print_budgets(struct shown *s) {
    static const struct table_column columns[] = {{"OBJECTIVE", 0, 0},      {"TARGET", TABLE_RIGHT, 0},
                                                  {"BAD", TABLE_RIGHT, 0},  {"ALLOWED", TABLE_RIGHT, 0},
                                                  {"BURN", TABLE_RIGHT, 0}, {"", 0, 0}};
    char text[128];
    if (s->n_budgets == 0) return 0;
    out_str(s->cli, "\n");
    struct table *table = table_new(s->cli, columns, 6);
    for (size_t i = 0; i < s->n_budgets; i++) {
        const struct metric_budget *b = &s->budgets[i];
        table_text(table, name_of(b->row, text));
        cell_number(table, 100 * b->target, 6, " %");
        table_uint(table, b->bad);
        cell_number(table, b->allowed, 4, "");
        cell_number(table, 100 * b->burn, 4, " %");
        table_color(table, b->met ? OUT_GREEN : OUT_RED);
        table_text(table, b->met ? "met" : isnan(b->burn) ? "nothing measured" : "missed");
    }
    return table_end(table);
}

static int print_table(struct shown *s) {
    struct buf command = {.max = COMMAND_MAX};
    int exit_code = print_figures(s);
    if (exit_code == 0) exit_code = print_budgets(s);
    for (size_t i = 0; exit_code == 0 && i < metrics_n; i++) {
        buf_clear(&command);
        put_command(s, &metrics[i], &command);
        out_printf(s->cli, "\n%s: %s\n  ", metrics[i].name, metrics[i].about);
        out_safe(s->cli, bytes_of_buf(&command));
        out_str(s->cli, "\n");
    }
    buf_done(&command);
    return exit_code;
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------- */

static void put_real(struct obj *obj, const char *key, double v) {
    struct buf mp = {.max = 16};
    if (isfinite(v)) {
        mp_put_float(&mp, v == 0 ? 0 : v);
    } else {
        mp_put_nil(&mp);
    }
    obj_raw(obj, key, bytes_of_buf(&mp));
    buf_done(&mp);
}

static void put_label(struct obj *obj, const struct metric_row *row) {
    obj_text(obj, "metric", row->metric->name);
    if (row->label[0] != '\0') obj_text(obj, row->metric->label, row->label);
}

static int print_json(struct shown *s) {
    struct obj all = {0}, list = {0};
    struct buf command = {.max = COMMAND_MAX};
    obj_text(&all, "schema", "ledger.metrics/1");
    obj_uint(&all, "size", s->size);
    obj_text(&all, "clock", s->ask->clock == QUERY_TIME ? "ledger" : "source");
    if (s->ask->has_times) {
        obj_time(&all, "since", s->ask->time_from);
        obj_time(&all, "until", s->ask->time_to);
    }
    for (size_t i = 0; i < s->n; i++) {
        const struct metric_row *r = &s->rows[i];
        struct obj one = {0};
        put_label(&one, r);
        obj_text(&one, "unit", r->metric->unit == METRIC_RATIO ? "ratio" : "ms");
        put_real(&one, "value", r->value);
        obj_uint(&one, "part", r->metric->unit == METRIC_RATIO ? r->part : UINT64_MAX);
        obj_uint(&one, "whole", r->whole);
        obj_text(&one, "about", r->metric->about);
        buf_clear(&command);
        put_command(s, r->metric, &command);
        obj_str(&one, "query", bytes_of_buf(&command));
        obj_obj(&list, NULL, &one);
    }
    obj_list(&all, "metrics", &list);
    for (size_t i = 0; i < s->n_budgets; i++) {
        const struct metric_budget *b = &s->budgets[i];
        struct obj one = {0};
        put_label(&one, b->row);
        put_real(&one, "target", b->target);
        obj_uint(&one, "bad", b->bad);
        put_real(&one, "allowed", b->allowed);
        put_real(&one, "burn", b->burn);
        obj_bool(&one, "met", b->met);
        obj_obj(&list, NULL, &one);
    }
    obj_list(&all, "objectives", &list);
    buf_done(&command);
    return cli_print(s->cli, &all, false);
}

/* ---- Prometheus ----------------------------------------------------------------------------------------------------- */

/* HELP has backslash and line end escaped, a label's value the double quote too. */
static void put_escaped(struct cli *cli, const char *text, bool label) {
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            out_str(cli, "\\n");
        } else {
            out_printf(cli, "%s%c", *text == '\\' || (label && *text == '"') ? "\\" : "", *text);
        }
    }
}

static void put_sample(struct cli *cli, const char *name, const struct metric_row *row, bool by_metric, double v) {
    char number[LOCALE_REAL_MAX];
    bool label = row->label[0] != '\0';
    out_printf(cli, "ledger_%s", name);
    if (by_metric || label) out_str(cli, "{");
    if (by_metric) out_printf(cli, "metric=\"%s\"%s", row->metric->name, label ? "," : "");
    if (label) {
        out_printf(cli, "%s=\"", row->metric->label);
        put_escaped(cli, row->label, true);
        out_str(cli, "\"");
    }
    if (by_metric || label) out_str(cli, "}");
    snprintf(number, sizeof(number), "%.17g", v);
    out_printf(cli, " %s\n", isnan(v) ? "NaN" : number);
}

static void put_family(struct shown *s, const struct metric *metric, const char *suffix, const char *help, int which) {
    char name[96];
    snprintf(name, sizeof(name), "%s_%s", metric->name, suffix);
    out_printf(s->cli, "# HELP ledger_%s ", name);
    put_escaped(s->cli, help, false);
    out_printf(s->cli, "\n# TYPE ledger_%s gauge\n", name);
    for (size_t i = 0; i < s->n; i++) {
        const struct metric_row *r = &s->rows[i];
        if (r->metric != metric) continue;
        put_sample(s->cli, name, r, false,
                   which == 0   ? (metric->unit == METRIC_MS ? r->value / 1000 : r->value)
                   : which == 1 ? (double)r->part
                                : (double)r->whole);
    }
}

static void put_objectives(struct shown *s, const char *name, const char *help, int which) {
    if (s->n_budgets == 0) return;
    out_printf(s->cli, "# HELP ledger_%s %s\n# TYPE ledger_%s gauge\n", name, help, name);
    for (size_t i = 0; i < s->n_budgets; i++) {
        put_sample(s->cli, name, s->budgets[i].row, true, which == 0 ? s->budgets[i].target : s->budgets[i].burn);
    }
}

static int print_prometheus(struct shown *s) {
    struct buf command = {.max = COMMAND_MAX};
    for (size_t i = 0; i < metrics_n; i++) {
        bool ratio = metrics[i].unit == METRIC_RATIO;
        buf_clear(&command);
        put_command(s, &metrics[i], &command);
        out_str(s->cli, "# ");
        out_safe(s->cli, bytes_of_buf(&command));
        out_str(s->cli, "\n");
        put_family(s, &metrics[i], ratio ? "ratio" : "seconds", metrics[i].about, 0);
        if (ratio) put_family(s, &metrics[i], "part", "What the ratio counts.", 1);
        put_family(s, &metrics[i], "whole", "How many were measured.", 2);
    }
    put_objectives(s, "slo_target_ratio", "The share that has to be good.", 0);
    put_objectives(s, "slo_budget_burn_ratio", "What is used up of what may be bad; above 1 the objective is missed.", 1);
    buf_done(&command);
    return out_good(s->cli) ? EXIT_GOOD : EXIT_SYSTEM;
}

/* Its index in `forms`; SIZE_MAX: it is none. */
static size_t form_of(const struct cli *cli, const struct metrics_options *options, struct text_near *near) {
    *near = (struct text_near){.text = options->format != NULL ? options->format : cli->json ? "json" : "table"};
    return text_near_find(near, forms, 3);
}

int metrics_format(struct cli *cli, const struct metrics_options *options) {
    struct text_near near;
    if (form_of(cli, options, &near) != SIZE_MAX) return 0;
    return cli_usage(cli, "--format '%.40s': unknown format%s; expected table, json or prometheus", options->format,
                     text_near_words(&near));
}

static int print(struct shown *s, size_t form) {
    int exit_code = form == 0 ? print_table(s) : form == 1 ? print_json(s) : print_prometheus(s);
    for (size_t i = 0; exit_code == EXIT_GOOD && i < s->n_budgets; i++) {
        exit_code = s->budgets[i].met ? EXIT_GOOD : EXIT_NO;
    }
    return exit_code;
}

int metrics_run(struct cli *cli, struct ledger *ledger, const struct metrics_options *options) {
    const struct sql_options limits = {.time_ns = 0};
    struct shown *s = calloc(1, sizeof(*s));
    struct log_head head = {0};
    struct text_near near;
    struct sql *sql = NULL;
    struct err err = {0};
    if (s == NULL) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "out of memory");
    int rc = log_head(ledger, &head, &err);
    s->cli = cli;
    s->ask = options->ask;
    s->size = head.size;
    if (rc == 0) rc = ask_check(options->ask, cli, head.size, &err);
    int exit_code = rc == ERR_INVALID ? cli_fail_input(cli, &err) : 0;
    if (rc == 0) rc = sql_open(ledger, &limits, &sql, &err);
    if (rc == 0) rc = metrics_compute(sql, options->ask, head.size, s->rows, &s->n, &err);
    sql_close(sql);
    if (rc == 0) {
        put_budgets(s, options);
        exit_code = print(s, form_of(cli, options, &near));
    } else if (exit_code == 0) {
        exit_code = cli_fail(cli, &err);
    }
    free(s);
    return exit_code;
}
