/*   client ── in ──> up thread ── pipe ──> server's standard input
 *   client <─ out ── down thread <─ pipe ─ server's standard output
 *                    main thread: signals, the server's death, a client that has gone
 *
 * Each thread reads, hands a copy to the recorder, which never makes it wait, and writes all of it. The copy is first, so that the
 * recorder gets a request before its answer. Back-pressure is that of the pipes, and the ends are closed one by one, as they
 * would be without the tap: the server sees the client's end of file, the client the server's. When the tap is killed, the kernel
 * closes its pipes. */
#include "capture/tap/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "capture/tap/strict.h"

#define PIECE    ((size_t)64 << 10)
#define DRAIN_MS 2000 /* after the server's death: others may hold its output open */
#define REST_MS  20   /* without a call, before the judge stores states */
#define GRACE_MS 2000 /* for a server whose client has gone, before TERM, and again before KILL */

extern char **environ;

struct pump {
    struct run *run;
    enum tap_side side; /* who writes what it reads */
    int from, to;
    struct rpc_lines lines;
    struct tap_strict strict;
    uint8_t *piece;
    bool rests; /* calls have passed since the judge had time */
};

struct run {
    const struct tap_stdio *tap;
    pid_t child;
    int signals, wake, stop; /* signalfd; eventfds */
    pthread_mutex_t out;     /* whoever writes to the client */
    struct pump up, down;
    pthread_t up_thread, down_thread;
    int up_over, down_over, gone; /* flags between threads */
};

static void set(int *flag, const struct run *run) {
    static const uint64_t one = 1;
    __atomic_store_n(flag, 1, __ATOMIC_SEQ_CST);
    ssize_t n = write(run->wake, &one, sizeof(one));
    (void)n;
}

static bool is_set(const int *flag) {
    return __atomic_load_n(flag, __ATOMIC_SEQ_CST) != 0;
}

/* The end is over for whoever is on the other side, and the number stays taken. */
static void let_go(int fd, int flags) {
    int null = open("/dev/null", flags | O_CLOEXEC);
    if (null >= 0) {
        (void)dup2(null, fd);
        (void)close(null);
    } else {
        (void)close(fd);
    }
}

/* Waits for the descriptor; false: the tap ends. */
static bool wait_for(const struct run *run, int fd, short events) {
    struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = run->stop, .events = POLLIN}};
    for (;;) {
        int n = poll(fds, 2, -1);
        if (n < 0 && errno != EINTR) return false;
        if (n > 0 && fds[0].revents != 0) return true;
        if (n > 0 && fds[1].revents != 0) return false;
    }
}

/* 0, or -1: the other side has gone, or the tap ends. The pipe to the server does not block; what is the client's may. */
static int put_all(const struct run *run, int fd, struct bytes bytes) {
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n > 0) {
            bytes.p += n;
            bytes.n -= (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait_for(run, fd, POLLOUT)) return -1;
        } else if (n < 0 && errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

static int to_client(void *ctx, struct bytes text) {
    const struct pump *pump = ctx;
    struct run *run = pump->run;
    pthread_mutex_lock(&run->out);
    int rc = put_all(run, run->down.to, text);
    pthread_mutex_unlock(&run->out);
    return rc;
}

static int to_server(void *ctx, struct bytes text) {
    const struct pump *pump = ctx;
    return put_all(pump->run, pump->run->up.to, text);
}

/* One piece. 0, or -1: nothing more can pass in this direction. */
static int pass(struct pump *pump, struct bytes piece) {
    struct run *run = pump->run;
    struct err err = {0};
    if (run->tap->judge != NULL) {
        pump->strict.called = 0;
        int rc = rpc_lines_put(&pump->lines, piece, tap_strict_line, &pump->strict, &err);
        pump->rests = pump->rests || pump->strict.called > 0;
        if (rc == 0 && pump->strict.called > 0) tap_judge_rest(run->tap->judge, false);
        return rc == 0 ? 0 : -1;
    }
    tap_record_piece(run->tap->record, pump->side, piece); /* before an answer to it can be */
    return pump->side == TAP_CLIENT ? to_server(pump, piece) : to_client(pump, piece);
}

/* When no other call comes for a moment. True: there is something to read. */
static bool rest(struct pump *pump) {
    struct pollfd fds[] = {{.fd = pump->from, .events = POLLIN}, {.fd = pump->run->stop, .events = POLLIN}};
    if (poll(fds, 2, REST_MS) != 0) return fds[0].revents != 0;
    tap_record_wake(pump->run->tap->record);
    tap_judge_rest(pump->run->tap->judge, true);
    pump->rests = false;
    return false;
}

/* Until the end of the input (true), or until nothing can pass any more. */
static bool pump_all(struct pump *pump) {
    struct err err = {0};
    for (;;) {
        bool ready = pump->rests && rest(pump);
        if (!ready && !wait_for(pump->run, pump->from, POLLIN)) return false;
        ssize_t n = read(pump->from, pump->piece, PIECE);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n <= 0) {
            if (pump->run->tap->judge != NULL) (void)rpc_lines_end(&pump->lines, tap_strict_line, &pump->strict, &err);
            return true;
        }
        if (pass(pump, (struct bytes){pump->piece, (size_t)n}) != 0) return false;
    }
}

static void *run_up(void *ctx) {
    struct run *run = ctx;
    (void)pump_all(&run->up);
    let_go(run->up.from, O_RDONLY);
    (void)close(run->up.to);
    set(&run->up_over, run);
    /* The client may have ended altogether: then nobody reads its end of the other pipe. */
    if (wait_for(run, run->down.to, 0)) set(&run->gone, run);
    return NULL;
}

static void *run_down(void *ctx) {
    struct run *run = ctx;
    bool ended = pump_all(&run->down);
    (void)close(run->down.from);
    if (!ended) set(&run->gone, run);
    pthread_mutex_lock(&run->out);
    let_go(run->down.to, O_WRONLY);
    pthread_mutex_unlock(&run->out);
    set(&run->down_over, run);
    return NULL;
}

/* ---- the server ---- */

static int spawn(struct run *run, const sigset_t *mask, int in, int out, struct err *err) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawnattr_setsigmask(&attributes, mask);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int n = posix_spawnp(&run->child, run->tap->argv[0], &actions, &attributes, run->tap->argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return n == 0 ? 0 : err_errno(err, n, "'%.200s' cannot be started", run->tap->argv[0]);
}

static int init_pump(struct pump *pump, struct run *run, enum tap_side side, int from, int to, struct err *err) {
    *pump = (struct pump){.run = run, .side = side, .from = from, .to = to, .piece = malloc(PIECE)};
    rpc_lines_init(&pump->lines);
    pump->strict = (struct tap_strict){.link = run->tap->link,
                                       .record = run->tap->record,
                                       .side = side,
                                       .pass = side == TAP_CLIENT ? to_server : to_client,
                                       .answer = side == TAP_CLIENT ? to_client : to_server,
                                       .ctx = pump};
    tap_strict_init(&pump->strict);
    return pump->piece != NULL ? 0 : err_set(err, ERR_NOMEM, "no memory for the tap");
}

static void free_run(struct run *run) {
    struct pump *pumps[] = {&run->up, &run->down};
    for (size_t i = 0; i < 2; i++) {
        rpc_lines_done(&pumps[i]->lines);
        tap_strict_done(&pumps[i]->strict);
        free(pumps[i]->piece);
    }
    const int fds[] = {run->signals, run->wake, run->stop};
    for (size_t i = 0; i < 3; i++) {
        if (fds[i] >= 0) (void)close(fds[i]);
    }
    pthread_mutex_destroy(&run->out);
    free(run);
}

static int start_threads(struct run *run, struct err *err) {
    static const uint64_t one = 1;
    if (thread_start(&run->down_thread, run_down, run) != 0) return err_set(err, ERR_IO, "no threads for the tap");
    if (thread_start(&run->up_thread, run_up, run) == 0) return 0;
    ssize_t n = write(run->stop, &one, sizeof(one));
    (void)n;
    pthread_join(run->down_thread, NULL);
    run->down.from = -1; /* closed by its thread */
    return err_set(err, ERR_IO, "no threads for the tap");
}

/* A server that was started, and cannot be served. */
static void abandon(const struct run *run, int up, int down) {
    (void)close(up);
    if (run->down.from >= 0) (void)close(down);
    (void)kill(run->child, SIGKILL);
    (void)waitpid(run->child, NULL, 0);
}

static int start(struct run *run, struct err *err) {
    int up[2] = {-1, -1}, down[2] = {-1, -1};
    sigset_t caught, before;
    sigemptyset(&caught);
    const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaddset(&caught, signals[i]);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &caught, &before);
    run->signals = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
    run->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    run->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool good =
        run->signals >= 0 && run->wake >= 0 && run->stop >= 0 && pipe2(up, O_CLOEXEC) == 0 && pipe2(down, O_CLOEXEC) == 0;
    int rc = good ? 0 : err_errno(err, errno, "pipes to the server");
    if (rc == 0) rc = spawn(run, &before, up[0], down[1], err);
    if (up[0] >= 0) (void)close(up[0]);
    if (down[1] >= 0) (void)close(down[1]);
    if (rc != 0) {
        if (up[1] >= 0) (void)close(up[1]);
        if (down[0] >= 0) (void)close(down[0]);
        return rc;
    }
    (void)fcntl(up[1], F_SETFL, O_WRONLY | O_NONBLOCK);
    rc = init_pump(&run->up, run, TAP_CLIENT, run->tap->in, up[1], err);
    int more = init_pump(&run->down, run, TAP_SERVER, down[0], run->tap->out, rc == 0 ? err : NULL);
    rc = rc != 0 ? rc : more;
    if (rc == 0) rc = start_threads(run, err);
    if (rc != 0) abandon(run, up[1], down[0]);
    return rc;
}

/* ---- the main thread ---- */

/* From a terminal the signal went to the whole group, the server included. */
static void pass_signals(struct run *run, bool alive) {
    struct signalfd_siginfo info;
    while (read(run->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        bool chld = info.ssi_signo == SIGCHLD;
        if (!chld && alive && info.ssi_code != SI_KERNEL) (void)kill(run->child, (int)info.ssi_signo);
        if (!chld && !alive) set(&run->gone, run);
    }
}

struct watch {
    bool alive;
    int status;
    uint64_t died, gone; /* when, monotonic; 0: not */
    int asked;           /* how often the server was asked to end */
};

static uint64_t now_ms(void) {
    return clock_monotonic_ns() / 1000000;
}

/* Milliseconds until something has to be done; -1: nothing. */
static int next_ms(const struct watch *w) {
    uint64_t until = 0, now = now_ms();
    if (!w->alive) {
        until = w->died + DRAIN_MS;
    } else if (w->gone > 0 && w->asked < 2) {
        until = w->gone + (uint64_t)(w->asked + 1) * GRACE_MS;
    } else {
        return -1;
    }
    return until > now ? (int)(until - now) : 0;
}

static void look(struct run *run, struct watch *w) {
    int status = 0;
    if (w->alive && waitpid(run->child, &status, WNOHANG) == run->child) {
        w->alive = false;
        w->status = status;
        w->died = now_ms();
    }
    if (w->gone == 0 && is_set(&run->gone)) w->gone = now_ms();
    if (w->alive && w->gone > 0 && w->asked < 2 && next_ms(w) == 0) {
        (void)kill(run->child, w->asked == 0 ? SIGTERM : SIGKILL);
        w->asked++;
    }
}

/* The server has died; what it wrote passes as long as the client takes it. Only where somebody else holds the pipe open is there
 * nothing more to wait for. */
static bool is_over(const struct run *run, const struct watch *w) {
    if (w->alive) return false;
    if (is_set(&run->down_over) || w->gone > 0) return true;
    struct pollfd rest = {.fd = run->down.from, .events = POLLIN};
    return now_ms() >= w->died + DRAIN_MS && poll(&rest, 1, 0) == 0;
}

static void watch(struct run *run, struct watch *w) {
    struct pollfd fds[] = {{.fd = run->signals, .events = POLLIN}, {.fd = run->wake, .events = POLLIN}};
    uint64_t n;
    while (!is_over(run, w)) {
        int ms = next_ms(w);
        if (!w->alive && ms == 0) ms = 100;
        (void)poll(fds, 2, ms);
        pass_signals(run, w->alive);
        ssize_t got = read(run->wake, &n, sizeof(n));
        (void)got;
        look(run, w);
    }
}

/* Whether the thread has ended within a second. */
static bool joined(pthread_t thread) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

int tap_stdio_run(const struct tap_stdio *tap, int *ret_status, bool *ret_busy, struct err *err) {
    static const uint64_t one = 1;
    struct run *run = calloc(1, sizeof(*run));
    struct watch w = {.alive = true};
    if (run == NULL) return err_set(err, ERR_NOMEM, "no memory for the tap");
    run->tap = tap;
    run->signals = run->wake = run->stop = -1;
    pthread_mutex_init(&run->out, NULL);
    int rc = start(run, err);
    if (rc != 0) {
        free_run(run);
        return rc;
    }
    watch(run, &w);
    ssize_t n = write(run->stop, &one, sizeof(one));
    (void)n;
    bool down = joined(run->down_thread), up = joined(run->up_thread);
    *ret_status = w.status;
    *ret_busy = !down || !up;
    if (!*ret_busy) free_run(run);
    return 0;
}
