/* A child writes its records to a pipe, then one last record: nil when the look is complete, else a text that says why it
 * failed. A child that exits without that last record has crashed. It leads a process group of its own, so that what it
 * started ends with it; it dies with its parent, leaves no core file, and has no terminal.
 *
 * A look ends when the child does, not when its pipe closes: a child may close it and go on, and what it started may keep it
 * open. The group is killed while the child is not yet reaped, so that its number cannot belong to another one; of a
 * child that is killed also what it started in other groups. */
#include "doctor/round/children.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/mp.h"
#include "base/text.h"

#define LOOK_MS   100
#define END_MS    2 /* of a child that has closed its pipe */
#define DEPTH_MAX 8 /* of processes started by processes */
#define PIECE     ((size_t)16 << 10)
#define NS_PER_MS (CLOCK_NS_PER_S / 1000)

const char *const child_words[] = {[CHILD_OK] = "ok",           [CHILD_FAILED] = "error",    [CHILD_TIMEOUT] = "timeout",
                                   [CHILD_CRASHED] = "crashed", [CHILD_GARBAGE] = "garbage", [CHILD_STOPPED] = "stopped"};

/* ---- in the child ---- */

static void look(const struct probe *probe, const struct probe_box *box, int fd) {
    struct probe_out out;
    struct err err = {0};
    probe_out_init(&out);
    int rc = probe->look(box, &out, &err);
    if (rc == 0) rc = buf_check(&out.bytes, "what the probe says", &err);
    if (rc == 0) {
        mp_put_nil(&out.bytes);
    } else {
        struct buf words = {.max = 8 * PROBE_WORDS_MAX};
        text_safe(&words, bytes_of(err.msg));
        buf_clear(&out.bytes);
        mp_put_str(&out.bytes, bytes_of_buf(&words));
    }
    file_put_all(fd, out.bytes.p, out.bytes.n);
    _exit(0);
}

static void settle_in(void) {
    static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT};
    const struct rlimit none = {0, 0};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &none);
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        signal(ours[i], SIG_DFL); /* the parent's handlers speak for the parent */
    }
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 3 && null >= 0; i++) {
        dup2(null, i);
    }
}

int child_start(struct child *child, const struct probe *probe, const struct probe_box *box, struct err *err) {
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0) return err_errno(err, errno, "a pipe for the probe '%s'", probe->name);
    pid_t pid = fork();
    if (pid < 0) {
        int rc = err_errno(err, errno, "a process for the probe '%s'", probe->name);
        close(ends[0]);
        close(ends[1]);
        return rc;
    }
    if (pid == 0) {
        close(ends[0]);
        settle_in();
        if (getppid() != parent) _exit(1);
        look(probe, box, ends[1]);
    }
    setpgid(pid, pid); /* also here: whichever comes first */
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *child = (struct child){.probe = probe, .pid = pid, .fd = ends[0], .started = clock_monotonic_ns()};
    child->limit = child->started + (uint64_t)probe->limit_ms * NS_PER_MS;
    buf_init(&child->said, PROBE_OUT_MAX);
    return 0;
}

/* ---- in the parent ---- */

static void end_as(struct child *child, enum child_end end, const char *why) {
    child->end = end;
    snprintf(child->why, sizeof(child->why), "%s", why);
    buf_clear(&child->said);
}

/* Its own words, without a part of a character at the end. */
static void end_in_words(struct child *child, struct bytes words) {
    size_t n = words.n < sizeof(child->why) ? words.n : sizeof(child->why) - 1;
    n = text_utf8_valid(words.p, n);
    bytes_copy(child->why, (struct bytes){words.p, n});
    child->why[n] = '\0';
    child->end = CHILD_FAILED;
    buf_clear(&child->said);
}

/* What it said, from its records and its last one. */
static void judge_end(struct child *child, int status) {
    struct bytes rest = bytes_of_buf(&child->said), before;
    struct probe_record record;
    struct err err = {0};
    struct mp_reader r;
    struct mp_item last;
    size_t n = 0;
    char why[96];
    if (WIFSIGNALED(status)) {
        snprintf(why, sizeof(why), "it was ended by %s", fault_name(WTERMSIG(status)));
        end_as(child, CHILD_CRASHED, why);
        return;
    }
    for (;;) {
        before = rest;
        mp_reader_init(&r, rest);
        int rc = mp_next(&r, &last, &err);
        bool is_last = rc == 0 && (last.type == MP_NIL || last.type == MP_STR);
        if (rc == 1) {
            end_as(child, CHILD_CRASHED, "it ended before it had said everything");
        } else if (is_last && r.p != r.end) {
            end_as(child, CHILD_GARBAGE, "something follows its last record");
        } else if (is_last && last.type == MP_STR) {
            end_in_words(child, last.data);
        } else if (is_last) {
            child->said.n = n;
        } else if (rc != 0 || probe_read(&rest, &record, &err) != 0) {
            end_as(child, CHILD_GARBAGE, err.msg);
        } else {
            n += before.n - rest.n;
            continue;
        }
        return;
    }
}

/* What has arrived so far. */
static void take(struct child *child) {
    uint8_t piece[PIECE];
    while (child->fd >= 0 && child->said.fail == 0) {
        ssize_t n = read(child->fd, piece, sizeof(piece));
        if (n > 0) {
            buf_put(&child->said, piece, (size_t)n);
        } else if (n == 0) {
            close(child->fd);
            child->fd = -1;
        } else if (errno != EINTR) {
            return;
        }
    }
}

/* Kills what a process has started, also in groups of their own (base/spawn.h). Each is stopped before it is read, so that the
 * numbers of its children stay theirs. */
static void kill_below(pid_t pid, unsigned depth) {
    char path[64], text[4096];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    kill(pid, SIGSTOP);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = '\0';
    for (char *p = text, *end; depth < DEPTH_MAX; p = end) {
        long below = strtol(p, &end, 10);
        if (end == p || below <= 1 || *end != ' ') break; /* half a number at the end */
        kill_below((pid_t)below, depth + 1);
        kill((pid_t)below, SIGKILL);
    }
}

/* CHILD_OK: it ended by itself. */
static void reap(struct child *child, enum child_end killed, const char *why) {
    int status = 0;
    if (killed != CHILD_OK) {
        kill_below(child->pid, 0);
    }
    kill(-child->pid, SIGKILL); /* also what it started */
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    child->pid = 0;
    child->took = clock_monotonic_ns() - child->started;
    if (killed == CHILD_OK) {
        take(child);
    }
    if (child->fd >= 0) {
        close(child->fd);
        child->fd = -1;
    }
    if (killed == CHILD_OK && child->said.fail == 0) {
        judge_end(child, status);
    } else if (killed == CHILD_OK) {
        end_as(child, CHILD_GARBAGE, "it says too much");
    } else {
        end_as(child, killed, why);
    }
}

static bool has_ended(const struct child *child) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child->pid;
}

static void look_after(struct child *child, bool stopped) {
    char why[64];
    bool ended = has_ended(child); /* before what it said is read: then that is all of it */
    take(child);
    if (ended) {
        reap(child, CHILD_OK, NULL);
    } else if (child->said.fail != 0) {
        reap(child, CHILD_GARBAGE, "it says too much");
    } else if (stopped) {
        reap(child, CHILD_STOPPED, "the round was stopped");
    } else if (clock_monotonic_ns() >= child->limit) {
        unsigned ms = child->probe->limit_ms;
        snprintf(why, sizeof(why), "it had not ended after %u %s", ms % 1000 == 0 ? ms / 1000 : ms,
                 ms % 1000 == 0 ? "s" : "ms");
        reap(child, CHILD_TIMEOUT, why);
    }
}

/* Until one of them says something, or when one of them has to be looked at. */
static void await(const struct child *children, size_t n, struct pollfd *fds) {
    uint64_t now = clock_monotonic_ns(), wait = LOOK_MS;
    for (size_t i = 0; i < n; i++) {
        uint64_t left = children[i].limit > now ? (children[i].limit - now) / NS_PER_MS + 1 : 0;
        left = children[i].fd < 0 && left > END_MS ? END_MS : left;
        wait = children[i].pid != 0 && left < wait ? left : wait;
        if (fds != NULL) fds[i] = (struct pollfd){.fd = children[i].fd, .events = POLLIN};
    }
    poll(fds, fds != NULL ? n : 0, (int)wait);
}

void children_wait(struct child *children, size_t n, const volatile int *stop,
                   void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx) {
    struct pollfd *fds = calloc(n > 0 ? n : 1, sizeof(*fds)); /* NULL: they are looked at ten times a second */
    size_t running = n;
    while (running > 0) {
        await(children, n, fds);
        running = 0;
        for (size_t i = 0; i < n; i++) {
            if (children[i].pid != 0) look_after(&children[i], stop != NULL && *stop != 0);
            running += children[i].pid != 0;
        }
        if (progress != NULL) progress(ctx, n - running, n);
    }
    free(fds);
}

void child_done(struct child *child) {
    buf_done(&child->said);
}
