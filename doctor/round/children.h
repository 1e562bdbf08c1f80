/* Probes in processes of their own, all at the same time. */
#ifndef DOCTOR_ROUND_CHILDREN_H
#define DOCTOR_ROUND_CHILDREN_H

#include <sys/types.h>

#include "doctor/probe/probe.h"

enum child_end {
    CHILD_OK,
    CHILD_FAILED,  /* it says why itself */
    CHILD_TIMEOUT, /* it was killed at its limit */
    CHILD_CRASHED, /* a signal ended it, or it exited without an end */
    CHILD_GARBAGE, /* what it wrote is too long, or no record */
    CHILD_STOPPED  /* the caller stopped the round */
};
extern const char *const child_words[]; /* "ok", "error", "timeout", "crashed", "garbage", "stopped" */

struct child {
    const struct probe *probe;
    pid_t pid;                     /* 0: it has ended */
    int fd;                        /* what it writes; -1: closed */
    uint64_t started, limit, took; /* ns of the monotonic clock; took: when it ended */
    enum child_end end;
    struct buf said;           /* records, whole ones only */
    char why[PROBE_WORDS_MAX]; /* when it is not ok */
};

/* Starts the probe; ERR_IO. The calling process has no thread besides the caller's, and no ledger open. */
int child_start(struct child *child, const struct probe *probe, const struct probe_box *box, struct err *err);
/* Waits for all of them, killing each at its limit, and all when *stop is set (may be NULL). `progress` (may be NULL) is
 * called about ten times a second with how many have ended. */
void children_wait(struct child *children, size_t n, const volatile int *stop,
                   void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx);
void child_done(struct child *child);

#endif
