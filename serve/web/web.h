/* The server of 'ledger serve'. One thread answers; what takes long is made by guests, and states are brought up to date by a thread
 * of their own, so that nobody waits for another's question. */
#ifndef SERVE_WEB_WEB_H
#define SERVE_WEB_WEB_H

#include <signal.h>

#include "base/bytes.h"
#include "projections/store/options.h"
#include "serve/access/meter.h"

#define WEB_ADDRESS   "127.0.0.1:7117"
#define WEB_REPLY_MAX ((size_t)2 << 20)

struct web_options {
    struct ledger *ledger; /* open; read only is enough */
    const char *dir;       /* of the ledger */
    const char *program;   /* that answers questions: this one */
    const char *version;
    const char *address;
    const char *origin; /* of the ledger */
    uint64_t limit_ns;  /* the time for one answer */
    const volatile sig_atomic_t *stop;
    state_files_fn *pack_files; /* as of state_options */
    void *pack_files_ctx;
    /* Appends one event as JSON, with what later events say about it. ERR_NOTFOUND, or damage. */
    int (*event)(void *facts, uint64_t seq, struct buf *out, struct err *err);
    /* Closes what is held open for the next event; once a second. */
    void (*rest)(void *facts);
    /* Records what was read or refused; from a thread, or at the end from the caller's. */
    int (*record)(void *facts, const struct meter_due *due, uint64_t now, struct err *err);
    void *facts;
    void *ctx; /* of the functions below */
    /* Called once, when requests are accepted: "http://127.0.0.1:7117" or "unix:PATH". */
    void (*listening)(void *ctx, const char *url);
    /* Shows a code to the person where the server runs, who types it into the page. */
    void (*code)(void *ctx, const char *url, const char *code);
    /* Says what went wrong and could not be answered to anybody. */
    void (*trouble)(void *ctx, const char *message);
};

/* Serves until *stop is set. */
int web_serve(const struct web_options *options, struct err *err);
/* Appends the description of the API, OpenAPI 3.1 as JSON. */
int web_openapi(const char *version, struct buf *out, struct err *err);

#endif
