/* Ingest: imports what other programs have written into the ledger, with a receipt for each input.
 *
 * A source is a folder here and a row in ingest/sources.def: a function that reads some input and hands drafts of events
 * to an intake (ingest/driver/intake.h), which all sources share. The intake batches them into durable commits, counts
 * accepted, duplicate and rejected records, and closes each input with a `ledger.imported` event: digest of the raw input
 * (private), bytes, counts, reasons of rejections, first and last source time, parser version. This floor sees the ledger
 * and base only, so that a read model never slows or breaks recording.
 *
 * Rules for every source:
 * - A second run over the same input accepts nothing and writes nothing, not even a receipt: each draft has a key derived
 *   from the input alone, under the ledger's secret where it is a hash (keyed_hash.h). (Rejected records are rejected and
 *   reported again, but not recorded again.)
 * - The receipt is a commit of its own after the last events, because only their commit shows which of them were new. A
 *   run killed between the two owes its receipt; the next run over the same input finds every event there and no later
 *   receipt of its source, and writes it.
 * - A bad record is rejected alone, with file, line and reason; `strict` stops at the first.
 * - Input known to be missing becomes a `ledger.gap` event. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include "ingest/driver/intake.h"

/* Which options a source takes; others are refused. */
enum ingest_takes {
    INGEST_PATHS = 1,    /* files or directories */
    INGEST_FOLLOW = 2,   /* continues as its standard input grows, or what INGEST_TAIL says */
    INGEST_ROOT = 4,     /* another file system root than "/" */
    INGEST_URL = 8,      /* a server's address instead of files */
    INGEST_MODELS = 16,  /* a directory of models */
    INGEST_VERIFY = 32,  /* hashes files to check the digests in their names */
    INGEST_FROM = 64,    /* saved answers of the server, as files */
    INGEST_LISTEN = 128, /* runs a server */
    INGEST_EVERY = 256,  /* repeats the look */
    INGEST_TOKEN = 1024, /* a file with the secret that its server wants */
    INGEST_UNIT = 2048,  /* patterns of units of services */
    INGEST_HOOK = 512,   /* its caller waits, and takes standard output and the exit code as commands */
    INGEST_TAIL = 8192,  /* follows a file by its name, or the machine's journal: it can be kept running */
    INGEST_HUB = 4096    /* without a path it reads the cache of Hugging Face's hub, wherever that is */
};

struct ingest_source {
    const char *name;    /* also the events' `source` */
    const char *help;    /* one sentence */
    const char *example; /* a command line */
    unsigned takes;
    int (*read)(struct intake *run, struct err *err);
};

size_t ingest_source_count(void);
const struct ingest_source *ingest_source_at(size_t i);
/* NULL when the name is unknown. */
const struct ingest_source *ingest_source_find(const char *name);

/* ERR_INVALID when the source does not take an option, or two options exclude each other. */
int ingest_check_options(const struct ingest_source *source, const struct ingest_options *options, struct err *err);

/* Runs one source to its end, or with `follow` until the stop flag. *ret is filled on failure too: it counts what was
 * committed before, which stays. ERR_NOTFOUND: unknown source, or no such file. ERR_INVALID: an option that the source does
 * not take, or, with `strict`, the first bad record ("FILE: line N: ..."). ERR_CORRUPT: compressed input is damaged.
 * ERR_NET: a server does not answer, or its answer is invalid. Other errors are the ledger's. With `every_ns` it repeats
 * the look until the stop flag, and only the ledger's errors end it. In a dry run `ledger` may be NULL. */
int ingest_source_run(struct ledger *ledger, const char *source, const struct ingest_options *options,
                      struct ingest_result *ret, struct err *err);

#endif
