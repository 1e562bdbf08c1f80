/* One process that keeps several sources running, each in a child of its own, so that a source that crashes takes no other with
 * it.
 *
 * A child that ends is started again: after half a second, then twice as long each time, at most five minutes. After the fourth
 * time in a row its status says `failed`; it is still tried. A child that has run for a minute begins anew. SIGTERM and SIGINT
 * end the children, with SIGKILL after ten seconds, and then this process; SIGHUP reads sources.conf again. Children end with
 * their parent, however it ends. Nothing wakes this process while nothing happens. */
#ifndef CAPTURE_SOURCES_SUPERVISE_H
#define CAPTURE_SOURCES_SUPERVISE_H

#include "capture/sources/conf.h"
#include "capture/sources/status.h"

#define SOURCES_PAUSE_NS (CLOCK_NS_PER_S / 2)
#define SOURCES_TRIES    4 /* in a row, after which it has failed */

struct sources_supervise {
    const char *dir;
    struct sources_conf *conf; /* exchanged when it is read again; the caller frees it */
    const char *const *names;  /* only these; n_names 0: all */
    size_t n_names;
    const char *notify; /* the service manager's socket; NULL: none */
    uint64_t pause_ns;  /* the first pause; 0: SOURCES_PAUSE_NS */
    bool hup_ends;      /* SIGHUP ends it: it was started at a terminal */
    void *ctx;
    /* In the child, which has the default actions of signals: opens the ledger and records until SIGTERM. Its exit code. */
    int (*run)(void *ctx, const struct sources_entry *entry, const struct sources_status *begin);
    void (*say)(void *ctx, const char *name, const char *words);
};

/* Returns 0 when it was told to end and every child has ended. ERR_NOTFOUND: no source of that name. ERR_BUSY: another process
 * keeps one of them running, and none was started. Call it while this process has one thread. */
int sources_supervise(struct sources_supervise *supervise, struct err *err);

#endif
