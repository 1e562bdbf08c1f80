/* The source "promptfoo": what `promptfoo eval -o FILE.json` writes. docs/ingest.md describes its events.
 *
 *   {"evalId": "eval-...", "results": {"version": 3, "timestamp": "...",
 *      "prompts": [{"id", "label", "provider", "metrics": {"score", "testPassCount", "testFailCount", "testErrorCount"}}],
 *      "results": [{"promptIdx", "testIdx", "success", "score", "failureReason", "latencyMs", "provider": {"id"}, "prompt",
 *                   "response": {"output", "cached", "tokenUsage"}, "testCase", "gradingResult"}], "stats"},
 *    "config": {...}, "metadata": {"promptfooVersion"}}
 *
 * Files of version 2 have a table (table.c). Nothing in it names the bytes of a model, nor whether all tests were run. `error` has words even when nothing erred:
 * `failureReason` (0 none, 1 assertion, 2 error) tells. */
#ifndef INGEST_PROMPTFOO_PROMPTFOO_H
#define INGEST_PROMPTFOO_PROMPTFOO_H

#include "base/mp.h"
#include "ingest/driver/intake.h"

#define PROMPTFOO_DOC_MAX     ((size_t)32 << 20)
#define PROMPTFOO_DOC_ROOM    ((size_t)128 << 20) /* memory for it while it is parsed (pyjson.h) */
#define PROMPTFOO_PROMPTS_MAX 1024
#define PROMPTFOO_KEPT_MAX    ((size_t)128 << 10) /* a private value above it is kept as its digest and size */
#define PROMPTFOO_TASK        "promptfoo"

/* ---- the file (doc.c); `raw` is one canonical item, or empty bytes for one that is absent or null ---- */

struct promptfoo_row {
    uint64_t prompt, test;
    uint64_t repeat; /* how many rows of the same test came before */
    struct bytes raw;
};

struct promptfoo_doc {
    struct buf mp, scratch; /* the document as canonical MessagePack; all borrows from it, */
    struct buf made;        /* or, of version 2, rows from here */
    uint64_t version;       /* 2, 3 */
    struct bytes results, config, metadata;
    struct bytes eval;       /* its id; may be empty */
    uint8_t digest[32];      /* of `mp` */
    uint8_t file_digest[32]; /* of its text */
    uint64_t at;             /* ns, or INGEST_NO_TIME */
    struct bytes at_text;    /* a time that does not parse; may be empty */
    struct bytes *prompts;   /* raw */
    size_t n_prompts;
    struct promptfoo_row *rows;
    size_t n_rows;
};
void promptfoo_doc_init(struct promptfoo_doc *doc);
void promptfoo_doc_done(struct promptfoo_doc *doc);
/* ERR_INVALID names the fault and what is expected; ERR_LIMIT, ERR_NOMEM. */
int promptfoo_doc_read(struct promptfoo_doc *doc, struct bytes text, struct err *err);

/* Version 2 (table.c): an output of a line of the table as a row of version 3. */
int promptfoo_table_row(struct bytes prompt, struct bytes line, struct bytes output, struct buf *out, struct err *err);

/* ---- one prompt of it ---- */

enum promptfoo_outcome { PROMPTFOO_PASSED, PROMPTFOO_FAILED, PROMPTFOO_ERRED, PROMPTFOO_UNCLEAR };
/* By failureReason; what contradicts itself (a success whose assertions failed) is unclear. */
enum promptfoo_outcome promptfoo_outcome(struct bytes row);

/* What the rows of one prompt make, and what the file says of them. */
struct promptfoo_sums {
    size_t index;
    struct bytes prompt; /* raw */
    struct bytes model;  /* of all its rows; empty: they differ, or it is no name */
    uint64_t rows, passed;
    double score;
    bool scored;       /* each row has a score */
    bool cached;       /* one came from a cache */
    bool cached_known; /* each says whether it did */
    bool counted;      /* the file counts them: */
    uint64_t said_rows, said_passed;
    bool has_score; /* and their score: */
    double said_score;
};
void promptfoo_sum(const struct promptfoo_doc *doc, size_t index, struct promptfoo_sums *ret);

/* ---- events (event.c): bodies as canonical maps, appended to out ---- */

int promptfoo_put_imported(const struct promptfoo_doc *doc, const struct promptfoo_sums *sums, const char *path,
                           struct buf *out, struct err *err);
int promptfoo_put_sample(const struct promptfoo_doc *doc, const struct promptfoo_sums *sums,
                         const struct promptfoo_row *row, struct buf *out, struct err *err);
/* `which`: 0, 1; *ret_there is false when there is no such score. */
int promptfoo_put_scored(const struct promptfoo_doc *doc, const struct promptfoo_sums *sums, int which, struct buf *out,
                         bool *ret_there, struct err *err);

/* The source's function. */
int promptfoo_read(struct intake *run, struct err *err);

#endif
