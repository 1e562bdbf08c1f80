/* What this machine offers, found once: within the floor. */
#ifndef WORK_RUN_HOST_H
#define WORK_RUN_HOST_H

#include <stdatomic.h>

#include "work/confine/user.h"
#include "work/limits/cgroup.h"
#include "work/process.h"

struct work_host {
    char *bwrap;
    char version[WORK_VERSION_MAX];
    struct confine_user user;
    struct limits_place place;
    int keeper;        /* a file in memory */
    struct buf filter; /* the base filter */
    bool landlock, unconfined;
    atomic_uint steps; /* that were started, for names */
};

#endif
