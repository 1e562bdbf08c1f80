/* The bench room: how fast the ledger is, compared with what the same machine otherwise does with the same bytes.
 *
 * `make bench` builds and runs bench.c. Its stages are the run_*.c files, each a function over struct bench that adds rows
 * to the table; base_*.c are the baselines, load.c the shared workload, metric.c the arithmetic. docs/performance.md says
 * what each row means and how to read it.
 *
 * The bench room sees the whole house and, for its baselines, vendor libraries; the house never sees it. The ledger itself
 * is used only through its public headers. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "base/file.h"
#include "bench/base/base.h"
#include "bench/metric.h"

#define BENCH_LINE_MAX 256

struct bench {
    uint64_t scale;  /* events */
    const char *dir; /* where everything is written, see bench_path */
    struct metric_table table;
    struct ledger *ledger;  /* "ledger": the reference workload without keys; at `scale` events after the first stage */
    struct base_lmdb *lmdb; /* the same events */
    uint64_t next;          /* the next workload event in both */
    struct ledger *keyed;   /* "keyed": the same with idempotency keys; NULL before its stage */
    uint64_t keyed_next;
};

int bench_path(const struct bench *b, const char *name, char ret[FILE_PATH_MAX], struct err *err);
/* Creates a ledger below b->dir and opens it; with `ret` NULL it only creates it. */
int bench_ledger_new(const struct bench *b, const char *name, struct ledger **ret, struct err *err);
/* Number of events. */
int bench_size(struct ledger *ledger, uint64_t *ret, struct err *err);
/* Appends a slice of the workload to b->ledger, reads it back and appends it to b->lmdb. Both times are per event. */
int bench_slice(struct bench *b, struct load *load, struct wire *wire, size_t n, double *ret_ledger_s, double *ret_lmdb_s,
                struct err *err);

/* ---- stages, in this order ---- */

/* append_batch and its variants, size. With `only_fill` it fills the ledger and adds no row. */
int run_append(struct bench *b, bool only_fill, struct err *err);
int run_single(struct bench *b, struct err *err);  /* append_single */
int run_threads(struct bench *b, struct err *err); /* append_64_threads */
int run_prove(struct bench *b, struct err *err);   /* prove */
int run_verify(struct bench *b, struct err *err);  /* verify */
int run_keyed(struct bench *b, struct err *err);   /* append_batch_keyed */
int run_ingest(struct bench *b, struct err *err);  /* ingest_jsonl, ingest_otlp, scan_secrets */
int run_otlp(struct bench *b, struct err *err);
int run_query(struct bench *b, struct err *err);    /* query_*, index_bytes, append_batch_indexed */
int run_states(struct bench *b, struct err *err);   /* rebuild, catch_up, state_at */
int run_doctor(struct bench *b, struct err *err);   /* doctor, doctor_demo */
int run_evidence(struct bench *b, struct err *err); /* export, verify_bundle, follow, verify_stream, export_run */
int run_packs(struct bench *b, struct err *err);    /* pack_validate, pack_list */
int run_serve(struct bench *b, struct err *err);    /* serve_state, serve_event, serve_append */
int run_process(struct bench *b,
                struct err *err); /* open_append_exit, rss_append, rss_verify, rss_rebuild; closes the ledgers */

int run_confine(struct bench *b, struct err *err);      /* confined_step, pack_step */
int run_model(struct bench *b, struct err *err);        /* model_stream */
int run_proxy(struct bench *b, struct err *err);        /* proxy */
int run_tap(struct bench *b, struct err *err);          /* tap_records, tap_enforces, and: */
int run_tap_http(struct bench *b, struct err *err);     /* tap_http */
int run_eval_compare(struct bench *b, struct err *err); /* eval_compare */
int run_evals(struct bench *b, struct err *err);        /* eval_case_overhead, eval_cases */

/* ---- child processes of the bench program, for measurements from outside ---- */

/* What `bench --child VERB DIR FROM COUNT [keyed]` does: "append" one event, "fill" COUNT events, "verify", "rebuild". Exit
 * code. */
int child_main(int argc, char **argv);

#endif
