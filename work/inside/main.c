/* The keeper: process 1 of the sandbox. It makes the sockets that belong inside, hands them out, starts the program under
 * its last restrictions, waits for it, ends whatever is left and says how it went.
 *
 *      outside                        inside
 *      plan, secret ───────────────▶  keeper (1) ── fork ──▶ program (2): limits, Landlock, filter, execve
 *         ◀── HELLO + sockets ──         │                        │
 *         ── GO ─────────────────▶       │◀──── it ended ─────────┘
 *         ◀── STARTED … ENDED ──         └ kill(-1), reap, exit: the kernel ends what shares the namespace
 *
 * It is linked statically and alone, so that it needs no file of the sandbox and nothing of the house. It cannot be traced
 * or signalled from inside: process 1 ignores what it does not handle, and it is not dumpable. The secret that the filter
 * asks of execve is read by the child only, whose memory execve replaces. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "work/inside/plan.h"

enum { FAILED_STATUS = 125, DIGITS = 10, POLL_MAX_MS = 3600000 };

struct keeper {
    int control, plan_fd, secret_fd;
    const struct inside_head *head;
    char **argv, **envp, **executables;
};

struct failure {
    int32_t step, errnum;
};

/* Where a dynamic program's loader may be: execve opens it as it opens the program. */
static const char *const loaders[] = {
    "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-linux.so.2",
    "/lib/ld-linux-armhf.so.3",    "/lib64/ld64.so.2",           "/lib/ld-linux-riscv64-lp64d.so.1"};

static void say(const struct keeper *k, struct inside_message message, const int *fds, size_t n) {
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int) * INSIDE_LISTENERS_MAX)];
    } control;
    memset(&control, 0, sizeof control);
    struct iovec io = {&message, sizeof message};
    struct msghdr header = {.msg_iov = &io, .msg_iovlen = 1};
    if (n > 0) {
        header.msg_control = control.room;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * n);
        struct cmsghdr *c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * n);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
    }
    while (sendmsg(k->control, &header, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

static _Noreturn void fail(const struct keeper *k, int step, int errnum) {
    say(k, (struct inside_message){.type = INSIDE_FAILED, .step = step, .errnum = errnum}, NULL, 0);
    _exit(FAILED_STATUS);
}

/* A decimal number of an argument; -1: it is none. */
static int number_of(const char *text) {
    int value = 0;
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9' || i > 6) {
            return -1;
        }
        value = value * DIGITS + (text[i] - '0');
    }
    return n > 0 ? value : -1;
}

/* `n` pointers to the strings from *p on, with NULL at the end. */
static char **take_strings(char **p, const char *end, uint32_t n) {
    char **list = n < INSIDE_COUNT_MAX ? calloc((size_t)n + 1, sizeof *list) : NULL;
    for (uint32_t i = 0; list != NULL && i < n; i++) {
        char *nul = memchr(*p, 0, (size_t)(end - *p));
        if (nul == NULL) {
            return NULL;
        }
        list[i] = *p;
        *p = nul + 1;
    }
    return list;
}

static void read_plan(struct keeper *k) {
    struct stat st;
    if (fstat(k->plan_fd, &st) != 0 || st.st_size < (off_t)sizeof(struct inside_head) ||
        st.st_size > (off_t)(sizeof(struct inside_head) + INSIDE_STRINGS_MAX)) {
        fail(k, INSIDE_AT_PLAN, EINVAL);
    }
    char *p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, k->plan_fd, 0);
    if (p == MAP_FAILED) {
        fail(k, INSIDE_AT_PLAN, errno);
    }
    k->head = (const struct inside_head *)(void *)p;
    const char *end = p + st.st_size;
    p += sizeof *k->head;
    if (k->head->magic != INSIDE_MAGIC || k->head->strings != (uint64_t)(end - p) || k->head->executables == 0 ||
        k->head->argc == 0 || (k->argv = take_strings(&p, end, k->head->argc)) == NULL ||
        (k->envp = take_strings(&p, end, k->head->envc)) == NULL ||
        (k->executables = take_strings(&p, end, k->head->executables)) == NULL) {
        fail(k, INSIDE_AT_PLAN, EINVAL);
    }
}

static int listen_at(int family, const struct sockaddr *address, socklen_t n) {
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd >= 0 && family == AF_INET) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    }
    if (fd >= 0 && bind(fd, address, n) == 0 && listen(fd, SOMAXCONN) == 0) {
        return fd;
    }
    return -1;
}

/* The sockets stay in this namespace, whoever accepts on them. */
static void hello(const struct keeper *k) {
    int fds[INSIDE_LISTENERS_MAX];
    size_t n = 0;
    if (k->head->flags & INSIDE_PROXY) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(INSIDE_PROXY_PORT)};
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        fds[n] = listen_at(AF_INET, (const struct sockaddr *)&in, sizeof in);
        if (fds[n++] < 0) {
            fail(k, INSIDE_AT_PROXY, errno);
        }
    }
    if (k->head->flags & INSIDE_REPORTER) {
        struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = INSIDE_REPORT};
        fds[n] = listen_at(AF_UNIX, (const struct sockaddr *)&un, sizeof un);
        if (fds[n++] < 0) {
            fail(k, INSIDE_AT_REPORTER, errno);
        }
    }
    say(k, (struct inside_message){.type = INSIDE_HELLO}, fds, n);
    for (size_t i = 0; i < n; i++) {
        close(fds[i]);
    }
    struct inside_message reply;
    ssize_t got;
    while ((got = recv(k->control, &reply, sizeof reply, 0)) < 0 && errno == EINTR) {
    }
    if (got != (ssize_t)sizeof reply || reply.type != INSIDE_GO) {
        _exit(FAILED_STATUS);
    }
}

static int limit(int which, uint64_t value) {
    struct rlimit now;
    if (value == INSIDE_NO_LIMIT || getrlimit(which, &now) != 0) {
        return value == INSIDE_NO_LIMIT ? 0 : -1;
    }
    rlim_t wanted = now.rlim_max == RLIM_INFINITY || value < now.rlim_max ? (rlim_t)value : now.rlim_max;
    return setrlimit(which, &(struct rlimit){wanted, wanted});
}

static int limits(const struct inside_head *head) {
    return limit(RLIMIT_CORE, 0) != 0 || limit(RLIMIT_NOFILE, INSIDE_NOFILE) != 0 ||
                   limit(RLIMIT_FSIZE, head->file_bytes) != 0 || limit(RLIMIT_DATA, head->data_bytes) != 0 ||
                   limit(RLIMIT_CPU, head->cpu_s) != 0 || limit(RLIMIT_NPROC, head->processes) != 0
               ? -1
               : 0;
}

static int allow_execute(int rules, const char *path, int must) {
    struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_EXECUTE};
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) {
        return must ? -1 : 0;
    }
    int rc = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
    return rc;
}

static int landlock(const struct keeper *k) {
    struct landlock_ruleset_attr what = {.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &what, sizeof what, 0);
    if (rules < 0) {
        return -1;
    }
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < k->head->executables; i++) {
        rc = allow_execute(rules, k->executables[i], 1);
    }
    for (size_t i = 0; rc == 0 && i < sizeof loaders / sizeof *loaders; i++) {
        rc = allow_execute(rules, loaders[i], 0);
    }
    if (rc == 0) {
        rc = (int)syscall(SYS_landlock_restrict_self, rules, 0);
    }
    close(rules);
    return rc;
}

static int read_all(int fd, void *to, size_t n) {
    for (size_t done = 0; done < n;) {
        ssize_t got = read(fd, (char *)to + done, n - done);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            errno = got == 0 ? EPIPE : errno;
            return -1;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

/* The program, from here on; on the way it gives up what it could still do. Returns what failed. */
static struct failure become(const struct keeper *k) {
    static struct sock_filter filter[INSIDE_FILTER_MAX];
    struct inside_secret secret = {.filter_n = 0};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (limits(k->head) != 0) {
        return (struct failure){INSIDE_AT_LIMITS, errno};
    }
    if ((k->head->flags & INSIDE_LANDLOCK) && landlock(k) != 0) {
        return (struct failure){INSIDE_AT_LANDLOCK, errno};
    }
    if (k->head->flags & INSIDE_LOOSE) {
        syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
        execve(k->executables[0], k->argv, k->envp);
        return (struct failure){INSIDE_AT_EXEC, errno};
    }
    if (read_all(k->secret_fd, &secret, sizeof secret) != 0 || secret.filter_n > INSIDE_FILTER_MAX ||
        read_all(k->secret_fd, filter, secret.filter_n * sizeof *filter) != 0 ||
        syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) != 0) {
        return (struct failure){INSIDE_AT_FILTER, errno};
    }
    struct sock_fprog program = {(unsigned short)secret.filter_n, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
        return (struct failure){INSIDE_AT_FILTER, errno};
    }
    syscall(SYS_execve, k->executables[0], k->argv, k->envp, secret.word[0], secret.word[1], secret.word[2]);
    return (struct failure){INSIDE_AT_EXEC, errno};
}

/* Starts the program; returns its process id once execve has succeeded. */
static pid_t start(const struct keeper *k) {
    int news[2];
    if (pipe2(news, O_CLOEXEC) != 0) {
        fail(k, INSIDE_AT_FORK, errno);
    }
    pid_t child = fork();
    if (child < 0) {
        fail(k, INSIDE_AT_FORK, errno);
    }
    if (child == 0) {
        struct failure failure = become(k);
        (void)!write(news[1], &failure, sizeof failure);
        _exit(FAILED_STATUS);
    }
    close(news[1]);
    close(k->secret_fd);
    struct failure failure;
    if (read_all(news[0], &failure, sizeof failure) == 0) {
        fail(k, failure.step, failure.errnum);
    }
    close(news[0]);
    say(k, (struct inside_message){.type = INSIDE_STARTED}, NULL, 0);
    return child;
}

/* Reaps what has ended. True once the program has, with its status. */
static int reap(pid_t program, int *ret_status) {
    int status, ended = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == program) {
            *ret_status = status;
            ended = 1;
        }
    }
    return ended;
}

/* Without a namespace of its own: kills children until there are none. Theirs become the keeper's own when they die. */
static void end_all(void) {
    char text[4096];
    for (;;) {
        int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
        text[n > 0 ? n : 0] = 0;
        close(fd);
        for (char *p = text, *end; *p != 0; p = end) {
            long pid = strtol(p, &end, DIGITS);
            if (end == p || pid <= 1 || *end != ' ') { /* what the read cut off may be half a number */
                break;
            }
            kill((pid_t)pid, SIGKILL);
        }
        if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD) {
            return;
        }
    }
}

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

/* For poll; 0: it is over. */
static int time_left(const struct keeper *k, uint64_t began) {
    uint64_t gone = now_ms() - began, left = gone < k->head->wall_ms ? k->head->wall_ms - gone : 0;
    return k->head->wall_ms == INSIDE_NO_LIMIT ? -1 : left < POLL_MAX_MS ? (int)left : POLL_MAX_MS;
}

static int wait_for(const struct keeper *k, pid_t program, int signals) {
    int status = 0;
    uint64_t began = now_ms();
    while (!reap(program, &status)) {
        struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = k->control, .events = POLLIN}};
        int left = time_left(k, began);
        if (left == 0) {
            kill(program, SIGKILL);
        }
        poll(fds, 2, left == 0 ? -1 : left);
        struct signalfd_siginfo info;
        if (fds[0].revents != 0) {
            (void)!read(signals, &info, sizeof info);
        }
        if (fds[1].revents != 0) {
            struct inside_message order;
            ssize_t got = recv(k->control, &order, sizeof order, MSG_DONTWAIT);
            if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
                if (k->head->flags & INSIDE_LOOSE) {
                    end_all();
                }
                _exit(FAILED_STATUS); /* nobody is outside any more; the kernel ends the rest */
            }
            if (got == (ssize_t)sizeof order && order.type == INSIDE_KILL) {
                kill(program, SIGKILL);
            }
            if (got == (ssize_t)sizeof order && order.type == INSIDE_TERM) {
                kill(program, SIGTERM);
            }
        }
    }
    return status;
}

static uint64_t microseconds(struct timeval t) {
    return (uint64_t)t.tv_sec * 1000000U + (uint64_t)t.tv_usec;
}

int main(int argc, char **argv) {
    struct keeper k = {.control = -1};
    if (argc != 1 + INSIDE_DESCRIPTORS || (k.control = number_of(argv[1])) < 0 || (k.plan_fd = number_of(argv[2])) < 0 ||
        (k.secret_fd = number_of(argv[3])) < 0) {
        return FAILED_STATUS;
    }
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    read_plan(&k);
    close(k.plan_fd);
    int signals = signalfd(-1, &watched, SFD_CLOEXEC);
    if (signals < 0) {
        fail(&k, INSIDE_AT_FORK, errno);
    }
    if ((k.head->flags & INSIDE_LOOSE) && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        fail(&k, INSIDE_AT_FORK, errno);
    }
    hello(&k);
    pid_t program = start(&k);
    for (int fd = 0; fd <= 2; fd++) { /* the pipes end with the program's last process */
        close(fd);
    }
    int status = wait_for(&k, program, signals);
    if (k.head->flags & INSIDE_LOOSE) {
        end_all();
    } else {
        kill(-1, SIGKILL);
    }
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    say(&k,
        (struct inside_message){.type = INSIDE_ENDED,
                                .status = status,
                                .user_us = microseconds(used.ru_utime),
                                .system_us = microseconds(used.ru_stime),
                                .rss_max_kib = (uint64_t)used.ru_maxrss},
        NULL, 0);
    return 0;
}
