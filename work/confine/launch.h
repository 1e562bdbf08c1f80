/* From this process to bubblewrap. */
#ifndef WORK_CONFINE_LAUNCH_H
#define WORK_CONFINE_LAUNCH_H

#include "work/confine/args.h"
#include "work/confine/user.h"
#include "work/limits/cgroup.h"

struct confine_launch {
    const char *bwrap; /* NULL: the keeper is started as it is, without a sandbox */
    struct confine_user user;
    const struct limits_group *group; /* it and all it starts are members */
    const struct confine_args *args;  /* whose descriptors stay open for bubblewrap */
    int arguments;                    /* the file for --args */
    const char *directory;            /* without a sandbox */
    int keeper;                       /* a file in memory, executed by its descriptor */
    int control, plan, secret;        /* its own */
    int input, output, error;
};

/* The process is bubblewrap's outermost, which ends when the calling thread does; or the keeper, which ends when the other
 * end of its control socket closes. */
int confine_launch(const struct confine_launch *launch, pid_t *ret, struct err *err);

#endif
