/* The verdict comes first, then what it is about. Everything from the bundle is untrusted text: made safe as for a
 * terminal, then escaped, in Markdown as a span or block of code, where nothing has a meaning. The page contains no
 * script, no link and nothing to fetch. It gets its name when it is complete. */
#include "cli/evidence/audit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "cli/evidence/question.h"
#include "cli/evidence/report.h"
#include "cli/print/out.h"

#define FLUSH_AT ((size_t)256 << 10)
#define TEXT_MAX ((size_t)256 << 20)

int audit_form(const char *page, bool *ret_html, struct err *err) {
    size_t n = strlen(page);
    bool html = n > 5 && strcmp(page + n - 5, ".html") == 0;
    if (!html && !(n > 3 && strcmp(page + n - 3, ".md") == 0)) {
        return err_set(err, ERR_INVALID, "--report '%.200s': the name ends in .md or .html", page);
    }
    *ret_html = html;
    return 0;
}

static int digest(int fd, uint8_t ret[LOG_HASH], struct err *err) {
    uint8_t piece[1 << 14];
    struct hash *hash = hash_new();
    ssize_t n = 0;
    int rc = hash == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    for (off_t at = 0; rc == 0 && (n = pread(fd, piece, sizeof(piece), at)) > 0; at += n) {
        hash_put(hash, piece, (size_t)n);
    }
    rc = rc == 0 && n < 0 ? err_errno(err, errno, "reading the bundle") : rc;
    if (rc == 0) {
        hash_end(hash, ret);
    }
    hash_free(hash);
    return rc;
}

/* ---- text ---- */

static int flush(struct audit *a, size_t from, struct err *err) {
    int rc = buf_check(&a->text, "the page", err);
    if (rc == 0 && a->text.n > from) {
        rc = file_put_all(a->file.fd, a->text.p, a->text.n) != 0 ? err_errno(err, errno, "'%s'", a->page) : 0;
        buf_clear(&a->text);
    }
    return rc;
}

static void put_own(struct audit *a, const char *text) {
    buf_put_str(&a->text, text);
}

static void put_html(struct audit *a, struct bytes safe) {
    for (size_t i = 0; i < safe.n; i++) {
        uint8_t ch = safe.p[i];
        const char *as = ch == '<'    ? "&lt;"
                         : ch == '>'  ? "&gt;"
                         : ch == '&'  ? "&amp;"
                         : ch == '"'  ? "&quot;"
                         : ch == '\'' ? "&#39;"
                                      : NULL;
        if (as != NULL) {
            put_own(a, as);
        } else {
            buf_put_u8(&a->text, ch);
        }
    }
}

/* Encloses the text in more backticks than it contains. */
static void put_span(struct audit *a, struct bytes safe) {
    size_t longest = 0;
    for (size_t i = 0, n = 0; i < safe.n; i++) {
        n = safe.p[i] == '`' ? n + 1 : 0;
        longest = n > longest ? n : longest;
    }
    bool pad = safe.n > 0 && (safe.p[0] == '`' || safe.p[safe.n - 1] == '`' || safe.p[0] == ' ');
    for (size_t i = 0; i <= longest; i++) {
        put_own(a, "`");
    }
    put_own(a, pad ? " " : "");
    buf_put_bytes(&a->text, safe);
    put_own(a, safe.n == 0 ? " " : pad ? " " : "");
    for (size_t i = 0; i <= longest; i++) {
        put_own(a, "`");
    }
}

/* Untrusted text within a line. */
static void put_foreign(struct audit *a, struct bytes text) {
    struct buf safe = {.max = TEXT_MAX};
    text_safe(&safe, text);
    if (safe.fail != 0) {
        a->text.fail = safe.fail;
    } else if (a->html) {
        put_html(a, bytes_of_buf(&safe));
    } else {
        put_span(a, bytes_of_buf(&safe));
    }
    buf_done(&safe);
}

/* Untrusted JSON of several lines. */
static void block(struct audit *a, const char *title, struct bytes json) {
    struct buf safe = {.max = TEXT_MAX};
    text_safe_json(&safe, json);
    a->text.fail = safe.fail != 0 ? safe.fail : a->text.fail;
    put_own(a, a->html ? "<p class=\"what\">" : "\n");
    put_own(a, title);
    put_own(a, a->html ? "</p>\n<pre>" : "\n\n");
    for (size_t at = 0, n; at < safe.n; at += n + 1) {
        const uint8_t *end = bytes_find((struct bytes){safe.p + at, safe.n - at}, '\n');
        n = end != NULL ? (size_t)(end - safe.p) - at : safe.n - at;
        struct bytes line = {safe.p + at, n};
        if (a->html) {
            put_html(a, line);
        } else {
            put_own(a, "    ");
            buf_put_bytes(&a->text, line);
        }
        put_own(a, "\n");
    }
    put_own(a, a->html ? "</pre>\n" : "");
    buf_done(&safe);
}

static void heading(struct audit *a, const char *text) {
    buf_printf(&a->text, a->html ? "<h2>%s</h2>\n" : "\n## %s\n\n", text);
}

/* The program's own words, lines of at most 78. */
static void paragraph(struct audit *a, const char *text) {
    buf_printf(&a->text, a->html ? "<p>%s</p>\n" : "%s\n\n", text);
}

static void begin_rows(struct audit *a) {
    put_own(a, a->html ? "<table>\n" : "");
}

static void end_rows(struct audit *a) {
    put_own(a, a->html ? "</table>\n" : "");
}

static void row(struct audit *a, const char *label, struct bytes text, bool stands_out) {
    if (a->html) {
        buf_printf(&a->text, "<tr%s><th scope=\"row\">%s</th><td>", stands_out ? " class=\"mark\"" : "", label);
        put_foreign(a, text);
        put_own(a, "</td></tr>\n");
    } else {
        buf_printf(&a->text, "- %s%s%s", stands_out ? "**" : "", label[0] != '\0' ? label : "and",
                   stands_out ? ":** " : ": ");
        put_foreign(a, text);
        put_own(a, "\n");
    }
}

/* ---- parts ---- */

static const char head_html[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<title>Evidence report</title>\n<style>\n"
    ":root{color-scheme:light dark;--line:#8888;--mark:#b45309}\n"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\n"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;"
    "border-bottom:1px solid var(--line);overflow-wrap:anywhere}th{white-space:nowrap;font-weight:600;width:8rem}\n"
    "pre{overflow-x:auto;border:1px solid var(--line);padding:.5rem;white-space:pre-wrap;overflow-wrap:anywhere}\n"
    "h3{margin-bottom:.2rem;overflow-wrap:anywhere}.what{margin:.4rem 0 0}.verdict{font-size:1.3rem;font-weight:600}\n"
    ".mark th,.mark td{color:var(--mark);font-weight:600}\n"
    "@media print{body{max-width:none;margin:0}h3,tr{break-inside:avoid}}\n"
    "</style>\n</head>\n<body>\n<h1>Evidence report</h1>\n";

static const char *verdict_of(enum log_verdict verdict) {
    switch (verdict) {
    case LOG_GOOD:
        return "valid and anchored";
    case LOG_NOT_ANCHORED:
        return "consistent, NOT ANCHORED: nothing from outside vouches for it";
    case LOG_CONTRADICTS:
        return "CONTRADICTS what was known from outside";
    case LOG_INVALID:
        break;
    }
    return "INVALID: tampered or corrupt";
}

static void put_verdict(struct audit *a, const struct log_report *report) {
    struct buf bound = {.max = 1024};
    const struct export_question *q = a->question;
    put_own(a, a->html ? "<p class=\"verdict\">Verdict: " : "Verdict: **");
    put_own(a, verdict_of(report->verdict));
    put_own(a, a->html ? "</p>\n" : "**\n\n");
    if (q->known) {
        question_bound(q, &bound);
        put_own(a, a->html ? "<p>" : "");
        buf_put_bytes(&a->text, bytes_of_buf(&bound)); /* the program's words */
        put_own(a, a->html ? "</p>\n" : "\n");
        buf_done(&bound);
    }
}

static void put_who(struct audit *a, const struct log_report *report) {
    char hex[2 * LOG_HASH + 1], text[160], time[TEXT_TIME_MAX];
    heading(a, "Who");
    begin_rows(a);
    row(a, "origin", bytes_of(report->origin[0] != '\0' ? report->origin : "not known"), false);
    row(a, "log key", bytes_of(a->question->known ? a->question->log_vkey : "not known"), false);
    text_hex(hex, report->head.root, LOG_HASH);
    snprintf(text, sizeof(text), "%llu event%s, root %s", (unsigned long long)report->head.size, text_s(report->head.size),
             hex);
    row(a, "log", bytes_of(text), false);
    row(a, "exporter", bytes_of(a->question->known ? a->question->exporter : "not known"), false);
    row(a, "file", bytes_of(a->bundle), false);
    text_hex(hex, a->digest, LOG_HASH);
    row(a, "SHA-256", bytes_of(hex), false);
    question_time(time, clock_wall_ns() / CLOCK_NS_PER_S * CLOCK_NS_PER_S);
    snprintf(text, sizeof(text), "%s, by ledger %s", time, LEDGER_VERSION);
    row(a, "verified", bytes_of(text), false);
    end_rows(a);
}

struct rows_of {
    struct audit *audit;
    bool disclosed, last; /* which rows are wanted; which the last label began */
};

static void put_row(void *ctx, const char *label, struct bytes text, bool stands_out) {
    const struct rows_of *r = ctx;
    row(r->audit, label, text, stands_out);
}

static void put_matching(void *ctx, const char *label, struct bytes text, bool stands_out) {
    struct rows_of *r = ctx;
    r->last = label[0] == '\0' ? r->last : strcmp(label, "disclosed") == 0;
    if (r->last == r->disclosed) {
        row(r->audit, label, text, stands_out);
    }
}

static void put_question(struct audit *a) {
    struct rows_of rows = {.audit = a};
    heading(a, "The question");
    paragraph(a, "This is the exporter's word: the log key signed it, and nothing proves that it was\nnot asked narrowly.");
    begin_rows(a);
    question_asked(a->question, put_row, &rows);
    end_rows(a);
}

static void put_answered(struct audit *a, bool disclosed) {
    struct rows_of rows = {.audit = a, .disclosed = disclosed};
    begin_rows(a);
    question_answered(a->question, put_matching, &rows);
    end_rows(a);
}

int audit_begin(struct audit *a, int fd, const struct log_report *report, struct err *err) {
    buf_init(&a->text, TEXT_MAX);
    int rc = digest(fd, a->digest, err);
    if (rc == 0) rc = file_new_begin(&a->file, a->page, out_mode(OUT_CONTENT), err);
    if (rc != 0) return rc;
    a->open = true;
    put_own(a, a->html ? head_html : "# Evidence report\n\n");
    put_verdict(a, report);
    put_who(a, report);
    if (a->question->known) {
        put_question(a);
        heading(a, "The answer");
        put_answered(a, true);
        put_own(a, a->html ? "" : "\n");
    }
    return flush(a, 0, err);
}

static void put_header(struct audit *a, const struct log_event *e) {
    const struct {
        const char *name;
        struct bytes value;
    } words[] = {{"by", e->actor}, {"via", e->source}, {"grade", e->grade}, {"run", e->run}, {"author", e->author}};
    char time[TEXT_TIME_MAX];
    question_time(time, e->time);
    buf_printf(&a->text, a->html ? "<h3>%llu " : "\n### %llu ", (unsigned long long)e->seq);
    put_foreign(a, e->kind);
    put_own(a, a->html ? "</h3>\n<p>" : "\n\n");
    put_foreign(a, e->subject);
    buf_printf(&a->text, ",\n%s", time);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].value.n > 0) {
            buf_printf(&a->text, ",\n%s ", words[i].name);
            put_foreign(a, words[i].value);
        }
    }
    if (e->has_cause) {
        buf_printf(&a->text, ",\nbecause of %llu", (unsigned long long)e->cause);
    }
    put_own(a, a->html ? "</p>\n" : "\n");
}

static int put_fields(struct audit *a, const char *title, const struct log_event *e, struct bytes map, struct err *err) {
    struct buf json = {.max = TEXT_MAX};
    if (map.n <= 1) { /* an empty map is one byte */
        return 0;
    }
    int rc = log_fields_text(e->kind, map, &json, err);
    if (rc == 0) {
        block(a, title, bytes_of_buf(&json));
    }
    buf_done(&json);
    return rc;
}

int audit_event(struct audit *a, const struct log_event *e, struct bytes private_, struct err *err) {
    if (e->body.n == 0 && export_misses(a->question, e) != 0) return 0;
    a->shown++;
    put_header(a, e);
    if (e->body.n == 0) {
        put_own(a, a->html ? "<p>content not disclosed</p>\n" : "\ncontent not disclosed\n");
    }
    int rc = put_fields(a, "body", e, e->body, err);
    if (rc == 0) rc = put_fields(a, "private fields", e, private_, err);
    if (rc == 0) rc = flush(a, FLUSH_AT, err);
    return rc;
}

static void put_findings(struct audit *a, const struct log_report *report) {
    heading(a, "Faults");
    begin_rows(a);
    for (size_t i = 0; i < log_findings_kept(report); i++) {
        const struct log_finding *f = &report->findings[i];
        char text[800], seq[40] = "";
        if (f->seq != LOG_NO_SEQ) {
            snprintf(seq, sizeof(seq), "event %llu: ", (unsigned long long)f->seq);
        }
        snprintf(text, sizeof(text), "%s%s%s%s", f->place, f->place[0] != '\0' ? ": " : "", seq, f->reason);
        row(a, log_aspect_name(f->aspect), bytes_of(text), true);
    }
    end_rows(a);
}

static void put_checks(struct audit *a, const struct log_report *report) {
    heading(a, "How it was verified");
    paragraph(a, "Each line is one kind of check. Anchoring says what from outside vouches for the log.");
    begin_rows(a);
    for (size_t i = 0; i < LOG_ASPECTS; i++) {
        char text[640];
        if (report->aspect[i].state == LOG_ASPECT_ABSENT) continue;
        snprintf(text, sizeof(text), "%s: %s", report_state_word(report->aspect[i].state), report->aspect[i].text);
        row(a, log_aspect_name((enum log_aspect)i), bytes_of(text), report->aspect[i].state == LOG_ASPECT_FAULT);
    }
    end_rows(a);
    put_own(a, a->html ? "" : "\n");
    paragraph(a, "To check this page, verify the file again (its SHA-256 is above) with ledger verify\n"
                 "or share/verify_bundle.py, and a key that did not come with it.");
}

int audit_end(struct audit *a, int fd, const struct log_report *report, struct err *err) {
    uint8_t now[LOG_HASH];
    int rc = digest(fd, now, err);
    if (rc == 0 && memcmp(now, a->digest, LOG_HASH) != 0) {
        rc = err_set(err, ERR_CONFLICT, "'%s' was changed while it was read", a->bundle);
    }
    if (rc != 0) return rc;
    if (a->question->known) {
        put_own(a, a->shown == 0 ? (a->html ? "<p>no event matches</p>\n" : "no event matches\n") : "");
        heading(a, "What is not disclosed");
        paragraph(a, "Counted from the headers, which are in the sealed tree.");
        put_answered(a, false);
        put_own(a, export_hidden(a->question) == 0 ? (a->html ? "<p>nothing</p>\n" : "nothing\n") : "");
    }
    if (report->n_findings > 0) {
        put_findings(a, report);
    }
    put_checks(a, report);
    put_own(a, a->html ? "</body>\n</html>\n" : "");
    rc = flush(a, 0, err);
    if (rc == 0) rc = file_new_commit(&a->file, err);
    a->open = false;
    buf_done(&a->text);
    return rc;
}

void audit_abort(struct audit *a) {
    if (a->open) {
        file_out_abort(&a->file);
    }
    a->open = false;
    buf_done(&a->text);
}
