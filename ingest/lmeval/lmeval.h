/* The source "lm-eval": files of the lm-evaluation-harness. docs/ingest.md describes its events.
 *
 *   DIR/MODEL/results_DATE.json         one evaluation: how it was run, and the metrics of each task
 *   DIR/MODEL/samples_TASK_DATE.jsonl   its samples, one line for each document and filter
 *
 * Only DATE, the same in both, ties samples to their results. Inside, the results may have for each task a digest
 * over the digests of all its samples ("task_hashes"), by which a reader can check that these are the ones. */
#ifndef INGEST_LMEVAL_LMEVAL_H
#define INGEST_LMEVAL_LMEVAL_H

#include "base/mp.h"
#include "base/mp_map.h"
#include "ingest/driver/intake.h"
#include "ingest/input/item.h"

#define LMEVAL_DOC_MAX   ((size_t)12 << 20)  /* of a results file, which is one JSON document */
#define LMEVAL_DOC_ROOM  ((size_t)48 << 20)  /* memory for it while it is parsed (pyjson.h) */
#define LMEVAL_LINE_ROOM ((size_t)24 << 20)  /* the same for a line of samples */
#define LMEVAL_TASKS_MAX 8192                /* tasks and groups in one results file */
#define LMEVAL_KEPT_MAX  ((size_t)128 << 10) /* a private value above it is kept as its digest and size */
#define LMEVAL_OTHER_MAX ((size_t)256 << 10) /* of all unknown values of an event; later ones likewise */
#define LMEVAL_NAME_MAX  256                 /* of a task, a metric, a filter */
#define LMEVAL_ID_LEN    33                  /* 32 hex digits and NUL */
#define LMEVAL_KEY_LEN   64
#define LMEVAL_HEX_LEN   64 /* of a SHA-256 */

/* ---- values (value.c); `raw` is one canonical item, or empty bytes for one that is absent ---- */

bool lmeval_is(struct bytes raw, enum mp_type type);
struct bytes lmeval_get(struct bytes map, const char *name); /* empty bytes when it is absent, or null */
/* A number, or a number as text, which `scratch` then holds. Empty for anything else. */
struct bytes lmeval_number(struct bytes raw, struct buf *scratch);
bool lmeval_is_nan(struct bytes raw);               /* NaN, Infinity or "N/A": a number that could not be computed */
bool lmeval_count(struct bytes raw, uint64_t *ret); /* a whole number from 0, also as text or as a float */
bool lmeval_truth(struct bytes raw, bool *ret);     /* true, false, and the same as text */
struct bytes lmeval_text(struct bytes raw);         /* its text; empty for anything else */
struct bytes lmeval_sha256(struct bytes raw);       /* 64 hex digits; empty for anything else */
/* A short text of letters, digits and ".:/_+-", which may be open. Empty for anything else. */
struct bytes lmeval_word(struct bytes raw);
/* Seconds since 1970 as decimal text, exactly. False before 2000 (a clock that counts from boot), after 2261, with an
 * exponent, or with more than 9 fraction digits. */
bool lmeval_seconds(struct bytes text, uint64_t *ret_ns);
/* "PREFIX:" and 32 hex digits: keyed_hash_hex of the SHA-256 over the SHA-256 of each part. */
void lmeval_key(char ret[LMEVAL_KEY_LEN], const uint8_t *secret, const char *prefix, const struct bytes *parts, size_t n);

/* Entries without a field of their own: kept private, verbatim. */
struct lmeval_other {
    struct buf entries;
    uint32_t count;
};
void lmeval_other_put(struct lmeval_other *other, struct bytes name, struct bytes raw); /* names in their order */
void lmeval_other_end(struct lmeval_other *other, struct mp_map *fields);               /* into "other", and empties it */

/* ---- which model (model.c) ---- */

struct lmeval_model {
    struct bytes name;     /* without its path; may be empty */
    struct bytes path;     /* the whole name, when it is a path */
    struct bytes base;     /* the model below an adapter */
    struct bytes digest;   /* 64 hex digits of the weights' SHA-256, when the document has one */
    struct bytes revision; /* commit of the model's repository */
    struct bytes endpoint; /* scheme, host, port and path of the server's address */
    struct bytes runtime;  /* the harness's own word: "hf", "local-completions" */
    char name_room[LMEVAL_NAME_MAX], base_room[LMEVAL_NAME_MAX], endpoint_room[LMEVAL_NAME_MAX];
};
/* From the document's "config", "model_name" and "model_source". The result borrows from them and from itself, and must
 * not be moved. */
void lmeval_model_read(struct lmeval_model *model, struct bytes config, struct bytes name, struct bytes source);
void lmeval_model_put(const struct lmeval_model *model, struct mp_map *fields); /* what binds a score: name, digest,
                                                                                    revision */

/* ---- results (doc.c) ---- */

/* Why an evaluation proves nothing about a task. */
enum lmeval_partial {
    LMEVAL_LIMIT = 1,     /* it ran with a limit */
    LMEVAL_EFFECTIVE = 2, /* fewer samples were planned than the task has */
    LMEVAL_MISSING = 4,   /* samples were written, and their file is missing */
    LMEVAL_FEWER = 8,     /* the file has fewer samples than were planned */
    LMEVAL_DIFFER = 16,   /* the file's samples are not those of the results */
    LMEVAL_NO_RESULTS = 32
};

struct lmeval_means;

/* A task or a group of tasks; raw items. */
struct lmeval_task {
    struct bytes name, metrics, version, shots, higher, hash, config;
    bool group;
    bool has_original, has_effective;
    uint64_t original, effective; /* samples: all, and planned */
    bool has_samples;             /* its samples were read */
    bool differs;                 /* they have another digest */
    uint64_t samples;             /* documents among them */
    unsigned partial;             /* of enum lmeval_partial */
    bool judged;                  /* enough is known to rule out that it is partial */
    struct lmeval_means *means;   /* over its samples, owned; NULL: they were not read, or not all of them */
};

enum lmeval_top {
    LMEVAL_CHAT_TEMPLATE_SHA,
    LMEVAL_CONFIG,
    LMEVAL_CONFIGS,
    LMEVAL_DATE,
    LMEVAL_GIT_HASH,
    LMEVAL_GROUPS,
    LMEVAL_HIGHER,
    LMEVAL_VERSION,
    LMEVAL_MODEL_NAME,
    LMEVAL_MODEL_SOURCE,
    LMEVAL_N_SAMPLES,
    LMEVAL_N_SHOT,
    LMEVAL_RESULTS,
    LMEVAL_SAMPLES,
    LMEVAL_INSTRUCTION_SHA,
    LMEVAL_TASK_HASHES,
    LMEVAL_SECONDS,
    LMEVAL_VERSIONS,
    LMEVAL_N_TOP
};

struct lmeval_doc {
    struct buf mp, scratch;         /* the document as canonical MessagePack; all borrows from it */
    struct bytes top[LMEVAL_N_TOP]; /* raw; empty when absent or of the wrong type */
    uint8_t digest[32];             /* of `mp` */
    uint8_t file_digest[32];        /* of its text */
    char id[LMEVAL_ID_LEN];         /* of the evaluation: the same wherever its file is stored and however it is laid out */
    uint64_t at;                    /* ns, or INGEST_NO_TIME */
    struct bytes at_text;           /* a time that does not parse; may be empty */
    char at_room[64];
    struct lmeval_model model;
    struct lmeval_task *tasks; /* by name */
    size_t n_tasks;
    unsigned partial; /* of all tasks together */
    bool judged;
};
void lmeval_doc_init(struct lmeval_doc *doc); /* must not be moved */
void lmeval_doc_done(struct lmeval_doc *doc);
/* `date`: from the file's name, or empty. ERR_INVALID names the fault and what is expected; ERR_LIMIT. */
int lmeval_doc_read(struct lmeval_doc *doc, struct bytes text, struct bytes date, struct err *err);
/* NULL when no task has this name. */
struct lmeval_task *lmeval_doc_task(const struct lmeval_doc *doc, struct bytes name);
/* After all samples have been read: fills `partial` and `judged` of the tasks and of the document. */
void lmeval_doc_judge(struct lmeval_doc *doc);
bool lmeval_doc_knows(struct bytes name); /* one of enum lmeval_top */
/* The fields of events contain everything under this name. */
bool lmeval_doc_says(const struct lmeval_doc *doc, enum lmeval_top top);

/* ---- samples (sample.c, counter.c) ---- */

/* The context of a line. */
struct lmeval_about {
    const struct lmeval_doc *doc; /* NULL: there are no results */
    struct bytes task;            /* may be empty */
    struct bytes higher;          /* raw: "higher_is_better" of the task */
    uint64_t at;
    struct bytes at_text;
};

struct lmeval_sample {
    bool numbered;
    uint64_t number;        /* of the document */
    bool failed;            /* by one of its metrics */
    struct bytes hashes[3]; /* of document, prompt and target, from the line; empty when invalid */
    struct bytes body;      /* of the event */
    uint8_t digest[32];     /* of the line as canonical MessagePack */
    struct bytes filter;    /* which filter of the answers; may be empty */
    struct bytes scores;    /* its values: `n_scores` pairs of a name and a number, a truth, or null */
    uint32_t n_scores;
};

struct lmeval_reader {
    struct buf scratch, mp, body, scores, number;
    struct lmeval_other other;
    struct mp_map fields;
};
void lmeval_reader_init(struct lmeval_reader *reader);
void lmeval_reader_done(struct lmeval_reader *reader);
/* One line; *ret borrows from the reader until its next call. ERR_INVALID, ERR_LIMIT, ERR_NOMEM. */
int lmeval_sample_read(struct lmeval_reader *reader, struct bytes line, const struct lmeval_about *about,
                       struct lmeval_sample *ret, struct err *err);
/* The same for a sample that is in a document. */
int lmeval_sample_take(struct lmeval_reader *reader, struct bytes raw, const struct lmeval_about *about,
                       struct lmeval_sample *ret, struct err *err);

#define LMEVAL_NUMBERED_MAX (UINT64_C(1) << 26) /* documents with a higher number are counted per line */
struct lmeval_counter {
    uint8_t *seen; /* a bit for each document */
    size_t cap;
    uint64_t documents;
    struct hash *hash; /* over the hashes of all samples */
    bool whole;        /* every sample had its hashes */
    bool lost;         /* a sample could not be read */
    struct lmeval_means *means;
};
int lmeval_counter_init(struct lmeval_counter *counter, struct err *err);
void lmeval_counter_done(struct lmeval_counter *counter);
int lmeval_counter_take(struct lmeval_counter *counter, const struct lmeval_sample *sample, struct err *err);
void lmeval_counter_lost(struct lmeval_counter *counter); /* a sample could not be read */
/* Stores the counts in the task, which owns the means from then on. */
void lmeval_counter_end(struct lmeval_counter *counter, struct lmeval_task *task);

/* ---- what the samples make of the scores (mean.c) ---- */

#define LMEVAL_MEANS_MAX 64 /* metrics and filters of a task; those beyond are not checked */

int lmeval_means_new(struct lmeval_means **ret, struct err *err);
void lmeval_means_free(struct lmeval_means *means);
void lmeval_means_take(struct lmeval_means *means, const struct lmeval_sample *sample);
/* The mean of a metric over all samples of its filter. False when the metric is not a mean of its samples' values as far as
 * the file says, when a sample has no number for it, or when the samples are not those that the task counts. */
struct lmeval_metric;
bool lmeval_mean(const struct lmeval_task *task, const struct lmeval_metric *metric, double *ret);

/* ---- events (event.c): bodies as canonical maps, appended to out ---- */

int lmeval_put_imported(const struct lmeval_doc *doc, const char *path, struct buf *out, struct err *err);
/* The same for samples without results, from a file with so many documents. */
int lmeval_put_orphans(const struct lmeval_about *about, uint64_t documents, const char *path, struct buf *out,
                       struct err *err);
int lmeval_put_task(const struct lmeval_task *task, struct buf *out, struct err *err);
/* An entry of a task's metrics. */
struct lmeval_metric {
    struct bytes key, metric, filter; /* filter may be empty */
    struct bytes value, stderr_;      /* raw; stderr_ may be empty */
};
/* The next metric of a task; false when none is left. `e` was opened on task->metrics. */
bool lmeval_metric_next(const struct lmeval_task *task, struct item_entries *e, struct lmeval_metric *ret);
int lmeval_put_scored(const struct lmeval_doc *doc, const struct lmeval_task *task, const struct lmeval_metric *metric,
                      struct buf *out, struct err *err);

/* ---- files (files.c) ---- */

struct lmeval_file {
    char *path;              /* owned */
    struct bytes dir;        /* of the path */
    struct bytes date, task; /* of its name; may be empty */
    bool samples;            /* else results */
};

struct lmeval_files {
    struct lmeval_file *files; /* sorted by directory, date, results before samples, name */
    size_t n, cap;
    size_t n_odd;  /* with such a name, but not regular files */
    char odd[512]; /* the first of them, separated by ", " */
};
/* False when it is not the name of a harness file. The views borrow from `name`. */
bool lmeval_name(const char *name, struct lmeval_file *ret);
/* The files of a path on the command line: all harness files in a directory and below it; or the file itself and those next
 * to it with the same date. ERR_NOTFOUND; ERR_LIMIT: too many, or too deep. */
int lmeval_files_add(struct lmeval_files *files, const char *path, struct err *err);
void lmeval_files_sort(struct lmeval_files *files); /* also drops duplicates */
void lmeval_files_done(struct lmeval_files *files);

/* The source's function. */
int lmeval_read(struct intake *run, struct err *err);

#endif
