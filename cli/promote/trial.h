/* A trial: a command of the user's, run where it can change nothing, and what it printed. */
#ifndef CLI_PROMOTE_TRIAL_H
#define CLI_PROMOTE_TRIAL_H

#include "base/bytes.h"
#include "ledger/log.h"

#define TRIAL_PATHS_MAX 64

struct trial_how {
    char *const *words; /* the command */
    size_t n;
    const char *paths[TRIAL_PATHS_MAX]; /* what it may read besides the files and directories among its words */
    size_t n_paths;
    const char *programs[TRIAL_PATHS_MAX]; /* that it may start */
    size_t n_programs;
    bool unconfined, diff; /* diff: exit status 1 says that there are differences */
};

struct trial_end {
    bool confined, passed;
    char said[160]; /* "exit status 1: there are differences" */
};

/* Confined as the step of a pack is (work/process.h), with what it names, read-only, and no network; where there is no bubblewrap,
 * and when asked for, as it is. What it prints is appended to `out`. ERR_INVALID: there is no such program; it cannot be confined. */
int trial_run(struct ledger *ledger, const struct trial_how *how, struct buf *out, struct trial_end *ret, struct err *err);

#endif
