/* One evaluation, ready to be shown: sheet_say.c for people, sheet_put.c for programs. */
#ifndef CLI_EVALS_SHEET_H
#define CLI_EVALS_SHEET_H

#include "cli/evals/evaluation.h"
#include "cli/print/rows.h"
#include "evals/stat/stat.h"

struct sheet_task {
    struct bytes task; /* or tag, "": none. Borrowed from the samples */
    uint64_t count[SAMPLE_ERRED + 1];
    uint64_t known;                /* without errors */
    uint64_t seen;                 /* event of the newest sample: a tag that is named twice counts once */
    struct stat_interval interval; /* Wilson's, of the pass rate among the known ones; every sample counts alike */
};

struct sheet {
    struct asof *view;
    struct row row; /* of evals */
    struct samples samples;
    double confidence;
    bool private_; /* show private fields of failed samples */
    bool by_tag;   /* tasks has tags: a sample counts in each of its own */
    struct log_reader *reader;
    struct sheet_task *tasks; /* in order, then all of them together */
    size_t n_tasks;
    double *latencies;             /* of answered samples, ascending */
    size_t n_latencies, n_limited; /* those that ran into their limit are slower than any */
};

/* Calls `each` with each row of eval_scores of the newest run. */
int sheet_scores(struct sheet *sheet, int (*each)(void *ctx, const struct row *score, struct err *err), void *ctx,
                 struct err *err);
/* Appends why a sample is no pass, on one line: which expectations, or which metric. With `private_` of the sheet also what the
 * private fields "detail" and "output" say. Not made safe for a terminal. */
int sheet_why(struct sheet *sheet, const struct sample *sample, struct buf *out, struct err *err);

int sheet_say(struct sheet *sheet, struct err *err);
/* Each returns an exit code after reporting, or 0. */
int sheet_put(struct sheet *sheet);
int sheet_put_rows(struct sheet *sheet, enum rows_format format);
int sheet_put_junit(struct sheet *sheet);

/* Nearest rank of all samples whose outcome is known, as thresholds count them; INFINITY: it ran into its limit. */
double sheet_latency(const struct sheet *s, unsigned per_10000);

#endif
