/* Forks, verifies in the child, and leaves one struct in shared memory; the parent takes it or reports how the child
 * ended. A child that dies while reading the database records that before it ends; one that records nothing was ended by
 * something else, which is not a verdict. The child leaves no core file, which could hold private content. A pipe that
 * closes with the child wakes the parent; meanwhile the parent checks `stop` and the progress. */
#include "lib/isolate/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "ledger/store/db_fault.h"
#include "ledger/verify/report.h"
#include "lib/isolate/check.h"

#define STALLED_SECONDS 900
#define UNHELD_TRIES    5
#define LOOK_MS         100
#define CHILD_GOOD      0
#define CHILD_ENDED     4

/* What the child leaves. */
struct answer {
    bool answered;
    bool unheld; /* it failed, and the database was written to while no snapshot was held */
    int code;
    struct err err;
    struct log_report report;
    int signal; /* that killed it: */
    enum db_fault fault;
    char path[FILE_PATH_MAX]; /* of the database that it was reading */
    volatile unsigned idle;   /* seconds without progress */
    unsigned idle_max;
    bool stalled; /* it ended because of them */
    _Atomic uint64_t done, total;
    _Alignas(max_align_t) unsigned char after[]; /* of `after` */
};

static struct answer *shared; /* in the child, for signal handlers */

static void fault(struct log_report *report, enum log_aspect aspect, const char *reason) {
    memset(report, 0, sizeof(*report));
    struct log_finding finding = {.aspect = aspect, .seq = LOG_NO_SEQ};
    snprintf(finding.place, sizeof(finding.place), "%s", aspect == LOG_DERIVED ? "derived" : "evidence");
    snprintf(finding.reason, sizeof(finding.reason), "%.500s", reason);
    report_begin(report, REPORT_OF_LEDGER, LOG_ASPECT_UNCHECKED, "not reached");
    report_say(report, aspect, LOG_ASPECT_FAULT, "%s", finding.reason);
    report_add(report, &finding, false);
}

static void on_progress(void *ctx, uint64_t done, uint64_t total) {
    (void)ctx;
    shared->idle = 0;
    atomic_store(&shared->total, total);
    atomic_store(&shared->done, done);
}

static void verify(struct ledger *ledger, const struct isolate_options *options, struct answer *answer) {
    struct log_verify_options verify = {.trust = options->trust,
                                        .derived = options->derived,
                                        .since_verified = options->since_verified,
                                        .threads = options->threads,
                                        .progress = on_progress};
    answer->code = log_verify(ledger, &verify, &answer->report, &answer->err);
    if (answer->code == 0 && options->derived) {
        answer->code = check_derived(ledger, NULL, on_progress, &answer->report, &answer->err);
    }
    if (answer->code == 0 && options->after != NULL) {
        options->after(ledger, options->trust, &answer->report, answer->after);
    }
}

static void work(const struct isolate_options *options, struct answer *answer) {
    struct ledger *ledger = NULL;
    struct log_open_options open = {.read_only = true,
                                    .keep_readers = true,
                                    .wait_ns = options->wait_ns,
                                    .waiting = options->waiting,
                                    .waiting_ctx = options->waiting_ctx};
    answer->code = log_open(options->dir, &open, &ledger, &answer->err);
    if (answer->code == 0) {
        verify(ledger, options, answer);
    } else if (err_is_damage(answer->code)) {
        fault(&answer->report, LOG_INTEGRITY, answer->err.msg);
        answer->code = 0;
    }
    bool bad = answer->code != 0 || answer->report.verdict >= LOG_CONTRADICTS;
    answer->unheld = bad && db_fault_unheld();
    if (answer->unheld) {
        answer->code = err_set(&answer->err, ERR_BUSY, "'%s': %s", options->dir, DB_UNHELD);
    }
    log_close(ledger);
}

/* ---- the child ---- */

static void on_fault(int number, siginfo_t *info, void *context) {
    const char *path;
    (void)context;
    shared->fault = db_fault_of(number, info, &path);
    for (size_t i = 0; i + 1 < sizeof(shared->path) && path[i] != '\0'; i++) {
        shared->path[i] = path[i];
    }
    shared->signal = number;
    _exit(CHILD_ENDED);
}

/* Runs once a second while the process is not stopped: signals missed while it was stopped arrive as one. */
static void on_second(int number) {
    (void)number;
    if (++shared->idle >= shared->idle_max) {
        shared->stalled = true;
        _exit(CHILD_ENDED);
    }
}

static void watch(bool on) {
    const struct itimerval seconds = {{on ? 1 : 0, 0}, {on ? 1 : 0, 0}};
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_second;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &seconds, NULL);
}

/* The host's handlers and mask do not apply to its child; ignored signals stay ignored. */
static void take_signals(void) {
    static const int asked[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction before;
    sigset_t all;
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        if (sigaction(asked[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            signal(asked[i], SIG_DFL);
        }
    }
    fault_catch(on_fault);
    watch(true);
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
}

static _Noreturn void child(const struct isolate_options *options, struct answer *answer, pid_t parent) {
    static const struct rlimit none = {0, 0};
    shared = answer;
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(CHILD_ENDED);
    }
    take_signals();
    work(options, answer);
    watch(false);
    answer->answered = true;
    _exit(CHILD_GOOD);
}

/* ---- the parent ---- */

static bool is_derived(const struct isolate_options *options, const char *path) {
    char derived[FILE_PATH_MAX];
    return file_join(derived, options->dir, "derived", NULL) == 0 && strncmp(path, derived, strlen(derived)) == 0;
}

/* A child that gave no answer: how it ended. */
static int ended(const struct isolate_options *options, struct answer *answer, int status, struct log_report *ret,
                 struct err *err) {
    char reason[256];
    if (answer->stalled) {
        return err_set(err, ERR_IO, "the verification did not finish: no progress for %u seconds", answer->idle_max);
    }
    if (answer->signal != 0 && answer->fault == DB_FAULT_UNHELD) {
        answer->unheld = true;
        return err_set(err, ERR_BUSY, "'%s': %s", answer->path, DB_UNHELD);
    }
    if (answer->signal != 0 && answer->fault == DB_FAULT_READING) {
        snprintf(reason, sizeof(reason),
                 "the database cannot be read, reading it ended in %s: the file is cut short or damaged",
                 fault_name(answer->signal));
        fault(ret, is_derived(options, answer->path) ? LOG_DERIVED : LOG_INTEGRITY, reason);
        return 0;
    }
    int number = answer->signal != 0 ? answer->signal : WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return number == 0 ? err_set(err, ERR_IO, "the verification did not finish: its process ended without an answer")
                       : err_set(err, ERR_IO, "the verification did not finish: its process was ended by %s (%d)",
                                 fault_name(number), number);
}

static bool is_stopped(const struct isolate_options *options) {
    return options->stop != NULL && *options->stop != 0;
}

/* Waits until the child ends, or ends it on `stop`. `wakes` closes with the child. ERR_BUSY: it was stopped. */
static int await(const struct isolate_options *options, const struct answer *answer, pid_t pid, int wakes, int *ret_status,
                 struct err *err) {
    uint64_t seen = 0;
    int rc = 0;
    for (bool looks = true;;) {
        pid_t ended = waitpid(pid, ret_status, looks ? WNOHANG : 0);
        if (ended == pid || (ended < 0 && errno != EINTR)) { /* a host that ignores SIGCHLD has no status to give */
            return rc;
        }
        if (rc == 0 && is_stopped(options)) {
            rc = err_set(err, ERR_BUSY, "interrupted");
            kill(pid, SIGKILL);
        }
        uint64_t done = atomic_load(&answer->done);
        if (rc == 0 && options->progress != NULL && done != seen) {
            seen = done;
            options->progress(options->progress_ctx, done, atomic_load(&answer->total));
        }
        struct pollfd end = {.fd = wakes, .events = POLLIN};
        looks = rc == 0 && (poll(&end, 1, LOOK_MS) == 0 || end.revents == 0);
    }
}

static pid_t begin(const struct isolate_options *options, struct answer *answer, int *ret_wakes, struct err *err) {
    pid_t parent = getpid();
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return err_errno(err, errno, "starting the process that reads the ledger");
    }
    pid_t pid = fork();
    int error = errno;
    if (pid == 0) {
        close(ends[0]);
        child(options, answer, parent);
    }
    close(ends[1]);
    *ret_wakes = ends[0];
    if (pid < 0) {
        close(ends[0]);
        return err_errno(err, error, "starting the process that reads the ledger");
    }
    return pid;
}

/* *answer is zeroed. */
static int verify_once(const struct isolate_options *options, struct answer *answer, struct log_report *ret,
                       void *ret_after, struct err *err) {
    int status = 0, wakes = -1;
    if (is_stopped(options)) return err_set(err, ERR_BUSY, "interrupted");
    answer->idle_max = options->stalled_seconds != 0 ? options->stalled_seconds : STALLED_SECONDS;
    pid_t pid = begin(options, answer, &wakes, err);
    if (pid < 0) return (int)pid;
    int rc = await(options, answer, pid, wakes, &status, err);
    close(wakes);
    if (rc != 0) return rc;
    if (!answer->answered) return ended(options, answer, status, ret, err);
    if (answer->code != 0) return err_set(err, answer->code, "%s", answer->err.msg);
    *ret = answer->report;
    if (options->after_n > 0) {
        memcpy(ret_after, answer->after, options->after_n);
    }
    return 0;
}

int isolate_verify(const struct isolate_options *options, struct log_report *ret, void *ret_after, struct err *err) {
    int rc = 0;
    bool again = true;
    size_t n = sizeof(struct answer) + options->after_n;
    for (int left = UNHELD_TRIES; again && left > 0; left--) {
        struct answer *answer = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (answer == MAP_FAILED) return err_errno(err, errno, "no memory for the report");
        rc = verify_once(options, answer, ret, ret_after, err);
        again = answer->unheld;
        munmap(answer, n);
    }
    return rc;
}
