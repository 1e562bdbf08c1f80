/* The lock is on the ledger's directory itself, so that it leaves no file and ends with its process. */
#include "ingest/driver/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define WAIT_NS (60 * CLOCK_NS_PER_S)
#define STEP_NS 50000000L

static int wait_for(struct intake *run, int fd, const char *dir, struct err *err) {
    uint64_t until = clock_boot_ns() + WAIT_NS;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return err_errno(err, errno, "%s: cannot be locked", dir);
        if (intake_stopped(run) || clock_boot_ns() >= until) {
            return err_set(err, ERR_BUSY, "another process is reading the source '%s' into this ledger",
                           intake_source(run));
        }
        nanosleep(&(struct timespec){0, STEP_NS}, NULL);
    }
    return 0;
}

int lock_wait(struct intake *run, int *ret_fd, struct err *err) {
    const char *dir = log_dir(intake_ledger(run));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "%s: cannot be opened", dir);
    int rc = wait_for(run, fd, dir, err);
    if (rc != 0) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}
