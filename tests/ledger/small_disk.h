/* A small file system that is soon full: tmpfs in a child's mount namespace, where the system allows it. */
#ifndef TESTS_LEDGER_SMALL_DISK_H
#define TESTS_LEDGER_SMALL_DISK_H

#include "tests/ledger/scratch.h"

#include <sched.h>
#include <sys/mount.h>

#define SMALL_DISK_NONE 77 /* exit status: not available here */

static inline bool small_disk_tell(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

static inline bool small_disk_mount(const char *at, const char *size) {
    char map[64], options[64];
    unsigned uid = getuid(), gid = getgid();
    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
        snprintf(map, sizeof(map), "%u %u 1", uid, uid);
        bool mapped = small_disk_tell("/proc/self/uid_map", map) && small_disk_tell("/proc/self/setgroups", "deny");
        snprintf(map, sizeof(map), "%u %u 1", gid, gid);
        if (!mapped || !small_disk_tell("/proc/self/gid_map", map)) return false;
    }
    snprintf(options, sizeof(options), "size=%s,mode=0700", size);
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("none", at, "tmpfs", 0, options) == 0;
}

static inline void small_disk_ballast(const char *path, size_t n) {
    static uint8_t zeros[1 << 20];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (size_t at = 0; at < n; at += sizeof(zeros)) {
        assert_int_equal(write(fd, zeros, sizeof(zeros)), sizeof(zeros));
    }
    close(fd);
}

/* Runs `work` in a child, with s->top on a file system of this size; skips the test if that is not possible. */
static inline void small_disk_run(struct scratch *s, const char *size, void (*work)(void)) {
    char outside[256];
    int status;
    snprintf(outside, sizeof(outside), "%.200s/ledger-test-XXXXXX", scratch_tmp());
    assert_non_null(mkdtemp(outside));
    snprintf(s->top, sizeof(s->top), "%.240s/small", outside);
    snprintf(s->dir, sizeof(s->dir), "%s/box", s->top);
    assert_int_equal(mkdir(s->top, 0700), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (!small_disk_mount(s->top, size)) {
            _exit(SMALL_DISK_NONE);
        }
        work();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    must(file_remove_tree(outside, &why));
    if (WIFEXITED(status) && WEXITSTATUS(status) == SMALL_DISK_NONE) {
        print_message("no file system of our own may be mounted here: skipped\n");
        skip();
    }
    assert_int_equal(status, 0);
}

#endif
