/* A copy of each draft lies in one arena, its pieces one after another; an entry says how long they are:
 *
 *   arena   [kind subject actor source grade run key body private open cause_key file][kind subject ...] ...
 *   entry   at, lengths, cause, place, time
 *
 * The ledger's own batch is filled at the same time, because only its checks say at once, with the input's place still at
 * hand, what is wrong with a draft. When a commit is refused on account of one draft, the batch is filled again without it.
 *
 * A draft's ticket is its number among all that came through this queue. While it waits, a cause that names it becomes an
 * index of the batch; once it is committed, its seq, of which a ring remembers the newest. */
#include "ingest/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define PIECES       12
#define ARENA_MAX    (QUEUE_BYTES_MAX + ((size_t)4 << 20))
#define CURSOR_VALUE 4096

struct entry {
    size_t at;
    uint32_t lengths[PIECES];
    enum ledger_cause cause_type;
    uint64_t cause, none_after;
    bool force_private;
    const struct ledger_author *author;
    uint64_t line, offset, time;
    bool refused;
    uint16_t loaded_at; /* its index in the batch */
};

struct queue {
    struct ledger_batch *batch;
    struct buf arena;
    size_t n;
    bool has_cursor;
    char cursor_name[QUEUE_CURSOR_NAME];
    struct buf cursor;
    struct entry entries[QUEUE_EVENTS_MAX];
    struct ledger_receipt receipts[QUEUE_EVENTS_MAX];
    uint16_t loaded[QUEUE_EVENTS_MAX]; /* which entries are in the batch */
    size_t n_loaded;
    uint64_t before;                  /* tickets of earlier commits */
    uint64_t seqs[QUEUE_TICKETS_MAX]; /* of the newest tickets among them; LEDGER_NO_SEQ: refused or dropped */
};

int queue_new(struct ledger *ledger, struct queue **ret, struct err *err) {
    struct queue *q = calloc(1, sizeof(*q));
    if (q == NULL) {
        return err_set(err, ERR_NOMEM, "ingest: out of memory");
    }
    buf_init(&q->arena, ARENA_MAX);
    buf_init(&q->cursor, CURSOR_VALUE);
    int code = ledger_batch_new(ledger, &q->batch, err);
    if (code != 0) {
        queue_free(q);
        return code;
    }
    *ret = q;
    return 0;
}

void queue_free(struct queue *q) {
    if (q == NULL) {
        return;
    }
    ledger_batch_free(q->batch);
    buf_done(&q->arena);
    buf_done(&q->cursor);
    free(q);
}

size_t queue_count(const struct queue *q) {
    return q->n;
}

bool queue_idle(const struct queue *q) {
    return q->n == 0 && !q->has_cursor;
}

bool queue_full(const struct queue *q) {
    return q->n == QUEUE_EVENTS_MAX || q->arena.n >= QUEUE_BYTES_MAX;
}

uint64_t queue_ticket(const struct queue *q) {
    return q->before + q->n;
}

static uint64_t *seq_of(struct queue *q, uint64_t ticket) {
    return &q->seqs[ticket % QUEUE_TICKETS_MAX];
}

void queue_clear(struct queue *q) {
    for (size_t i = 0; i < q->n; i++) {
        *seq_of(q, q->before + i + 1) = LEDGER_NO_SEQ;
    }
    q->before += q->n;
    ledger_batch_clear(q->batch);
    buf_clear(&q->arena);
    q->n = 0;
    q->n_loaded = 0;
    q->has_cursor = false;
}

static int keep(struct queue *q, const struct ledger_draft *d, const struct ingest_place *place, uint64_t at,
                struct err *err) {
    const struct bytes pieces[PIECES] = {d->kind, d->subject, d->actor,    d->source, d->grade,     d->run,
                                         d->key,  d->body,    d->private_, d->open,   d->cause_key, bytes_of(place->file)};
    struct entry *e = &q->entries[q->n];
    size_t start = q->arena.n;
    *e = (struct entry){.at = start,
                        .cause_type = d->cause_type,
                        .cause = d->cause,
                        .none_after = d->none_after,
                        .force_private = d->force_private,
                        .author = d->author,
                        .line = place->line,
                        .offset = place->offset,
                        .time = at};
    for (size_t i = 0; i < PIECES; i++) {
        e->lengths[i] = (uint32_t)pieces[i].n;
        buf_put_bytes(&q->arena, pieces[i]);
    }
    buf_put_u8(&q->arena, 0); /* ends the file's name */
    int code = buf_check(&q->arena, "ingest queue", err);
    if (code != 0) {
        q->arena.fail = 0;
        q->arena.n = start;
    }
    return code;
}

/* Turns the ticket of a cause into what the batch understands. */
static void resolve(struct queue *q, struct ledger_draft *d) {
    uint64_t ticket = d->cause, seq = LEDGER_NO_SEQ;
    if (d->cause_type != LEDGER_CAUSE_BATCH) {
        return;
    }
    if (ticket > q->before && ticket <= q->before + q->n) {
        const struct entry *e = &q->entries[ticket - q->before - 1];
        d->cause_type = e->refused ? LEDGER_CAUSE_NONE : LEDGER_CAUSE_BATCH;
        d->cause = e->loaded_at;
        return;
    }
    if (ticket > 0 && ticket <= q->before && q->before - ticket < QUEUE_TICKETS_MAX) {
        seq = *seq_of(q, ticket);
    }
    d->cause_type = seq == LEDGER_NO_SEQ ? LEDGER_CAUSE_NONE : LEDGER_CAUSE_SEQ;
    d->cause = seq;
}

/* Into the batch, as the draft of entry i. */
static int load_one(struct queue *q, size_t i, const struct ledger_draft *draft, struct err *err) {
    struct ledger_draft d = *draft;
    resolve(q, &d);
    int code = ledger_batch_add(q->batch, &d, err);
    if (code == 0) {
        q->entries[i].loaded_at = (uint16_t)q->n_loaded;
        q->loaded[q->n_loaded++] = (uint16_t)i;
    }
    return code;
}

int queue_add(struct queue *q, const struct ledger_draft *draft, const struct ingest_place *place, uint64_t at,
              struct err *err) {
    if (q->n == QUEUE_EVENTS_MAX) {
        return err_set(err, ERR_BUSY, "the queue is full");
    }
    size_t start = q->arena.n;
    int code = keep(q, draft, place, at, err);
    if (code == 0) {
        code = load_one(q, q->n, draft, err);
    } else if (code == ERR_LIMIT && q->n > 0) {
        return err_set(err, ERR_BUSY, "the queue is full");
    }
    if (code != 0) {
        q->arena.n = start;
        return code;
    }
    q->n++;
    return 0;
}

int queue_cursor(struct queue *q, const char *name, struct bytes value, struct err *err) {
    if (strlen(name) >= QUEUE_CURSOR_NAME) {
        return err_set(err, ERR_LIMIT, "ingest: the cursor's name '%s' is too long", name);
    }
    buf_clear(&q->cursor);
    buf_put_bytes(&q->cursor, value);
    int code = buf_check(&q->cursor, "ingest cursor", err);
    if (code == 0) {
        memcpy(q->cursor_name, name, strlen(name) + 1);
        q->has_cursor = true;
    }
    return code;
}

/* The views are good until the arena changes. */
static void view(const struct queue *q, const struct entry *e, struct ledger_draft *ret, struct ingest_place *ret_place) {
    struct bytes pieces[PIECES];
    const uint8_t *p = q->arena.p + e->at;
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = (struct bytes){p, e->lengths[i]};
        p += e->lengths[i];
    }
    ledger_draft_init(ret);
    ret->kind = pieces[0];
    ret->subject = pieces[1];
    ret->actor = pieces[2];
    ret->source = pieces[3];
    ret->grade = pieces[4];
    ret->run = pieces[5];
    ret->key = pieces[6];
    ret->body = pieces[7];
    ret->private_ = pieces[8];
    ret->open = pieces[9];
    ret->cause_key = pieces[10];
    ret->cause_type = e->cause_type;
    ret->cause = e->cause;
    ret->none_after = e->none_after;
    ret->force_private = e->force_private;
    ret->author = e->author;
    *ret_place = (struct ingest_place){(const char *)pieces[11].p, e->line, e->offset};
}

/* Fills the batch anew with the entries before `end` that are not refused. */
static int load(struct queue *q, size_t end, struct err *err) {
    int code = 0;
    ledger_batch_clear(q->batch);
    q->n_loaded = 0;
    for (size_t i = 0; i < end && code == 0; i++) {
        struct ledger_draft draft;
        struct ingest_place place;
        if (!q->entries[i].refused) {
            view(q, &q->entries[i], &draft, &place);
            code = load_one(q, i, &draft, err);
        }
    }
    return code;
}

static void tell_taken(struct queue *q, const struct queue_sink *sink) {
    for (size_t i = 0; i < q->n_loaded; i++) {
        struct ledger_draft draft;
        struct ingest_place place;
        const struct entry *e = &q->entries[q->loaded[i]];
        view(q, e, &draft, &place);
        sink->taken(sink->ctx, &q->receipts[i], draft.kind, e->time);
    }
}

/* Empties the queue and remembers what the tickets have become. */
static void settle(struct queue *q) {
    uint64_t before = q->before;
    size_t n = q->n_loaded;
    queue_clear(q);
    for (size_t i = 0; i < n; i++) {
        *seq_of(q, before + q->loaded[i] + 1) = q->receipts[i].seq;
    }
}

static int tell_refused(struct queue *q, struct entry *e, const char *reason, const struct queue_sink *sink) {
    struct ledger_draft draft;
    struct ingest_place place;
    view(q, e, &draft, &place);
    e->refused = true;
    /* "event 3 of the batch: why": the number means nothing outside */
    const char *why = strncmp(reason, "event ", 6) == 0 ? strstr(reason, ": ") : NULL;
    return sink->refused(sink->ctx, &place, why != NULL ? why + 2 : reason);
}

/* The ledger names the first draft whose cause has a key of which nobody has heard, and marks the others. */
static int tell_no_cause(struct queue *q, struct entry *e, const struct queue_sink *sink) {
    struct ledger_draft draft;
    struct ingest_place place;
    char reason[ERR_MSG_MAX];
    view(q, e, &draft, &place);
    snprintf(reason, sizeof(reason), "'cause_key' is '%s': no earlier event of the same source has this key",
             SECRET_SHOWN(draft.cause_key));
    return tell_refused(q, e, reason, sink);
}

static int try_commit(struct queue *q, bool with_cursor, struct ledger_head *ret_head, size_t *ret_at, struct err *err) {
    if (with_cursor) {
        int code = ledger_batch_set_cursor(q->batch, q->cursor_name, bytes_of_buf(&q->cursor), err);
        if (code != 0) {
            return code;
        }
    } else if (q->n_loaded == 0) {
        return 0;
    }
    return ledger_batch_commit(q->batch, q->receipts, ret_head, ret_at, err);
}

int queue_commit(struct queue *q, const struct queue_sink *sink, struct ledger_head *ret_head, struct err *err) {
    size_t end = q->n;
    int stop = 0;
    for (;;) {
        struct err why = {0};
        size_t at = SIZE_MAX;
        int code = try_commit(q, q->has_cursor && stop == 0, ret_head, &at, &why);
        if (code == 0) {
            tell_taken(q, sink);
            settle(q);
            return stop;
        }
        bool refused = (code == ERR_INVALID || code == ERR_CONFLICT) && at < q->n_loaded;
        if (!refused) {
            if (err != NULL) {
                *err = why;
            }
            return code;
        }
        struct entry *bad = &q->entries[q->loaded[at]];
        int answer = tell_refused(q, bad, why.msg, sink);
        for (size_t i = at + 1; answer == 0 && q->receipts[at].seq == LEDGER_NO_SEQ && i < q->n_loaded; i++) {
            bad = &q->entries[q->loaded[i]];
            if (q->receipts[i].seq == LEDGER_NO_SEQ) {
                answer = tell_no_cause(q, bad, sink);
            }
        }
        if (answer != 0) {
            stop = answer;
            end = (size_t)(bad - q->entries);
        }
        code = load(q, end, err);
        if (code != 0) {
            return code;
        }
    }
}
