/* Runs one source in this process until the stop flag, and keeps its status. */
#ifndef CAPTURE_SOURCES_SERVE_H
#define CAPTURE_SOURCES_SERVE_H

#include "capture/sources/conf.h"
#include "capture/sources/status.h"

struct sources_serve {
    struct ledger *ledger; /* opened for writing by this process */
    const char *dir;
    const struct sources_entry *entry;
    struct sources_status status; /* as it begins: errors, restarts, unit */
    const volatile int *stop;
    const char *hub;    /* the cache of Hugging Face's hub, for a source that is given no path; NULL: none is known */
    const char *notify; /* the service manager's socket; NULL: none */
    /* Lines for standard error; may be called by several threads, never at once. */
    void *ctx;
    void (*say)(void *ctx, const char *words);
};

/* Returns 0 when it was stopped. ERR_IO: it ended by itself; other errors are the source's or the ledger's. */
int sources_serve(const struct sources_serve *serve, struct err *err);

#endif
