/* A bundle is read with read(2) and never mapped, so no damage to it can kill the reader: unlike a ledger it is checked
 * in this process. Events are shown in a second reading of the same open file, after the first found nothing wrong:
 * unverified content does not reach a pipe. */
#include "cli/evidence/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/call/stop.h"
#include "cli/evidence/audit.h"
#include "cli/evidence/question.h"
#include "cli/evidence/report.h"
#include "cli/print/say.h"
#include "export/export.h"
#include "ledger/event/event.h"

#define EVENT_TEXT_MAX ((size_t)64 << 20)

/* ---- events ---- */

static int print_map(struct cli *cli, const char *title, const struct log_event *event, struct bytes map, struct err *err) {
    struct buf text = {.max = EVENT_TEXT_MAX};
    int rc = log_fields_text(event->kind, map, &text, err);
    if (rc == 0) {
        out_printf(cli, "    %s%s%s\n", out_color(cli, OUT_DIM), title, out_color(cli, OUT_PLAIN));
        out_safe_lines(cli, bytes_of_buf(&text), "    ");
    }
    buf_done(&text);
    return rc;
}

static void print_word(struct cli *cli, const char *name, struct bytes value) {
    if (value.n > 0) {
        out_printf(cli, "  %s ", name);
        out_safe(cli, value);
    }
}

/* Why an event has no body: it is withheld, or not part of the answer. */
static void print_why_not(struct cli *cli, const struct export_question *q, const struct log_event *event) {
    unsigned missed = q == NULL ? 0 : export_misses(q, event);
    struct buf why = {.max = 1024};
    if (missed != 0) {
        question_misses(missed, &why);
        buf_put_str(&why, export_stands_out(q, missed) ? "; the filter names this kind" : "");
    }
    out_printf(cli, missed == 0 ? "    body not disclosed%.*s\n" : "    not in the answer: %.*s\n", (int)why.n,
               why.n == 0 ? "" : (const char *)why.p);
    buf_done(&why);
}

static int print_text(struct cli *cli, const struct export_question *q, const struct log_event *event,
                      struct bytes private_, const struct corrected_one *corrected, struct err *err) {
    char time[TEXT_TIME_MAX];
    text_time(time, event->time);
    out_printf(cli, "%s%llu%s  %s  ", out_color(cli, OUT_BOLD), (unsigned long long)event->seq, out_color(cli, OUT_PLAIN),
               time);
    out_safe(cli, event->kind);
    out_str(cli, "  ");
    out_safe(cli, event->subject);
    if (corrected != NULL) {
        out_printf(cli, "  (corrected by event %llu)", (unsigned long long)corrected->by);
    }
    out_str(cli, "\n   ");
    print_word(cli, "by", event->actor);
    print_word(cli, "via", event->source);
    print_word(cli, "grade", event->grade);
    print_word(cli, "run", event->run);
    if (event->has_cause) {
        out_printf(cli, "  because of %llu", (unsigned long long)event->cause);
    }
    print_word(cli, "author", event->author);
    out_str(cli, event->author.n > 0 ? " (" EVENT_NOT_AUTHORS ")" : "");
    out_str(cli, "\n");
    int rc = 0;
    if (event->body.n == 0) {
        print_why_not(cli, q, event);
    } else if (event->body.n > 1) { /* an empty map is one byte */
        rc = print_map(cli, "body", event, event->body, err);
    }
    return rc == 0 && private_.n > 1 ? print_map(cli, "private fields", event, private_, err) : rc;
}

int bundle_print_event(struct cli *cli, const struct export_question *q, const struct log_event *event,
                       struct bytes private_, const struct corrected *corrected, struct err *err) {
    const struct corrected_one *one = corrected_of(corrected, event);
    if (!cli->json) return print_text(cli, q, event, private_, one, err);
    const struct log_event_marks marks = {.corrected_by = one != NULL ? one->by : LOG_NO_SEQ};
    struct buf text = {.max = EVENT_TEXT_MAX};
    int rc = log_event_json_marked(event, private_, &marks, false, &text, err);
    if (rc == 0) {
        buf_put_str(&text, "\n");
        out_json(cli, bytes_of_buf(&text));
    }
    buf_done(&text);
    return rc;
}

struct printing {
    struct cli *cli;
    const struct export_question *question;
    const struct corrected *corrected;
};

static int print_one(void *ctx, const struct log_event *event, struct bytes private_, struct err *err) {
    const struct printing *p = ctx;
    return out_good(p->cli) ? bundle_print_event(p->cli, p->question, event, private_, p->corrected, err)
                            : err_set(err, ERR_IO, "standard output");
}

/* ---- the report ---- */

static int report_json(struct cli *cli, const char *path, const struct export_report *report,
                       const struct export_question *q, bool line) {
    struct obj obj = {0};
    report_put_bundle(&obj, path, report, q);
    return cli_print(cli, &obj, line);
}

static void report_head(struct cli *cli, const char *path, const struct export_report *report) {
    char root[2 * LOG_HASH + 1];
    const struct export_counts *c = &report->counts;
    out_str(cli, "verified      ");
    out_safe(cli, bytes_of(path));
    out_str(cli, report->sparse ? ": chosen events" : ": a bundle");
    if (report->log.origin[0]) {
        out_str(cli, "\norigin        ");
        out_safe(cli, bytes_of(report->log.origin));
    }
    if (report->log.head.size > 0) {
        text_hex(root, report->log.head.root, LOG_HASH);
        out_printf(cli, "\nhead          size %llu, root %s", (unsigned long long)report->log.head.size, root);
    }
    if (c->to > c->from) {
        out_printf(cli, "\nevents        %llu to %llu: %llu header%s, %llu with %s, %llu withheld, %llu erased",
                   (unsigned long long)c->from, (unsigned long long)(c->to - 1), (unsigned long long)c->headers,
                   c->headers == 1 ? "" : "s", (unsigned long long)c->disclosed,
                   c->disclosed == 1 ? "its body" : "their bodies", (unsigned long long)c->withheld,
                   (unsigned long long)c->erased);
    }
    out_str(cli, "\n\n");
}

/* Prints a line for each part. */
static void report_bound(struct cli *cli, const struct export_question *q) {
    struct buf text = {.max = 1024};
    question_bound(q, &text);
    for (size_t at = 0, n; at < text.n; at += n + 2) {
        const uint8_t *end = memmem(text.p + at, text.n - at, "; ", 2);
        n = end != NULL ? (size_t)(end - text.p) - at : text.n - at;
        out_str(cli, "              ");
        out_safe(cli, (struct bytes){text.p + at, n});
        out_str(cli, "\n");
    }
    buf_done(&text);
}

static int report_bundle(struct cli *cli, const char *path, const struct export_report *report,
                         const struct export_question *q, bool line) {
    if (cli->json) {
        int exit_code = report_json(cli, path, report, q, line);
        return exit_code != 0 ? exit_code : (int)report->log.verdict;
    }
    report_head(cli, path, report);
    if (q->known) {
        question_print(cli, q);
    }
    report_checks(cli, &report->log);
    if (q->known) {
        report_bound(cli, q);
    }
    return (int)report->log.verdict;
}

/* ---- checking ---- */

/* One verification: what is known about the bundle, and what the caller wants. */
struct verifying {
    struct cli *cli;
    const char *path;
    const struct log_trust *trust;
    int fd;
    struct export_report *report;
    struct export_question *question;
    struct corrected corrected; /* by events of the bundle */
};

static int check(const struct verifying *v, bool first,
                 int (*each)(void *, const struct log_event *, struct bytes, struct err *), void *ctx, struct err *err) {
    struct out_progress progress;
    struct export_verify_options options = {
        .trust = v->trust, .stop = stop_catch(), .each = each, .ctx = ctx, .question = first ? v->question : NULL};
    if (!first && lseek(v->fd, 0, SEEK_SET) < 0) {
        return err_errno(err, errno, "reading '%s' a second time", v->path);
    }
    out_progress_init(&progress, v->cli, "verifying");
    if (first) {
        options.progress = out_progress_draw;
        options.progress_ctx = &progress;
    }
    memset(v->report, 0, sizeof(*v->report));
    int rc = export_verify(v->fd, &options, v->report, err);
    out_progress_end(&progress);
    return rc;
}

/* "-" is standard input. Input that is read twice must be a file. */
static int open_bundle(const char *path, const char *twice, struct err *err) {
    struct stat st;
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_errno(err, errno, "'%s'", path);
    } else if (S_ISDIR(st.st_mode)) {
        err_set(err, ERR_INVALID, "'%s' is a directory; a ledger is verified with -C: ledger -C '%s' verify", path, path);
    } else if (twice != NULL && !S_ISREG(st.st_mode)) {
        err_set(err, ERR_INVALID, "%s reads a bundle twice, and '%s' is not a regular file", twice, path);
    } else {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

static int print_events(const struct verifying *v, struct err *err) {
    struct printing printing = {v->cli, v->question, &v->corrected};
    int rc = check(v, false, print_one, &printing, err);
    if (rc == 0 && !v->cli->json) {
        out_str(v->cli, "\n");
    }
    return rc;
}

static int audit_one(void *ctx, const struct log_event *event, struct bytes private_, struct err *err) {
    return audit_event(ctx, event, private_, err);
}

/* No event of an invalid bundle is put on the page. */
static int write_page(const struct verifying *v, const char *page, struct err *err) {
    struct audit audit = {.bundle = v->path, .page = page, .question = v->question};
    bool invalid = v->report->log.verdict == LOG_INVALID;
    int rc = audit_form(page, &audit.html, err);
    if (rc == 0) rc = audit_begin(&audit, v->fd, &v->report->log, err);
    if (rc == 0 && !invalid) rc = check(v, false, audit_one, &audit, err);
    if (rc == 0) rc = audit_end(&audit, v->fd, &v->report->log, err);
    audit_abort(&audit);
    return rc;
}

/* Which events are corrected is known only after all of them were read. */
static int note_corrected(void *ctx, const struct log_event *event, struct bytes private_, struct err *err) {
    (void)private_;
    return corrected_add(ctx, event, err);
}

static int verify_all(struct verifying *v, bool *print, const char *page, struct err *err) {
    v->fd = open_bundle(v->path, *print ? "--print" : page != NULL ? "--report" : NULL, err);
    if (v->fd < 0) return err->code;
    int rc = check(v, true, *print ? note_corrected : NULL, &v->corrected, err);
    corrected_order(&v->corrected);
    *print = *print && rc == 0 && v->report->log.verdict != LOG_INVALID;
    if (rc == 0 && page != NULL) rc = write_page(v, page, err);
    if (rc == 0 && *print) rc = print_events(v, err);
    close(v->fd);
    return rc;
}

int bundle_verify(struct cli *cli, const char *path, const struct log_trust *trust, bool print, const char *page) {
    struct err err = {0};
    bool html;
    struct verifying v = {.cli = cli, .path = path, .trust = trust};
    v.report = calloc(1, sizeof(*v.report));
    v.question = calloc(1, sizeof(*v.question));
    int rc = v.report == NULL || v.question == NULL ? err_set(&err, ERR_NOMEM, "no memory for the report") : 0;
    if (rc == 0 && page != NULL) rc = audit_form(page, &html, &err);
    if (rc == 0) rc = verify_all(&v, &print, page, &err);
    int exit_code;
    if (rc == 0) {
        exit_code = report_bundle(cli, path, v.report, v.question, print);
    } else if (!out_good(cli)) {
        exit_code = EXIT_SYSTEM;
    } else {
        exit_code = rc == ERR_CONFLICT ? cli_fail_as(cli, &err, EXIT_INPUT) : cli_fail_input(cli, &err);
    }
    if (v.question != NULL) {
        export_question_done(v.question);
    }
    corrected_done(&v.corrected);
    free(v.question);
    free(v.report);
    return exit_code;
}
