/* The doctor without looking: a view, every clause of the box with since when, as `ledger doctor --no-probe` reads them; on the
 * log of the bench, on a box of some hundred events with checks that come and go, and on one with a thousand models. Against the limits, and against
 * reading the verdict alone. */
#include <stdio.h>
#include <string.h>

#include "base/mp_map.h"
#include "bench/bench.h"
#include "projections/rows/named.h"
#include "projections/store/rebuild.h"
#include "projections/view/state.h"
#include "projections/walk/since.h"

#define READS       20
#define DEMO_EVENTS 400
#define DEMO_CHECKS 40
#define MODELS      1000
#define LIMIT_DEMO  0.1 /* s */
#define LIMIT_LARGE 1.0
#define BODY_MAX    4096

static int read_clause(struct state_view *view, size_t table, struct bytes id, struct err *err) {
    const struct bytes key[] = {{0}, id};
    struct row row;
    row_init(&row, state_table(view, table));
    int rc = state_get(view, table, key, 2, &row, err);
    if (rc == 0) rc = since_find(view, &row, err);
    row_done(&row);
    return rc;
}

/* `clauses`: all of them with since when; else the verdict alone. */
static int ask(struct ledger *ledger, bool clauses, double *ret_s, struct err *err) {
    const struct bytes box = {0};
    struct state_options options;
    struct state_view *view = NULL;
    struct state_rows *rows = NULL;
    const struct row *row;
    size_t n = 0;
    double start = metric_now();
    int rc = state_options_present(ledger, &options, err);
    if (rc == 0) rc = state_open(ledger, &options, &view, err);
    size_t table = rc == 0 ? state_table_find(view, clauses ? "clauses" : "verdicts") : 0;
    if (rc == 0) rc = state_rows_open(view, table, &box, 1, &rows, err);
    while (rc == 0) {
        rc = clauses ? state_rows_next_stored(rows, &row, err) : state_rows_next(rows, &row, err);
        if (rc == 0 && clauses) rc = read_clause(view, table, named_text(row, "clause"), err);
        n += rc == 0;
    }
    state_rows_close(rows);
    state_close(view);
    *ret_s = metric_now() - start;
    if (rc == 1 && n == 0) return err_set(err, ERR_NOTFOUND, "there is no verdict on the box");
    return rc == 1 ? 0 : rc;
}

static int measure(struct bench *b, struct ledger *ledger, const char *name, const char *name_verdict, const char *limit,
                   double limit_s, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err), *verdict = metric_pairs_new(err);
    double ours = 0, theirs = 0;
    int rc = pairs != NULL && verdict != NULL ? ask(ledger, true, &ours, err) : ERR_NOMEM; /* the first one fills caches */
    for (int i = 0; i < READS && rc == 0; i++) {
        rc = ask(ledger, true, &ours, err);
        if (rc == 0) rc = ask(ledger, false, &theirs, err);
        metric_pairs_put(pairs, ours, limit_s);
        metric_pairs_put(verdict, ours, theirs);
    }
    if (rc == 0) {
        metric_time(&b->table, name, limit, pairs, 1);
        metric_time(&b->table, name_verdict, "reading the verdict alone", verdict, 0);
    }
    metric_pairs_free(verdict);
    metric_pairs_free(pairs);
    return rc;
}

/* A check that is well, then ill, then well. */
static void put_check(struct mp_map *body, struct log_draft *draft, unsigned i, char subject[64]) {
    char check[32];
    snprintf(check, sizeof(check), "bench-%u", i % DEMO_CHECKS);
    snprintf(subject, 64, "check/%s", check);
    mp_map_text(body, "check", bytes_of(check));
    mp_map_text(body, "status", bytes_of(i / DEMO_CHECKS % 3 == 1 ? "error" : "ok"));
    draft->kind = bytes_of("doctor.observed");
    draft->grade = bytes_of("measured");
}

static void put_model(struct mp_map *body, struct log_draft *draft, unsigned i, char subject[64]) {
    char name[32], digest[80];
    snprintf(name, sizeof(name), "bench-%u", i);
    snprintf(digest, sizeof(digest), "sha256:%064x", i);
    snprintf(subject, 64, "model/%s", name);
    mp_map_text(body, "model", bytes_of(name));
    mp_map_text(body, "digest", bytes_of(digest));
    mp_map_text(body, "runtime", bytes_of("llama.cpp"));
    draft->kind = bytes_of("model.observed");
    draft->grade = bytes_of("reported");
}

typedef void putter(struct mp_map *body, struct log_draft *draft, unsigned i, char subject[64]);

static int add(struct log_batch *batch, putter *put, unsigned i, struct err *err) {
    struct buf bytes = {.max = BODY_MAX};
    struct mp_map body;
    struct log_draft draft;
    char subject[64];
    mp_map_init(&body, BODY_MAX);
    log_draft_init(&draft);
    put(&body, &draft, i, subject);
    int rc = mp_map_write(&body, &bytes, err);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:bench");
    draft.source = bytes_of("bench");
    draft.body = bytes_of_buf(&bytes);
    if (rc == 0) rc = log_batch_add(batch, &draft, err);
    mp_map_done(&body);
    buf_done(&bytes);
    return rc;
}

static int box_new(struct bench *b, const char *name, putter *put, unsigned n, struct ledger **ret, struct err *err) {
    struct log_batch *batch = NULL;
    int rc = bench_ledger_new(b, name, ret, err);
    if (rc == 0) rc = log_batch_new(*ret, &batch, err);
    for (unsigned i = 0; i < n && rc == 0; i++) {
        rc = add(batch, put, i, err);
    }
    if (rc == 0) rc = log_batch_commit(batch, NULL, NULL, NULL, err);
    log_batch_free(batch);
    return rc;
}

int run_doctor(struct bench *b, struct err *err) {
    struct ledger *demo = NULL, *models = NULL;
    struct state_options options;
    state_options_init(&options);
    int rc = box_new(b, "doctor", put_check, DEMO_EVENTS, &demo, err);
    if (rc == 0) rc = measure(b, demo, "doctor_demo", "doctor_demo_vs_verdict", "100 ms", LIMIT_DEMO, err);
    log_close(demo);
    if (rc == 0) rc = box_new(b, "models", put_model, MODELS, &models, err);
    if (rc == 0) rc = measure(b, models, "doctor_models", "doctor_models_vs_verdict", "1 s", LIMIT_LARGE, err);
    log_close(models);
    if (rc == 0) rc = rebuild_catch_up(b->ledger, &options, err);
    if (rc == 0) rc = measure(b, b->ledger, "doctor", "doctor_vs_verdict", "1 s", LIMIT_LARGE, err);
    return rc;
}
