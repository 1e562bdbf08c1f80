/* The program is asked, because a version does not say: distributions carry --bind-fd back to versions that came without
 * (Debian 12 to 0.8.0). */
#include "work/confine/bwrap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { ANSWER_MAX = 1 << 16, ANSWER_MS = 10000, PIECE = 4096 };

static int spawn(const char *path, const char *option, int to, pid_t *ret, struct err *err) {
    posix_spawn_file_actions_t actions;
    char program[] = "bwrap";
    char *word = strdup(option);
    char *argv[] = {program, word, NULL}, *none[] = {NULL};
    int rc = word == NULL || posix_spawn_file_actions_init(&actions) != 0 ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    if (rc == 0) {
        (void)posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
        (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
        int failed = posix_spawn(ret, path, &actions, NULL, argv, none);
        rc = failed != 0 ? err_errno(err, failed, "cannot start '%s'", path) : 0;
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    free(word);
    return rc;
}

/* Its standard output, NUL-terminated. */
static int ask(const char *path, const char *option, struct buf *out, struct err *err) {
    int ends[2];
    pid_t pid;
    uint64_t until = clock_monotonic_ns() / 1000000 + ANSWER_MS;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return err_errno(err, errno, "pipe");
    }
    int rc = spawn(path, option, ends[1], &pid, err);
    close(ends[1]);
    for (ssize_t got = 1; rc == 0 && got > 0;) {
        uint64_t now = clock_monotonic_ns() / 1000000;
        struct pollfd fd = {.fd = ends[0], .events = POLLIN};
        uint8_t *room = buf_room(out, PIECE);
        got = room != NULL && now < until && poll(&fd, 1, (int)(until - now)) > 0 ? read(ends[0], room, PIECE) : -1;
        out->n += got > 0 ? (size_t)got : 0;
    }
    close(ends[0]);
    if (rc == 0) {
        (void)kill(pid, SIGKILL); /* it has said all; one that has not is stuck */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
        buf_put_u8(out, 0);
        rc = buf_check(out, "the answer of bubblewrap", err);
    }
    return rc;
}

int confine_bwrap_find(const char *path, char *ret_version, size_t room, struct err *err) {
    static const char *const options[] = {"--ro-bind-fd",   "--disable-userns", "--args",
                                          "--ro-bind-data", "--size",           "--seccomp"};
    if (access(path, X_OK) != 0) {
        return err_set(err, ERR_NOTFOUND, "'%s' is not an executable file; Debian's package is 'bubblewrap'", path);
    }
    struct buf out;
    buf_init(&out, ANSWER_MAX);
    int rc = ask(path, "--version", &out, err);
    if (rc == 0) {
        const char *text = (const char *)out.p, *space = strchr(text, ' ');
        const char *version = space != NULL ? space + 1 : text;
        size_t n = strcspn(version, " \n");
        if (strncmp(text, "bubblewrap ", 11) != 0 || n == 0 || n >= room) {
            rc = err_set(err, ERR_VERSION, "'%s' does not say that it is bubblewrap", path);
        } else {
            memcpy(ret_version, version, n);
            ret_version[n] = 0;
        }
    }
    buf_clear(&out);
    if (rc == 0) {
        rc = ask(path, "--help", &out, err);
        if (rc == 0 && out.n <= 1) {
            rc = err_set(err, ERR_VERSION, "'%s --help' says nothing; started by hand, it says why", path);
        }
    }
    for (size_t i = 0; rc == 0 && i < sizeof options / sizeof *options; i++) {
        if (strstr((const char *)out.p, options[i]) == NULL) {
            rc = err_set(err, ERR_VERSION, "bubblewrap %s has no option %s; 0.10.0 has it, and Debian 12's 0.8.0-2+deb12u1",
                         ret_version, options[i]);
        }
    }
    buf_done(&out);
    return rc;
}
