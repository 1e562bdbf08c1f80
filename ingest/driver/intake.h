/* The interface of sources: one run over one or more inputs.
 *
 *   intake_begin -> (intake_add | intake_reject | intake_cursor | intake_flush)* -> intake_end, once for each input
 *
 * INTAKE_STOP tells the source to clean up and return it: the run is strict and the input bad. */
#ifndef INGEST_DRIVER_INTAKE_H
#define INGEST_DRIVER_INTAKE_H

#include <signal.h>

#include "ingest/driver/tally.h"
#include "ingest/input/lines.h"

struct ingest_result {
    struct ingest_tally total; /* dry_run: accepted counts what would be added; duplicates are unknown */
    uint64_t receipts;         /* ledger.imported events written */
    bool stopped;              /* by the stop flag */
    struct log_head head;      /* after the last commit, or as it was */
};

/* An event as it would be written: fields sorted into open and private, secrets masked. */
struct ingest_preview {
    const struct log_draft *draft;
    struct bytes body, private_; /* canonical maps; private_ may be empty bytes */
    uint32_t masked;
    uint64_t at; /* source time or INGEST_NO_TIME */
};

struct line_counter;
struct ingest_options {
    const char *const *paths; /* may be NULL: the source's own default, standard input for jsonl */
    size_t n_paths;
    const char *root;        /* NULL: "/" */
    const char *actor;       /* NULL: "service:<source>" */
    const char *url;         /* INGEST_URL: "http://127.0.0.1:11434"; NULL: the source's own default */
    const char *models;      /* INGEST_MODELS: directory, NULL: none */
    const char *const *from; /* INGEST_FROM: files */
    size_t n_from;
    const char *listen;       /* INGEST_LISTEN: "127.0.0.1:4318", port 0 for any free one; NULL: it does not listen */
    const char *token_file;   /* INGEST_TOKEN: private file with the secret that a server wants; NULL: none */
    uint32_t patience_ms;     /* INGEST_URL: for each answer of the server; 0: the source's own */
    uint64_t every_ns;        /* INGEST_EVERY: from one look to the next; 0: one look only */
    const char *const *units; /* INGEST_UNIT: patterns of more units */
    size_t n_units;
    struct line_counter *known; /* files that were read at an earlier look (unchanged.h); set by ingest_source_run */
    const char *record;         /* INGEST_HOOK: one record, instead of standard input; NULL: none */
    bool follow, strict, dry_run, verify;
    const volatile sig_atomic_t *stop; /* set by a signal handler: the run ends as if the input did. May be NULL */
    /* Callbacks, each may be NULL. `total` is 0 when unknown. */
    void *ctx;
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void (*rejected)(void *ctx, const struct ingest_place *place, const char *reason);
    void (*committed)(void *ctx, const struct ingest_result *sum); /* after each commit; `sum` of this look */
    void (*passed)(void *ctx, const struct ingest_place *place, const char *what); /* what: its name, or "" */
    void (*listening)(void *ctx, const char *address);                             /* with the port that was bound */
    void (*waiting)(void *ctx, const char *path); /* for a file to follow that is not there yet */
    /* After each look of `every_ns`: `sum` counts all looks so far; failed: NULL when it went well. */
    void (*round)(void *ctx, const struct ingest_result *sum, const struct err *failed);
    void (*preview)(void *ctx, const struct ingest_place *place, const struct ingest_preview *preview); /* dry_run */
};

#define INTAKE_STOP 2 /* not an error code: the run knows why */

struct intake;

const struct ingest_options *intake_options(const struct intake *run);
/* NULL: a dry run without one. */
struct ledger *intake_ledger(struct intake *run);
const char *intake_source(const struct intake *run);
bool intake_stopped(const struct intake *run);
/* For keyed_hash_hex; borrowed. */
const uint8_t *intake_secret(const struct intake *run);

/* Starts an input. `name` is copied; it goes into the receipt, as a private field. */
void intake_begin(struct intake *run, const char *name);
/* Digest and length of the current input, fed by its reader. Borrowed until intake_end. */
struct lines_digest *intake_digest(struct intake *run);
/* Takes a copy of the draft; `at` is its source time or INGEST_NO_TIME. The run fills in source, and actor and grade
 * ("reported") where they are empty. A draft that the ledger refuses is rejected: 0 or INTAKE_STOP. A cause is a sequence
 * number, or with LOG_CAUSE_BATCH the ticket of an earlier draft (queue.h). */
int intake_add(struct intake *run, const struct log_draft *draft, const struct ingest_place *place, uint64_t at,
               struct err *err);
/* The ticket of the newest draft; unchanged when the last one was rejected. */
uint64_t intake_ticket(const struct intake *run);
/* Counts and reports a rejection: 0 or INTAKE_STOP. The user reads `reason`; it is counted and recorded under `group`
 * (NULL: under the reason). Secrets in both are masked, so that a message may quote the input. */
int intake_reject(struct intake *run, const struct ingest_place *place, const char *group, const char *reason);
/* Counts a known record that holds nothing to record. `what`: its name, or "". */
void intake_pass(struct intake *run, const struct ingest_place *place, const char *what);
/* Like intake_reject for a whole file that cannot be read, or not to its end: `why` without its path. `offset`: where in
 * the content reading failed. */
int intake_reject_file(struct intake *run, const char *file, uint64_t offset, const struct err *why);
/* Remembers a cursor, which is stored with what has been added so far; of one name the newest value counts. Before an
 * intake_add: stored with that draft too. Copied. */
int intake_cursor(struct intake *run, const char *name, struct bytes value, struct err *err);
/* The stored value of a cursor; *ret_there is false when it has none yet, or there is no ledger. */
int intake_cursor_get(struct intake *run, const char *name, struct buf *out, bool *ret_there, struct err *err);
/* Commits what has been added. intake_add calls it when the batch is full. */
int intake_flush(struct intake *run, struct err *err);
/* Ends the input: commits, and writes its receipt when something was new. */
int intake_end(struct intake *run, struct err *err);
/* For an endless input: writes a receipt for what was read so far and begins the input anew, after 65,536 new events, or
 * after an hour with at least one. */
int intake_receipt_if_due(struct intake *run, struct err *err);
/* How many rejections the current input has had so far, and the words of the newest ("" when there was none; borrowed until
 * the next one). */
uint64_t intake_rejected(const struct intake *run, const char **ret_newest);
/* Drops what was added since the last commit. After a commit that failed with ERR_FULL or ERR_BUSY, which stores nothing,
 * the run may continue; not after other errors. */
void intake_drop(struct intake *run);
/* How many events the ledger has, including those waiting in the run. */
int intake_size(struct intake *run, uint64_t *ret, struct err *err);
/* Calls the progress callback, at most some ten times a second. */
void intake_progress(struct intake *run, uint64_t done, uint64_t total);
/* No receipt for this run: the source measures and imports nothing, or its event says all of it. Before intake_end. */
void intake_no_receipt(struct intake *run);

/* For ingest.c alone. `run` counts into *result, which it borrows. */
int intake_new(struct ledger *ledger, const char *source, const struct ingest_options *options,
               struct ingest_result *result, struct intake **ret, struct err *err);
/* Closes an input that a source left open when it failed; turns INTAKE_STOP into its ERR_INVALID. Gives the code to return.
 */
int intake_finish(struct intake *run, int code, struct err *err);
void intake_free(struct intake *run);

#endif
