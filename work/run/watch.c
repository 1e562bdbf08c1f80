/* One loop, in one thread: messages of the keeper, output, reports, time and limits.
 *
 *   bubblewrap started ── HELLO ──▶ sockets taken, GO ── STARTED ──▶ … ── ENDED ──▶ both processes gone ──▶ the rest is read
 *                                        │
 *                     time, output, memory, processes, files, stop: TERM and grace, or at once KILL
 *
 * To end a step, its first process is killed, by a descriptor that cannot mean another one: the kernel then ends every
 * process of its namespace before that one counts as gone. */
#include "work/run/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "work/inside/plan.h"
#include "work/limits/tree.h"
#include "work/run/bound.h"

enum {
    MS = 1000000,
    US = 1000,
    TICK_MS = 25,
    SETUP_MS = 30000,
    ASKED_MS = 5000,
    DRAIN_MS = 5000, /* for the reports that are left; once it is stopped: */
    DRAIN_STOPPED_MS = 1000,
    DRAIN_MAX = 16 << 20,
    PIECE = 1 << 16,
    FILES_FACTOR = 20,
    FILES_MIN_MS = 50
};
enum slot { AT_CONTROL, AT_OUT, AT_ERR, AT_STOP, AT_KEEPER, AT_OUTER, AT_REPORT, SLOTS = AT_REPORT + REPORT_FDS };

static const char *const inside_steps[INSIDE_STEPS] = {
    [INSIDE_AT_PLAN] = "cannot read its plan",
    [INSIDE_AT_PROXY] = "cannot listen for the proxy",
    [INSIDE_AT_REPORTER] = "cannot listen for reports",
    [INSIDE_AT_FORK] = "cannot start a process",
    [INSIDE_AT_LIMITS] = "cannot set its limits",
    [INSIDE_AT_LANDLOCK] = "cannot restrict what it executes",
    [INSIDE_AT_FILTER] = "cannot load its filter of system calls",
};

static uint64_t now_ms(void) {
    return clock_monotonic_ns() / MS;
}

static void count(struct watch *w, struct limits_tree *ret) {
    *ret = (struct limits_tree){0};
    if (w->keeper_pid > 0) {
        limits_tree_count(w->keeper_pid, ret);
        w->memory_max = ret->memory > w->memory_max ? ret->memory : w->memory_max;
        w->processes_max = ret->processes > w->processes_max ? ret->processes : w->processes_max;
        w->cpu_us = ret->cpu_us > w->cpu_us ? ret->cpu_us : w->cpu_us;
    }
}

/* Some must end by themselves first. A keeper without a sandbox has to kill what it started. A bubblewrap that is still at
 * work has to let go of its inner process, which waits for it and would do so for ever; the keeper that comes of it ends when
 * nobody answers. True: that was asked just now. */
static bool ask(struct watch *w) {
    struct inside_message order = {.type = INSIDE_KILL};
    bool loose = w->loose && w->started, early = !w->loose && w->keeper < 0 && w->bwrap > 0;
    if (w->asked || !(loose || early)) {
        return false;
    }
    w->asked = true;
    w->kill_ms = now_ms() + ASKED_MS;
    if (loose) {
        (void)send(w->control, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT);
    } else if (w->control >= 0) {
        close(w->control);
        w->control = -1;
    }
    return true;
}

static void kill_one(void *ctx, pid_t pid) {
    (void)ctx;
    (void)kill(pid, SIGKILL);
}

static void kill_all(struct watch *w) {
    if (ask(w)) {
        return;
    }
    if (w->keeper >= 0) {
        (void)syscall(SYS_pidfd_send_signal, w->keeper, SIGKILL, NULL, 0);
    }
    if (w->bwrap > 0) {
        if (w->asked) {
            limits_tree_each(w->bwrap, kill_one, NULL);
        }
        (void)kill(w->bwrap, SIGKILL);
    }
    limits_cgroup_kill(w->group);
    w->kill_ms = UINT64_MAX;
}

/* The first reason stays. */
static void end_it(struct watch *w, enum work_end end, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void end_it(struct watch *w, enum work_end end, const char *fmt, ...) {
    va_list args;
    if (w->ended) {
        return;
    }
    struct limits_tree last;
    w->ended = true;
    w->end = end;
    va_start(args, fmt);
    (void)vsnprintf(w->why, sizeof w->why, fmt, args);
    va_end(args);
    count(w, &last);
    bool gentle = w->started && w->limit.grace_ms > 0 && (end == WORK_TIMEOUT || end == WORK_STOPPED);
    struct inside_message term = {.type = INSIDE_TERM};
    if (gentle && send(w->control, &term, sizeof term, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof term) {
        w->kill_ms = now_ms() + w->limit.grace_ms;
    } else {
        kill_all(w);
    }
}

struct unnamed {
    dev_t devices[WORK_BINDS_MAX];
    size_t devices_n;
    struct limits_seen seen;
    struct limits_files *sum;
};

static void look_at_unnamed(void *ctx, pid_t pid) {
    struct unnamed *u = ctx;
    limits_files_unnamed(pid, u->devices, u->devices_n, &u->seen, u->sum);
}

static void end_for_memory(struct watch *w) {
    char most[BOUND_WORDS];
    end_it(w, WORK_MEMORY_OUT, "it used more than its %s of memory", run_bound_size(w->limit.memory, most));
}

static void end_for_processes(struct watch *w) {
    uint64_t most = w->limit.processes;
    end_it(w, WORK_PROCESSES_OUT, "it started more than its %llu process%s", (unsigned long long)most,
           most == 1 ? "" : "es");
}

/* What the writable binds hold, and what was written there and has no name any more. */
static void count_files(const struct watch *w, uint64_t enough, struct limits_files *ret) {
    struct unnamed *u = calloc(1, sizeof *u);
    *ret = (struct limits_files){0};
    for (size_t i = 0; i < w->process->binds_n; i++) {
        const struct work_bind *bind = &w->process->binds[i];
        struct stat st;
        if (bind->writable) {
            limits_files_count(bind->fd, enough, ret);
            if (u != NULL && fstat(bind->fd, &st) == 0) {
                u->devices[u->devices_n++] = st.st_dev;
            }
        }
    }
    if (u != NULL && u->devices_n > 0 && w->keeper_pid > 0) {
        u->sum = ret;
        limits_tree_each(w->keeper_pid, look_at_unnamed, u);
    }
    free(u);
}

static void look_at_files(struct watch *w) {
    struct limits_files now;
    uint64_t begin = now_ms(), most = w->files_before.bytes + w->limit.files;
    count_files(w, most + 1, &now);
    if (now.bytes > most) {
        char may[BOUND_WORDS];
        end_it(w, WORK_FILES_OUT, "it wrote more than its %s to files", run_bound_size(w->limit.files, may));
    } else if (now.hidden > w->files_before.hidden) {
        end_it(w, WORK_FILES_OUT, "it made files or directories that cannot be counted");
    }
    uint64_t end = now_ms();
    w->files_ms = end + (end - begin) * FILES_FACTOR + FILES_MIN_MS;
}

static void look_at_group(struct watch *w) {
    struct limits_used used;
    limits_cgroup_used(w->group, &used);
    w->memory_max = used.memory_max > w->memory_max ? used.memory_max : w->memory_max;
    if (used.memory_out) {
        end_for_memory(w);
    } else if (used.processes_out) {
        end_for_processes(w);
    }
}

static void look(struct watch *w) {
    struct limits_tree tree;
    count(w, &tree);
    if (w->group->version > 0) {
        look_at_group(w);
    } else if (tree.memory > w->limit.memory && limits_tree_memory(w->keeper_pid) > w->limit.memory) {
        end_for_memory(w);
    } else if (tree.processes > w->limit.processes) {
        end_for_processes(w);
    }
    if (w->limit.cpu_ms > 0 && tree.cpu_us > w->limit.cpu_ms * US) {
        char most[BOUND_WORDS];
        end_it(w, WORK_TIMEOUT, "it used more than its %s of processor time", run_bound_time(w->limit.cpu_ms, most));
    }
    if (now_ms() >= w->files_ms) {
        look_at_files(w);
    }
}

static void look_at_time(struct watch *w) {
    uint64_t now = now_ms();
    if (now >= w->kill_ms && w->kill_ms != UINT64_MAX) {
        kill_all(w);
    }
    if (w->started && now >= w->tick_ms) {
        look(w);
        w->tick_ms = now_ms() + TICK_MS;
    }
    char most[BOUND_WORDS];
    if (w->started && now - w->began_ms >= w->limit.wall_ms) {
        end_it(w, WORK_TIMEOUT, "it took more than its %s", run_bound_time(w->limit.wall_ms, most));
    } else if (!w->started && now - w->began_ms >= SETUP_MS) {
        end_it(w, WORK_NOT_STARTED, "bubblewrap did not start it within %s", run_bound_time(SETUP_MS, most));
    }
}

/* ---- messages of the keeper ---- */

struct news {
    struct inside_message message;
    pid_t sender;
    int fds[INSIDE_LISTENERS_MAX];
    size_t fds_n;
};

/* 1: there is one; 0: there is none now; -1: there will be none. */
static int receive(struct watch *w, struct news *ret) {
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * INSIDE_LISTENERS_MAX)];
    } control;
    struct iovec io = {&ret->message, sizeof ret->message};
    struct msghdr header = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t n = recvmsg(w->control, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    ret->sender = 0;
    ret->fds_n = 0;
    for (struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&header) : NULL; c != NULL; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            ret->fds_n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(ret->fds, CMSG_DATA(c), ret->fds_n * sizeof(int));
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
            struct ucred who;
            memcpy(&who, CMSG_DATA(c), sizeof who);
            ret->sender = who.pid;
        }
    }
    return n == (ssize_t)sizeof ret->message ? 1 : -1;
}

static int hello(struct watch *w, const struct news *news, struct err *err) {
    bool proxy = w->process->egress != NULL && !w->loose, report = w->process->report != NULL && !w->loose;
    size_t i = 0, wanted = (proxy ? 1U : 0U) + (report ? 1U : 0U);
    int rc = 0;
    w->keeper_pid = news->sender;
    w->keeper = news->sender > 0 && w->keeper < 0 ? (int)syscall(SYS_pidfd_open, news->sender, 0) : -1;
    if (w->keeper < 0 || news->fds_n != wanted) {
        rc = err_set(err, ERR_IO, "the first process of the step cannot be watched");
    }
    if (rc == 0 && proxy) {
        rc = egress_proxy_start(news->fds[i++], w->process->egress, &w->proxy, err);
    }
    if (rc == 0 && report) {
        run_report_listen(&w->report, news->fds[i++]);
    }
    for (; i < news->fds_n; i++) {
        close(news->fds[i]);
    }
    struct inside_message go = {.type = INSIDE_GO};
    if (rc == 0 && send(w->control, &go, sizeof go, MSG_NOSIGNAL) != (ssize_t)sizeof go) {
        rc = err_errno(err, errno, "the first process of the step does not listen");
    }
    w->began_ms = now_ms();
    return rc;
}

static void failed(struct watch *w, const struct inside_message *m) {
    char why[sizeof w->why];
    if (m->step == INSIDE_AT_EXEC) {
        (void)snprintf(why, sizeof why, "cannot execute '%.300s': %s", w->program, strerror(m->errnum));
    } else {
        const char *step =
            m->step >= 0 && m->step < INSIDE_STEPS && inside_steps[m->step] != NULL ? inside_steps[m->step] : "fails";
        (void)snprintf(why, sizeof why, "the first process of the step %s: %s", step, strerror(m->errnum));
    }
    end_it(w, WORK_NOT_STARTED, "%s", why);
}

static int take_news(struct watch *w, struct err *err) {
    struct news news;
    int rc = 0, got;
    while (rc == 0 && (got = receive(w, &news)) > 0) {
        const struct inside_message *m = &news.message;
        if (m->type == INSIDE_HELLO) {
            rc = hello(w, &news, err);
        } else if (m->type == INSIDE_STARTED) {
            w->started = true;
            w->cpu_before_us = limits_cgroup_time(w->group);
            w->tick_ms = now_ms() + TICK_MS;
        } else if (m->type == INSIDE_FAILED) {
            failed(w, m);
        } else if (m->type == INSIDE_ENDED) {
            w->reported = true;
            w->status = m->status;
            w->cpu_us = m->user_us + m->system_us;
            uint64_t rss = m->rss_max_kib * 1024;
            w->memory_max = rss > w->memory_max ? rss : w->memory_max;
        }
    }
    if (rc == 0 && got < 0) {
        close(w->control);
        w->control = -1;
    }
    return rc;
}

/* ---- output ---- */

static int store(struct watch *w, size_t i, struct bytes b, struct err *err) {
    uint64_t all = w->written[0] + w->written[1], room = w->limit.output > all ? w->limit.output - all : 0;
    if (!w->started && i == 1 && w->early_n < WATCH_EARLY) {
        size_t n = b.n < WATCH_EARLY - w->early_n ? b.n : WATCH_EARLY - w->early_n;
        memcpy(w->early + w->early_n, b.p, n);
        w->early_n += n;
    }
    struct bytes part = {b.p, b.n < room ? b.n : (size_t)room};
    if (part.n > 0 && file_put_all(i == 0 ? w->process->output : w->process->error, part.p, part.n) != 0) {
        return err_errno(err, errno, "cannot store the output of the step");
    }
    w->written[i] += part.n;
    if (part.n < b.n) {
        w->cut = true;
        char most[BOUND_WORDS];
        end_it(w, WORK_OUTPUT_OUT, "it wrote more than its %s of output", run_bound_size(w->limit.output, most));
    }
    return 0;
}

/* What there is now; *ret_some: there was. */
static int read_stream(struct watch *w, size_t i, bool *ret_some, struct err *err) {
    uint8_t room[PIECE];
    ssize_t n = read(w->stream[i], room, sizeof room);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    if (n <= 0) {
        close(w->stream[i]);
        w->stream[i] = -1;
        return 0;
    }
    *ret_some = true;
    return store(w, i, (struct bytes){room, (size_t)n}, err);
}

/* ---- the loop ---- */

static void reap(struct watch *w, const struct pollfd *fds) {
    if (w->keeper >= 0 && fds[AT_KEEPER].revents != 0) {
        close(w->keeper);
        w->keeper = -1;
        w->keeper_pid = 0;
    }
    int status;
    if (fds[AT_OUTER].revents != 0 && w->bwrap > 0 && waitpid(w->bwrap, &status, WNOHANG) == w->bwrap) {
        w->bwrap = 0;
        close(w->outer);
        w->outer = -1;
    }
}

static void fill(const struct watch *w, struct pollfd *fds) {
    fds[AT_CONTROL] = (struct pollfd){.fd = w->control, .events = POLLIN};
    fds[AT_OUT] = (struct pollfd){.fd = w->stream[0], .events = POLLIN};
    fds[AT_ERR] = (struct pollfd){.fd = w->stream[1], .events = POLLIN};
    fds[AT_STOP] = (struct pollfd){.fd = w->ended ? -1 : w->process->stop, .events = POLLIN};
    fds[AT_KEEPER] = (struct pollfd){.fd = w->keeper, .events = POLLIN};
    fds[AT_OUTER] = (struct pollfd){.fd = w->outer, .events = POLLIN};
    run_report_poll(&w->report, fds + AT_REPORT);
}

static int once(struct watch *w, struct err *err) {
    struct pollfd fds[SLOTS];
    bool some;
    int rc = 0;
    fill(w, fds);
    if (poll(fds, SLOTS, TICK_MS) < 0) {
        return errno == EINTR ? 0 : err_errno(err, errno, "poll");
    }
    for (size_t i = 0; rc == 0 && i < WATCH_STREAMS; i++) {
        rc = fds[AT_OUT + i].fd >= 0 && fds[AT_OUT + i].revents != 0 ? read_stream(w, i, &some, err) : 0;
    }
    if (rc == 0 && fds[AT_CONTROL].fd >= 0 && fds[AT_CONTROL].revents != 0) {
        rc = take_news(w, err);
    }
    if (rc == 0) {
        rc = run_report_ready(&w->report, fds + AT_REPORT, err);
    }
    if (fds[AT_STOP].fd >= 0 && fds[AT_STOP].revents != 0) {
        end_it(w, WORK_STOPPED, "it was stopped");
    }
    look_at_time(w);
    reap(w, fds);
    return rc;
}

/* The reports that still wait may be many: what is read of them is bounded, in bytes and in time. */
static int drain_reports(struct watch *w, struct err *err) {
    const uint64_t begin = now_ms(), before = w->report.bytes;
    bool more = true;
    int rc = 0;
    while (rc == 0 && more) {
        struct pollfd stop = {.fd = w->process->stop, .events = POLLIN};
        uint64_t most = poll(&stop, 1, 0) > 0 ? DRAIN_STOPPED_MS : DRAIN_MS;
        if (w->report.bytes - before > DRAIN_MAX || now_ms() - begin > most) {
            run_report_drop(&w->report);
            break;
        }
        rc = run_report_drain(&w->report, &more, err);
    }
    return rc;
}

/* What was written before the last process went; whoever else may hold an end of the pipe is not waited for. */
static int drain(struct watch *w, struct err *err) {
    int rc = w->control >= 0 ? take_news(w, err) : 0;
    for (size_t i = 0; i < WATCH_STREAMS; i++) {
        bool some = true;
        while (rc == 0 && some && w->stream[i] >= 0 && !w->cut) {
            some = false;
            rc = read_stream(w, i, &some, err);
        }
    }
    return rc == 0 ? drain_reports(w, err) : rc;
}

/* The time of one that could not say it itself, by its group; else what was seen of it stays. */
static void take_time(struct watch *w) {
    uint64_t us = w->started && !w->reported ? limits_cgroup_time(w->group) : 0;
    if (us > w->cpu_before_us + w->cpu_us) {
        w->cpu_us = us - w->cpu_before_us;
    }
}

/* How it ended, where that was not by us. */
static void conclude(struct watch *w) {
    take_time(w);
    if (!w->ended && w->started) {
        look_at_group(w);
        look_at_files(w);
    }
    if (w->ended) {
        return;
    }
    if (!w->started || !w->reported) {
        struct buf safe;
        buf_init(&safe, sizeof w->why);
        while (w->early_n > 0 && (w->early[w->early_n - 1] == '\n' || w->early[w->early_n - 1] == ' ')) {
            w->early_n--;
        }
        (void)text_safe(&safe, (struct bytes){(const uint8_t *)w->early, w->early_n});
        const char *what = w->started ? "it was killed from outside" : safe.n > 0 ? "" : "bubblewrap ended without a word";
        (void)snprintf(w->why, sizeof w->why, "%s%.*s", what, w->started ? 0 : (int)safe.n,
                       safe.n > 0 ? (const char *)safe.p : "");
        w->end = w->started ? WORK_SIGNALED : WORK_NOT_STARTED;
        w->status = SIGKILL;
        buf_done(&safe);
    } else {
        char most[BOUND_WORDS];
        w->end = WIFSIGNALED(w->status) ? WORK_SIGNALED : WORK_EXITED;
        if (w->end == WORK_SIGNALED && WTERMSIG(w->status) == SIGXFSZ) {
            (void)snprintf(w->why, sizeof w->why, "it wrote more than its %s to a file",
                           run_bound_size(w->limit.files, most));
        }
    }
}

int run_watch_step(struct watch *w, struct err *err) {
    int rc = 0;
    uint64_t begin = clock_monotonic_ns();
    w->keeper = -1;
    w->kill_ms = UINT64_MAX;
    w->began_ms = now_ms();
    count_files(w, UINT64_MAX, &w->files_before);
    w->outer = (int)syscall(SYS_pidfd_open, w->bwrap, 0);
    if (w->outer < 0) {
        rc = err_errno(err, errno, "pidfd_open");
    }
    (void)fcntl(w->stream[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(w->stream[1], F_SETFL, O_NONBLOCK);
    while (rc == 0 && (w->bwrap > 0 || w->keeper >= 0)) {
        rc = once(w, err);
    }
    if (rc != 0) { /* nothing may be left, whatever failed here */
        end_it(w, WORK_STOPPED, "%s", err != NULL ? err->msg : "it could not be watched");
        kill_all(w);
        if (w->asked) {
            struct pollfd ended = {.fd = w->outer, .events = POLLIN};
            (void)poll(&ended, 1, ASKED_MS);
            kill_all(w);
        }
        while (w->bwrap > 0 && waitpid(w->bwrap, NULL, 0) < 0 && errno == EINTR) {
        }
        struct pollfd gone = {.fd = w->keeper, .events = POLLIN};
        while (w->keeper >= 0 && poll(&gone, 1, -1) < 0 && errno == EINTR) {
        }
    } else {
        rc = drain(w, err);
    }
    w->wall_us = (clock_monotonic_ns() - begin) / US;
    conclude(w);
    if (w->keeper >= 0) {
        close(w->keeper);
    }
    if (w->outer >= 0) {
        close(w->outer);
    }
    return rc;
}
