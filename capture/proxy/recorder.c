/* One mutex, one condition. The writing thread takes a batch out of the queue only after it is committed: what a full disk refuses
 * waits there, and what does not fit any more is counted. */
#include "capture/proxy/recorder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/text.h"
#include "base/thread.h"

#define QUEUE_MAX   4096
#define QUEUE_BYTES ((size_t)6 << 20)
#define BATCH_MAX   512
#define BODY_MAX    ((size_t)512 << 10)
#define RETRY_NS    (CLOCK_NS_PER_S)
#define CLOSE_NS    (5 * CLOCK_NS_PER_S)
#define SUBJECT_MAX 128

struct item {
    struct item *next;
    const char *kind; /* static */
    char subject[SUBJECT_MAX], key[RECORDER_KEY_MAX], cause[RECORDER_KEY_MAX];
    struct buf body, private_;
};

struct recorder {
    struct ledger *ledger;
    struct recorder_options options;
    pthread_mutex_t lock;
    pthread_cond_t news;
    pthread_t thread;
    bool started, closing, gave_up;
    uint64_t close_by;
    struct item *first, **last;
    size_t n, bytes;
    uint64_t lost, written, lost_since, gap_number;
    char session[17]; /* in the keys of gaps */
};

static void free_item(struct item *item) {
    buf_done(&item->body);
    buf_done(&item->private_);
    free(item);
}

/* ---- putting ---- */

static struct item *new_item(const struct recorder_event *event) {
    struct item *item = calloc(1, sizeof(*item));
    if (item == NULL) return NULL;
    item->kind = event->kind;
    snprintf(item->subject, sizeof(item->subject), "run/%s", event->run);
    snprintf(item->key, sizeof(item->key), "%s", event->key);
    snprintf(item->cause, sizeof(item->cause), "%s", event->cause);
    buf_init(&item->body, BODY_MAX);
    buf_init(&item->private_, BODY_MAX);
    int rc = mp_map_write(event->body, &item->body, NULL);
    if (rc == 0 && event->private_->n > 0) rc = mp_map_write(event->private_, &item->private_, NULL);
    if (rc == 0) return item;
    free_item(item);
    return NULL;
}

static size_t size_of(const struct item *item) {
    return sizeof(*item) + item->body.cap + item->private_.cap;
}

/* With the lock. */
static void lose(struct recorder *r, uint64_t n) {
    if (r->lost == 0) r->lost_since = clock_wall_ns();
    r->lost += n;
}

bool recorder_put(struct recorder *r, const struct recorder_event *event) {
    struct item *item = new_item(event);
    pthread_mutex_lock(&r->lock);
    bool room = item != NULL && r->n < QUEUE_MAX && r->bytes + size_of(item) <= QUEUE_BYTES && !r->gave_up;
    if (room) {
        *r->last = item;
        r->last = &item->next;
        r->n++;
        r->bytes += size_of(item);
        pthread_cond_signal(&r->news);
    } else {
        lose(r, 1);
    }
    pthread_mutex_unlock(&r->lock);
    if (!room && item != NULL) {
        free_item(item);
    }
    return room;
}

/* ---- writing ---- */

static int add(struct recorder *r, struct log_batch *batch, const struct item *item, struct err *err) {
    struct log_draft draft;
    log_draft_init(&draft);
    draft.kind = bytes_of(item->kind);
    draft.subject = bytes_of(item->subject);
    draft.run = bytes_of(item->subject + strlen("run/"));
    draft.actor = bytes_of(r->options.actor);
    draft.source = bytes_of(r->options.source);
    draft.grade = bytes_of("measured");
    draft.key = bytes_of(item->key);
    draft.body = bytes_of_buf(&item->body);
    draft.private_ = bytes_of_buf(&item->private_);
    draft.cause_type = item->cause[0] != '\0' ? LOG_CAUSE_KEY : LOG_CAUSE_NONE;
    draft.cause_key = bytes_of(item->cause);
    return log_batch_add(batch, &draft, err);
}

/* Commits; a draft that the ledger refuses by name is left out, and counted into *ret_refused. */
static int commit(struct log_batch *batch, uint64_t *ret_refused, struct err *err) {
    size_t at = SIZE_MAX;
    int rc;
    while ((rc = log_batch_commit(batch, NULL, NULL, &at, err)) == ERR_INVALID && at != SIZE_MAX) {
        log_batch_remove(batch, &at, 1);
        ++*ret_refused;
        at = SIZE_MAX;
        if (log_batch_count(batch) == 0) return 0;
    }
    return rc;
}

static int write_gap(struct recorder *r, uint64_t lost, uint64_t since, struct err *err) {
    struct mp_map body;
    struct buf out = {.max = 4096};
    struct log_draft draft;
    char key[RECORDER_KEY_MAX], subject[RECORDER_KEY_MAX];
    mp_map_init(&body, 4096);
    mp_map_text(&body, "what", bytes_of("dropped"));
    mp_map_uint(&body, "missing", lost);
    mp_map_uint(&body, "from", since);
    mp_map_uint(&body, "to", clock_wall_ns());
    mp_map_text(&body, "detail", bytes_of("the proxy passed the traffic and could not record it"));
    int rc = mp_map_write(&body, &out, err);
    snprintf(key, sizeof(key), "gap:%s:%llu", r->session, (unsigned long long)r->gap_number);
    snprintf(subject, sizeof(subject), "gap/%s", r->options.source);
    log_draft_init(&draft);
    draft.kind = bytes_of("ledger.gap");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(r->options.actor);
    draft.source = bytes_of(r->options.source);
    draft.grade = bytes_of("measured");
    draft.key = bytes_of(key);
    draft.body = bytes_of_buf(&out);
    if (rc == 0) rc = log_append(r->ledger, &draft, NULL, NULL, err);
    mp_map_done(&body);
    buf_done(&out);
    return rc;
}

/* Takes the first n items out of the queue. With the lock. */
static struct item *cut(struct recorder *r, size_t n) {
    struct item *first = r->first, **end = &r->first;
    for (size_t i = 0; i < n; i++) {
        r->bytes -= size_of(*end);
        end = &(*end)->next;
    }
    r->first = *end;
    *end = NULL;
    r->last = r->first == NULL ? &r->first : r->last;
    r->n -= n;
    return n > 0 ? first : NULL;
}

static void free_items(struct item *item) {
    for (struct item *next; item != NULL; item = next) {
        next = item->next;
        free_item(item);
    }
}

/* Writes the first n items, which stay in the queue meanwhile: only this thread takes them out, and others append behind them.
 * 0, or ERR_BUSY: they wait. */
static int write_some(struct recorder *r, const struct item *item, size_t n) {
    struct log_batch *batch = NULL;
    struct err err = {0};
    uint64_t refused = 0;
    size_t added = 0;
    int rc = log_batch_new(r->ledger, &batch, &err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct err why = {0};
        item = i > 0 ? item->next : item; /* not of the last one: others append there */
        if (add(r, batch, item, &why) == 0) {
            added++;
        } else {
            refused++;
        }
    }
    if (rc == 0 && added > 0) rc = commit(batch, &refused, &err);
    log_batch_free(batch);
    bool later = rc == ERR_BUSY || rc == ERR_FULL || rc == ERR_NOMEM;
    pthread_mutex_lock(&r->lock);
    if (!later) {
        uint64_t lost = rc == 0 ? refused : n;
        if (lost > 0) lose(r, lost);
        r->written += n - lost;
        free_items(cut(r, n));
    }
    pthread_mutex_unlock(&r->lock);
    return rc == 0 ? 0 : ERR_BUSY;
}

static void say_gap(struct recorder *r) {
    struct err err = {0};
    pthread_mutex_lock(&r->lock);
    uint64_t lost = r->lost, since = r->lost_since;
    pthread_mutex_unlock(&r->lock);
    if (lost == 0 || write_gap(r, lost, since, &err) != 0) return;
    pthread_mutex_lock(&r->lock);
    r->lost -= lost;
    r->lost_since = clock_wall_ns();
    r->gap_number++;
    pthread_mutex_unlock(&r->lock);
}

/* Until there is something to write, or the end; with the lock. `wait`: after a failure, for a while in any case. */
static void wait_for_news(struct recorder *r, bool wait) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(RETRY_NS / CLOCK_NS_PER_S);
    int rc = 0;
    while (rc == 0 && (wait || (r->n == 0 && !r->closing))) {
        rc = pthread_cond_timedwait(&r->news, &r->lock, &until);
        wait = wait && !r->closing;
    }
}

static void *run(void *ctx) {
    struct recorder *r = ctx;
    bool failed = false, over = false;
    while (!over) {
        pthread_mutex_lock(&r->lock);
        wait_for_news(r, failed);
        const struct item *first = r->first;
        size_t n = r->n < BATCH_MAX ? r->n : BATCH_MAX;
        pthread_mutex_unlock(&r->lock);
        if (n > 0) {
            failed = write_some(r, first, n) != 0;
        }
        if (!failed) say_gap(r);
        pthread_mutex_lock(&r->lock);
        over = r->closing && (r->n == 0 || clock_boot_ns() > r->close_by);
        r->gave_up = over;
        pthread_mutex_unlock(&r->lock);
    }
    return NULL;
}

int recorder_open(struct ledger *ledger, const struct recorder_options *options, struct recorder **ret, struct err *err) {
    struct recorder *r = calloc(1, sizeof(*r));
    uint8_t random[8];
    if (r == NULL) return err_set(err, ERR_NOMEM, "proxy: out of memory");
    r->ledger = ledger;
    r->options = *options;
    r->last = &r->first;
    crypt_random(random, sizeof(random));
    text_hex(r->session, random, sizeof(random));
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->news, NULL);
    int code = thread_start(&r->thread, run, r);
    r->started = code == 0;
    if (code != 0) {
        recorder_close(r, NULL);
        return err_errno(err, code, "starting a thread");
    }
    *ret = r;
    return 0;
}

void recorder_close(struct recorder *r, struct recorder_stats *ret) {
    if (r == NULL) return;
    if (r->started) {
        pthread_mutex_lock(&r->lock);
        r->closing = true;
        r->close_by = clock_boot_ns() + CLOSE_NS;
        pthread_cond_signal(&r->news);
        pthread_mutex_unlock(&r->lock);
        pthread_join(r->thread, NULL);
    }
    if (ret != NULL) {
        *ret = (struct recorder_stats){r->written, r->lost + r->n};
    }
    free_items(r->first);
    pthread_cond_destroy(&r->news);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
