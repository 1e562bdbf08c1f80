/* Batches: the ledger against raw LMDB, a plain file and SQLite, slice by slice over the same events; then their size on
 * disk, and for orientation the raw speed of the processor.
 *
 * Each slice is appended to the ledger, read back, and written by the baselines. LMDB and the ledger continue to the whole
 * scale. SQLite is ten times slower and slows down as its indexes grow, so it stops earlier, which is in its favour. */
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"

#define SLICES        32
#define CHAINED_MAX   1000000 /* events */
#define CONTEXT_MAX   200000  /* events for baselines without a target */
#define SIGNATURES    2000
#define TARGET_LMDB   1.0
#define TARGET_SQLITE 8
#define TARGET_SIZE   8

static const char *const sqlite_file[3] = {"plain.sqlite", "indexed.sqlite", "chained.sqlite"};

struct rivals { /* where a slice is written besides the ledger and LMDB */
    struct base_sqlite *sqlite[3];
    int fd;
    struct metric_pairs *lmdb, *file, *by_form[3];
    struct metric_series sha256, zstd;
    struct load load;
    struct wire wire;
};

static int rivals_open(struct bench *b, bool only_fill, struct rivals *r, struct err *err) {
    char path[FILE_PATH_MAX];
    r->lmdb = metric_pairs_new(err);
    r->file = metric_pairs_new(err);
    int rc = r->lmdb == NULL || r->file == NULL ? ERR_NOMEM : 0;
    for (int i = 0; i < 3 && rc == 0 && !only_fill; i++) {
        rc = bench_path(b, sqlite_file[i], path, err);
        if (rc == 0) rc = base_sqlite_open(path, (enum base_sqlite_form)i, &r->sqlite[i], err);
        rc = rc == 0 && (r->by_form[i] = metric_pairs_new(err)) == NULL ? ERR_NOMEM : rc;
    }
    if (rc == 0 && !only_fill) {
        rc = bench_path(b, "file", path, err);
        if (rc == 0) rc = base_file_open(path, &r->fd, err);
    }
    return rc;
}

static void rivals_close(struct rivals *r) {
    for (int i = 0; i < 3; i++) {
        base_sqlite_close(r->sqlite[i]);
        metric_pairs_free(r->by_form[i]);
    }
    if (r->fd >= 0) {
        close(r->fd);
    }
    metric_pairs_free(r->lmdb);
    metric_pairs_free(r->file);
    load_done(&r->load);
    wire_done(&r->wire);
    free(r);
}

static int slice_of_rivals(struct bench *b, struct rivals *r, double ours, struct err *err) {
    double s = 0, n = (double)r->load.n;
    size_t packed = 0;
    int rc = 0;
    for (int i = 0; i < 3 && rc == 0; i++) {
        if (b->next <= (i == BASE_SQLITE_CHAINED ? CHAINED_MAX : CONTEXT_MAX)) {
            rc = base_sqlite_put(r->sqlite[i], &r->load, &s, err);
            metric_pairs_put(r->by_form[i], ours, s / n);
        }
    }
    if (rc != 0 || b->next > CONTEXT_MAX) return rc;
    rc = base_file_put(r->fd, &r->wire, &s, err);
    metric_pairs_put(r->file, ours, s / n);
    if (rc == 0) rc = base_sha256(&r->wire, &s, err);
    metric_put(&r->sha256, n / s);
    if (rc == 0) rc = base_zstd(&r->wire, &s, &packed, err);
    metric_put(&r->zstd, n / s);
    return rc;
}

static int rows(struct bench *b, struct rivals *r, struct err *err) {
    struct metric_table *t = &b->table;
    double s = 0;
    metric_rate(t, "append_batch", "raw LMDB", r->lmdb, TARGET_LMDB);
    metric_rate(t, "append_batch_vs_sqlite", "SQLite, indexed and chained", r->by_form[BASE_SQLITE_CHAINED], TARGET_SQLITE);
    metric_rate(t, "append_batch_vs_indexed", "SQLite, indexed", r->by_form[BASE_SQLITE_INDEXED], 0);
    metric_rate(t, "append_batch_vs_plain", "SQLite, plain", r->by_form[BASE_SQLITE_PLAIN], 0);
    metric_rate(t, "append_batch_vs_file", "plain file and fdatasync", r->file, 0);
    int rc = base_ed25519(SIGNATURES, &s, err);
    if (rc == 0) {
        metric_row(t, &(struct metric_row){.name = "bare_sha256", .unit = "events/s", .value = metric_median(&r->sha256)});
        metric_row(t, &(struct metric_row){.name = "bare_zstd", .unit = "events/s", .value = metric_median(&r->zstd)});
        metric_row(t, &(struct metric_row){.name = "bare_ed25519", .unit = "1/s", .value = SIGNATURES / s});
    }
    return rc;
}

/* Everything in the ledger's directory counts, at its size in blocks. */
static int size_row(struct bench *b, struct rivals *r, struct err *err) {
    struct log_stats stats;
    uint64_t bytes, n;
    int rc = log_stats(b->ledger, &stats, err);
    if (rc == 0) rc = base_sqlite_size(r->sqlite[BASE_SQLITE_CHAINED], &bytes, &n, err);
    if (rc == 0) {
        double ours = (double)(stats.evidence_bytes + stats.derived_bytes + stats.artifact_bytes) / (double)stats.events;
        double theirs = (double)bytes / (double)n;
        metric_row(&b->table, &(struct metric_row){.name = "size",
                                                   .unit = "B/event",
                                                   .baseline = "SQLite, indexed and chained",
                                                   .value = ours,
                                                   .baseline_value = theirs,
                                                   .ratio = theirs / ours,
                                                   .target = TARGET_SIZE});
    }
    return rc;
}

int run_append(struct bench *b, bool only_fill, struct err *err) {
    char path[FILE_PATH_MAX];
    struct rivals *r = calloc(1, sizeof(*r));
    if (r == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    r->fd = -1;
    wire_init(&r->wire);
    uint64_t slice = (b->scale / SLICES + LOAD_COMMIT - 1) / LOAD_COMMIT * LOAD_COMMIT;
    slice = slice < LOAD_SLICE ? slice : LOAD_SLICE;
    int rc = bench_ledger_new(b, "ledger", &b->ledger, err);
    if (rc == 0) rc = bench_path(b, "lmdb", path, err);
    if (rc == 0) rc = base_lmdb_open(path, &b->lmdb, err);
    if (rc == 0) rc = rivals_open(b, only_fill, r, err);
    while (rc == 0 && b->next < b->scale) {
        double ours = 0, theirs = 0;
        uint64_t left = b->scale - b->next;
        rc = bench_slice(b, &r->load, &r->wire, (size_t)(left < slice ? left : slice), &ours, &theirs, err);
        if (rc == 0 && !only_fill) {
            metric_pairs_put(r->lmdb, ours, theirs);
            rc = slice_of_rivals(b, r, ours, err);
        }
    }
    if (rc == 0 && !only_fill) {
        rc = rows(b, r, err);
        if (rc == 0) rc = size_row(b, r, err);
    }
    rivals_close(r);
    return rc;
}
