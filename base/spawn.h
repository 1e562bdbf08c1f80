/* A program of the host, started without a shell: bounded in time and output, with a fixed environment and /dev/null as its
 * standard input. Not for what a pack brings: that is confined (work/process.h). */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include "base/bytes.h"

#define SPAWN_PATH "/usr/sbin:/usr/bin:/sbin:/bin" /* PATH of what is started */

struct spawn {
    const char *const *argv; /* argv[0] is an absolute path; NULL at the end */
    uint64_t limit_ns;       /* until then it has ended, or it is killed with its process group */
    bool errors;             /* standard error is read as well, mixed with standard output; else it goes to /dev/null */
};

/* Runs it to its end. What it printed is appended to `out`; *ret_status is its exit code, or 128 and the signal that ended it.
 * ERR_IO: it could not be started; ERR_LIMIT: it took too long, or printed more than out->max: it was killed. */
int spawn_run(const struct spawn *spawn, struct buf *out, int *ret_status, struct err *err);

#endif
