/* passing thread ── put ──> queue ──> session ──> batch ──> commit (recorder's thread)
 *
 * The batch is committed as soon as the queue is empty: a quiet connection has each message recorded at once, a busy one many
 * at a time. Beside a judge that waits for a while, so that the next call, which is committed before it passes, does not find the log
 * taken by the answer to the one before. A commit that fails is tried again; meanwhile events are collected as far as the batch has room. */
#include "capture/tap/record.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/thread.h"
#include "capture/tap/known.h"

#define EVENTS_MAX 512 /* in one commit */
#define RETRY_NS   (CLOCK_NS_PER_S / 2)
#define ITEM_BYTES 128 /* what an item takes besides its bytes */
#define WORDS_MAX  400

/* Bytes as they passed; MessagePack of a message; its text; an exchange that broke off. */
enum item_is { PIECE, MESSAGE, TEXT, BROKEN };

struct item {
    struct item *next;
    enum item_is is;
    enum tap_side side;
    struct tap_within within;
    const char *outcome; /* static */
    bool is_known;       /* its event is in the log: the recorder is not woken for it */
    uint64_t lost;       /* bytes of this side that are missing before it */
    uint64_t at;
    size_t n;
    struct tap_verdict verdict;
    char key[TAP_KEY_LEN], error[32], words[WORDS_MAX];
    uint8_t bytes[];
};

struct tap_record {
    struct tap_record_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    /* Under the lock. */
    struct item *first, **last;
    size_t queued;
    uint64_t lost[2]; /* bytes of each side that found no room, not yet noted in an item */
    bool ended;
    int status;
    uint64_t deadline; /* after the end: until then commits are tried again */
    /* Of the recorder's thread. */
    struct tap_sink sink;
    struct tap_session *session;
    struct rpc_lines lines[2];
    uint64_t now; /* when the item passed */
    struct log_batch *batch;
    struct tap_lost lost_all;
    uint64_t gap_bytes, gap_from, gaps;
    bool said;
};

/* ---- the queue ---- */

/* With the lock. Whether there is room for so many bytes more, which are taken then. */
static bool take_room(struct tap_record *r, size_t bytes) {
    size_t max = r->options.queue_max > 0 ? r->options.queue_max : TAP_QUEUE_MAX;
    if (r->queued + bytes > max) return false;
    if (r->options.left != NULL && atomic_fetch_sub(r->options.left, (long long)bytes) - (long long)bytes < 0) {
        (void)atomic_fetch_add(r->options.left, (long long)bytes);
        return false;
    }
    r->queued += bytes;
    return true;
}

static void put(struct tap_record *r, const struct item *as, struct bytes bytes, const struct tap_verdict *v) {
    struct item *item = malloc(sizeof(*item) + bytes.n);
    if (item != NULL) {
        *item = *as;
        item->at = clock_wall_ns();
        item->n = bytes.n;
        bytes_copy(item->bytes, bytes);
        if (v != NULL) {
            item->verdict = *v;
            (void)snprintf(item->key, sizeof(item->key), "%s", v->key != NULL ? v->key : "");
            (void)snprintf(item->error, sizeof(item->error), "%s", v->error != NULL ? v->error : "");
            (void)snprintf(item->words, sizeof(item->words), "%s", v->words != NULL ? v->words : "");
        }
    }
    pthread_mutex_lock(&r->lock);
    if (item == NULL || !take_room(r, bytes.n + ITEM_BYTES)) {
        r->lost[as->side] += bytes.n;
        free(item);
    } else {
        item->lost = r->lost[as->side];
        r->lost[as->side] = 0;
        *r->last = item;
        r->last = &item->next;
        if (!as->is_known) pthread_cond_signal(&r->more);
    }
    pthread_mutex_unlock(&r->lock);
}

void tap_record_wake(struct tap_record *r) {
    if (r == NULL) return;
    pthread_mutex_lock(&r->lock);
    pthread_cond_signal(&r->more);
    pthread_mutex_unlock(&r->lock);
}

void tap_record_piece(struct tap_record *r, enum tap_side side, struct bytes piece) {
    const struct item as = {.is = PIECE, .side = side};
    if (r != NULL) put(r, &as, piece, NULL);
}

void tap_record_message(struct tap_record *r, enum tap_side side, const struct tap_within *within, struct bytes mp,
                        const struct tap_verdict *verdict) {
    const struct item as = {.is = MESSAGE,
                            .side = side,
                            .within = within != NULL ? *within : (struct tap_within){0},
                            .is_known = verdict != NULL && verdict->is == TAP_ALLOWED};
    if (r != NULL) put(r, &as, mp, verdict);
}

void tap_record_text(struct tap_record *r, enum tap_side side, const struct tap_within *within, struct bytes text) {
    const struct item as = {.is = TEXT, .side = side, .within = within != NULL ? *within : (struct tap_within){0}};
    if (r != NULL) put(r, &as, text, NULL);
}

void tap_record_broken(struct tap_record *r, uint64_t exchange, const char *outcome, const char *error) {
    const struct tap_verdict word = {.error = error};
    const struct item as = {.is = BROKEN, .side = TAP_SERVER, .within = {.exchange = exchange}, .outcome = outcome};
    if (r != NULL) put(r, &as, (struct bytes){0}, &word);
}

void tap_record_lose(struct tap_record *r, enum tap_side side, uint64_t bytes) {
    if (r == NULL) return;
    pthread_mutex_lock(&r->lock);
    r->lost[side] += bytes;
    pthread_mutex_unlock(&r->lock);
}

/* ---- events ---- */

static void say(struct tap_record *r, const char *text) {
    if (r->options.say != NULL) r->options.say(r->options.ctx, text);
}

static void on_alarm(void *ctx, const char *text) {
    say(ctx, text);
}

static void lose(struct tap_record *r, uint64_t events) {
    r->lost_all.events += events;
    if (r->gap_from == 0) r->gap_from = r->now;
    r->gaps += events;
}

/* Removes the one draft that the commit named, if it did. */
static bool drop_one(struct tap_record *r, int rc, size_t at) {
    if ((rc != ERR_INVALID && rc != ERR_CONFLICT && rc != ERR_LIMIT) || at >= log_batch_count(r->batch)) return false;
    log_batch_remove(r->batch, &at, 1);
    lose(r, 1);
    return true;
}

static int commit(struct tap_record *r) {
    struct err err = {0};
    int rc = 0;
    while (log_batch_count(r->batch) > 0) {
        size_t at = SIZE_MAX;
        rc = log_batch_commit(r->batch, NULL, NULL, &at, &err);
        if (rc == 0 || !drop_one(r, rc, at)) break;
    }
    if (rc == 0) {
        r->said = false;
    } else if (!r->said) {
        char text[ERR_MSG_MAX + 64];
        (void)snprintf(text, sizeof(text), "cannot record now, and tries again: %s", err.msg);
        say(r, text);
        r->said = true;
    }
    return rc;
}

static void draft_of(const struct tap_event *event, struct log_draft *ret) {
    log_draft_init(ret);
    ret->kind = event->kind != NULL ? bytes_of(event->kind) : (struct bytes){0};
    ret->subject = event->subject;
    ret->actor = event->actor;
    ret->source = bytes_of(TAP_SOURCE);
    ret->grade = bytes_of(event->grade);
    ret->run = event->run;
    ret->key = event->key;
    ret->body = event->body;
    if (event->cause_key.n > 0) {
        ret->cause_type = LOG_CAUSE_KEY;
        ret->cause_key = event->cause_key;
    }
}

static int on_event(void *ctx, const struct tap_event *event, struct err *err) {
    struct tap_record *r = ctx;
    struct log_draft draft;
    struct log_head head;
    char key[TAP_KEY_LEN];
    draft_of(event, &draft);
    if (log_batch_count(r->batch) >= EVENTS_MAX) (void)commit(r);
    int rc = log_batch_add(r->batch, &draft, err);
    if (rc == ERR_BUSY && commit(r) == 0) rc = log_batch_add(r->batch, &draft, err);
    if (rc != 0) {
        lose(r, 1);
        return 0; /* one event less; the recording goes on */
    }
    if (strcmp(event->kind, "agent.tools_observed") == 0 && log_head(r->options.ledger, &head, NULL) == 0) {
        (void)snprintf(key, sizeof(key), "%.*s", (int)event->key.n, (const char *)event->key.p);
        (void)known_mark(r->batch, r->options.names->server, head.size, key, NULL);
    }
    return 0;
}

/* What is missing, as an event of its own; after it the count begins again. */
static void put_gap(struct tap_record *r) {
    struct tap_draft d;
    char detail[160];
    struct err err = {0};
    if (r->gap_bytes == 0 && r->gaps == 0) return;
    uint64_t from = r->gap_from, bytes = r->gap_bytes, events = r->gaps;
    r->gap_from = r->gap_bytes = r->gaps = 0;
    tap_draft_init(&d);
    tap_draft_begin(&d, "ledger.gap", "measured", r->now);
    tap_draft_subject(&d, "gap", TAP_SOURCE);
    memcpy(d.run, r->options.names->run, TAP_RUN_LEN);
    (void)snprintf(d.actor, sizeof(d.actor), "service:tap");
    (void)snprintf(d.key, sizeof(d.key), "%s:gap:%llu", r->options.names->run, (unsigned long long)from);
    mp_map_text(&d.fields, "what", bytes_of("dropped"));
    mp_map_uint(&d.fields, "from", from);
    mp_map_uint(&d.fields, "to", r->now);
    if (bytes == 0) mp_map_uint(&d.fields, "missing", events);
    (void)snprintf(detail, sizeof(detail), "of server %s: %llu bytes of messages, %llu events", r->options.names->server,
                   (unsigned long long)bytes, (unsigned long long)events);
    mp_map_text(&d.fields, "detail", bytes_of(detail));
    if (tap_draft_give(&d, &r->sink, &err) != 0) lose(r, 1);
    tap_draft_done(&d);
}

struct feeding {
    struct tap_record *record;
    enum tap_side side;
};

static int on_line(void *ctx, const struct rpc_line *line, struct err *err) {
    const struct feeding *f = ctx;
    return tap_session_line(f->record->session, f->side, line, f->record->now, err);
}

static int give(struct tap_record *r, const struct item *item, struct err *err) {
    struct feeding f = {r, item->side};
    struct bytes bytes = {item->bytes, item->n};
    struct tap_verdict verdict = item->verdict;
    const struct rpc_line line = {.text = bytes, .bytes = item->n, .ended = true};
    tap_session_within(r->session, &item->within);
    switch (item->is) {
    case MESSAGE:
        verdict.key = item->key;
        verdict.error = item->error;
        verdict.words = item->words;
        return tap_session_message(r->session, item->side, bytes, &verdict, item->at, err);
    case TEXT:
        return tap_session_line(r->session, item->side, &line, item->at, err);
    case BROKEN:
        return tap_session_broken(r->session, item->within.exchange, item->outcome, item->error, item->at, err);
    default:
        return rpc_lines_put(&r->lines[item->side], bytes, on_line, &f, err);
    }
}

static void feed(struct tap_record *r, const struct item *item) {
    struct err err = {0};
    r->now = item->at;
    if (item->lost > 0) {
        rpc_lines_lose(&r->lines[item->side]);
        if (r->gap_from == 0) r->gap_from = item->at;
        r->gap_bytes += item->lost;
        r->lost_all.bytes += item->lost;
    }
    put_gap(r);
    if (give(r, item, &err) != 0) lose(r, 1);
}

/* ---- the thread ---- */

static void load_known(struct tap_record *r) {
    struct known known;
    struct err err = {0};
    int rc = known_load(r->options.ledger, r->options.names->server, 1, &known, &err);
    if (rc == 0 && known.n > 0) {
        tap_session_known(r->session, &known.items[0].tools, known.key);
    } else if (rc != 0) {
        say(r, err.msg);
    }
    known_done(&known);
}

/* Everything that is queued, or NULL at the end. Waits at most so long; 0: without limit. */
static struct item *take(struct tap_record *r, uint64_t wait_ns, bool *ret_ended) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + wait_ns;
    until.tv_sec += (time_t)(ns / CLOCK_NS_PER_S);
    until.tv_nsec = (long)(ns % CLOCK_NS_PER_S);
    pthread_mutex_lock(&r->lock);
    while (r->first == NULL && !r->ended) {
        if (wait_ns == 0) {
            pthread_cond_wait(&r->more, &r->lock);
        } else if (pthread_cond_timedwait(&r->more, &r->lock, &until) != 0) {
            break;
        }
    }
    struct item *items = r->first;
    r->first = NULL;
    r->last = &r->first;
    if (r->options.left != NULL) (void)atomic_fetch_add(r->options.left, (long long)r->queued);
    r->queued = 0;
    *ret_ended = r->ended && items == NULL;
    pthread_mutex_unlock(&r->lock);
    return items;
}

static void finish(struct tap_record *r) {
    struct err err = {0};
    r->now = clock_wall_ns();
    for (int side = 0; side < 2; side++) {
        struct feeding f = {r, (enum tap_side)side};
        if (rpc_lines_end(&r->lines[side], on_line, &f, &err) != 0) lose(r, 1);
        if (r->lost[side] > 0) {
            if (r->gap_from == 0) r->gap_from = r->now;
            r->gap_bytes += r->lost[side];
            r->lost_all.bytes += r->lost[side];
        }
    }
    put_gap(r);
    if (tap_session_end(r->session, r->status, r->now, &err) != 0) lose(r, 1);
    while (commit(r) != 0 && clock_monotonic_ns() < r->deadline) {
        const struct timespec pause = {0, 100000000};
        nanosleep(&pause, NULL);
    }
    r->lost_all.events += log_batch_count(r->batch);
}

static void *run(void *ctx) {
    struct tap_record *r = ctx;
    const uint64_t pause = r->options.pause_ns;
    uint64_t wait = 0, since = 0; /* since when something waits to be committed; 0: nothing does */
    bool ended = false;
    load_known(r);
    while (!ended) {
        struct item *items = take(r, wait, &ended);
        while (items != NULL) {
            struct item *next = items->next;
            feed(r, items);
            free(items);
            items = next;
        }
        uint64_t now = clock_monotonic_ns();
        bool waits = log_batch_count(r->batch) > 0;
        since = !waits ? 0 : since == 0 ? now : since;
        if (waits && pause > 0 && now < since + pause) {
            wait = since + pause - now;
        } else if (!ended) {
            wait = commit(r) != 0 ? RETRY_NS : 0;
            since = 0;
        }
    }
    finish(r);
    return NULL;
}

static void free_record(struct tap_record *r) {
    tap_session_free(r->session);
    log_batch_free(r->batch);
    for (int side = 0; side < 2; side++) {
        rpc_lines_done(&r->lines[side]);
    }
    pthread_cond_destroy(&r->more);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

int tap_record_start(const struct tap_record_options *options, struct tap_record **ret, struct err *err) {
    struct tap_record *r = calloc(1, sizeof(*r));
    if (r == NULL) return err_set(err, ERR_NOMEM, "no memory for the recorder");
    r->options = *options;
    r->last = &r->first;
    r->sink = (struct tap_sink){r, on_event, on_alarm};
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->more, NULL);
    rpc_lines_init(&r->lines[0]);
    rpc_lines_init(&r->lines[1]);
    r->session = tap_session_new(options->names, &r->sink);
    int rc = r->session != NULL ? 0 : err_set(err, ERR_NOMEM, "no memory for the recorder");
    if (rc == 0) rc = log_batch_new(options->ledger, &r->batch, err);
    if (rc == 0 && thread_start(&r->thread, run, r) != 0) rc = err_set(err, ERR_IO, "no thread for the recorder");
    if (rc != 0) {
        free_record(r);
        return rc;
    }
    *ret = r;
    return 0;
}

void tap_record_flush(struct tap_record *r, int status, uint64_t wait_ns, struct tap_lost *ret_lost) {
    *ret_lost = (struct tap_lost){0};
    if (r == NULL) return;
    pthread_mutex_lock(&r->lock);
    r->ended = true;
    r->status = status;
    r->deadline = clock_monotonic_ns() + wait_ns;
    pthread_cond_signal(&r->more);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    *ret_lost = r->lost_all;
}

void tap_record_end(struct tap_record *r, int status, uint64_t wait_ns, struct tap_lost *ret_lost) {
    tap_record_flush(r, status, wait_ns, ret_lost);
    if (r != NULL) free_record(r);
}
