/* The figures: each metric is one SQL statement over the log, so that "which query gives this" has an answer by construction. */
#include "cli/care/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/locale.h"
#include "base/text.h"
#include "cli/log/tier_count.h"

#define STATEMENT_MAX ((size_t)1 << 20)

const struct metric metrics[] = {
#define METRIC(name, unit, label, good, about, statement) {#name, METRIC_##unit, label, good, about, statement},
#include "cli/care/metrics.def"
#undef METRIC
};
const size_t metrics_n = sizeof(metrics) / sizeof(metrics[0]);

struct collector {
    const struct metric *metric;
    struct metric_row *rows;
    size_t n;
};

static void put_live(uint64_t size, struct buf *out) {
    buf_printf(out, "seq < %llu AND seq NOT IN " TIER_CORRECTED, (unsigned long long)size);
}

void metrics_statement(const struct metric *metric, const struct ask *ask, uint64_t size, struct buf *out) {
    for (const char *s = metric->statement; *s != '\0';) {
        if (strncmp(s, "{period}", 8) == 0) {
            ask_sql(ask, out);
            buf_put_str(out, " AND ");
            put_live(size, out);
            s += 8;
        } else if (strncmp(s, "{live}", 6) == 0) {
            put_live(size, out);
            s += 6;
        } else {
            buf_put_u8(out, (uint8_t)*s++);
        }
    }
}

static double number_of(const struct query_value *v) {
    return v->type == QUERY_INT ? (double)v->int_ : v->type == QUERY_REAL ? v->real : NAN;
}

static int collect(void *ctx, const struct sql_row *row, struct err *err) {
    struct collector *c = ctx;
    if (row->n != 3) return err_set(err, ERR_INVALID, "metric '%s': three columns were expected", c->metric->name);
    if (c->n == METRICS_ROWS_MAX) return err_set(err, ERR_LIMIT, "more than %d figures", METRICS_ROWS_MAX);
    struct metric_row *r = &c->rows[c->n++];
    *r = (struct metric_row){.metric = c->metric, .value = number_of(&row->values[1])};
    if (row->values[0].type == QUERY_TEXT) {
        snprintf(r->label, sizeof(r->label), "%.*s", (int)row->values[0].text.n, (const char *)row->values[0].text.p);
    }
    r->whole = row->values[2].type == QUERY_INT ? (uint64_t)row->values[2].int_ : 0;
    if (c->metric->unit == METRIC_RATIO) {
        r->part = row->values[1].type == QUERY_INT ? (uint64_t)row->values[1].int_ : 0;
        r->value = r->whole > 0 ? (double)r->part / (double)r->whole : NAN;
    }
    return 0;
}

int metrics_compute(struct sql *sql, const struct ask *ask, uint64_t size, struct metric_row rows[METRICS_ROWS_MAX],
                    size_t *ret_n, struct err *err) {
    struct collector c = {.rows = rows};
    struct buf statement = {.max = STATEMENT_MAX};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < metrics_n; i++) {
        c.metric = &metrics[i];
        buf_clear(&statement);
        metrics_statement(&metrics[i], ask, size, &statement);
        rc = buf_check(&statement, "the statement", err);
        size_t before = c.n;
        if (rc == 0) rc = sql_run(sql, bytes_of_buf(&statement), NULL, collect, &c, err);
        if (rc == 0 && c.n == before &&
            c.n < METRICS_ROWS_MAX) { /* no labels: an objective for it is missed, not left out */
            rows[c.n++] = (struct metric_row){.metric = &metrics[i], .value = NAN};
        }
        if (rc != 0) err_prefix(err, "metric '%s'", metrics[i].name);
    }
    buf_done(&statement);
    if (rc == 0) *ret_n = c.n;
    return rc;
}

/* ---- objectives ----------------------------------------------------------------------------------------------------- */

/* "0.99": digits, a point, digits. */
static bool read_share(const char *text, double *ret) {
    static const char digits[] = "0123456789";
    size_t whole = strspn(text, digits), part = text[whole] == '.' ? strspn(text + whole + 1, digits) : 0;
    struct locale_c locale;
    if (whole == 0 || part == 0 || text[whole + 1 + part] != '\0' || whole + part > 30) return false;
    if (locale_c_begin(&locale, NULL) != 0) return false;
    *ret = strtod(text, NULL);
    locale_c_end(&locale);
    return *ret > 0 && *ret < 1;
}

int metrics_slo(const char *text, struct metric_slo *ret, struct err *err) {
    char name[64];
    struct text_near near = {.text = name};
    size_t n = strcspn(text, "="), i = 0;
    snprintf(name, sizeof(name), "%.*s", (int)(n < sizeof(name) ? n : sizeof(name) - 1), text);
    while (i < metrics_n && !text_near_offer(&near, metrics[i].name)) {
        i++;
    }
    if (i == metrics_n) {
        return err_set(err, ERR_NOTFOUND,
                       "--slo '%.60s': unknown metric%s; expected NAME=TARGET, such as probe_health=0.99", text,
                       text_near_words(&near));
    }
    if (metrics[i].unit != METRIC_RATIO) {
        return err_set(err, ERR_INVALID, "--slo '%.60s': %s is not a share, so it has no error budget", text,
                       metrics[i].name);
    }
    if (text[n] == '\0' || !read_share(text + n + 1, &ret->target)) {
        return err_set(err, ERR_INVALID,
                       "--slo '%.60s': the target is the share that has to be good, above 0 and below 1: 0.99", text);
    }
    ret->metric = &metrics[i];
    return 0;
}

struct metric_budget metrics_budget(const struct metric_slo *slo, const struct metric_row *row) {
    struct metric_budget b = {.row = row, .target = slo->target, .burn = NAN};
    b.bad = row->metric->good ? row->whole - row->part : row->part;
    b.allowed = (1 - slo->target) * (double)row->whole;
    if (row->whole > 0) {
        b.burn = (double)b.bad / b.allowed;
        b.met = b.burn <= 1 + 1e-9; /* 1 - 0.99 is not 0.01 */
    }
    return b;
}
