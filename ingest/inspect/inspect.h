/* The source "inspect": logs of Inspect. docs/ingest.md describes its events.
 *
 *   {"version": 2, "status": "started|success|cancelled|error", "invalidated",
 *    "eval": {"eval_id", "run_id", "task_id", "created", "task", "task_version", "dataset": {"name", "samples", "sample_ids"},
 *             "model": "ollama/gemma3", "model_base_url", "config": {"limit", "epochs"}, "revision": {"commit", "dirty"},
 *             "packages": {"inspect_ai"}},
 *    "plan", "results": {"total_samples", "completed_samples", "scores": [{"name", "scorer", "reducer", "metrics":
 *    {"accuracy": {"value"}}}]}, "stats": {"started_at", "completed_at"}, "error", "samples": [...], "reductions": [...]}
 *
 *   sample: {"id", "epoch", "input", "target", "output", "scores": {SCORER: {"value": "C", "history": [...]}}, "error", "limit",
 *            "events", "attachments"}
 *
 * An .eval file is a ZIP archive of the same: header.json is the log without its samples, samples/ID_epoch_N.json is one of
 * them. header.json is written last; of a run that crashed there is _journal/start.json, which has "eval" and "plan". */
#ifndef INGEST_INSPECT_INSPECT_H
#define INGEST_INSPECT_INSPECT_H

#include "ingest/driver/intake.h"
#include "ingest/input/item.h"

#define INSPECT_DOC_MAX     ((size_t)32 << 20)  /* of a log as JSON, and of one member of an archive */
#define INSPECT_DOC_ROOM    ((size_t)160 << 20) /* memory for it while it is parsed (pyjson.h) */
#define INSPECT_ALL_MAX     ((uint64_t)4 << 30) /* content of an archive */
#define INSPECT_KEPT_MAX    ((size_t)128 << 10) /* a private value above it is kept as its digest and size */
#define INSPECT_OTHER_MAX   ((size_t)384 << 10) /* of all values in "other" */
#define INSPECT_NAME_MAX    200                 /* of a task, a scorer, a metric */
#define INSPECT_SCORERS_MAX 64

/* ---- a log (log.c); all borrows from the document ---- */

enum inspect_partial {
    INSPECT_LIMIT = 1,     /* it ran with a limit */
    INSPECT_EFFECTIVE = 2, /* not all samples of the data set were run to their end */
    INSPECT_FEWER = 4,     /* the log has fewer samples than it counts */
    INSPECT_NO_RESULTS = 8
};

struct inspect_log {
    struct bytes whole;                        /* canonical map */
    struct bytes eval, config, results, stats; /* raw; may be empty */
    struct bytes status, task, model;          /* model without its provider */
    struct bytes provider;                     /* may be empty */
    uint64_t created, at;                      /* ns, or INGEST_NO_TIME; `at`: when it ended */
    struct bytes created_text, at_text;        /* times that do not parse */
    uint64_t total;                            /* samples of the data set in all epochs; 0: unknown */
    uint64_t planned, completed;               /* samples that were to be run, and that were; 0: unknown */
    uint64_t epochs;
    uint8_t digest[32]; /* of the log without its samples */
    bool running;       /* it has not ended */
    unsigned partial;
    bool judged; /* enough is known to rule out that it is partial */
};
/* ERR_INVALID names the fault and what is expected. */
int inspect_log_read(struct bytes whole, struct inspect_log *ret, struct err *err);
/* What identifies the evaluation, in `parts`; how many. */
#define INSPECT_ID_PARTS 5
size_t inspect_log_id(const struct inspect_log *log, struct bytes parts[INSPECT_ID_PARTS]);

/* A metric of a scorer: *i counts them from 0. False after the last one. */
struct inspect_metric {
    struct bytes score;   /* raw: the entry of results.scores */
    struct bytes scorer;  /* whose values they are */
    struct bytes name;    /* of the score: the scorer's, or a key of its values */
    struct bytes reducer; /* may be empty */
    struct bytes metric;
    struct bytes value, stderr_; /* raw */
};
bool inspect_metric_at(const struct inspect_log *log, size_t i, struct inspect_metric *ret);

/* ---- samples (sample.c) ---- */

struct inspect_mean {
    char name[INSPECT_NAME_MAX + 1]; /* of a score */
    double sum;
    uint64_t n;
    bool odd;    /* a value is no number */
    bool edited; /* by hand, afterwards */
};

/* What was seen of all samples. */
struct inspect_sums {
    struct inspect_mean means[INSPECT_SCORERS_MAX];
    size_t n_means;
    uint64_t samples, lost;
    bool cached, cache_known; /* an answer came from a cache; each sample says whether one did */
    bool invalidated;
};

enum inspect_outcome { INSPECT_PASSED, INSPECT_FAILED, INSPECT_ERRED };

struct inspect_sample {
    struct bytes raw; /* canonical map */
    struct bytes id;  /* raw */
    uint64_t epoch;
    enum inspect_outcome outcome;
    struct bytes scorer; /* that says that it failed */
};
/* ERR_INVALID names the fault. */
int inspect_sample_read(struct bytes raw, struct inspect_sample *ret, struct err *err);
/* Adds it to the sums. */
void inspect_sums_take(struct inspect_sums *sums, const struct inspect_sample *sample);
/* The mean over all samples of what the scorer gave them. False when it is not one, or samples are missing. */
bool inspect_sums_mean(const struct inspect_sums *sums, const struct inspect_log *log, const struct inspect_metric *metric,
                       double *ret);
bool inspect_sums_edited(const struct inspect_sums *sums, struct bytes score);
/* A value as Inspect counts it: "C" 1, "P" 0.5, "I" and "N" 0, numbers, truths. */
bool inspect_value(struct bytes raw, double *ret);
/* The score of a sample by its scorer, whatever version wrote it; its entries one by one: *i counts from 0. */
bool inspect_score_at(struct bytes sample, size_t i, struct bytes *ret_scorer, struct bytes *ret_score);

/* ---- events (event.c): bodies as canonical maps, appended to out ---- */

int inspect_put_task(const struct inspect_log *log, uint8_t ret_digest[32], struct buf *out, struct err *err);
int inspect_put_started(const struct inspect_log *log, struct buf *out, struct err *err);
int inspect_put_imported(const struct inspect_log *log, const struct inspect_sums *sums, const uint8_t file_digest[32],
                         const char *path, struct buf *out, struct err *err);
/* `hidden`: what stands for an id that may not be open. */
int inspect_put_sample(const struct inspect_log *log, const struct inspect_sample *sample, const char *hidden,
                       struct buf *out, struct err *err);
int inspect_put_scored(const struct inspect_log *log, const struct inspect_sums *sums, const struct inspect_metric *metric,
                       struct buf *out, struct err *err);
int inspect_put_edited(const struct inspect_log *log, const struct inspect_metric *metric, struct buf *out,
                       struct err *err);
int inspect_put_invalidated(const struct inspect_log *log, struct buf *out, struct err *err);

/* The source's function. */
int inspect_read(struct intake *run, struct err *err);

#endif
