/* Between fork and exec: away from root, nothing inherited but what is named.
 *
 * Bubblewrap binds a descriptor by the path that /proc/self/fd shows, then checks that device and inode are the
 * descriptor's. A path below a directory of root cannot be walked by the user that root's steps run as. So root first puts
 * what was bound by descriptor into a mount namespace of the step's own, at /tmp/0, /tmp/1, ..., by descriptor (open_tree,
 * move_mount), and hands on descriptors of those. What the user may do with a file is still decided by its owner and mode.
 *
 * Only calls that are safe after a fork of a process with threads. */
#include "work/confine/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "work/inside/plan.h"

#define STAGE "/tmp"

enum { NUMBER_ROOM = 12, FAILED_STATUS = 125, CLOSE_ON_EXEC = 4, PATH_ROOM = 32 };

/* What the child needs, made before the fork. */
struct prepared {
    char number[1 + INSIDE_DESCRIPTORS][NUMBER_ROOM];
    char keeper[PATH_ROOM];
    char *argv[9];
};

static const char *const steps[] = {"enter its control group", "become its user",        "give up new rights",
                                    "keep its descriptors",    "put its files together", "enter its directory",
                                    "start bubblewrap"};
enum step { AT_GROUP, AT_USER, AT_RIGHTS, AT_DESCRIPTORS, AT_STAGE, AT_DIRECTORY, AT_EXEC };

struct failure {
    int step, errnum;
};

/* "/tmp/17"; no function of stdio is promised to be safe here. */
static void stage_path(char *ret, size_t i) {
    static const char base[] = STAGE "/";
    char digits[NUMBER_ROOM];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + i % 10);
        i /= 10;
    } while (i > 0);
    memcpy(ret, base, sizeof base - 1);
    for (size_t k = 0; k < n; k++) {
        ret[sizeof base - 1 + k] = digits[n - 1 - k];
    }
    ret[sizeof base - 1 + n] = 0;
}

/* A copy of the mount below the descriptor, attached nowhere yet, in the descriptor's place. It must be made before the
 * namespace is: what belongs to another one cannot be copied. */
static int detach_one(const struct confine_bind *bind) {
    int tree =
        (int)syscall(SYS_open_tree, bind->fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    int rc = tree >= 0 && dup3(tree, bind->fd, O_CLOEXEC) >= 0 ? 0 : -1;
    if (tree >= 0) {
        close(tree);
    }
    return rc;
}

static int attach_one(const struct confine_bind *bind, size_t i) {
    char path[PATH_ROOM];
    struct stat st;
    stage_path(path, i);
    if (fstat(bind->fd, &st) != 0) {
        return -1;
    }
    int made = S_ISDIR(st.st_mode) ? mkdir(path, 0755) : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return made >= 0 ? (int)syscall(SYS_move_mount, bind->fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) : -1;
}

static int stage(const struct confine_args *args) {
    size_t n = 0;
    for (size_t i = 0; i < args->binds_n; i++) {
        if (args->binds[i].hidden && detach_one(&args->binds[i]) != 0) {
            return n == 0 && errno == EPERM ? 0
                                            : -1; /* root in a container: then its user must be able to walk the paths */
        }
        n += args->binds[i].hidden ? 1 : 0;
    }
    if (n == 0) {
        return 0;
    }
    if (unshare(CLONE_NEWNS) != 0 ||
        syscall(SYS_mount, "none", "/", NULL, 0x44000UL /* MS_REC | MS_PRIVATE */, NULL) != 0 ||
        syscall(SYS_mount, "step", STAGE, "tmpfs", 6UL /* MS_NOSUID | MS_NODEV */, "mode=0755,size=1m") != 0) {
        return -1;
    }
    for (size_t i = 0; i < args->binds_n; i++) {
        if (args->binds[i].hidden && attach_one(&args->binds[i], i) != 0) {
            return -1;
        }
    }
    return 0;
}

/* By the kernel's own calls: glibc's would tell its other threads, which are not in this process. */
static int become(const struct confine_user *user) {
    if (!user->change) {
        return 0;
    }
    return syscall(SYS_setgroups, 0UL, NULL) != 0 || syscall(SYS_setresgid, user->gid, user->gid, user->gid) != 0 ||
                   syscall(SYS_setresuid, user->uid, user->uid, user->uid) != 0 || syscall(SYS_setuid, 0U) == 0
               ? -1
               : 0;
}

static int keep(int fd) {
    return fcntl(fd, F_SETFD, 0);
}

static int keep_descriptors(const struct confine_launch *l, int news) {
    int input = dup3(l->input, 0, 0) == 0 || l->input == 0 ? 0 : -1;
    if (input != 0 || dup2(l->output, 1) != 1 || dup2(l->error, 2) != 2 ||
        syscall(SYS_close_range, 3U, ~0U, CLOSE_ON_EXEC) != 0) {
        return -1;
    }
    int bad = keep(l->control) | keep(l->plan) | keep(l->secret) | keep(l->keeper);
    bad |= l->bwrap != NULL ? keep(l->arguments) | keep(l->args->filter) : 0;
    for (size_t i = 0; l->bwrap != NULL && i < l->args->binds_n; i++) {
        bad |= keep(l->args->binds[i].fd);
    }
    return bad != 0 || fcntl(news, F_SETFD, FD_CLOEXEC) != 0 ? -1 : 0;
}

static struct failure child(const struct confine_launch *l, struct prepared *p, int news) {
    char *none[] = {NULL};
    sigset_t empty;
    sigemptyset(&empty);
    for (int s = 1; s < NSIG; s++) { /* a caller's handlers and ignored signals are not the step's */
        (void)signal(s, SIG_DFL);
    }
    (void)sigprocmask(SIG_SETMASK, &empty, NULL);
    if (l->user.change && l->bwrap != NULL && stage(l->args) != 0) {
        return (struct failure){AT_STAGE, errno};
    }
    if (keep_descriptors(l, news) != 0) {
        return (struct failure){AT_DESCRIPTORS, errno};
    }
    if (become(&l->user) != 0) {
        return (struct failure){AT_USER, errno};
    }
    (void)setsid(); /* what a terminal sends to the runner is not for bubblewrap: the runner ends the step in its own way */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return (struct failure){AT_RIGHTS, errno};
    }
    (void)umask(022);
    if (l->bwrap == NULL) {
        if (chdir(l->directory) != 0) {
            return (struct failure){AT_DIRECTORY, errno};
        }
        execve(p->keeper, p->argv + 4, none);
        return (struct failure){AT_EXEC, errno};
    }
    execve(l->bwrap, p->argv, none);
    return (struct failure){AT_EXEC, errno};
}

static void prepare(const struct confine_launch *l, struct prepared *p) {
    static char words[][16] = {"bwrap", "--args", "--"};
    const int fds[] = {l->arguments, l->control, l->plan, l->secret};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        (void)snprintf(p->number[i], NUMBER_ROOM, "%d", fds[i]);
    }
    p->argv[0] = words[0];
    p->argv[1] = words[1];
    p->argv[2] = p->number[0];
    p->argv[3] = words[2];
    (void)snprintf(p->keeper, sizeof p->keeper, "/proc/self/fd/%d", l->keeper);
    p->argv[4] = p->keeper;
    for (int i = 0; i < INSIDE_DESCRIPTORS; i++) {
        p->argv[5 + i] = p->number[1 + i];
    }
}

int confine_launch(const struct confine_launch *launch, pid_t *ret, struct err *err) {
    struct prepared p = {.argv = {NULL}};
    int news[2];
    prepare(launch, &p);
    if (pipe2(news, O_CLOEXEC) != 0) {
        return err_errno(err, errno, "pipe");
    }
    bool joined;
    pid_t pid = limits_cgroup_fork(launch->group, &joined);
    if (pid == 0) {
        struct failure failure = joined ? child(launch, &p, news[1]) : (struct failure){AT_GROUP, errno};
        (void)!write(news[1], &failure, sizeof failure);
        _exit(FAILED_STATUS);
    }
    int rc = pid < 0 ? err_errno(err, errno, "cannot start a process") : 0;
    close(news[1]);
    struct failure failure;
    if (rc == 0 && read(news[0], &failure, sizeof failure) == (ssize_t)sizeof failure) {
        rc = err_errno(err, failure.errnum, "the step cannot %s", steps[failure.step]);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close(news[0]);
    if (rc == 0) {
        *ret = pid;
    }
    return rc;
}
