/* Evidence: exporting everything and verifying that bundle, against verifying the same log on one thread; the same as a stream
 * of lines, against the export; and the bundle of one run, against reading that run's events through the query room. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "export/export.h"
#include "export/stream/stream.h"
#include "query/query.h"

#define ROUNDS        3
#define ROUNDS_LARGE  1
#define LARGE         3000000 /* events */
#define RUNS          40
#define TARGET_EXPORT 0.5
#define TARGET_CHECK  0.7
#define TARGET_FOLLOW 0.8
#define TARGET_STREAM 0.5
#define TARGET_RUN    0.1 /* ten times the time of reading them */

static int export_once(struct bench *b, const struct export_options *options, int fd, double *ret_s, struct err *err) {
    struct export_counts counts;
    uint8_t digest[LOG_HASH];
    uint64_t bytes;
    if (lseek(fd, 0, SEEK_SET) != 0 || ftruncate(fd, 0) != 0) {
        return err_errno(err, errno, "the bundle");
    }
    double start = metric_now();
    int rc = export_write(b->ledger, options, fd, &counts, digest, &bytes, err);
    *ret_s = metric_now() - start;
    return rc;
}

static int check_once(int fd, double *ret_s, struct err *err) {
    static struct export_report report; /* large */
    if (lseek(fd, 0, SEEK_SET) != 0) return err_errno(err, errno, "the bundle");
    double start = metric_now();
    int rc = export_verify(fd, &(struct export_verify_options){0}, &report, err);
    *ret_s = metric_now() - start;
    if (rc == 0 && report.log.verdict != LOG_NOT_ANCHORED) {
        rc = err_set(err, ERR_TAMPERED, "the bundle does not verify: %s", report.log.findings[0].reason);
    }
    return rc;
}

static int verify_once(struct bench *b, double *ret_s, struct err *err) {
    static struct log_report report; /* large */
    double start = metric_now();
    int rc = log_verify(b->ledger, &(struct log_verify_options){.threads = 1}, &report, err);
    *ret_s = metric_now() - start;
    return rc;
}

static int put_line(void *ctx, struct bytes piece, const struct stream_at *at, uint64_t events, struct err *err) {
    (void)at;
    (void)events;
    return file_put_all(*(int *)ctx, piece.p, piece.n) == 0 ? 0 : err_errno(err, errno, "the stream");
}

/* All events as lines, as `ledger follow --once` writes them. The event that records it is left out: the log stays as it is. */
static int follow_once(struct bench *b, int fd, uint64_t size, double *ret_s, struct err *err) {
    const struct stream_options options = {.format = STREAM_JSONL, .put = put_line, .ctx = &fd};
    struct stream *stream = NULL;
    uint64_t n;
    if (lseek(fd, 0, SEEK_SET) != 0 || ftruncate(fd, 0) != 0) {
        return err_errno(err, errno, "the stream");
    }
    double start = metric_now();
    int rc = stream_new(b->ledger, &options, &stream, err);
    if (rc == 0) rc = stream_begin(stream, 0, size, err);
    if (rc == 0) rc = stream_pump(stream, &n, err);
    if (rc == 0) rc = stream_seal(stream, err);
    stream_free(stream);
    *ret_s = metric_now() - start;
    return rc;
}

static int check_stream_once(int fd, double *ret_s, struct err *err) {
    static struct stream_report report; /* large */
    if (lseek(fd, 0, SEEK_SET) != 0) return err_errno(err, errno, "the stream");
    double start = metric_now();
    int rc = stream_verify(fd, &(struct export_verify_options){0}, &report, err);
    *ret_s = metric_now() - start;
    if (rc == 0 && report.report.log.verdict != LOG_NOT_ANCHORED) {
        rc = err_set(err, ERR_TAMPERED, "the stream does not verify: %s", report.report.log.findings[0].reason);
    }
    return rc;
}

static int everything(struct bench *b, int fd, uint64_t size, struct err *err) {
    struct metric_pairs *out = metric_pairs_new(err), *check = metric_pairs_new(err);
    struct metric_pairs *lines = metric_pairs_new(err), *judged = metric_pairs_new(err);
    struct export_options options;
    int rc = out == NULL || check == NULL || lines == NULL || judged == NULL ? ERR_NOMEM : 0,
        rounds = size > LARGE ? ROUNDS_LARGE : ROUNDS;
    export_options_init(&options);
    for (int i = 0; i < rounds && rc == 0; i++) {
        double ours = 0, checked = 0, theirs = 0, followed = 0, streamed = 0;
        rc = export_once(b, &options, fd, &ours, err);
        if (rc == 0) rc = verify_once(b, &theirs, err);
        if (rc == 0) rc = check_once(fd, &checked, err);
        if (rc == 0) rc = follow_once(b, fd, size, &followed, err);
        if (rc == 0) rc = check_stream_once(fd, &streamed, err);
        metric_pairs_put(lines, followed / (double)size, ours / (double)size);
        metric_pairs_put(judged, streamed / (double)size, theirs / (double)size);
        metric_pairs_put(out, ours / (double)size, theirs / (double)size);
        metric_pairs_put(check, checked / (double)size, theirs / (double)size);
    }
    if (rc == 0) {
        metric_rate(&b->table, "export", "verify on one thread", out, TARGET_EXPORT);
        metric_rate(&b->table, "verify_bundle", "verify on one thread", check, TARGET_CHECK);
    }
    metric_pairs_free(out);
    if (rc == 0) {
        metric_rate(&b->table, "follow", "export of the same events", lines, TARGET_FOLLOW);
        metric_rate(&b->table, "verify_stream", "verify on one thread", judged, TARGET_STREAM);
    }
    metric_pairs_free(check);
    metric_pairs_free(lines);
    metric_pairs_free(judged);
    return rc;
}

/* ---- one run ---- */

struct found {
    uint64_t first, last, n;
};

static int read_run(struct bench *b, struct bytes run, struct found *ret, double *ret_s, struct err *err) {
    const struct query_value value = {.type = QUERY_TEXT, .text = run};
    const struct query_term term = {.field = QUERY_RUN, .op = QUERY_EQ, .values = &value, .n_values = 1};
    struct query_cursor *cursor = NULL;
    const struct log_event *event;
    struct query query;
    query_init(&query);
    query.terms = &term;
    query.n_terms = 1;
    query.whole = true;
    *ret = (struct found){.first = LOG_NO_SEQ};
    double start = metric_now();
    int rc = query_open(b->ledger, &query, &cursor, err);
    while (rc == 0 && (rc = query_next(cursor, err)) == 0) {
        rc = query_event(cursor, &event, err);
        ret->first = ret->n++ == 0 ? query_seq(cursor) : ret->first;
        ret->last = query_seq(cursor);
    }
    query_close(cursor);
    *ret_s = metric_now() - start;
    return rc == 1 ? 0 : rc;
}

/* The run of an event in the middle of the log; copied. */
static int some_run(struct bench *b, uint64_t seq, char ret[257], struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    int rc = log_reader_open(b->ledger, seq, LOG_NO_SEQ, &reader, err);
    while (rc == 0 && (rc = log_reader_next(reader, &event, err)) == 0 && event.run.n == 0) {
    }
    if (rc == 0) {
        memcpy(ret, event.run.p, event.run.n);
        ret[event.run.n] = 0;
    }
    log_reader_close(reader);
    return rc == 1 ? err_set(err, ERR_NOTFOUND, "no event has a run") : rc;
}

static int one_run(struct bench *b, int fd, uint64_t size, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    int rc = pairs == NULL ? ERR_NOMEM : query_index_build(b->ledger, NULL, err);
    for (uint64_t i = 0; i < RUNS && rc == 0; i++) {
        struct export_options options;
        struct export_term term = {"run", EXPORT_EQUALS, {0}};
        struct found found;
        double searched = 0, written = 0, theirs = 0;
        char run[257];
        rc = some_run(b, (size - size / 8) * i / RUNS, run, err);
        if (rc == 0) rc = read_run(b, bytes_of(run), &found, &theirs, err);
        if (rc == 0) rc = read_run(b, bytes_of(run), &found, &searched, err); /* its offset */
        export_options_init(&options);
        term.value = bytes_of(run);
        options.terms = &term;
        options.n_terms = 1;
        options.from = found.first;
        options.to = found.last + 1;
        if (rc == 0) rc = export_once(b, &options, fd, &written, err);
        metric_pairs_put(pairs, searched + written, theirs);
    }
    if (rc == 0) {
        metric_time(&b->table, "export_run", "reading the run's events", pairs, TARGET_RUN);
    }
    metric_pairs_free(pairs);
    return rc;
}

int run_evidence(struct bench *b, struct err *err) {
    char path[FILE_PATH_MAX];
    uint64_t size = 0;
    int fd = -1, rc = bench_size(b->ledger, &size, err);
    if (rc == 0) rc = bench_path(b, "bundle.tar.zst", path, err);
    if (rc == 0) {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        rc = fd < 0 ? err_errno(err, errno, "'%s'", path) : 0;
    }
    if (rc == 0) rc = everything(b, fd, size, err);
    if (rc == 0) rc = one_run(b, fd, size, err);
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}
