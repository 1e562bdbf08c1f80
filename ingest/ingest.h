/* The ingest room: brings what other programs have written into the ledger, and leaves a receipt.
 *
 * A source is one file here and one row in ingest/sources.def: a function that reads some input and hands drafts of events
 * to a run (ingest/run.h), which all sources share. The run batches them into durable commits, tells accepted from
 * duplicate from rejected, and closes each input with a `ledger.imported` event: digest of the raw input (private), bytes,
 * counts, reasons of rejections, first and last source time, parser version. This room sees the ledger and base only, so
 * that recording is never slowed or broken by a read model.
 *
 * Rules that every source keeps:
 * - A second run over the same input accepts nothing and writes nothing, not even a receipt: each draft has a key that
 *   follows from the input alone, under the ledger's secret where it is a hash (hide.h). (What was rejected the first time
 *   is rejected again and said again, not recorded again.)
 * - The receipt is a commit of its own after the last events, because only their commit tells which of them were new. A run
 *   that was killed between the two owes its receipt; the next run over the same input, which finds everything there and no
 *   receipt of its source after it, writes it.
 * - A bad piece of input is rejected alone, with file, line and reason; `strict` stops at the first.
 * - What is known to be missing becomes a `ledger.gap` event. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include <signal.h>

#include "ledger/ledger.h"

#define INGEST_PARSER_VERSION 1 /* raised when the same input gives other events than before */
#define INGEST_REASONS_MAX    32
#define INGEST_REASON_LEN     192
#define INGEST_NO_TIME        UINT64_MAX

/* Which options a source takes; others are refused. */
enum ingest_takes {
    INGEST_PATHS = 1,    /* files or directories */
    INGEST_FOLLOW = 2,   /* goes on as the input grows */
    INGEST_ROOT = 4,     /* another file system root than "/" */
    INGEST_URL = 8,      /* a server's address instead of files */
    INGEST_MODELS = 16,  /* a directory of models */
    INGEST_VERIFY = 32,  /* hashes the content that names claim */
    INGEST_FROM = 64,    /* answers of the server that were saved to files */
    INGEST_LISTEN = 128, /* is a server itself */
    INGEST_EVERY = 256,  /* looks again and again */
    INGEST_HOOK = 512    /* is called by a program that waits, and takes standard output and the exit code for commands */
};

struct ingest_result;

/* Where in the input something stands. */
struct ingest_place {
    const char *file; /* as the caller named it; "-" for standard input */
    uint64_t line;    /* from 1; 0: the input has no lines */
    uint64_t offset;  /* byte offset in the (decompressed) content */
};

/* An event as it would be written: fields sorted into open and private, secrets masked. */
struct ingest_preview {
    const struct ledger_draft *draft;
    struct bytes body, private_; /* canonical maps; private_ may be empty bytes */
    uint32_t masked;
    uint64_t at; /* source time or INGEST_NO_TIME */
};

struct ingest_options {
    const char *const *paths; /* may be NULL: the source's own default, standard input for jsonl */
    size_t n_paths;
    const char *root;        /* NULL: "/" */
    const char *actor;       /* NULL: "service:<source>" */
    const char *url;         /* INGEST_URL: "http://127.0.0.1:11434"; NULL: the source's own default */
    const char *models;      /* INGEST_MODELS: directory, NULL: none */
    const char *const *from; /* INGEST_FROM: files */
    size_t n_from;
    const char *listen; /* INGEST_LISTEN: "127.0.0.1:4318", port 0 for any free one; NULL: it does not listen */
    uint64_t every_ns;  /* INGEST_EVERY: from one look to the next; 0: one look only */
    bool follow, strict, dry_run, verify;
    const volatile sig_atomic_t *stop; /* set by a signal handler: the run ends as if the input did. May be NULL */
    /* Callbacks, each may be NULL. `total` is 0 when nobody knows it. */
    void *ctx;
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void (*rejected)(void *ctx, const struct ingest_place *place, const char *reason);
    void (*passed)(void *ctx, const struct ingest_place *place, const char *what); /* what: its name, or "" */
    void (*listening)(void *ctx, const char *address);                             /* with the port that was bound */
    void (*waiting)(void *ctx, const char *path); /* for a file to follow that is not there yet */
    /* After each look of `every_ns`; `sum` counts all looks so far; failed: NULL when it went well. */
    void (*round)(void *ctx, const struct ingest_result *sum, const struct err *failed);
    void (*preview)(void *ctx, const struct ingest_place *place, const struct ingest_preview *preview); /* dry_run */
};

/* Rejections with the same reason. */
struct ingest_reason {
    char text[INGEST_REASON_LEN];
    uint64_t count;
    uint64_t line, offset; /* of the first */
};

struct ingest_tally {
    uint64_t bytes; /* of content that was read */
    uint64_t accepted, duplicate, rejected;
    uint64_t passed;            /* records that the source knows and that hold nothing it records */
    uint64_t masked;            /* secrets */
    uint64_t gaps;              /* ledger.gap events among the accepted */
    uint64_t first_at, last_at; /* source times of accepted and duplicate events; INGEST_NO_TIME when there is none */
    size_t n_reasons;
    struct ingest_reason reasons[INGEST_REASONS_MAX]; /* the last one collects the rest when there are more */
};

struct ingest_result {
    struct ingest_tally total; /* dry_run: accepted counts what would be offered; duplicates are not known */
    uint64_t receipts;         /* ledger.imported events written */
    bool stopped;              /* by the stop flag */
    struct ledger_head head;   /* after the last commit, or as it was */
};

struct ingest_run;

struct ingest_source {
    const char *name;    /* also the events' `source` */
    const char *help;    /* one sentence */
    const char *example; /* a command line */
    unsigned takes;
    int (*read)(struct ingest_run *run, struct err *err);
};

size_t ingest_source_count(void);
const struct ingest_source *ingest_source_at(size_t i);
/* NULL when there is none of that name. */
const struct ingest_source *ingest_source_find(const char *name);

/* ERR_INVALID when the source does not take what the options ask for, or they exclude each other. */
int ingest_check_options(const struct ingest_source *source, const struct ingest_options *options, struct err *err);

/* Runs one source to its end, or with `follow` until the stop flag. *ret is filled on failure too: what was committed
 * before stays, and is counted there. ERR_NOTFOUND: no such source, or no such file. ERR_INVALID: an option that the source
 * does not take, or, with `strict`, the first bad input ("FILE: line N: ..."). ERR_CORRUPT: compressed input is
 * damaged. ERR_NET: a server does not answer, or not as it should. Others are the ledger's. With `every_ns` it looks
 * again until the stop flag, and only the ledger's errors end it. A dry run may do without a ledger: NULL. */
int ingest_source_run(struct ledger *ledger, const char *source, const struct ingest_options *options,
                      struct ingest_result *ret, struct err *err);

#endif
