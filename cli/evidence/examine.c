/* fork, verify, leave one struct in memory that both have; the parent takes it or says how the child ended. A child that
 * dies in reading the database says so there before it ends; one that says nothing was ended by something else, and that is
 * no verdict. It leaves no core file: it may hold what the ledger keeps private. */
#include "cli/evidence/examine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/call/fault.h"
#include "cli/open/open.h"
#include "ledger/derived/derived.h"
#include "ledger/store/db_fault.h"
#include "projections/store/rebuild.h"
#include "query/query.h"

#define STALLED_SECONDS 900
#define UNHELD_TRIES    5

/* What the child leaves. */
struct answer {
    bool answered;
    bool unheld; /* it failed, and the database was written to while nothing held a snapshot */
    int code;
    struct err err;
    struct log_report report;
    struct rivals rivals;
    int signal; /* it died of: */
    enum db_fault fault;
    char path[FILE_PATH_MAX]; /* of the database that it read then */
    volatile unsigned idle;   /* seconds without progress */
    unsigned idle_max;
    bool stalled; /* it ended because they were too many */
};

static struct answer *shared; /* in the child, for handlers */

static void fault(struct log_report *report, enum log_aspect aspect, const char *reason) {
    memset(report, 0, sizeof(*report));
    report->verdict = LOG_INVALID;
    for (size_t i = 0; i < LOG_ASPECTS; i++) {
        report->aspect[i].state = LOG_ASPECT_UNCHECKED;
        snprintf(report->aspect[i].text, sizeof(report->aspect[i].text), "not reached");
    }
    report->aspect[aspect].state = LOG_ASPECT_FAULT;
    snprintf(report->aspect[aspect].text, sizeof(report->aspect[0].text), "%.500s", reason);
    report->n_findings = 1;
    report->findings[0].aspect = aspect;
    report->findings[0].seq = LOG_NO_SEQ;
    snprintf(report->findings[0].table, sizeof(report->findings[0].table), "%s",
             aspect == LOG_DERIVED ? "derived" : "evidence");
    snprintf(report->findings[0].reason, sizeof(report->findings[0].reason), "%.500s", reason);
}

static void on_progress(void *ctx, uint64_t done, uint64_t total) {
    shared->idle = 0;
    out_progress_draw(ctx, done, total);
}

/* A finding more, where its seq has its place. */
static void add_fault(struct log_report *report, uint64_t seq, const char *table, const char *what, const char *reason) {
    struct log_finding finding = {.aspect = LOG_DERIVED, .seq = seq};
    size_t n = report->n_findings < LOG_FINDINGS_MAX ? (size_t)report->n_findings : LOG_FINDINGS_MAX, at = n;
    snprintf(finding.table, sizeof(finding.table), "%s", table);
    snprintf(finding.reason, sizeof(finding.reason), "%s: %.400s", what, reason);
    report->verdict = LOG_INVALID;
    report->aspect[LOG_DERIVED].state = LOG_ASPECT_FAULT;
    while (at > 0 && report->findings[at - 1].seq > seq) {
        at--;
    }
    report->n_findings++;
    if (at < LOG_FINDINGS_MAX) {
        size_t keep = n < LOG_FINDINGS_MAX ? n : LOG_FINDINGS_MAX - 1;
        memmove(&report->findings[at + 1], &report->findings[at], (keep - at) * sizeof(finding));
        report->findings[at] = finding;
    }
}

struct differing {
    struct log_report *report;
    uint64_t n;
};

static void on_differs(void *ctx, uint64_t first, const char *why) {
    struct differing *differing = ctx;
    differing->n++;
    add_fault(differing->report, first, "column",
              first == LOG_NO_SEQ ? "the index" : "the segment of the index that begins there", why);
}

static void on_state_differs(void *ctx, const struct projection *projection, const char *why) {
    struct differing *differing = ctx;
    char what[64];
    differing->n++;
    snprintf(what, sizeof(what), "the projection '%.32s'", projection->name);
    add_fault(differing->report, LOG_NO_SEQ, "projection", what, why);
}

/* What cannot be opened has been told, and what is absent said. */
static bool is_there(struct ledger *ledger, int *ret_rc, struct err *err) {
    struct err why = {0};
    struct db *db;
    int rc = derived_look(ledger, &db, &why);
    bool told = rc == ERR_NOTFOUND || rc == ERR_CORRUPT || rc == ERR_VERSION;
    *ret_rc = rc == 0 || told ? 0 : err_set(err, rc, "%s", why.msg);
    return rc == 0;
}

/* The index that queries use is replayed as well. */
static int check_index(struct ledger *ledger, struct out_progress *progress, struct log_report *report, struct err *err) {
    const struct query_index_progress seen = {on_progress, progress};
    struct differing differing = {.report = report};
    char *text = report->aspect[LOG_DERIVED].text;
    size_t max = sizeof(report->aspect[LOG_DERIVED].text), n;
    uint64_t covered = 0;
    int rc = query_index_check(ledger, &seen, on_differs, &differing, &covered, err);
    n = strlen(text);
    if (rc == 0 && differing.n > 0) {
        snprintf(text + n, max - n, "%s%llu segment%s of the index %s", n > 0 ? "; " : "", (unsigned long long)differing.n,
                 text_s(differing.n), differing.n == 1 ? "is not what its events say" : "are not what their events say");
    } else if (rc == 0 && covered > 0) {
        snprintf(text + n, max - n, "%sthe index of %llu event%s replayed and equal", n > 0 ? "; " : "",
                 (unsigned long long)covered, text_s(covered));
    }
    return rc;
}

/* Events that cannot be read are a fault of the evidence, which has been told: then nobody can compare. */
static int not_replayed(struct log_report *report, const struct err *why) {
    char *text = report->aspect[LOG_DERIVED].text;
    size_t max = sizeof(report->aspect[LOG_DERIVED].text), n = strlen(text);
    if (report->verdict != LOG_INVALID) {
        add_fault(report, LOG_NO_SEQ, "projection", "replaying the events", why->msg);
    } else if (report->aspect[LOG_DERIVED].state != LOG_ASPECT_FAULT) {
        report->aspect[LOG_DERIVED].state = LOG_ASPECT_UNCHECKED;
    }
    snprintf(text + n, max - n, "%sprojections not compared: some events cannot be read", n > 0 ? "; " : "");
    return 0;
}

/* So are the projections. What is stale or not stored is no difference. */
static int check_states(struct ledger *ledger, struct out_progress *progress, struct log_report *report, struct err *err) {
    struct state_options how;
    struct differing differing = {.report = report};
    char *text = report->aspect[LOG_DERIVED].text;
    size_t max = sizeof(report->aspect[LOG_DERIVED].text), n;
    struct err why = {0};
    uint64_t rows = 0;
    uint32_t which = 0;
    for (size_t i = 0; projection_all[i]; i++) {
        which |= UINT32_C(1) << i;
    }
    state_options_init(&how);
    how.no_write = true;
    how.progress = on_progress;
    how.progress_ctx = progress;
    int rc = rebuild_check(ledger, &how, which, on_state_differs, &differing, &rows, NULL, &why);
    if (rc == ERR_CORRUPT || rc == ERR_TAMPERED) {
        return not_replayed(report, &why);
    }
    if (rc != 0) {
        return err_set(err, rc, "%s", why.msg);
    }
    n = strlen(text);
    if (differing.n > 0) {
        snprintf(text + n, max - n, "%s%llu difference%s between projections and their events", n > 0 ? "; " : "",
                 (unsigned long long)differing.n, text_s(differing.n));
    } else if (rows > 0) {
        snprintf(text + n, max - n, "%sprojections replayed, %llu row%s equal", n > 0 ? "; " : "", (unsigned long long)rows,
                 text_s(rows));
    }
    return rc;
}

static void verify(struct ledger *ledger, const struct examine_options *options, struct out_progress *progress,
                   struct answer *answer) {
    struct log_verify_options verify = {.trust = options->trust,
                                        .derived = options->derived,
                                        .since_verified = options->since_verified,
                                        .threads = options->threads,
                                        .progress = on_progress,
                                        .progress_ctx = progress};
    answer->code = log_verify(ledger, &verify, &answer->report, &answer->err);
    if (answer->code == 0 && options->derived && is_there(ledger, &answer->code, &answer->err)) {
        answer->code = check_index(ledger, progress, &answer->report, &answer->err);
        answer->code = answer->code != 0 ? answer->code : check_states(ledger, progress, &answer->report, &answer->err);
    }
    if (answer->code == 0 && answer->report.verdict >= LOG_CONTRADICTS) {
        rivals_find(ledger, options->trust, &answer->rivals);
    }
}

static void work(const struct examine_options *options, struct answer *answer) {
    struct ledger *ledger = NULL;
    struct log_open_options open = {.read_only = true};
    struct out_progress progress;
    cli_patience(options->cli, &open);
    out_progress_init(&progress, options->cli, "verifying");
    answer->code = log_open(options->dir, &open, &ledger, &answer->err);
    if (answer->code == 0) {
        verify(ledger, options, &progress, answer);
        out_progress_end(&progress);
    } else if (answer->code == ERR_CORRUPT || answer->code == ERR_TAMPERED) {
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
    _exit(EXIT_SYSTEM);
}

/* Once a second, as long as the process is not stopped: what is missed in that time comes as one. */
static void on_second(int number) {
    (void)number;
    if (++shared->idle >= shared->idle_max) {
        shared->stalled = true;
        _exit(EXIT_SYSTEM);
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

static _Noreturn void child(const struct examine_options *options, struct answer *answer) {
    static const struct rlimit none = {0, 0};
    shared = answer;
    setrlimit(RLIMIT_CORE, &none);
    fault_catch(on_fault);
    watch(true);
    work(options, answer);
    watch(false);
    answer->answered = true;
    _exit(EXIT_GOOD);
}

/* ---- the parent ---- */

static bool is_derived(const struct examine_options *options, const char *path) {
    char derived[FILE_PATH_MAX];
    return file_join(derived, options->dir, "derived", NULL) == 0 && strncmp(path, derived, strlen(derived)) == 0;
}

/* A child that gave no answer: what its end says. */
static int ended(const struct examine_options *options, struct answer *answer, int status, struct log_report *ret,
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

/* *answer is new. */
static int examine_once(const struct examine_options *options, struct answer *answer, struct log_report *ret,
                        struct rivals *ret_rivals, struct err *err) {
    int status = 0;
    answer->idle_max = options->stalled_seconds != 0 ? options->stalled_seconds : STALLED_SECONDS;
    fflush(stdout); /* or the child's copy of the buffer could be written twice */
    pid_t pid = fork();
    if (pid < 0) {
        return err_errno(err, errno, "starting the process that reads the ledger");
    }
    if (pid == 0) {
        child(options, answer);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    ret_rivals->n = 0;
    if (!answer->answered) {
        return ended(options, answer, status, ret, err);
    }
    if (answer->code != 0) {
        return err_set(err, answer->code, "%s", answer->err.msg);
    }
    *ret = answer->report;
    *ret_rivals = answer->rivals;
    return 0;
}

int examine_ledger(const struct examine_options *options, struct log_report *ret, struct rivals *ret_rivals,
                   struct err *err) {
    int rc = 0;
    bool again = true;
    for (int left = UNHELD_TRIES; again && left > 0; left--) {
        struct answer *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (answer == MAP_FAILED) {
            return err_errno(err, errno, "no memory for the report");
        }
        rc = examine_once(options, answer, ret, ret_rivals, err);
        again = answer->unheld;
        munmap(answer, sizeof(*answer));
    }
    return rc;
}
