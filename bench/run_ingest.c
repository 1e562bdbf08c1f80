/* Ingesting foreign formats: JSON lines and spans from a file, in the same process, with everything that a run does (keys,
 * secrets, commits, receipt), against only parsing the same text. And scanning for secrets alone, over text without any,
 * against hashing that text. */
#include <stdlib.h>

#include "base/secret/secret.h"
#include "bench/bench.h"
#include "bench/spans.h"
#include "ingest/ingest.h"

#define SLICES        16
#define SLICE_MAX     20000 /* lines, spans */
#define SCANS         32
#define SCAN_BYTES    ((size_t)4 << 20)
#define TEXT_MAX      ((size_t)256 << 20)
#define TARGET_INGEST 0.6
#define TARGET_SCAN   0.5

struct texts {
    struct ledger *ledger; /* takes the lines and the spans */
    struct load load;
    struct buf text, mp;
    char path[FILE_PATH_MAX];
    size_t slice;
};

/* The text goes through a file, as in real use; writing it is not timed, and it is in the cache when it is read. */
static int take_in(struct texts *t, const char *source, uint64_t wanted, double *ret_s, struct err *err) {
    const char *paths[] = {t->path};
    const struct ingest_options options = {.paths = paths, .n_paths = 1};
    struct ingest_result result;
    int rc = file_write_durable(t->path, bytes_of_buf(&t->text), 0600, err);
    double start = metric_now();
    if (rc == 0) rc = ingest_source_run(t->ledger, source, &options, &result, err);
    *ret_s = metric_now() - start;
    if (rc == 0 && (result.total.accepted < wanted || result.total.rejected > 0)) {
        rc = err_set(err, ERR_IO, "%s: of %llu, %llu were accepted and %llu rejected", source, (unsigned long long)wanted,
                     (unsigned long long)result.total.accepted, (unsigned long long)result.total.rejected);
    }
    return rc;
}

static int make_lines(struct texts *t, uint64_t from, struct err *err) {
    int rc = load_make(&t->load, from, t->slice, false, err);
    buf_clear(&t->text);
    for (size_t i = 0; i < t->slice && rc == 0; i++) {
        rc = workload_line(&t->load.w[i].draft, &t->mp, &t->text, err);
    }
    return rc;
}

/* Lines against the slower of the two unavoidable parts: parsing them, and appending the result. */
static int slice_of_lines(struct bench *b, struct texts *t, struct metric_pairs *pairs, struct err *err) {
    double ours = 0, parsed = 0, appended = 0;
    int rc = make_lines(t, b->next, err);
    if (rc == 0) rc = take_in(t, "jsonl", t->slice, &ours, err);
    if (rc == 0) rc = base_jansson(bytes_of_buf(&t->text), &parsed, err);
    if (rc == 0) rc = load_append(&t->load, b->ledger, &appended, err);
    b->next += t->slice;
    metric_pairs_put(pairs, ours / (double)t->slice, (parsed > appended ? parsed : appended) / (double)t->slice);
    return rc;
}

static int slice_of_spans(struct texts *t, uint64_t from, struct metric_pairs *pairs, struct err *err) {
    double ours = 0, theirs = 0;
    buf_clear(&t->text);
    int rc = spans_make(&t->text, from, t->slice, err);
    if (rc == 0) rc = take_in(t, "otlp", t->slice, &ours, err);
    if (rc == 0) rc = base_jansson(bytes_of_buf(&t->text), &theirs, err);
    metric_pairs_put(pairs, ours / (double)t->slice, theirs / (double)t->slice);
    return rc;
}

/* Half lines of the workload, half prose. */
static int make_clean_text(struct texts *t, struct err *err) {
    static const char prose[] =
        "The clerk reads the letters of the morning, puts the invoices to one side and asks the model for a summary of the "
        "rest; what it does not understand it leaves for a person. Nothing is sent before somebody has looked at it, and "
        "what "
        "was sent can be found again years later, with the reason why.\n";
    struct secret_hit hit;
    size_t slice = t->slice;
    t->slice = SCAN_BYTES / 1000;
    int rc = make_lines(t, 0, err);
    t->slice = slice;
    while (rc == 0 && t->text.n < SCAN_BYTES) {
        rc = buf_put_str(&t->text, prose);
    }
    if (rc == 0 && secret_next(bytes_of_buf(&t->text), 0, &hit) == 0) {
        rc = err_set(err, ERR_IO, "the text that is scanned is not clean: %s at byte %zu", hit.rule, hit.at);
    }
    return rc;
}

static int scan(struct texts *t, struct metric_pairs *pairs, struct err *err) {
    double hashed = 0;
    int rc = make_clean_text(t, err);
    double mb = (double)t->text.n / 1e6;
    for (int i = 0; i < SCANS && rc == 0; i++) {
        struct secret_hit hit;
        double start = metric_now();
        rc = secret_next(bytes_of_buf(&t->text), 0, &hit) == 1 ? 0 : ERR_IO;
        double scanned = metric_now() - start;
        if (rc == 0) rc = base_sha256_text(bytes_of_buf(&t->text), &hashed, err);
        metric_pairs_put(pairs, scanned / mb, hashed / mb);
    }
    return rc;
}

static void rate_row(struct bench *b, const char *name, const char *unit, const char *baseline,
                     const struct metric_pairs *pairs, double target) {
    metric_row(&b->table, &(struct metric_row){.name = name,
                                               .unit = unit,
                                               .baseline = baseline,
                                               .value = 1 / metric_median(&pairs->ours),
                                               .baseline_value = 1 / metric_median(&pairs->theirs),
                                               .ratio = metric_median(&pairs->ratio),
                                               .whole = pairs->theirs_sum / pairs->ours_sum,
                                               .target = target});
}

int run_ingest(struct bench *b, struct err *err) {
    struct metric_pairs *lines = metric_pairs_new(err), *spans = metric_pairs_new(err), *scans = metric_pairs_new(err);
    struct texts *t = calloc(1, sizeof(*t));
    int rc = lines == NULL || spans == NULL || scans == NULL || t == NULL ? ERR_NOMEM : 0;
    if (rc == 0) {
        buf_init(&t->text, TEXT_MAX);
        buf_init(&t->mp, TEXT_MAX);
        t->slice = b->scale / SLICES < SLICE_MAX ? (size_t)(b->scale / SLICES) : SLICE_MAX;
        rc = bench_path(b, "texts", t->path, err);
    }
    if (rc == 0) rc = bench_ledger_new(b, "ingest", &t->ledger, err);
    for (int i = 0; i < SLICES && rc == 0; i++) {
        rc = slice_of_lines(b, t, lines, err);
        if (rc == 0) rc = slice_of_spans(t, (uint64_t)i * SLICE_MAX, spans, err);
    }
    if (rc == 0) rc = scan(t, scans, err);
    if (rc == 0) {
        rate_row(b, "ingest_jsonl", "lines/s", "jansson alone, or append_batch", lines, TARGET_INGEST);
        rate_row(b, "ingest_otlp", "spans/s", "jansson alone", spans, TARGET_INGEST);
        rate_row(b, "scan_secrets", "MB/s", "SHA-256 of the same text", scans, TARGET_SCAN);
    }
    if (t != NULL) {
        log_close(t->ledger);
        load_done(&t->load);
        buf_done(&t->text);
        buf_done(&t->mp);
        free(t);
    }
    metric_pairs_free(lines);
    metric_pairs_free(spans);
    metric_pairs_free(scans);
    return rc;
}
