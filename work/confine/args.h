/* What bubblewrap is told.
 *
 *   always        --unshare-all --unshare-user --disable-userns --cap-drop ALL --new-session --die-with-parent --clearenv
 *                 --as-pid-1: the keeper is the first process
 *   the system    libraries and their data from a fixed list, read-only; never /
 *   its own       /proc, /dev, /tmp, /dev/shm
 *   the programs  each file alone, and the binds, all by descriptor
 *   the masks     over what is in binds and is not for the step: nothing
 *   at the end    / and /dev read-only, the base filter of system calls
 *
 * The arguments travel as one NUL-separated file (--args), so that none of them shows in a list of processes. */
#ifndef WORK_CONFINE_ARGS_H
#define WORK_CONFINE_ARGS_H

#include "base/bytes.h"

struct confine_bind {
    int fd;
    const char *inside;
    bool writable;
    bool hidden; /* its path may not be open to the user of the step */
};

struct confine_args {
    struct confine_bind *binds; /* sorted by the call: what is above comes first */
    size_t binds_n;
    const char *const *masked, *const *masked_files; /* NULL at the end; NULL: none */
    const char *directory;
    uint64_t scratch; /* bytes of /tmp, and of /dev/shm */
    int filter;       /* a file with the base filter */
    bool network, reporter;
};

/* NUL-separated, without the program. */
int confine_args_put(struct confine_args *args, struct buf *out, struct err *err);

#endif
