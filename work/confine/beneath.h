/* Paths opened so that they cannot lead elsewhere: openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS. */
#ifndef WORK_CONFINE_BENEATH_H
#define WORK_CONFINE_BENEATH_H

#include "base/err.h"

/* O_PATH. `path` "" is `root` itself. ERR_INVALID: it leaves `root` or goes through a link. */
int confine_beneath_open(int root, const char *path, int *ret_fd, struct err *err);
/* What is wrong with a path inside, as what follows "it ..."; NULL: nothing. It must be absolute, in plain form, and not in
 * a directory that every step has anyway. */
const char *confine_beneath_fault(const char *inside);
/* What is wrong with a descriptor to bind, likewise. It must be a file or a directory, not the root of this machine, which
 * holds everything, and not of a file system by which the kernel is looked at or steered. */
const char *confine_beneath_fd_fault(int fd);

#endif
