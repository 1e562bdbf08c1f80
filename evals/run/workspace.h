/* Where the files of samples are while these run: a directory for each evaluation below the one for temporary files ($TMPDIR or
 * /tmp), and in it one for each sample.
 *
 *   ledger-eval-XXXXXX/.lock   held by its process while it lives; so a lock that nobody holds is that of a process that was killed
 *   ledger-eval-XXXXXX/N/      of a sample
 *
 * Whoever makes one first removes those of the same user whose process is gone. A directory without a lock is left alone. */
#ifndef EVALS_RUN_WORKSPACE_H
#define EVALS_RUN_WORKSPACE_H

#include "base/file.h"

struct run_workspace {
    char path[FILE_PATH_MAX]; /* "": none */
    int lock;
    unsigned long made; /* samples */
};

/* *ret is always initialised: call run_workspace_close. */
int run_workspace_open(struct run_workspace *ret, struct err *err);
/* A new directory, mode 0700. From any thread. It goes with the workspace, unless it is dropped before. */
int run_workspace_sample(struct run_workspace *workspace, char ret[FILE_PATH_MAX], struct err *err);
/* Removes such a directory, whatever a step did to what is in it; "": none. */
void run_workspace_drop(const char *path);
void run_workspace_close(struct run_workspace *workspace);

#endif
