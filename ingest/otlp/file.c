/* Files of documents, one after another, with any line breaks:
 *
 *   window  [ consumed | current document ... | read ahead | free ]
 *                      ^at                                 ^n
 *
 * A document is cut while it arrives and handed on when it is complete. After a broken one (its writer was killed, the file
 * holds something else), reading continues at the next line that begins with '{'. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ingest/driver/recognize.h"
#include "ingest/otlp/otlp.h"

#define BLOCK         ((size_t)256 << 10)
#define WINDOW        (OTLP_DOCUMENT_MAX + BLOCK)
#define QUIET_WAIT_MS 200

struct file {
    struct otlp *otlp;
    const char *path;
    struct gz *gz;
    struct buf window;
    size_t at;
    uint64_t offset, line; /* of window[at] in the content; line from 1 */
    uint64_t total;        /* bytes of the file, 0 when unknown */
    bool at_end, regular, in_document, begun;
};

/* Drops window[at, at + n). */
static void consume(struct file *f, size_t n) {
    if (n == 0) {
        return; /* the window may be NULL */
    }
    const uint8_t *p = f->window.p + f->at, *end = p + n;
    for (; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++) {
        f->line++;
    }
    f->at += n;
    f->offset += n;
}

/* Commits what was read when a pipe is quiet. */
static int wait_input(struct file *f, struct err *err) {
    struct intake *run = f->otlp->run;
    bool flushed = false;
    while (!f->regular && !gz_buffered(f->gz) && !intake_stopped(run)) {
        struct pollfd p = {.fd = gz_fd(f->gz), .events = POLLIN};
        int n = poll(&p, 1, QUIET_WAIT_MS);
        if (n > 0) break;
        if (n < 0 && errno != EINTR) return err_errno(err, errno, "poll");
        int rc = n == 0 && !flushed ? intake_flush(run, err) : 0;
        flushed = true;
        if (rc != 0) return rc;
    }
    return 0;
}

/* Reads one block after the window. */
static int fill(struct file *f, struct err *err) {
    if (f->at > 0 && (f->at == f->window.n || f->window.n + BLOCK > f->window.cap)) {
        memmove(f->window.p, f->window.p + f->at, f->window.n - f->at);
        f->window.n -= f->at;
        f->at = 0;
    }
    uint8_t *room = buf_room(&f->window, BLOCK);
    if (room == NULL) return buf_check(&f->window, "reading OTLP", err);
    size_t got = 0;
    int rc = wait_input(f, err);
    if (rc == 0 && !intake_stopped(f->otlp->run)) {
        rc = gz_read(f->gz, room, BLOCK, &got, err);
        if (rc != 0) {
            err_prefix(err, "%s", f->path);
        }
    }
    if (rc != 0) return rc;
    lines_digest_put(intake_digest(f->otlp->run), (struct bytes){room, got});
    f->window.n += got;
    f->at_end = gz_at_end(f->gz) || intake_stopped(f->otlp->run);
    intake_progress(f->otlp->run, gz_taken(f->gz), f->total);
    return 0;
}

static int reject(struct file *f, const char *group, const char *reason) {
    const struct ingest_place place = {f->path, f->line, f->offset};
    return intake_reject(f->otlp->run, &place, group, reason);
}

/* Between two documents. True when one begins at window[at]. */
static bool find_document(struct file *f) {
    size_t n = 0;
    const uint8_t *p = f->window.p + f->at;
    size_t left = f->window.n - f->at;
    if (!f->begun && left >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        n = 3;
    }
    while (n < left && (p[n] == ' ' || p[n] == '\t' || p[n] == '\r' || p[n] == '\n')) {
        n++;
    }
    f->begun = f->begun || n < left;
    if (n > 0) {
        consume(f, n);
    }
    return f->at < f->window.n;
}

/* Skips to the next line that begins with '{'. False: more is needed to find one. */
static bool find_next_line(struct file *f) {
    const uint8_t *p = f->window.p + f->at, *end = f->window.p + f->window.n, *lf = p;
    while ((lf = memchr(lf, '\n', (size_t)(end - lf))) != NULL && lf + 1 < end) {
        if (lf[1] == '{') {
            consume(f, (size_t)(lf + 1 - p));
            return true;
        }
        lf++;
    }
    /* a line feed that is the last byte stays: what follows it decides */
    consume(f, (size_t)((lf != NULL ? lf : end) - p));
    return false;
}

static int skip_broken(struct file *f, struct err *err) {
    int rc = 0;
    while (!find_next_line(f) && rc == 0 && !f->at_end) {
        rc = fill(f, err);
    }
    if (f->at_end && f->at < f->window.n && f->window.p[f->at] != '{') {
        consume(f, f->window.n - f->at);
    }
    return rc;
}

static int broken(struct file *f, int code, const struct err *why, struct err *err) {
    char reason[ERR_MSG_MAX];
    if (code == ERR_NOMEM) return err_set(err, code, "%s", why->msg);
    snprintf(reason, sizeof(reason), code == ERR_LIMIT ? "%.900s" : "not valid JSON: %.900s", why->msg);
    code = reject(f, code == ERR_LIMIT ? NULL : "not valid JSON", reason);
    if (code == 0) code = skip_broken(f, err);
    return code;
}

/* A document without any of the three is rejected. */
static int take_document(struct file *f, struct err *err) {
    struct otlp *o = f->otlp;
    const struct bytes text = {f->window.p + f->at, o->cut.end};
    int rc = 0;
    if (o->cut.has == 0) {
        rc = reject(f, NULL, "the document has neither 'resourceSpans' nor 'resourceLogs' nor 'resourceMetrics'");
    }
    if (rc == 0) rc = otlp_document(o, f->path, text, f->line, f->offset, err);
    consume(f, o->cut.end);
    return rc;
}

/* One step: a document, or a part of one. */
static int step(struct file *f, struct err *err) {
    struct otlp *o = f->otlp;
    struct err why = {0};
    if (!f->in_document) {
        if (!find_document(f)) return fill(f, err);
        otlp_cut_begin(&o->cut);
        f->in_document = true;
    }
    int rc = otlp_cut_feed(&o->cut, (struct bytes){f->window.p + f->at, f->window.n - f->at}, &why);
    if (rc >= 0 && (rc == 0 ? o->cut.end : f->window.n - f->at) > OTLP_DOCUMENT_MAX) {
        rc = err_set(&why, ERR_LIMIT, "the document is larger than %zu bytes", OTLP_DOCUMENT_MAX);
    }
    if (rc == 1) return f->at_end ? 1 : fill(f, err);
    f->in_document = false;
    return rc == 0 ? take_document(f, err) : broken(f, rc, &why, err);
}

static int read_documents(struct file *f, struct err *err) {
    int rc = 0;
    while (rc == 0 && !(f->at_end && f->at == f->window.n)) {
        rc = step(f, err);
    }
    if (rc == 1 && intake_stopped(f->otlp->run)) return 0;
    if (rc == 1) return reject(f, NULL, "the last document is cut off");
    return rc;
}

int otlp_read_file(struct otlp *o, const char *path, struct err *err) {
    static const char *const marks[] = {"\"resourceSpans\"",
                                        "\"resourceLogs\"",
                                        "\"resourceMetrics\"",
                                        "\"resource_spans\"",
                                        "\"resource_logs\"",
                                        "\"resource_metrics\"",
                                        NULL};
    static const struct recognize_own own = {.marks = marks, .wanted = "OTLP documents with spans, logs or metrics"};
    bool foreign = false;
    struct file f = {.otlp = o, .path = path, .line = 1};
    struct stat st;
    buf_init(&f.window, WINDOW);
    intake_begin(o->run, path);
    int rc = gz_open(path, GZ_DETECT, UINT64_MAX, &f.gz, err);
    if (rc == 0) {
        f.regular = fstat(gz_fd(f.gz), &st) == 0 && S_ISREG(st.st_mode);
        f.total = f.regular ? (uint64_t)st.st_size : 0;
        rc = f.regular ? recognize_input(o->run, f.gz, path, &own, &foreign, err) : 0;
        if (rc == 0 && !foreign) rc = read_documents(&f, err);
    }
    if (rc == 0) rc = intake_end(o->run, err);
    gz_close(f.gz);
    buf_done(&f.window);
    return rc;
}
