/* The ingest room: brings what other programs have written into the ledger, and leaves a receipt.
 *
 * A source is a folder here and a row in ingest/sources.def: a function that reads some input and hands drafts of
 * events to an intake (ingest/driver/intake.h), which all sources share. The intake batches them into durable commits,
 * tells accepted from duplicate from rejected, and closes each input with a `ledger.imported` event: digest of the
 * raw input (private), bytes, counts, reasons of rejections, first and last source time, parser version. This room
 * sees the ledger and base only, so that recording is never slowed or broken by a read model.
 *
 * Rules that every source keeps:
 * - A second run over the same input accepts nothing and writes nothing, not even a receipt: each draft has a key that
 *   follows from the input alone, under the ledger's secret where it is a hash (keyed_hash.h). (What was rejected the
 *   first time is rejected again and said again, not recorded again.)
 * - The receipt is a commit of its own after the last events, because only their commit tells which of them were new. A run
 *   that was killed between the two owes its receipt; the next run over the same input, which finds everything there and no
 *   receipt of its source after it, writes it.
 * - A bad piece of input is rejected alone, with file, line and reason; `strict` stops at the first.
 * - What is known to be missing becomes a `ledger.gap` event. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include "ingest/driver/intake.h"

/* Which options a source takes; others are refused. */
enum ingest_takes {
    INGEST_PATHS = 1,    /* files or directories */
    INGEST_FOLLOW = 2,   /* continues as the input grows */
    INGEST_ROOT = 4,     /* another file system root than "/" */
    INGEST_URL = 8,      /* a server's address instead of files */
    INGEST_MODELS = 16,  /* a directory of models */
    INGEST_VERIFY = 32,  /* hashes the content that names claim */
    INGEST_FROM = 64,    /* answers of the server that were saved to files */
    INGEST_LISTEN = 128, /* is a server itself */
    INGEST_EVERY = 256,  /* looks again and again */
    INGEST_HOOK = 512    /* is called by a program that waits, and takes standard output and the exit code for commands */
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
