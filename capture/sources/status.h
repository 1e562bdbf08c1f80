/* DIR/sources/NAME.status: one JSON object that a running source writes about itself, for `ledger sources`. It is a convenience:
 * nothing is decided by it, and a file that is missing, cut or garbage means that less is known. Who runs is said by the locks
 * (place.h), and what was recorded by the ledger. */
#ifndef CAPTURE_SOURCES_STATUS_H
#define CAPTURE_SOURCES_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SOURCES_STATUS_MAX ((size_t)16 << 10) /* bytes of the file */
#define SOURCES_WORDS_MAX  512
#define SOURCES_ADDRESS    128

enum sources_phase {
    SOURCES_UNKNOWN,
    SOURCES_STARTING,
    SOURCES_RUNNING,
    SOURCES_WAITING, /* it runs, and the file that it follows is not there */
    SOURCES_FAILING, /* a poller runs, and its last look failed */
    SOURCES_BACKOFF, /* it ended with an error and is started again soon */
    SOURCES_FAILED,  /* the same, again and again */
    SOURCES_STOPPED  /* it was told to end */
};
const char *sources_phase_name(enum sources_phase phase);

struct sources_status {
    enum sources_phase phase;
    uint64_t pid;
    uint64_t started_at, changed_at;        /* ns */
    uint64_t last_at, last_seq;             /* the newest commit of this run: when, the log's newest event then; 0: none */
    uint64_t looked_at;                     /* of a poller: its last look that went well; 0: none */
    uint64_t accepted, duplicate, rejected; /* of this run */
    uint64_t errors, restarts;              /* since it was started by hand or by a unit */
    uint64_t retry_at;                      /* of the next start; 0: none is planned */
    char address[SOURCES_ADDRESS];          /* where it listens; empty: it does not */
    char unit[SOURCES_ADDRESS];             /* of the service manager; empty: none */
    char error[SOURCES_WORDS_MAX];          /* the newest; empty: none */
    uint64_t error_at;
};

/* Replaces the file as a whole. */
int sources_status_write(const char *dir, const char *name, const struct sources_status *status, struct err *err);
/* ERR_NOTFOUND: there is none. ERR_CORRUPT: it does not parse, or is too long. */
int sources_status_read(const char *dir, const char *name, struct sources_status *ret, struct err *err);

#endif
