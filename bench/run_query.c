/* Queries of the log that run_append has filled, against SQLite over the same events (base/query.c). Both run in this
 * process with what they need in memory; they take turns, and their answers are compared: a difference is an error.
 *
 * The rest of the stage is in run_query_process.c and run_query_append.c. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "bench/run_query.h"
#include "query/sql/sql.h"

#define RUNS         1000
#define ANSWER_MAX   ((size_t)64 << 20)
#define SMALL        100000 /* events; more rounds below, fewer above LARGE */
#define LARGE        3000000
#define PIECES       16     /* of the log, for queries that read event by event */
#define PIECE_MAX    100000 /* events */
#define PAIRS        5      /* rows that ask_all makes */
#define TARGET_RUN   0.02
#define TARGET_COUNT 1.0
#define TARGET_P95   0.33
#define TARGET_SCAN  1.0
#define TARGET_BYTES 1.0
#define BYTES_LIMIT  20.0

struct questions {
    struct ledger *ledger;
    uint64_t size, made; /* number of events in it; and how many of them are the workload's */
    struct base_query *base;
    struct sql *sql;
    struct buf ours, theirs;
};

void query_some_run(uint64_t made, uint64_t i, char ret[40]) {
    const uint64_t events = (uint64_t)WORKLOAD_RUNS * WORKLOAD_STEPS;
    uint64_t random = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    struct workload w;
    workload_init(&w);
    workload_make(&w, (random >> 11) % (made / events * events), false);
    memcpy(ret, w.run, sizeof(w.run));
    workload_done(&w);
}

int query_beside(const char *name, char ret[FILE_PATH_MAX], struct err *err) {
    char self[FILE_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n < 0) return err_set(err, ERR_IO, "/proc/self/exe does not say where this program is");
    self[n] = 0;
    return file_join(ret, dirname(self), name, err);
}

/* ---- the events of a run ---- */

static int put_event(struct query_cursor *c, const struct log_event *e, struct buf *out, struct err *err) {
    static const char *const body_fields[] = {"outcome", "model", "latency_ms"};
    struct query_value v;
    int rc = 0;
    for (size_t f = 0; f < QUERY_HEADER_FIELDS && rc == 0; f++) {
        rc = query_get(c, f, &v, err);
        answer_put(out, &v);
    }
    for (size_t i = 0; i < sizeof(body_fields) / sizeof(body_fields[0]) && rc == 0; i++) {
        rc = query_get(c, query_field_find(bytes_of(body_fields[i])), &v, err);
        answer_put(out, &v);
    }
    if (rc == 0) rc = json_from_mp(e->body, JSON_LINE, out, err);
    buf_put_u8(out, '|');
    answer_end_row(out);
    return rc;
}

/* As base_query_ask. */
static int ask_run(struct questions *q, const char *run, struct buf *out, double *ret_s, struct err *err) {
    const struct query_value value = {.type = QUERY_TEXT, .text = bytes_of(run)};
    const struct query_term term = {.field = QUERY_RUN, .op = QUERY_EQ, .values = &value, .n_values = 1};
    struct query_cursor *c = NULL;
    struct query query;
    volatile size_t sum = 0;
    query_init(&query);
    query.terms = &term;
    query.n_terms = 1;
    query.whole = true;
    double start = metric_now();
    int rc = query_open(q->ledger, &query, &c, err);
    while (rc == 0 && (rc = query_next(c, err)) == 0) {
        const struct log_event *e;
        rc = query_event(c, &e, err);
        if (rc == 0 && out != NULL) {
            rc = put_event(c, e, out, err);
        } else if (rc == 0) {
            sum = sum + e->seq + e->time + e->kind.p[0] + e->subject.p[0] + e->body.p[0] + e->body.n;
        }
    }
    query_close(c);
    *ret_s = metric_now() - start;
    return rc == 1 ? 0 : rc;
}

static int run_pair(struct questions *q, uint64_t i, bool to_compare, double *ret_ours, double *ret_theirs,
                    struct err *err) {
    char run[40];
    query_some_run(q->made, i, run);
    const struct base_args args = {.run = run};
    buf_clear(&q->ours);
    buf_clear(&q->theirs);
    int rc = ask_run(q, run, to_compare ? &q->ours : NULL, ret_ours, err);
    if (rc == 0) rc = base_query_ask(q->base, BASE_ASK_RUN, &args, to_compare ? &q->theirs : NULL, ret_theirs, err);
    if (rc == 0 && to_compare) rc = answer_compare(&q->ours, &q->theirs, run, err);
    return rc;
}

static int runs_row(struct bench *b, struct questions *q, struct metric_pairs *pairs, struct err *err) {
    int rc = 0;
    double ours = 0, theirs = 0;
    for (uint64_t i = 0; i < RUNS && rc == 0; i++) {
        rc = run_pair(q, i, true, &ours, &theirs, err);
    }
    for (uint64_t i = 0; i < RUNS && rc == 0; i++) {
        rc = run_pair(q, i, false, &ours, &theirs, err);
        metric_pairs_put(pairs, ours, theirs);
    }
    if (rc == 0) {
        metric_time(&b->table, "query_run", "SQLite, index on run", pairs, TARGET_RUN);
    }
    return rc;
}

/* ---- counts ---- */

static int put_count(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    struct buf *out = ctx;
    (void)err;
    answer_put(out, &values[0]);
    answer_put(out, &values[1]);
    answer_put(out, &(struct query_value){.type = QUERY_INT, .int_ = (int64_t)count});
    answer_end_row(out);
    return 0;
}

static int ask_count(struct questions *q, double *ret_s, struct err *err) {
    const size_t by[2] = {QUERY_KIND, query_field_find(bytes_of("outcome"))};
    uint64_t lost = 0;
    struct query all;
    query_init(&all);
    double start = metric_now();
    int rc = query_count(q->ledger, &all, by, 2, put_count, &q->ours, NULL, &lost, err);
    *ret_s = metric_now() - start;
    if (rc == 0 && lost != 0) rc = ERR_CORRUPT;
    return rc;
}

/* ---- SQL ---- */

static int put_row(void *ctx, const struct sql_row *row, struct err *err) {
    struct buf *out = ctx;
    (void)err;
    for (size_t i = 0; i < row->n; i++) {
        answer_put(out, &row->values[i]);
    }
    answer_end_row(out);
    return 0;
}

static int ask_sql(struct questions *q, const char *statement, double *ret_s, struct err *err) {
    double start = metric_now();
    int rc = sql_run(q->sql, bytes_of(statement), NULL, put_row, &q->ours, err);
    *ret_s = metric_now() - start;
    return rc;
}

/* ---- queries that have one answer ---- */

static int ask_ours(struct questions *q, enum base_ask ask, const struct base_args *args, double *ret_s, struct err *err) {
    char statement[BENCH_LINE_MAX];
    switch (ask) {
    case BASE_ASK_COUNT:
        return ask_count(q, ret_s, err);
    case BASE_ASK_P95:
        return ask_sql(q, "SELECT model, quantile(latency_ms, 0.95) FROM events GROUP BY model", ret_s, err);
    default:
        snprintf(statement, sizeof(statement),
                 "SELECT count(*), sum(seq) FROM events WHERE seq >= %llu AND seq < %llu"
                 " AND body_get(seq, 'result_bytes') > 60000",
                 (unsigned long long)args->from, (unsigned long long)args->to);
        return ask_sql(q, statement, ret_s, err);
    }
}

static int ask_theirs(struct questions *q, enum base_ask ask, const struct base_args *args, double *ret_s,
                      struct err *err) {
    static const char *const names[BASE_ASKS] = {[BASE_ASK_RUN] = "the events of a run",
                                                 [BASE_ASK_COUNT] = "counts by kind and outcome",
                                                 [BASE_ASK_P95] = "quantiles",
                                                 [BASE_ASK_P95_INDEXED] = "quantiles by index",
                                                 [BASE_ASK_SCAN] = "a field of bodies"};
    buf_clear(&q->theirs);
    int rc = base_query_ask(q->base, ask, args, &q->theirs, ret_s, err);
    if (rc == 0) rc = answer_compare(&q->ours, &q->theirs, names[ask], err);
    return rc;
}

/* `pairs` NULL: it is not counted. With `more`, SQLite's other way to answer is timed too. */
static int pair(struct questions *q, enum base_ask ask, const struct base_args *args, struct metric_pairs *pairs,
                struct metric_pairs *more, struct err *err) {
    double ours = 0, theirs = 0, others = 0;
    buf_clear(&q->ours);
    int rc = ask_ours(q, ask, args, &ours, err);
    if (rc == 0) rc = ask_theirs(q, ask, args, &theirs, err);
    if (rc == 0 && more != NULL) rc = ask_theirs(q, BASE_ASK_P95_INDEXED, args, &others, err);
    if (rc == 0 && pairs != NULL) {
        metric_pairs_put(pairs, ours, theirs);
    }
    if (rc == 0 && pairs != NULL && more != NULL) {
        metric_pairs_put(more, ours, others);
    }
    return rc;
}

/* The same query several times, after a first time that is not counted. */
static int rounds(struct questions *q, enum base_ask ask, struct metric_pairs *pairs, struct metric_pairs *more,
                  struct err *err) {
    const struct base_args none = {0};
    int n = q->size < SMALL ? 50 : q->size < LARGE ? 15 : 3;
    int rc = pair(q, ask, &none, NULL, more, err);
    for (int i = 0; i < n && rc == 0; i++) {
        rc = pair(q, ask, &none, pairs, more, err);
    }
    return rc;
}

static int count_row(struct bench *b, struct questions *q, struct metric_pairs *pairs, struct err *err) {
    int rc = rounds(q, BASE_ASK_COUNT, pairs, NULL, err);
    if (rc == 0) {
        metric_time(&b->table, "query_count", "SQLite, index on kind, outcome", pairs, TARGET_COUNT);
    }
    return rc;
}

static int p95_rows(struct bench *b, struct questions *q, struct metric_pairs *pairs, struct metric_pairs *indexed,
                    struct err *err) {
    int rc = rounds(q, BASE_ASK_P95, pairs, indexed, err);
    if (rc == 0) {
        metric_time(&b->table, "query_p95", "SQLite, columns", pairs, TARGET_P95);
        metric_time(&b->table, "query_p95_vs_index", "SQLite, index in that order", indexed, 0);
    }
    return rc;
}

/* Cost per event is constant, so pieces represent the whole. Times are per event. */
static int scan_row(struct bench *b, struct questions *q, struct metric_pairs *pairs, struct err *err) {
    uint64_t piece = q->size < PIECE_MAX ? q->size : PIECE_MAX;
    int rc = 0;
    for (uint64_t i = 0; i < PIECES && rc == 0; i++) {
        uint64_t from = (q->size - piece) / PIECES * i;
        const struct base_args args = {.from = from, .to = from + piece};
        rc = pair(q, BASE_ASK_SCAN, &args, NULL, NULL, err);
        if (rc == 0) rc = pair(q, BASE_ASK_SCAN, &args, pairs, NULL, err);
    }
    for (size_t i = 0; i < pairs->ours.n; i++) {
        pairs->ours.v[i] /= (double)piece;
        pairs->theirs.v[i] /= (double)piece;
    }
    if (rc == 0) {
        metric_rate(&b->table, "query_scan", "SQLite, json_extract", pairs, TARGET_SCAN);
    }
    return rc;
}

/* ---- all ---- */

static int bytes_row(struct bench *b, uint64_t before, struct err *err) {
    struct log_stats stats;
    uint64_t covered = 0;
    int rc = log_stats(b->ledger, &stats, err);
    if (rc == 0) rc = query_index_covered(b->ledger, &covered, err);
    if (rc == 0 && covered == 0) rc = err_set(err, ERR_IO, "there is no index after it was built");
    if (rc == 0) {
        double bytes = (double)(stats.derived_bytes - before) / (double)covered;
        metric_row(&b->table, &(struct metric_row){.name = "index_bytes",
                                                   .unit = "B/event",
                                                   .baseline = "20 bytes an event",
                                                   .value = bytes,
                                                   .baseline_value = BYTES_LIMIT,
                                                   .ratio = BYTES_LIMIT / bytes,
                                                   .target = TARGET_BYTES});
    }
    return rc;
}

static int ask_all(struct bench *b, struct questions *q, struct err *err) {
    struct metric_pairs *pairs[PAIRS] = {NULL};
    int rc = 0;
    for (size_t i = 0; i < PAIRS && rc == 0; i++) {
        rc = (pairs[i] = metric_pairs_new(err)) == NULL ? ERR_NOMEM : 0;
    }
    if (rc == 0) rc = runs_row(b, q, pairs[0], err);
    if (rc == 0) rc = count_row(b, q, pairs[1], err);
    if (rc == 0) rc = p95_rows(b, q, pairs[2], pairs[3], err);
    if (rc == 0) rc = scan_row(b, q, pairs[4], err);
    for (size_t i = 0; i < PAIRS; i++) {
        metric_pairs_free(pairs[i]);
    }
    return rc;
}

static int questions_open(struct bench *b, struct questions *q, const char *database, struct err *err) {
    char extension[FILE_PATH_MAX];
    buf_init(&q->ours, ANSWER_MAX);
    buf_init(&q->theirs, ANSWER_MAX);
    q->ledger = b->ledger;
    q->made = b->next;
    int rc = query_beside("ledger-sqlite.so", extension, err);
    if (rc == 0) rc = bench_size(b->ledger, &q->size, err);
    if (rc == 0) rc = base_query_build(database, b->ledger, err);
    if (rc == 0) rc = base_query_open(database, extension, &q->base, err);
    if (rc == 0) rc = sql_open(b->ledger, &(struct sql_options){.memory = UINT64_C(2) << 30}, &q->sql, err);
    return rc;
}

int run_query(struct bench *b, struct err *err) {
    char database[FILE_PATH_MAX];
    struct questions q = {0};
    struct log_stats before;
    int rc = bench_path(b, "query.sqlite", database, err);
    if (rc == 0) rc = log_stats(b->ledger, &before, err);
    if (rc == 0) rc = query_index_build(b->ledger, NULL, err);
    if (rc == 0) rc = questions_open(b, &q, database, err);
    if (rc == 0) rc = ask_all(b, &q, err);
    if (rc == 0) rc = run_query_process(b, database, err);
    if (rc == 0) rc = bytes_row(b, before.derived_bytes, err);
    sql_close(q.sql);
    base_query_close(q.base);
    buf_done(&q.ours);
    buf_done(&q.theirs);
    remove(database);
    if (rc == 0) rc = run_query_append(b, err);
    return rc;
}
