/* The run: one queue, one tally for the input at hand and one for everything.
 *
 *   source --intake_add--> queue --commit--> taken: accepted or duplicate   --> tallies
 *          \-intake_reject-----------------> refused, with place and reason --> tallies, callback
 *   intake_end: commit, then the receipt as a commit of its own
 *
 * A failed commit breaks the run: nothing more is tried, because retrying will not repair a disk or a database. A failure
 * of the source (an unreadable file) does not: what was read before it is still committed. */
#include "ingest/driver/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/secret/secret.h"
#include "ingest/driver/queue.h"
#include "ingest/driver/tally.h"
#include "ledger/core/cursor.h"
#include "ledger/core/key_secret.h"
#include "ledger/kinds/sort.h"

#define ACTOR_LEN      64
#define BODY_MAX       ((size_t)64 << 10)
#define PROGRESS_EVERY (CLOCK_NS_PER_S / 10)
#define RECEIPT_EVENTS 65536
#define RECEIPT_EVERY  (3600 * CLOCK_NS_PER_S)

struct intake {
    struct ledger *ledger;
    const char *source;
    struct ingest_options options;
    struct ingest_result *result;
    struct queue *queue;
    struct ingest_tally input; /* of the input at hand */
    struct lines_digest digest;
    char path[FILE_PATH_MAX], name[FILE_PATH_MAX]; /* of the input at hand, as given and as recorded */
    char actor[ACTOR_LEN];
    uint8_t *secret;                /* secret memory */
    char cursor[QUEUE_CURSOR_NAME]; /* the first that it moved; empty: none */
    bool in_input, no_receipt, broken;
    bool strict_stop;
    struct err stop_err;
    char newest_reason[ERR_MSG_MAX];
    uint64_t newest_duplicate;      /* seq, of the input at hand; LOG_NO_SEQ: none */
    uint64_t progress_at, begun_at; /* boot clock; begun_at: of the input at hand */
};

const struct ingest_options *intake_options(const struct intake *run) {
    return &run->options;
}

struct ledger *intake_ledger(struct intake *run) {
    return run->ledger;
}

const char *intake_source(const struct intake *run) {
    return run->source;
}

static const char *actor_of(const struct intake *run) {
    return run->options.actor != NULL ? run->options.actor : run->actor;
}

bool intake_stopped(const struct intake *run) {
    return run->options.stop != NULL && *run->options.stop != 0;
}

const uint8_t *intake_secret(const struct intake *run) {
    return run->secret;
}

void intake_no_receipt(struct intake *run) {
    run->no_receipt = true;
}

struct lines_digest *intake_digest(struct intake *run) {
    return &run->digest;
}

/* A dry run writes nothing: without a secret in the ledger, no later run has the keys that it shows. */
static int load_secret(struct intake *run, struct err *err) {
    run->secret = crypt_secret_new(KEY_SECRET_LEN);
    if (run->secret == NULL) return err_set(err, ERR_NOMEM, "ingest: out of locked memory");
    bool none = run->ledger == NULL;
    if (run->options.dry_run && (none || key_secret_get(run->ledger, false, run->secret, NULL) == ERR_NOTFOUND)) {
        crypt_random(run->secret, KEY_SECRET_LEN);
        return 0;
    }
    return key_secret_get(run->ledger, !run->options.dry_run, run->secret, err);
}

int intake_new(struct ledger *ledger, const char *source, const struct ingest_options *options,
               struct ingest_result *result, struct intake **ret, struct err *err) {
    struct intake *run = calloc(1, sizeof(*run));
    if (run == NULL) return err_set(err, ERR_NOMEM, "ingest: out of memory");
    run->ledger = ledger;
    run->source = source;
    run->options = *options;
    run->result = result;
    tally_init(&result->total);
    snprintf(run->actor, sizeof(run->actor), "service:%s", source);
    int rc = ledger == NULL ? 0 : log_head(ledger, &result->head, err);
    if (rc == 0) rc = queue_new(ledger, &run->queue, err);
    if (rc == 0) rc = load_secret(run, err);
    run->digest.hash = hash_new();
    if (rc == 0 && run->digest.hash == NULL) rc = err_set(err, ERR_NOMEM, "ingest: out of memory");
    if (rc != 0) {
        intake_free(run);
        return rc;
    }
    *ret = run;
    return 0;
}

void intake_free(struct intake *run) {
    if (run != NULL) {
        queue_free(run->queue);
        hash_free(run->digest.hash);
        crypt_secret_free(run->secret);
        free(run);
    }
}

void intake_begin(struct intake *run, const char *name) {
    uint8_t unused[HASH_LEN];
    hash_end(run->digest.hash, unused);
    run->digest.bytes = 0;
    tally_init(&run->input);
    snprintf(run->path, sizeof(run->path), "%s", name);
    snprintf(run->name, sizeof(run->name), "%s", strcmp(name, "-") == 0 ? "standard input" : name);
    run->newest_duplicate = LOG_NO_SEQ;
    run->begun_at = clock_boot_ns();
    run->in_input = true;
}

/* ---- outcomes of drafts ------------------------------------------------------------------------------------------- */

static void count_taken(struct ingest_tally *t, const struct log_receipt *receipt, bool gap, uint64_t at) {
    t->accepted += !receipt->duplicate;
    t->duplicate += receipt->duplicate;
    t->masked += receipt->duplicate ? 0 : receipt->masked;
    t->gaps += gap && !receipt->duplicate;
    tally_at(t, at);
}

static void on_taken(void *ctx, const struct log_receipt *receipt, bool gap, uint64_t at) {
    struct intake *run = ctx;
    count_taken(&run->input, receipt, gap, at);
    count_taken(&run->result->total, receipt, gap, at);
    if (receipt->duplicate && (run->newest_duplicate == LOG_NO_SEQ || receipt->seq > run->newest_duplicate)) {
        run->newest_duplicate = receipt->seq;
    }
}

int intake_reject(struct intake *run, const struct ingest_place *place, const char *group, const char *why) {
    char g[ERR_MSG_MAX], *reason = run->newest_reason;
    secret_mask_message(g, group != NULL ? group : why);
    secret_mask_message(reason, why);
    tally_reject(&run->input, g, place);
    tally_reject(&run->result->total, g, place);
    if (run->options.rejected != NULL) {
        run->options.rejected(run->options.ctx, place, reason);
    }
    if (!run->options.strict) return 0;
    run->strict_stop = true;
    if (place->line > 0) {
        err_set(&run->stop_err, ERR_INVALID, "%s: line %llu: %s", place->file, (unsigned long long)place->line, reason);
    } else {
        err_set(&run->stop_err, ERR_INVALID, "%s: %s", place->file, reason);
    }
    return INTAKE_STOP;
}

void intake_pass(struct intake *run, const struct ingest_place *place, const char *what) {
    char masked[ERR_MSG_MAX];
    run->input.passed++;
    run->result->total.passed++;
    if (run->options.passed != NULL) {
        secret_mask_message(masked, what);
        run->options.passed(run->options.ctx, place, masked);
    }
}

/* The message after its path: paths belong into the private part of a receipt. */
static const char *without_path(const char *msg, const char *path) {
    size_t n = strlen(path);
    return strncmp(msg, path, n) == 0 && strncmp(msg + n, ": ", 2) == 0 ? msg + n + 2 : msg;
}

int intake_reject_file(struct intake *run, const char *file, uint64_t offset, const struct err *why) {
    const struct ingest_place place = {.file = file, .offset = offset};
    return intake_reject(run, &place, NULL, without_path(why->msg, file));
}

static int on_refused(void *ctx, const struct ingest_place *place, const char *reason) {
    return intake_reject(ctx, place, NULL, reason);
}

/* ---- committing --------------------------------------------------------------------------------------------------- */

static int commit(struct intake *run, struct err *err) {
    const struct queue_sink sink = {run, on_taken, on_refused};
    int rc = queue_commit(run->queue, &sink, &run->result->head, err);
    run->broken = run->broken || rc < 0;
    if (rc >= 0 && run->options.committed != NULL) {
        run->options.committed(run->options.ctx, run->result);
    }
    return rc;
}

int intake_flush(struct intake *run, struct err *err) {
    if (run->options.dry_run) {
        queue_clear(run->queue);
        return 0;
    }
    return queue_idle(run->queue) ? 0 : commit(run, err);
}

int intake_cursor(struct intake *run, const char *name, struct bytes value, struct err *err) {
    int rc = run->options.dry_run ? 0 : queue_cursor(run->queue, name, value, err);
    if (rc == 0 && run->cursor[0] == '\0' && strlen(name) < sizeof(run->cursor)) {
        memcpy(run->cursor, name, strlen(name) + 1);
    }
    return rc;
}

int intake_cursor_get(struct intake *run, const char *name, struct buf *out, bool *ret_there, struct err *err) {
    struct err why = {0};
    int rc = run->ledger == NULL ? ERR_NOTFOUND : log_cursor_get(run->ledger, name, out, &why);
    *ret_there = rc == 0;
    if (rc == ERR_NOTFOUND) return 0;
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}

static int show_preview(struct intake *run, const struct log_draft *draft, const struct ingest_place *place, uint64_t at,
                        struct err *err) {
    run->input.accepted++;
    run->result->total.accepted++;
    tally_at(&run->input, at);
    tally_at(&run->result->total, at);
    if (run->options.preview == NULL) return 0;
    struct buf body = {.max = (size_t)2 << 20}, private_ = {.max = (size_t)2 << 20};
    struct ingest_preview preview = {.draft = draft, .at = at};
    const struct kind_input in = {.kind = draft->kind,
                                  .body = draft->body,
                                  .private_ = draft->private_,
                                  .open = draft->open,
                                  .index = kind_index_find(draft->kind),
                                  .as_it_is = true}; /* the queue has judged it */
    int rc = kind_sort_input(&in, &body, &private_, &preview.masked, err);
    if (rc == 0) {
        preview.body = bytes_of_buf(&body);
        preview.private_ = bytes_of_buf(&private_);
        run->options.preview(run->options.ctx, place, &preview);
    }
    buf_done(&body);
    buf_done(&private_);
    return rc;
}

static int add(struct intake *run, const struct log_draft *draft, const struct ingest_place *place, uint64_t at,
               struct err *err) {
    int rc = queue_add(run->queue, draft, place, at, err);
    if (rc != ERR_BUSY || queue_count(run->queue) == 0) return rc;
    rc = intake_flush(run, err);
    if (rc == 0) rc = queue_add(run->queue, draft, place, at, err);
    return rc;
}

int intake_add(struct intake *run, const struct log_draft *draft, const struct ingest_place *place, uint64_t at,
               struct err *err) {
    struct log_draft d = *draft;
    d.source = bytes_of(run->source);
    if (d.actor.n == 0) {
        d.actor = bytes_of(actor_of(run));
    }
    if (d.grade.n == 0) {
        d.grade = bytes_of("reported");
    }
    struct err why = {0};
    int rc = add(run, &d, place, at, &why);
    if (rc == 0 && run->options.dry_run) rc = show_preview(run, &d, place, at, &why);
    if (rc == ERR_INVALID || rc == ERR_NOTFOUND || rc == ERR_LIMIT) {
        if (!run->broken) return intake_reject(run, place, NULL, why.msg);
    }
    if (rc != 0) {
        if (rc < 0 && err != NULL) {
            *err = why;
        }
        return rc;
    }
    return queue_full(run->queue) ? intake_flush(run, err) : 0;
}

int intake_size(struct intake *run, uint64_t *ret, struct err *err) {
    struct log_head head = {.size = LOG_NO_SEQ / 2}; /* nothing is known of one that is not there */
    int rc = run->ledger == NULL ? 0 : log_head(run->ledger, &head, err);
    if (rc == 0) {
        *ret = head.size + queue_count(run->queue);
    }
    return rc;
}

/* ---- the end of an input ------------------------------------------------------------------------------------------ */

/* An input that is followed, received or polled has no end, so that stopping it cuts nothing off. */
static bool has_end(const struct ingest_options *o) {
    return !o->follow && o->listen == NULL && o->every_ns == 0;
}

/* Only for a cursor that is stored by now: its loss would be noticed. */
static bool claim_cursor(struct intake *run, uint8_t ret[CURSOR_CLAIM]) {
    struct buf value = {.max = CURSOR_VALUE_MAX};
    bool there = run->cursor[0] != '\0' && log_cursor_get(run->ledger, run->cursor, &value, NULL) == 0;
    buf_done(&value);
    if (there) {
        cursor_claim(run->secret, bytes_of(run->cursor), ret);
    }
    return there;
}

static int add_receipt(struct intake *run, struct err *err) {
    uint8_t digest[HASH_LEN], claim[CURSOR_CLAIM];
    hash_end(run->digest.hash, digest);
    char subject[ACTOR_LEN];
    snprintf(subject, sizeof(subject), "import/%s", run->source);
    struct buf body = {.max = BODY_MAX};
    const struct tally_input input = {.source = run->source,
                                      .name = run->name,
                                      .digest = digest,
                                      .cursor = claim_cursor(run, claim) ? claim : NULL,
                                      .stopped = (intake_stopped(run) && has_end(&run->options)) || run->strict_stop};
    int rc = tally_encode(&body, &run->input, &input, err);
    struct log_draft draft;
    log_draft_init(&draft);
    draft.kind = bytes_of("ledger.imported");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(actor_of(run));
    draft.source = bytes_of(run->source);
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    const struct ingest_place place = {.file = run->name};
    if (rc == 0) rc = queue_add(run->queue, &draft, &place, INGEST_NO_TIME, err);
    buf_done(&body);
    return rc;
}

/* Commits the receipt; it is not counted among what was imported. */
static void receipt_taken(void *ctx, const struct log_receipt *receipt, bool gap, uint64_t at) {
    struct intake *run = ctx;
    (void)receipt, (void)gap, (void)at;
    run->result->receipts++;
}

static int receipt_refused(void *ctx, const struct ingest_place *place, const char *reason) {
    struct intake *run = ctx;
    (void)place;
    err_set(&run->stop_err, ERR_INVALID, "the receipt of '%s' was refused: %s", run->name, reason);
    return INTAKE_STOP;
}

static int write_receipt(struct intake *run, struct err *err) {
    const struct queue_sink sink = {run, receipt_taken, receipt_refused};
    int rc = add_receipt(run, err);
    if (rc == 0) {
        rc = queue_commit(run->queue, &sink, &run->result->head, err);
        if (rc == INTAKE_STOP) {
            if (err != NULL) {
                *err = run->stop_err;
            }
            rc = ERR_INVALID;
        }
    }
    run->broken = run->broken || rc < 0;
    return rc;
}

/* When every event was a duplicate: does no receipt of this source follow the newest? Then the run that wrote them was
 * killed before its receipt. */
static int is_owed(struct intake *run, bool *ret, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    bool owed = false;
    int rc = 0;
    if (run->newest_duplicate != LOG_NO_SEQ) {
        rc = log_reader_open(run->ledger, run->newest_duplicate + 1, LOG_NO_SEQ, &reader, err);
        owed = true;
    }
    while (rc == 0 && owed) {
        rc = log_reader_next(reader, &event, err);
        owed = rc != 0 || !(bytes_is(event.kind, "ledger.imported") && bytes_is(event.source, run->source));
    }
    log_reader_close(reader);
    if (rc < 0) return rc;
    *ret = owed;
    return 0;
}

int intake_end(struct intake *run, struct err *err) {
    run->in_input = false;
    run->input.bytes = run->digest.bytes;
    run->result->total.bytes += run->digest.bytes;
    int rc = intake_flush(run, err);
    if (rc < 0 || run->options.dry_run || run->no_receipt) return rc;
    bool due = run->input.accepted > 0;
    int checked = due ? 0 : is_owed(run, &due, err);
    if (checked == 0 && due) {
        checked = write_receipt(run, err);
    }
    return checked != 0 ? checked : rc;
}

int intake_receipt_if_due(struct intake *run, struct err *err) {
    char name[FILE_PATH_MAX];
    uint64_t accepted = run->input.accepted;
    if (accepted < RECEIPT_EVENTS && (accepted == 0 || clock_boot_ns() - run->begun_at < RECEIPT_EVERY)) {
        return 0;
    }
    int rc = intake_end(run, err);
    if (rc == 0) {
        memcpy(name, run->path, sizeof(name));
        intake_begin(run, name);
    }
    return rc;
}

uint64_t intake_rejected(const struct intake *run, const char **ret_newest) {
    *ret_newest = run->newest_reason;
    return run->input.rejected;
}

uint64_t intake_ticket(const struct intake *run) {
    return queue_ticket(run->queue);
}

void intake_drop(struct intake *run) {
    queue_clear(run->queue);
    run->broken = false;
}

int intake_finish(struct intake *run, int code, struct err *err) {
    struct err later = {0};
    if (run->in_input && run->broken) {
        run->result->total.bytes += run->digest.bytes; /* what was read, though nothing more is written of it */
    }
    if (run->in_input && !run->broken) {
        if (code < 0 && err != NULL) {
            const struct ingest_place place = {.file = run->name, .offset = run->digest.bytes};
            char why[ERR_MSG_MAX];
            secret_mask_message(why, without_path(err->msg, run->path));
            tally_reject(&run->input, why, &place); /* the receipt says where it ended */
        }
        int ended = intake_end(run, &later);
        if (ended != 0 && (code == 0 || code == INTAKE_STOP)) {
            code = ended;
            if (ended < 0 && err != NULL) {
                *err = later;
            }
        }
    }
    run->result->stopped = intake_stopped(run);
    if (code == INTAKE_STOP) {
        if (err != NULL) {
            *err = run->stop_err;
        }
        return ERR_INVALID;
    }
    return code;
}

void intake_progress(struct intake *run, uint64_t done, uint64_t total) {
    if (run->options.progress == NULL) return;
    uint64_t now = clock_boot_ns();
    if (now - run->progress_at >= PROGRESS_EVERY || done == total) {
        run->progress_at = now;
        run->options.progress(run->options.ctx, done, total);
    }
}
