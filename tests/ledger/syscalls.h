/* The calls that change files, between the program (and LMDB's shared library, to whose calls the linker binds these) and
 * the kernel: counted, made to fail, or the process killed at one of them. */
#ifndef TESTS_LEDGER_SYSCALLS_H
#define TESTS_LEDGER_SYSCALLS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define SYSCALLS_EXPORT __attribute__((visibility("default")))

static struct {
    bool on;
    _Atomic long count; /* calls since it was armed, by all threads */
    long fail_at;       /* this one (from 1) fails, or the process dies there; 0: none */
    bool forever;       /* all from there on fail */
    bool dies;          /* instead of failing */
    bool done;          /* that call is made first (a file system that reports failure of a rename that succeeded) */
    int error;
    bool hit;
    long before;          /* right before this one (from 1) ... */
    void (*meddle)(void); /* ... somebody else acts; NULL: nobody. By calls that are not counted: syscall(2) */
} syscalls;

/* 0: make the call; otherwise the errno to fail with. */
static inline int syscalls_judge(void) {
    if (!syscalls.on) return 0;
    long n = ++syscalls.count;
    if (syscalls.meddle != NULL && n == syscalls.before) {
        syscalls.meddle();
    }
    if (syscalls.fail_at == 0 || (syscalls.forever ? n < syscalls.fail_at : n != syscalls.fail_at)) {
        return 0;
    }
    syscalls.hit = true;
    if (syscalls.dies && !syscalls.done) {
        kill(getpid(), SIGKILL);
    }
    return syscalls.dies ? 0 : syscalls.error;
}

static inline long syscalls_ret(long rc) {
    if (syscalls.on && syscalls.dies && syscalls.done && syscalls.count == syscalls.fail_at) {
        kill(getpid(), SIGKILL);
    }
    return rc;
}

#define SYSCALLS_CALL(type, call)                                                                                          \
    do {                                                                                                                   \
        int error_ = syscalls_judge();                                                                                     \
        type rc_ =                                                                                                         \
            error_ != 0 && !(syscalls.done && syscalls.count == syscalls.fail_at) ? (type)-1 : (type)syscalls_ret(call);   \
        if (error_ != 0) {                                                                                                 \
            errno = error_;                                                                                                \
            return -1;                                                                                                     \
        }                                                                                                                  \
        return rc_;                                                                                                        \
    } while (0)

SYSCALLS_EXPORT ssize_t write(int fd, const void *p, size_t n) {
    if (fd <= STDERR_FILENO) return (ssize_t)syscall(SYS_write, fd, p, n);
    SYSCALLS_CALL(ssize_t, syscall(SYS_write, fd, p, n));
}

SYSCALLS_EXPORT ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
    SYSCALLS_CALL(ssize_t, syscall(SYS_pwrite64, fd, p, n, at));
}

SYSCALLS_EXPORT ssize_t pwrite64(int fd, const void *p, size_t n, off_t at);
SYSCALLS_EXPORT ssize_t pwrite64(int fd, const void *p, size_t n, off_t at) {
    return pwrite(fd, p, n, at);
}

SYSCALLS_EXPORT ssize_t writev(int fd, const struct iovec *iov, int n) {
    SYSCALLS_CALL(ssize_t, syscall(SYS_writev, fd, iov, n));
}

SYSCALLS_EXPORT ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t at) {
    SYSCALLS_CALL(ssize_t, syscall(SYS_pwritev, fd, iov, n, (unsigned long)at, 0UL));
}

SYSCALLS_EXPORT int fdatasync(int fd) {
    SYSCALLS_CALL(int, syscall(SYS_fdatasync, fd));
}

SYSCALLS_EXPORT int fsync(int fd) {
    SYSCALLS_CALL(int, syscall(SYS_fsync, fd));
}

SYSCALLS_EXPORT int ftruncate(int fd, off_t n) {
    SYSCALLS_CALL(int, syscall(SYS_ftruncate, fd, n));
}

SYSCALLS_EXPORT int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
    SYSCALLS_CALL(int, syscall(SYS_renameat2, from_dir, from, to_dir, to, flags));
}

SYSCALLS_EXPORT int symlink(const char *to, const char *path) {
    SYSCALLS_CALL(int, syscall(SYS_symlinkat, to, AT_FDCWD, path));
}

SYSCALLS_EXPORT int unlink(const char *path) {
    SYSCALLS_CALL(int, syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

SYSCALLS_EXPORT int rename(const char *from, const char *to) {
    if (!syscalls.dies && syscalls.done && syscalls.count + 1 == syscalls.fail_at) {
        syscalls.done = false;
    }
    SYSCALLS_CALL(int, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

#endif
