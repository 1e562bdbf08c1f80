/* Process numbers in a file of the kernel, /proc/PID/task/TID/children or cgroup.procs: one after the other, each ended by a
 * space or a line feed. A number that nothing ends may be half of one, which would be another process: it is never returned. */
#ifndef WORK_LIMITS_PIDS_H
#define WORK_LIMITS_PIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct limits_pids {
    int fd; /* -1: there is no such file */
    size_t at, n;
    char text[4096];
};

/* A file that cannot be opened has no numbers. */
void limits_pids_open(struct limits_pids *pids, const char *path);
/* The next one; 0 at the end, and where the file holds anything else. */
pid_t limits_pids_next(struct limits_pids *pids);
void limits_pids_close(struct limits_pids *pids);

#endif
