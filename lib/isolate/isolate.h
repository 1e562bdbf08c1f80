/* Verifying a ledger in a child process: a damaged database can kill the process that reads it, and there must still be
 * a verdict. */
#ifndef LIB_ISOLATE_ISOLATE_H
#define LIB_ISOLATE_ISOLATE_H

#include "ledger/log.h"

struct isolate_options {
    const char *dir;
    const struct log_trust *trust;
    bool derived, since_verified;
    unsigned threads;         /* as in log_verify_options */
    unsigned stalled_seconds; /* without progress, not counting those in which the process is stopped; 0: 900 */
    uint64_t wait_ns;         /* as in log_open_options; `waiting` is called in the child */
    void (*waiting)(void *ctx, const char *text);
    void *waiting_ctx;
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* called in this process. May be NULL */
    void *progress_ctx;
    const volatile int *stop; /* not 0: the child is ended: ERR_BUSY ("interrupted"). May be NULL */
    /* Called in the child once the report is complete, with after_n zeroed bytes, which the parent receives. May be NULL */
    void (*after)(struct ledger *ledger, const struct log_trust *trust, const struct log_report *report, void *ret);
    size_t after_n;
};

/* Opens and verifies the ledger in a child and returns its report, with what `after` left (*ret_after; untouched when
 * the child did not get that far). This process may have the ledger open, and other threads. When the child dies while
 * reading the database's pages, or the database cannot be opened because it is damaged, the report says so
 * (LOG_INVALID). Any other death, or a lack of progress, is ERR_IO with the signal; ERR_BUSY: the ledger is written to
 * while no snapshot can be held, in several tries. Other failures are errors, such as ERR_NOTFOUND for no ledger there. */
int isolate_verify(const struct isolate_options *options, struct log_report *ret, void *ret_after, struct err *err);

#endif
