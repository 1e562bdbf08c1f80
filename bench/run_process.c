/* What can only be measured from outside a process: the time from start to exit with one event appended, and its peak
 * anonymous memory. The children are this program itself (child.c), so that both sides load the same libraries. Mapped
 * pages of the database belong to the kernel's cache and are not counted. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

#define STARTS             25
#define FILL_MAX           200000 /* maximum events that rss_append appends */
#define SAMPLE_NS          1000000
#define KIB_LIMIT          (32.0 * 1024)
#define TARGET_OPEN        0.83
#define TARGET_RSS         1
#define TARGET_RSS_REBUILD 0.5 /* 64 MiB */

struct child {
    const char *verb, *ledger; /* ledger: its name below the bench's directory */
    uint64_t from, count;
    bool keyed;
};

static int child_start(const struct bench *b, const struct child *child, pid_t *ret, struct err *err) {
    char dir[FILE_PATH_MAX], from[32], count[32];
    char program[] = "/proc/self/exe", name[] = "bench", mark[] = "--child", verb[16], keyed[] = "keyed";
    int rc = bench_path(b, child->ledger, dir, err);
    if (rc != 0) return rc;
    snprintf(verb, sizeof(verb), "%s", child->verb);
    snprintf(from, sizeof(from), "%llu", (unsigned long long)child->from);
    snprintf(count, sizeof(count), "%llu", (unsigned long long)child->count);
    char *argv[] = {name, mark, verb, dir, from, count, child->keyed ? keyed : NULL, NULL};
    int code = posix_spawn(ret, program, NULL, NULL, argv, environ);
    return code == 0 ? 0 : err_errno(err, code, "a child process");
}

static int check_status(const struct child *child, int status, struct err *err) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
    return err_set(err, ERR_IO, "the child process '%s' failed with status %#x", child->verb, (unsigned)status);
}

static int child_time(const struct bench *b, const struct child *child, double *ret_s, struct err *err) {
    pid_t pid;
    int status = 0;
    double start = metric_now();
    int rc = child_start(b, child, &pid, err);
    if (rc == 0 && waitpid(pid, &status, 0) != pid) rc = err_errno(err, errno, "a child process");
    double took = metric_now() - start;
    if (rc == 0) rc = check_status(child, status, err);
    if (rc == 0) {
        *ret_s = took;
    }
    return rc;
}

/* RssAnon of a process in KiB, 0 if it can no longer be read. */
static double rss_of(pid_t pid) {
    char path[64], text[4096];
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0) {
        close(fd);
    }
    text[n > 0 ? n : 0] = 0;
    const char *at = strstr(text, "\nRssAnon:");
    return at == NULL ? 0 : strtod(at + strlen("\nRssAnon:"), NULL);
}

static int child_peak(const struct bench *b, const struct child *child, double *ret_kib, struct err *err) {
    pid_t pid, done = 0;
    int status = 0;
    double peak = 0;
    int rc = child_start(b, child, &pid, err);
    if (rc != 0) return rc;
    while ((done = waitpid(pid, &status, WNOHANG)) == 0) {
        double now = rss_of(pid);
        peak = now > peak ? now : peak;
        nanosleep(&(struct timespec){.tv_nsec = SAMPLE_NS}, NULL);
    }
    rc = done == pid ? check_status(child, status, err) : err_errno(err, errno, "a child process");
    if (rc == 0) {
        *ret_kib = peak;
    }
    return rc;
}

/* ---- rows ---- */

static int open_row(struct bench *b, const char *name, const char *ledger, bool keyed, double target, struct err *err) {
    struct metric_pairs *pairs = metric_pairs_new(err);
    uint64_t from = b->next + b->keyed_next;
    int rc = pairs != NULL ? 0 : ERR_NOMEM;
    for (uint64_t i = 0; i < STARTS && rc == 0; i++) {
        double ours = 0, theirs = 0;
        const struct child full = {"append", ledger, from + i, 1, keyed}, empty = {"append", "empty", from + i, 1, keyed};
        rc = child_time(b, &full, &ours, err);
        if (rc == 0) rc = child_time(b, &empty, &theirs, err);
        metric_pairs_put(pairs, ours, theirs);
    }
    if (rc == 0) {
        metric_time(&b->table, name, "the same, an empty ledger", pairs, target);
    }
    metric_pairs_free(pairs);
    return rc;
}

static int rss_row(struct bench *b, const char *name, const struct child *child, double target, struct err *err) {
    double kib = 0;
    int rc = child_peak(b, child, &kib, err);
    if (rc == 0 && kib <= 0) {
        rc = err_set(err, ERR_IO, "this kernel does not tell a process's anonymous memory (RssAnon)");
    }
    if (rc == 0) {
        metric_row(&b->table, &(struct metric_row){.name = name,
                                                   .unit = "MiB",
                                                   .baseline = "32 MiB of anonymous memory",
                                                   .value = kib / 1024,
                                                   .baseline_value = KIB_LIMIT / 1024,
                                                   .ratio = KIB_LIMIT / kib,
                                                   .target = target});
    }
    return rc;
}

int run_process(struct bench *b, struct err *err) {
    bool keyed = b->keyed != NULL;
    log_close(b->ledger);
    log_close(b->keyed);
    b->ledger = b->keyed = NULL;
    uint64_t count = b->scale < FILL_MAX ? b->scale : FILL_MAX, from = b->next + b->keyed_next + STARTS;
    int rc = bench_ledger_new(b, "empty", NULL, err);
    if (rc == 0) rc = open_row(b, "open_append_exit", "ledger", false, TARGET_OPEN, err);
    if (rc == 0 && keyed) rc = open_row(b, "open_append_exit_keyed", "keyed", true, 0, err);
    if (rc == 0) rc = rss_row(b, "rss_append", &(struct child){"fill", "ledger", from, count, false}, TARGET_RSS, err);
    if (rc == 0 && keyed) rc = rss_row(b, "rss_append_keyed", &(struct child){"fill", "keyed", from, count, true}, 0, err);
    if (rc == 0) rc = rss_row(b, "rss_verify", &(struct child){"verify", "ledger", 0, 0, false}, TARGET_RSS, err);
    if (rc == 0) rc = rss_row(b, "rss_rebuild", &(struct child){"rebuild", "ledger", 0, 0, false}, TARGET_RSS_REBUILD, err);
    return rc;
}
