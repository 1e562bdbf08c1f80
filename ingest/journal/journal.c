/* The source: bytes of files and pipes, pushed into the parser; entries into events. A pipe that is quiet for a moment has its
 * events committed, so that `journalctl -f` may be read without an end. Without a pipe, journalctl is a child. */
#include "ingest/journal/journal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/archive/gz.h"
#include "base/hash.h"
#include "base/text.h"
#include "ingest/driver/recognize.h"

#define PIECE       ((size_t)64 << 10)
#define QUIET_MS    200
#define CURSOR_NAME 32

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
    *ret_ready = gz_buffered(gz) || poll(&fd, 1, QUIET_MS) > 0; /* a signal is no input */
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

/* Of these patterns: with others, entries that were passed over before may count. */
static int name_cursor(const struct ingest_options *o, char ret[CURSOR_NAME], struct err *err) {
    uint8_t digest[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    struct hash *h = hash_new();
    if (h == NULL) return err_set(err, ERR_NOMEM, "journal: out of memory");
    for (size_t i = 0; i < o->n_units; i++) {
        hash_put(h, o->units[i], strlen(o->units[i]) + 1);
    }
    hash_end(h, digest);
    hash_free(h);
    text_hex(hex, digest, sizeof(digest));
    snprintf(ret, CURSOR_NAME, "journal:%.16s", hex);
    return 0;
}

/* The cursor moves with what is added, and at the end past what was not. */
static int follow_child(struct journal_reading *r, const char *cursor, struct journal_child *child, struct err *err) {
    struct gz *gz = NULL;
    int rc = journal_child_start(child, intake_options(r->run)->root, cursor, err);
    if (rc == 0) rc = gz_open(child->out, GZ_PLAIN, UINT64_MAX, &gz, err);
    if (rc == 0) rc = read_all(r, gz, err);
    gz_close(gz);
    if (rc == 0 && r->newest[0] != '\0') rc = intake_cursor(r->run, r->cursor, bytes_of(r->newest), err);
    return rc;
}

/* This machine's journal, from where the last run ended. */
static int follow_machine(struct intake *run, struct err *err) {
    char name[CURSOR_NAME];
    struct buf cursor = {.max = JOURNAL_CURSOR_MAX + 1};
    struct journal_child child = {0};
    struct journal_reading *r = calloc(1, sizeof(*r));
    bool there = false;
    if (r == NULL) return err_set(err, ERR_NOMEM, "journal: out of memory");
    r->run = run;
    r->cursor = name;
    r->place.file = "journalctl";
    intake_begin(run, r->place.file);
    int rc = name_cursor(intake_options(run), name, err);
    if (rc == 0) rc = intake_cursor_get(run, name, &cursor, &there, err);
    buf_put_u8(&cursor, '\0');
    if (rc == 0) rc = buf_check(&cursor, "the journal's cursor", err);
    if (rc == 0) rc = follow_child(r, (const char *)cursor.p, &child, err);
    bool fine = rc == 0;
    if (fine) rc = intake_end(run, err);
    int ended = journal_child_end(&child, !fine || rc != 0 || intake_stopped(run), rc == 0 ? err : NULL);
    buf_done(&cursor);
    free(r);
    return rc == 0 ? ended : rc;
}

int journal_read(struct intake *run, struct err *err) {
    static const char *const standard_input[] = {"-"};
    const struct ingest_options *o = intake_options(run);
    const char *const *paths = o->n_paths > 0 ? o->paths : standard_input;
    size_t n = o->n_paths > 0 ? o->n_paths : 1;
    int rc = 0;
    if (o->follow && o->n_paths == 0) return follow_machine(run, err);
    if (o->root != NULL) return err_set(err, ERR_INVALID, "--root is where journalctl is: it goes with --follow alone");
    if (o->follow && strcmp(paths[0], "-") != 0) {
        return err_set(err, ERR_INVALID,
                       "--follow alone follows this machine's journal, and '--follow -' a pipe: journalctl -o export -f | "
                       "ledger ingest journal --follow -");
    }
    for (size_t i = 0; i < n && rc == 0 && !intake_stopped(run); i++) {
        rc = read_one(run, paths[i], err);
    }
    return rc;
}
