/* The filters of system calls. Both are returned as the kernel takes them: an array of struct sock_filter. */
#ifndef WORK_SECCOMP_FILTER_H
#define WORK_SECCOMP_FILTER_H

#include "base/bytes.h"

#define SECCOMP_SECRETS 3

/* What every step is left with: the calls of syscalls.def. Others fail with ENOSYS, as on a kernel that lacks them; the
 * ones that programs use to look for more than they have fail with EPERM. A call of another architecture ends the
 * process. */
int seccomp_filter_base(struct buf *ret_filter, struct err *err);

struct seccomp_step {
    bool unix_sockets; /* socket(AF_UNIX) */
    bool inet_sockets; /* socket(AF_INET, AF_INET6) for streams */
    bool sealed;       /* execve only with these as its fourth to sixth argument, execveat never */
    uint64_t secret[SECCOMP_SECRETS];
};

/* What one step is left with, beyond the base filter. */
int seccomp_filter_step(const struct seccomp_step *step, struct buf *ret_filter, struct err *err);

#endif
