/* Bytes that files hold on their medium. */
#ifndef WORK_LIMITS_FILES_H
#define WORK_LIMITS_FILES_H

#include <sys/types.h>

#include "base/bytes.h"

struct limits_files {
    uint64_t bytes;
    uint64_t hidden; /* directories that could not be looked into: not readable, or too deep; and nameless files too many */
};

/* Adds everything below the directory `fd`, or the file that it is; links are not followed, file systems mounted below
 * are entered, because a bind shows them too. Stops once it has seen `enough` bytes. */
void limits_files_count(int fd, uint64_t enough, struct limits_files *sum);

/* Files of a process that are open and have no name any more. Each counts once for all processes that are looked at with
 * one `seen`, and only on the file systems in `devices`. */
enum { LIMITS_SEEN_MAX = 4096 };
struct limits_seen {
    struct {
        dev_t dev;
        ino_t ino;
    } file[LIMITS_SEEN_MAX]; /* with bytes; those after the last are hidden */
    size_t n;
};
void limits_files_unnamed(pid_t pid, const dev_t *devices, size_t devices_n, struct limits_seen *seen,
                          struct limits_files *sum);

#endif
