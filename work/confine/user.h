/* Who a step runs as. */
#ifndef WORK_CONFINE_USER_H
#define WORK_CONFINE_USER_H

#include <sys/types.h>

#include "base/err.h"

struct confine_user {
    uid_t uid;
    gid_t gid;
    bool change; /* this process is root, and becomes them before bubblewrap */
};

/* This process's own user, or, when that is root, the one called `name`. ERR_NOTFOUND: there is none. ERR_INVALID: it is
 * root too. */
int confine_user_find(const char *name, struct confine_user *ret, struct err *err);

#endif
