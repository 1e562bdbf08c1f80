/* fork, verify, write one struct into a pipe; the parent reads it or says how the child ended. The child has its own
 * signal handling (the default), and leaves no core file: it may hold what the ledger keeps private. */
#include "cli/examine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/out.h"
#include "projections/rebuild.h"
#include "query/query.h"

#define STALLED_SECONDS 900

struct answer {
    int code;
    struct err err;
    struct ledger_report report;
    struct rivals rivals;
};

static void fault(struct ledger_report *report, const char *reason) {
    memset(report, 0, sizeof(*report));
    report->verdict = LEDGER_INVALID;
    for (size_t i = 0; i < LEDGER_ASPECTS; i++) {
        report->aspect[i].state = LEDGER_ASPECT_UNCHECKED;
        snprintf(report->aspect[i].text, sizeof(report->aspect[i].text), "not reached");
    }
    report->aspect[LEDGER_INTEGRITY].state = LEDGER_ASPECT_FAULT;
    snprintf(report->aspect[LEDGER_INTEGRITY].text, sizeof(report->aspect[0].text), "%.500s", reason);
    report->n_findings = 1;
    report->findings[0].aspect = LEDGER_INTEGRITY;
    report->findings[0].seq = LEDGER_NO_SEQ;
    snprintf(report->findings[0].table, sizeof(report->findings[0].table), "evidence");
    snprintf(report->findings[0].reason, sizeof(report->findings[0].reason), "%.500s", reason);
}

static void on_progress(void *ctx, uint64_t done, uint64_t total) {
    alarm(STALLED_SECONDS);
    out_progress_draw(ctx, done, total);
}

/* A finding more, where its seq has its place. */
static void add_fault(struct ledger_report *report, uint64_t seq, const char *table, const char *what, const char *reason) {
    struct ledger_finding finding = {.aspect = LEDGER_DERIVED, .seq = seq};
    size_t n = report->n_findings < LEDGER_FINDINGS_MAX ? (size_t)report->n_findings : LEDGER_FINDINGS_MAX, at = n;
    snprintf(finding.table, sizeof(finding.table), "%s", table);
    snprintf(finding.reason, sizeof(finding.reason), "%s: %.400s", what, reason);
    report->verdict = LEDGER_INVALID;
    report->aspect[LEDGER_DERIVED].state = LEDGER_ASPECT_FAULT;
    while (at > 0 && report->findings[at - 1].seq > seq) {
        at--;
    }
    report->n_findings++;
    if (at < LEDGER_FINDINGS_MAX) {
        size_t keep = n < LEDGER_FINDINGS_MAX ? n : LEDGER_FINDINGS_MAX - 1;
        memmove(&report->findings[at + 1], &report->findings[at], (keep - at) * sizeof(finding));
        report->findings[at] = finding;
    }
}

struct differing {
    struct ledger_report *report;
    uint64_t n;
};

static void on_differs(void *ctx, uint64_t first, const char *why) {
    struct differing *differing = ctx;
    differing->n++;
    add_fault(differing->report, first, "column", "the segment of the index that begins there", why);
}

static void on_state_differs(void *ctx, const struct projection *projection, const char *why) {
    struct differing *differing = ctx;
    char what[64];
    differing->n++;
    snprintf(what, sizeof(what), "the projection '%.32s'", projection->name);
    add_fault(differing->report, LEDGER_NO_SEQ, "projection", what, why);
}

/* The index that queries use is replayed as well. */
static int check_index(struct ledger *ledger, struct out_progress *progress, struct ledger_report *report,
                       struct err *err) {
    const struct query_index_progress seen = {on_progress, progress};
    struct differing differing = {.report = report};
    char *text = report->aspect[LEDGER_DERIVED].text;
    size_t max = sizeof(report->aspect[LEDGER_DERIVED].text), n;
    uint64_t covered = 0;
    int rc = query_index_check(ledger, &seen, on_differs, &differing, &covered, err);
    n = strlen(text);
    if (rc == 0 && differing.n > 0) {
        snprintf(text + n, max - n, "%s%llu segments of the index are not what their events say", n > 0 ? "; " : "",
                 (unsigned long long)differing.n);
    } else if (rc == 0 && covered > 0) {
        snprintf(text + n, max - n, "%sthe index of %llu events replayed and equal", n > 0 ? "; " : "",
                 (unsigned long long)covered);
    }
    return rc;
}

/* Events that cannot be read are a fault of the evidence, which has been told: then nobody can compare. */
static int not_replayed(struct ledger_report *report, const struct err *why) {
    char *text = report->aspect[LEDGER_DERIVED].text;
    size_t max = sizeof(report->aspect[LEDGER_DERIVED].text), n = strlen(text);
    if (report->verdict != LEDGER_INVALID) {
        add_fault(report, LEDGER_NO_SEQ, "projection", "replaying the events", why->msg);
    } else if (report->aspect[LEDGER_DERIVED].state != LEDGER_ASPECT_FAULT) {
        report->aspect[LEDGER_DERIVED].state = LEDGER_ASPECT_UNCHECKED;
    }
    snprintf(text + n, max - n, "%sprojections not compared: some events cannot be read", n > 0 ? "; " : "");
    return 0;
}

/* So are the projections. What is stale or not stored is no difference. */
static int check_states(struct ledger *ledger, struct out_progress *progress, struct ledger_report *report,
                        struct err *err) {
    struct state_options how;
    struct differing differing = {.report = report};
    char *text = report->aspect[LEDGER_DERIVED].text;
    size_t max = sizeof(report->aspect[LEDGER_DERIVED].text), n;
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
    int rc = rebuild_check(ledger, &how, which, on_state_differs, &differing, &rows, &why);
    if (rc == ERR_CORRUPT || rc == ERR_TAMPERED) {
        return not_replayed(report, &why);
    }
    if (rc != 0) {
        return err_set(err, rc, "%s", why.msg);
    }
    n = strlen(text);
    if (differing.n > 0) {
        snprintf(text + n, max - n, "%s%llu differences between projections and their events", n > 0 ? "; " : "",
                 (unsigned long long)differing.n);
    } else if (rows > 0) {
        snprintf(text + n, max - n, "%sprojections replayed, %llu rows equal", n > 0 ? "; " : "", (unsigned long long)rows);
    }
    return rc;
}

static void work(const struct examine_options *options, struct answer *answer) {
    struct ledger *ledger = NULL;
    struct ledger_open_options open = {.read_only = true};
    struct out_progress progress;
    cli_patience(options->cli, &open);
    out_progress_init(&progress, options->cli, "verifying");
    answer->code = ledger_open(options->dir, &open, &ledger, &answer->err);
    if (answer->code == ERR_CORRUPT || answer->code == ERR_TAMPERED) {
        fault(&answer->report, answer->err.msg);
        answer->code = 0;
        return;
    }
    if (answer->code != 0) {
        return;
    }
    struct ledger_verify_options verify = {.trust = options->trust,
                                           .derived = options->derived,
                                           .since_verified = options->since_verified,
                                           .threads = options->threads,
                                           .progress = on_progress,
                                           .progress_ctx = &progress};
    answer->code = ledger_verify(ledger, &verify, &answer->report, &answer->err);
    if (answer->code == 0 && options->derived) {
        answer->code = check_index(ledger, &progress, &answer->report, &answer->err);
        answer->code = answer->code != 0 ? answer->code : check_states(ledger, &progress, &answer->report, &answer->err);
    }
    if (answer->code == 0 && answer->report.verdict >= LEDGER_CONTRADICTS) {
        rivals_find(ledger, options->trust, &answer->rivals);
    }
    out_progress_end(&progress);
    ledger_close(ledger);
}

static _Noreturn void child(const struct examine_options *options, int fd) {
    static const struct rlimit none = {0, 0};
    struct answer *answer = calloc(1, sizeof(*answer));
    if (!answer) {
        _exit(EXIT_SYSTEM);
    }
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGBUS, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGABRT, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    alarm(STALLED_SECONDS);
    work(options, answer);
    alarm(0);
    const uint8_t *p = (const uint8_t *)answer;
    for (size_t at = 0; at < sizeof(*answer);) {
        ssize_t n = write(fd, p + at, sizeof(*answer) - at);
        if (n < 0 && errno != EINTR) {
            _exit(EXIT_SYSTEM);
        }
        at += n > 0 ? (size_t)n : 0;
    }
    _exit(EXIT_GOOD);
}

static bool read_answer(int fd, struct answer *answer) {
    size_t at = 0;
    while (at < sizeof(*answer)) {
        ssize_t n = read(fd, (uint8_t *)answer + at, sizeof(*answer) - at);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static const char *signal_name(int number) {
    switch (number) {
    case SIGBUS:
        return "SIGBUS";
    case SIGSEGV:
        return "SIGSEGV";
    case SIGABRT:
        return "SIGABRT";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    default:
        return NULL;
    }
}

/* A child that gave no answer: what its end says. */
static int ended(int status, struct ledger_report *ret, struct err *err) {
    char reason[256];
    if (!WIFSIGNALED(status)) {
        return err_set(err, ERR_NOMEM, "the process that reads the ledger ended without an answer");
    }
    int number = WTERMSIG(status);
    if (number == SIGALRM) {
        snprintf(reason, sizeof(reason), "reading the database made no progress for %d minutes: it is damaged",
                 STALLED_SECONDS / 60);
    } else if (signal_name(number)) {
        snprintf(reason, sizeof(reason), "reading the database killed the reader (%s): the file is cut short or damaged",
                 signal_name(number));
    } else {
        return err_set(err, ERR_IO, "the process that reads the ledger was ended by signal %d", number);
    }
    fault(ret, reason);
    return 0;
}

int examine_ledger(const struct examine_options *options, struct ledger_report *ret, struct rivals *ret_rivals,
                   struct err *err) {
    int ends[2];
    struct answer *answer = calloc(1, sizeof(*answer));
    if (!answer) {
        return err_set(err, ERR_NOMEM, "no memory for the report");
    }
    if (pipe(ends) != 0) {
        free(answer);
        return err_errno(err, errno, "making a pipe");
    }
    fflush(stdout); /* or the child's copy of the buffer could be written twice */
    pid_t pid = fork();
    if (pid < 0) {
        close(ends[0]);
        close(ends[1]);
        free(answer);
        return err_errno(err, errno, "starting the process that reads the ledger");
    }
    if (pid == 0) {
        close(ends[0]);
        child(options, ends[1]);
    }
    close(ends[1]);
    bool answered = read_answer(ends[0], answer);
    close(ends[0]);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    int rc;
    ret_rivals->n = 0;
    if (!answered) {
        rc = ended(status, ret, err);
    } else if (answer->code != 0) {
        rc = err_set(err, answer->code, "%s", answer->err.msg);
    } else {
        *ret = answer->report;
        *ret_rivals = answer->rivals;
        rc = 0;
    }
    free(answer);
    return rc;
}
