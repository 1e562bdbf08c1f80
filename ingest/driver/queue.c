/* The drafts are in the ledger's own batch, which checks each as it is added, while its place in the input is known; this
 * file remembers the places. A draft that makes a commit fail is removed, and the rest is committed.
 *
 * A draft's ticket is its number among all that came through this queue. While it waits, a cause that names it becomes an
 * index of the batch; once it is committed, its sequence number, of which a ring remembers the newest. */
#include "ingest/driver/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/secret/secret.h"
#include "ledger/write/batch.h"

#define FILES_MAX     ((size_t)4 << 20) /* names of files, with their NUL */
#define CURSOR_VALUE  4096
#define CURSOR_VALUES ((size_t)32 << 20)

/* Where the draft of the same index in the batch is from. */
struct entry {
    size_t file; /* in `files` */
    uint64_t line, offset, at;
    uint64_t ticket;
    bool gap;
};

struct cursor {
    char name[QUEUE_CURSOR_NAME];
    size_t at, n; /* the newest value */
};

struct queue {
    struct log_batch *batch;
    struct buf files;       /* a name is repeated only when it changes */
    size_t newest_file;     /* in it */
    size_t bytes;           /* of bodies and private fields */
    struct cursor *cursors; /* of the next commit */
    size_t n_cursors, cap_cursors;
    struct buf values; /* theirs */
    struct entry entries[QUEUE_EVENTS_MAX];
    struct log_receipt receipts[QUEUE_EVENTS_MAX];
    size_t refused[QUEUE_EVENTS_MAX]; /* indexes of drafts, in order */
    uint64_t before, ticket;          /* the newest ticket of earlier commits, and of all */
    uint64_t seqs[QUEUE_TICKETS_MAX]; /* of the newest tickets of earlier commits; LOG_NO_SEQ: refused or dropped */
};

int queue_new(struct ledger *ledger, struct queue **ret, struct err *err) {
    struct queue *q = calloc(1, sizeof(*q));
    if (q == NULL) return err_set(err, ERR_NOMEM, "ingest: out of memory");
    buf_init(&q->files, FILES_MAX);
    buf_init(&q->values, CURSOR_VALUES);
    int rc = log_batch_new(ledger, &q->batch, err);
    if (rc != 0) {
        queue_free(q);
        return rc;
    }
    *ret = q;
    return 0;
}

void queue_free(struct queue *q) {
    if (q == NULL) return;
    log_batch_free(q->batch);
    buf_done(&q->files);
    buf_done(&q->values);
    free(q->cursors);
    free(q);
}

size_t queue_count(const struct queue *q) {
    return log_batch_count(q->batch);
}

bool queue_idle(const struct queue *q) {
    return queue_count(q) == 0 && q->n_cursors == 0;
}

bool queue_full(const struct queue *q) {
    return queue_count(q) == QUEUE_EVENTS_MAX || q->bytes >= QUEUE_BYTES_MAX;
}

uint64_t queue_ticket(const struct queue *q) {
    return q->ticket;
}

static uint64_t *seq_of(struct queue *q, uint64_t ticket) {
    return &q->seqs[ticket % QUEUE_TICKETS_MAX];
}

void queue_clear(struct queue *q) {
    while (q->before < q->ticket) {
        *seq_of(q, ++q->before) = LOG_NO_SEQ;
    }
    log_batch_clear(q->batch);
    buf_clear(&q->files);
    q->bytes = 0;
    q->n_cursors = 0;
    buf_clear(&q->values);
}

static int keep_file(struct queue *q, const char *file, struct err *err) {
    size_t start = q->files.n;
    if (start > 0 && strcmp((const char *)q->files.p + q->newest_file, file) == 0) return 0;
    buf_put(&q->files, file, strlen(file) + 1);
    int rc = buf_check(&q->files, "ingest queue", err);
    if (rc != 0) {
        q->files.fail = 0;
        q->files.n = start;
        return rc;
    }
    q->newest_file = start;
    return 0;
}

/* Turns the ticket of a cause into what the batch understands. All drafts since the last commit are in it. */
static void resolve(struct queue *q, struct log_draft *d) {
    uint64_t ticket = d->cause, seq = LOG_NO_SEQ;
    if (d->cause_type != LOG_CAUSE_BATCH) return;
    if (ticket > q->before && ticket <= q->ticket) {
        d->cause = ticket - q->before - 1;
        return;
    }
    if (ticket > 0 && ticket <= q->before && q->before - ticket < QUEUE_TICKETS_MAX) {
        seq = *seq_of(q, ticket);
    }
    d->cause_type = seq == LOG_NO_SEQ ? LOG_CAUSE_NONE : LOG_CAUSE_SEQ;
    d->cause = seq;
}

int queue_add(struct queue *q, const struct log_draft *draft, const struct ingest_place *place, uint64_t at,
              struct err *err) {
    size_t n = queue_count(q);
    if (n == QUEUE_EVENTS_MAX) return err_set(err, ERR_BUSY, "the queue is full");
    int rc = keep_file(q, place->file, err);
    if (rc == ERR_LIMIT && n > 0) return err_set(err, ERR_BUSY, "the queue is full");
    if (rc == 0) {
        struct log_draft d = *draft;
        resolve(q, &d);
        rc = log_batch_add(q->batch, &d, err);
    }
    if (rc == 0) {
        q->entries[n] = (struct entry){.file = q->newest_file,
                                       .line = place->line,
                                       .offset = place->offset,
                                       .at = at,
                                       .ticket = ++q->ticket,
                                       .gap = bytes_is(draft->kind, "ledger.gap")};
        q->bytes += draft->body.n + draft->private_.n;
    }
    return rc;
}

int queue_cursor(struct queue *q, const char *name, struct bytes value, struct err *err) {
    if (strlen(name) >= QUEUE_CURSOR_NAME) {
        return err_set(err, ERR_LIMIT, "ingest: the cursor's name '%s' is too long", name);
    }
    size_t i = 0, at = q->values.n;
    while (i < q->n_cursors && strcmp(q->cursors[i].name, name) != 0) {
        i++;
    }
    if (value.n > CURSOR_VALUE || i == LOG_BATCH_CURSORS_MAX) {
        return err_set(err, ERR_LIMIT, "ingest: the cursor '%s' has %zu bytes, as one of %zu; expected: at most %d, of %d",
                       name, value.n, i + 1, CURSOR_VALUE, LOG_BATCH_CURSORS_MAX);
    }
    buf_put_bytes(&q->values, value);
    int rc = buf_check(&q->values, "ingest cursors", err);
    if (rc == 0) rc = array_room(&q->cursors, i + 1, &q->cap_cursors, sizeof(*q->cursors), err);
    if (rc == 0) {
        memcpy(q->cursors[i].name, name, strlen(name) + 1);
        q->cursors[i].at = at;
        q->cursors[i].n = value.n;
        q->n_cursors = i < q->n_cursors ? q->n_cursors : i + 1;
    }
    return rc;
}

/* Reports the receipts to the sink, remembers the tickets' sequence numbers, and empties the queue. */
static void report_taken(struct queue *q, size_t n, const struct queue_sink *sink) {
    for (size_t i = 0; i < n; i++) {
        sink->taken(sink->ctx, &q->receipts[i], q->entries[i].gap, q->entries[i].at);
    }
    queue_clear(q);
    for (size_t i = 0; i < n; i++) {
        *seq_of(q, q->entries[i].ticket) = q->receipts[i].seq;
    }
}

static int report_refused(struct queue *q, size_t i, const char *reason, const struct queue_sink *sink) {
    const struct entry *e = &q->entries[i];
    const struct ingest_place place = {(const char *)q->files.p + e->file, e->line, e->offset};
    /* "event 3 of the batch: why": the number means nothing outside */
    const char *why = strncmp(reason, "event ", 6) == 0 ? strstr(reason, ": ") : NULL;
    return sink->refused(sink->ctx, &place, why != NULL ? why + 2 : reason);
}

/* The ledger names the first draft whose cause has an unknown key, and marks the others. */
static int report_no_cause(struct queue *q, size_t i, const struct queue_sink *sink) {
    const struct batch_entry *e = &q->batch->entry[i];
    char reason[ERR_MSG_MAX];
    snprintf(reason, sizeof(reason), "'cause_key' is '%s': no earlier event of the same source has this key",
             SECRET_SHOWN(batch_bytes(q->batch, e->cause_key.at, e->cause_key.n)));
    return report_refused(q, i, reason, sink);
}

/* Reports draft `at`, which made the commit fail, and all others without a cause, and removes them. When the sink answers
 * non-zero, all later drafts go too; returns that answer. */
static int take_out_refused(struct queue *q, size_t at, const char *reason, const struct queue_sink *sink) {
    size_t n = queue_count(q), gone = 0, kept = at;
    bool marked = q->receipts[at].seq == LOG_NO_SEQ;
    int answer = report_refused(q, at, reason, sink);
    q->refused[gone++] = at;
    for (size_t i = at + 1; i < n; i++) {
        bool refused = marked && q->receipts[i].seq == LOG_NO_SEQ;
        if (answer != 0 || refused) {
            if (answer == 0) answer = report_no_cause(q, i, sink);
            q->refused[gone++] = i;
        } else {
            q->entries[kept++] = q->entries[i];
        }
    }
    log_batch_remove(q->batch, q->refused, gone);
    return answer;
}

/* After a refused commit the batch still has its cursors. */
static int try_commit(struct queue *q, bool with_cursors, struct log_head *ret_head, size_t *ret_at, struct err *err) {
    log_batch_clear_cursors(q->batch);
    int rc = 0;
    for (size_t i = 0; i < q->n_cursors && with_cursors && rc == 0; i++) {
        const struct cursor *c = &q->cursors[i];
        rc = log_batch_set_cursor(q->batch, c->name, (struct bytes){q->values.p + c->at, c->n}, err);
    }
    if (rc == 0) rc = log_batch_commit(q->batch, q->receipts, ret_head, ret_at, err);
    return rc;
}

int queue_commit(struct queue *q, const struct queue_sink *sink, struct log_head *ret_head, struct err *err) {
    for (int stop = 0;;) {
        struct err why = {0};
        size_t n = queue_count(q), at = SIZE_MAX;
        int rc = try_commit(q, stop == 0, ret_head, &at, &why);
        if (rc == 0) {
            report_taken(q, n, sink);
            return stop;
        }
        if ((rc != ERR_INVALID && rc != ERR_CONFLICT) || at >= n) {
            if (err != NULL) {
                *err = why;
            }
            return rc;
        }
        int answer = take_out_refused(q, at, why.msg, sink);
        stop = answer != 0 ? answer : stop;
    }
}
