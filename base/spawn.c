/* Its own process group, so that what it starts is killed with it. */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define READ_MAX 4096

/* Reads until the end, the bound or the deadline; true at the end. */
static bool drain(int fd, uint64_t deadline, struct buf *out) {
    uint8_t piece[READ_MAX];
    for (;;) {
        uint64_t now = clock_boot_ns();
        if (now >= deadline) return false;
        uint64_t left = (deadline - now) / 1000000 + 1;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, left < 60000 ? (int)left : 60000);
        if (ready < 0 && errno != EINTR) return false;
        if (ready <= 0) continue;
        ssize_t got = read(fd, piece, sizeof(piece));
        if (got == 0) return true;
        if (got < 0 && errno != EINTR) return false;
        if (got > 0 && buf_put(out, piece, (size_t)got) != 0) return false;
    }
}

/* Waits for its end until the deadline, then kills it; true when it ended by itself. */
static bool reap(pid_t pid, uint64_t deadline, int *ret_status) {
    pid_t got;
    while ((got = waitpid(pid, ret_status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (clock_boot_ns() >= deadline) {
            kill(-pid, SIGKILL);
            while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR) {
            }
            return false;
        }
        poll(NULL, 0, 10);
    }
    return got == pid;
}

static int start_as(const struct spawn *spawn, char *const *argv, int out_fd, pid_t *ret) {
    char locale[] = "LC_ALL=C", path[] = "PATH=" SPAWN_PATH;
    char *const envp[] = {locale, path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    if (posix_spawn_file_actions_init(&actions) != 0) return ENOMEM;
    if (posix_spawnattr_init(&attr) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    int rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (rc == 0) rc = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
    if (rc == 0) {
        rc = spawn->errors ? posix_spawn_file_actions_adddup2(&actions, out_fd, STDERR_FILENO)
                           : posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1); /* a passphrase may be in one */
    if (rc == 0) rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    if (rc == 0) rc = posix_spawn(ret, argv[0], &actions, &attr, argv, envp);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* The arguments as posix_spawn wants them: not const. */
static int start(const struct spawn *spawn, int out_fd, pid_t *ret, struct err *err) {
    size_t n = 0;
    while (spawn->argv[n] != NULL) {
        n++;
    }
    char **argv = calloc(n + 1, sizeof(*argv));
    int why = argv != NULL ? 0 : ENOMEM;
    for (size_t i = 0; i < n && why == 0; i++) {
        argv[i] = strdup(spawn->argv[i]);
        why = argv[i] != NULL ? 0 : ENOMEM;
    }
    if (why == 0) why = start_as(spawn, argv, out_fd, ret);
    for (size_t i = 0; argv != NULL && i < n; i++) {
        free(argv[i]);
    }
    free(argv);
    return why == 0 ? 0
                    : err_set(err, why == ENOMEM ? ERR_NOMEM : ERR_IO, "cannot start '%.300s': %s", spawn->argv[0],
                              strerror(why));
}

int spawn_run(const struct spawn *spawn, struct buf *out, int *ret_status, struct err *err) {
    int fds[2], status = 0;
    pid_t pid = -1;
    if (pipe2(fds, O_CLOEXEC) != 0) return err_errno(err, errno, "a pipe");
    int rc = start(spawn, fds[1], &pid, err);
    close(fds[1]);
    if (rc == 0) {
        uint64_t deadline = clock_boot_ns() + spawn->limit_ns;
        bool whole = drain(fds[0], deadline, out);
        bool ended = reap(pid, whole ? deadline : 0, &status);
        if (out->fail != 0) {
            rc = err_set(err, ERR_LIMIT, "'%.300s' printed more than %zu bytes", spawn->argv[0], out->max);
        } else if (!whole || !ended) {
            rc = err_set(err, ERR_LIMIT, "'%.300s' did not end within %llu s", spawn->argv[0],
                         (unsigned long long)(spawn->limit_ns / CLOCK_NS_PER_S));
        } else {
            *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }
    close(fds[0]);
    return rc;
}
