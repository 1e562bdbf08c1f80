/* The source: bytes of files and pipes, pushed into the parser; entries into events. A pipe that is quiet for a moment has its
 * events committed, so that `journalctl -f` may be read without an end. */
#include "ingest/journal/journal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/archive/gz.h"
#include "ingest/driver/recognize.h"

#define PIECE    ((size_t)64 << 10)
#define QUIET_MS 200

static int on_entry(void *ctx, const struct journal_entry *entry, const char *wrong, struct err *err) {
    struct journal_reading *r = ctx;
    if (wrong == NULL) return journal_take(r, entry, err);
    r->place.line = entry->line;
    r->place.offset = entry->offset;
    return intake_reject(r->run, &r->place, NULL, wrong);
}

/* Waits until the pipe has something, or commits what it had. */
static int wait_quietly(struct journal_reading *r, struct gz *gz, bool *ret_ready, struct err *err) {
    struct pollfd fd = {.fd = gz_fd(gz), .events = POLLIN};
    *ret_ready = gz_buffered(gz) || poll(&fd, 1, QUIET_MS) != 0;
    int rc = *ret_ready ? 0 : intake_flush(r->run, err);
    return rc == 0 && !*ret_ready ? intake_receipt_if_due(r->run, err) : rc;
}

/* What cannot be understood is rejected, with what follows it. */
static int push(struct journal_reading *r, struct journal_parser *p, struct bytes bytes, bool *ret_lost, struct err *err) {
    struct err why = {0};
    int rc = journal_push(p, bytes, &why);
    if (rc == ERR_INVALID) {
        char words[ERR_MSG_MAX];
        *ret_lost = true;
        r->place.line = p->at_line;
        r->place.offset = p->offset;
        snprintf(words, sizeof(words), "%.600s; nothing after it is read", why.msg);
        return intake_reject(r->run, &r->place, NULL, words);
    }
    return rc < 0 ? err_set(err, rc, "%s", why.msg) : rc;
}

static int read_all(struct journal_reading *r, struct gz *gz, struct err *err) {
    struct journal_parser p;
    uint8_t *piece = malloc(PIECE);
    bool lost = false, ready = true;
    int rc = piece != NULL ? 0 : err_set(err, ERR_NOMEM, "journal: out of memory");
    journal_parser_init(&p, on_entry, r);
    while (rc == 0 && !lost && !gz_at_end(gz) && !intake_stopped(r->run)) {
        size_t n = 0;
        if (intake_options(r->run)->follow) rc = wait_quietly(r, gz, &ready, err);
        if (rc == 0 && ready) rc = gz_read(gz, piece, PIECE, &n, err);
        if (rc < 0) err_prefix(err, "%s", r->place.file);
        if (rc == 0 && n > 0) {
            lines_digest_put(intake_digest(r->run), (struct bytes){piece, n});
            rc = push(r, &p, (struct bytes){piece, n}, &lost, err);
        }
    }
    if (rc == 0 && !lost && gz_at_end(gz)) rc = journal_push_end(&p, err);
    journal_parser_done(&p);
    free(piece);
    return rc;
}

static int read_one(struct intake *run, const char *path, struct err *err) {
    static const char *const marks[] = {"__CURSOR=", NULL};
    static const struct recognize_own own = {.marks = marks, .wanted = "a journal export, as by: journalctl -o export"};
    struct journal_reading *r = calloc(1, sizeof(*r));
    struct gz *gz = NULL;
    bool foreign = false;
    if (r == NULL) return err_set(err, ERR_NOMEM, "journal: out of memory");
    r->run = run;
    r->place.file = path;
    intake_begin(run, path);
    int rc = gz_open(path, GZ_DETECT, UINT64_MAX, &gz, err);
    if (rc == 0 && !intake_options(run)->follow) rc = recognize_input(run, gz, path, &own, &foreign, err);
    if (rc == 0 && !foreign) rc = read_all(r, gz, err);
    gz_close(gz);
    free(r);
    return rc == 0 ? intake_end(run, err) : rc;
}

int journal_read(struct intake *run, struct err *err) {
    static const char *const standard_input[] = {"-"};
    const struct ingest_options *o = intake_options(run);
    const char *const *paths = o->n_paths > 0 ? o->paths : standard_input;
    size_t n = o->n_paths > 0 ? o->n_paths : 1;
    int rc = 0;
    if (o->follow && strcmp(paths[0], "-") != 0) {
        return err_set(err, ERR_INVALID,
                       "--follow reads a pipe: journalctl -o export -f | ledger ingest journal --follow -");
    }
    for (size_t i = 0; i < n && rc == 0 && !intake_stopped(run); i++) {
        rc = read_one(run, paths[i], err);
    }
    return rc;
}
