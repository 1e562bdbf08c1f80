/* The index, built after the appends of this process. The committing thread hands over each full group, swapping one
 * pointer for another; a second thread collects the columns, and writes a segment when all of it is collected and
 * committed.
 *
 *   commit   | group g | g + 1 | ...      | commit is done
 *   follower |         | collect g | g + 1 ...             | put the segment
 *
 * When no group arrives for a while, or the ledger is closed, the groups after the last full segment are written as smaller
 * ones. The committing thread never waits: if there is no room the group is dropped, and with it the rest of its segment,
 * so that a follower slower than the appends completes some segments rather than none. Nothing depends on this: lost groups
 * (dropped, of a failed commit, another process in between, no memory) break the chain of leaves, and those segments are
 * then built by reading the events back, by index_build(). */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/thread.h"
#include "ledger/read/proven.h"
#include "ledger/read/reader.h"
#include "query/condition/value.h"
#include "query/index/index.h"
#include "query/index/size.h"
#include "query/index/view.h"

#define FOLLOW_GROUPS  128 /* in the ring: what the committing thread fills while a segment is encoded and written */
#define FOLLOW_BYTES   ((size_t)16 << 20) /* of their events */
#define FOLLOW_IDLE_NS (CLOCK_NS_PER_S / 10)

struct follower {
    struct core_watch watch; /* first */
    struct ledger *ledger;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows, up to `mine`; nothing that could wait is done under it */
    pthread_cond_t more;
    bool tried, runs, stop;
    bool learned, counts; /* the size of segments is known; commits are counted, the events up to `counted` are */
    uint64_t counted;
    uint64_t skip;   /* events before it are skipped: a group of their segment was dropped */
    uint32_t events; /* of a full segment */
    uint64_t owed;   /* segments that commits have completed and that may have to be read back */
    struct group *ring[FOLLOW_GROUPS];
    uint64_t generation[FOLLOW_GROUPS]; /* of the evidence that each was written to */
    unsigned begin, n;
    size_t bytes;                       /* of events in the ring */
    struct group *spare[FOLLOW_GROUPS]; /* free groups; the last used one is taken first */
    unsigned n_spare;
    uint64_t committed;
    struct { /* only used by the second thread */
        struct group *group;
        uint64_t group_generation;
        struct columns_collector *collector;
        uint64_t since, next;     /* it holds events [since, next); LOG_NO_SEQ: none */
        uint8_t leaf[EVENT_HASH]; /* of event next - 1 */
        uint64_t flushed;         /* events before it are in smaller segments */
        uint64_t generation;      /* of all that is collected */
        struct columns_plain plain;
        bool full;                     /* plain is a full segment that is not stored yet */
        uint8_t full_leaf[EVENT_HASH]; /* of its last event */
        uint64_t full_generation;
        uint32_t events; /* of a full segment */
    } mine;
};

/* ---- collecting ---- */

/* False: it cannot be collected from what the group has. */
static bool collect_events(struct follower *f, const struct group *group) {
    struct event_header h;
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        const struct group_event *e = &group->event[i];
        if (e->where == GROUP_EXTERNAL || !value_header_of(group, i, &h) ||
            columns_collect(f->mine.collector, &h, value_body_of(e->payload), NULL) != 0) {
            return false;
        }
    }
    return true;
}

static void keep_full(struct follower *f) {
    uint64_t first = f->mine.next - f->mine.events;
    f->mine.full = columns_plain(f->mine.collector, first, f->mine.events, &f->mine.plain, NULL) == 0;
    memcpy(f->mine.full_leaf, f->mine.leaf, EVENT_HASH);
    f->mine.full_generation = f->mine.generation;
    f->mine.since = LOG_NO_SEQ;
}

static void collect_group(struct follower *f, struct group *group) {
    uint64_t first = group->index * EVENT_GROUP, block = first / f->mine.events * f->mine.events;
    bool follows = f->mine.since != LOG_NO_SEQ && f->mine.next == first && f->mine.since >= block &&
                   f->mine.generation == f->mine.group_generation && memcmp(f->mine.leaf, group->prev, EVENT_HASH) == 0;
    if (!follows) {
        columns_collector_reset(f->mine.collector, first / COLUMNS_EVENTS * COLUMNS_EVENTS, first);
        f->mine.since = f->mine.flushed = first;
        f->mine.generation = f->mine.group_generation;
    }
    f->mine.next = first + EVENT_GROUP;
    group_views(group);
    if (!collect_events(f, group)) {
        f->mine.since = LOG_NO_SEQ;
        return;
    }
    memcpy(f->mine.leaf, group->event[EVENT_GROUP - 1].leaf, EVENT_HASH);
    if (f->mine.next % f->mine.events == 0) {
        if (f->mine.since == block) {
            keep_full(f);
        }
        f->mine.since = LOG_NO_SEQ;
    }
}

/* ---- storing ---- */

/* Checks that the event before `seq` has this leaf: then all events before it are those that were collected. */
static bool is_in_log(struct follower *f, uint64_t seq, const uint8_t leaf[EVENT_HASH]) {
    struct log_reader *reader = NULL;
    const struct group *group;
    bool same = log_reader_open(f->ledger, 0, LOG_NO_SEQ, &reader, NULL) == 0 &&
                reader_group(reader, seq / EVENT_GROUP - 1, &group, NULL) == 0 &&
                memcmp(group->event[EVENT_GROUP - 1].leaf, leaf, EVENT_HASH) == 0;
    log_reader_close(reader);
    return same;
}

/* The same, up to the signature of the newest checkpoint: what was collected may be vouched for. */
static bool is_proven(struct follower *f, uint64_t seq, const uint8_t leaf[EVENT_HASH]) {
    return vouch_able(f->ledger) && proven_leaf(f->ledger, seq - 1, leaf);
}

/* True: it is in the index. */
static bool store_full(struct follower *f) {
    struct index_writer *w = NULL;
    uint32_t events;
    const struct columns_plain *plain = &f->mine.plain;
    f->mine.full = false;
    if (!is_in_log(f, plain->first + plain->events, f->mine.full_leaf) ||
        index_writer_open(f->ledger, f->mine.full_generation, &events, &w, NULL) != 0) {
        return false;
    }
    bool proven = is_proven(f, plain->first + plain->events, f->mine.full_leaf);
    if (events == plain->events && index_writer_put(w, plain, proven, NULL) == 0) {
        return index_writer_commit(w, NULL) == 0;
    }
    index_writer_abort(w);
    return false;
}

/* Segments of so many events, all that lie between the two and are not put yet; then smaller ones for the rest. */
static int put_smaller(struct follower *f, struct index_writer *w, uint64_t from, uint64_t to, uint32_t events,
                       bool proven) {
    int rc = 0;
    if (events == 0) return 0;
    from = (from + events - 1) / events * events;
    uint64_t at = from;
    for (; rc == 0 && at + events <= to; at += events) {
        rc = columns_plain(f->mine.collector, at, events, &f->mine.plain, NULL);
        if (rc == 0) rc = index_writer_put(w, &f->mine.plain, proven, NULL);
    }
    return rc;
}

/* Writes what is collected but does not fill a segment. */
static void flush(struct follower *f) {
    struct index_writer *w = NULL;
    uint32_t events;
    uint64_t since = f->mine.since, to = f->mine.next, from = f->mine.flushed;
    if (since == LOG_NO_SEQ || from >= to || f->mine.full) return;
    f->mine.flushed = to;
    if (!is_in_log(f, to, f->mine.leaf) || index_writer_open(f->ledger, f->mine.generation, &events, &w, NULL) != 0) {
        return;
    }
    int rc = events == f->mine.events ? 0 : ERR_CONFLICT;
    bool proven = is_proven(f, to, f->mine.leaf);
    for (uint32_t n = index_smaller(events); rc == 0 && n != 0; n = index_smaller(n)) {
        uint64_t begun = from / n * n; /* a segment begun earlier may be complete now */
        rc = put_smaller(f, w, begun > since ? begun : since, to, n, proven);
    }
    if (rc == 0) {
        index_writer_commit(w, NULL);
    } else {
        index_writer_abort(w);
    }
}

/* ---- the thread ---- */

static size_t bytes_of_group(const struct group *group) {
    return group->headers.n + group->payloads.n;
}

/* Under the lock. True: a group is in f->mine.group. */
static bool take(struct follower *f) {
    if (f->n == 0) return false;
    if (f->mine.group != NULL) {
        f->spare[f->n_spare++] = f->mine.group;
    }
    f->mine.group = f->ring[f->begin];
    f->mine.group_generation = f->generation[f->begin];
    f->bytes -= bytes_of_group(f->mine.group);
    f->begin = (f->begin + 1) % FOLLOW_GROUPS;
    f->n--;
    return true;
}

/* Under the lock, which is released meanwhile. Builds one owed segment, if any, and continues the next. */
static void read_back(struct follower *f) {
    uint64_t most = (f->owed > 0 ? f->mine.events : 0) + f->mine.events / COLUMNS_STEP;
    f->owed -= f->owed > 0;
    pthread_mutex_unlock(&f->lock);
    index_build(f->ledger, 0, most, NULL, NULL, NULL);
    pthread_mutex_lock(&f->lock);
}

/* Under the lock. Waits for work; false: it timed out, and some work was deferred. */
static bool wait_for_more(struct follower *f) {
    struct timespec until;
    bool rest = f->mine.since != LOG_NO_SEQ && f->mine.flushed < f->mine.next && f->mine.next <= f->committed;
    bool put_off = f->owed > 0 || rest;
    if (!put_off) {
        pthread_cond_wait(&f->more, &f->lock);
        return true;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)FOLLOW_IDLE_NS;
    until.tv_sec += until.tv_nsec / (long)CLOCK_NS_PER_S;
    until.tv_nsec %= (long)CLOCK_NS_PER_S;
    return pthread_cond_timedwait(&f->more, &f->lock, &until) != ETIMEDOUT;
}

/* Under the lock, which is let go of meanwhile. */
static void put_what_is_there(struct follower *f, bool all) {
    bool full = f->mine.full && f->committed >= f->mine.plain.first + f->mine.plain.events;
    bool rest = all && f->committed >= f->mine.next;
    pthread_mutex_unlock(&f->lock);
    bool stored = full && store_full(f);
    if (rest) {
        flush(f);
    }
    pthread_mutex_lock(&f->lock);
    f->owed -= stored && f->owed > 0;
}

/* Under the lock. Counts the segments that commits have completed, once it is known how large they are. */
static void count_owed(struct follower *f) {
    if (!f->learned || !f->counts) return;
    f->owed += f->committed / f->events - f->counted / f->events;
    f->counted = f->committed;
}

/* Uses the segment size of the index, if there is one. Under the lock, which is released meanwhile. */
static void learn_size(struct follower *f) {
    struct index_view view;
    uint32_t events = COLUMNS_EVENTS;
    pthread_mutex_unlock(&f->lock);
    if (index_view_open(f->ledger, &view, NULL) == 0) {
        events = view.events;
        index_view_close(&view);
    }
    pthread_mutex_lock(&f->lock);
    f->events = f->mine.events = events;
    f->learned = true;
    count_owed(f);
}

static void *run(void *ctx) {
    struct follower *f = ctx;
    pthread_mutex_lock(&f->lock);
    learn_size(f);
    while (!f->stop || f->n > 0) {
        if (take(f)) {
            pthread_mutex_unlock(&f->lock);
            collect_group(f, f->mine.group);
            pthread_mutex_lock(&f->lock);
            put_what_is_there(f, false);
        } else if (!wait_for_more(f) && f->n == 0 && !f->stop) {
            put_what_is_there(f, true);
            if (f->owed > 0 && f->n == 0) {
                read_back(f);
            }
        } else {
            put_what_is_there(f, false);
        }
    }
    put_what_is_there(f, true);
    read_back(f);
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

/* Under the lock: started with the first group, because most processes append less. */
static void start(struct follower *f) {
    if (f->tried) return;
    f->tried = true;
    f->mine.collector = columns_collector_new();
    if (f->mine.collector == NULL) return;
    f->runs = thread_start(&f->thread, run, f) == 0;
}

/* ---- what the committing thread calls ---- */

/* Under the lock. False: the group is dropped. */
static bool has_room(struct follower *f, const struct group *group) {
    uint64_t first = group->index * EVENT_GROUP;
    bool full = f->n == FOLLOW_GROUPS || f->bytes >= FOLLOW_BYTES;
    if (full) {
        f->skip = first / f->events * f->events + f->events;
    }
    return !full && (first >= f->skip || first + f->events < f->skip);
}

static void on_group(struct core_watch *watch, struct group **group) {
    struct follower *f = (struct follower *)watch;
    pthread_mutex_lock(&f->lock);
    start(f);
    if (f->runs && has_room(f, *group)) {
        struct group *empty = f->n_spare > 0 ? f->spare[--f->n_spare] : group_new();
        if (empty != NULL) {
            unsigned at = (f->begin + f->n) % FOLLOW_GROUPS;
            f->generation[at] = db_generation(f->ledger->evidence);
            f->bytes += bytes_of_group(*group);
            f->ring[at] = *group;
            *group = empty;
            f->n++;
            pthread_cond_signal(&f->more);
        }
    }
    pthread_mutex_unlock(&f->lock);
}

static void on_committed(struct core_watch *watch, uint64_t before, uint64_t size) {
    struct follower *f = (struct follower *)watch;
    pthread_mutex_lock(&f->lock);
    f->committed = size;
    if (f->runs) {
        f->counted = f->counts ? f->counted : before;
        f->counts = true;
        count_owed(f);
        pthread_cond_signal(&f->more);
    }
    pthread_mutex_unlock(&f->lock);
}

static void on_close(struct core_watch *watch) {
    struct follower *f = (struct follower *)watch;
    if (f->runs) {
        pthread_mutex_lock(&f->lock);
        f->stop = true;
        pthread_cond_signal(&f->more);
        pthread_mutex_unlock(&f->lock);
        core_end_thread(f->ledger, f->thread);
    }
    for (size_t i = 0; i < f->n_spare; i++) {
        group_free(f->spare[i]);
    }
    group_free(f->mine.group);
    columns_collector_free(f->mine.collector);
    buf_done(&f->mine.plain.bytes);
    pthread_cond_destroy(&f->more);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

int query_index_follow(struct ledger *ledger, struct err *err) {
    pthread_condattr_t attr;
    if (ledger->read_only || ledger->watch != NULL) return 0;
    struct follower *f = calloc(1, sizeof(*f));
    if (f == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    f->ledger = ledger;
    f->watch = (struct core_watch){.group = on_group, .committed = on_committed, .close = on_close};
    f->events = COLUMNS_EVENTS;
    f->mine.since = LOG_NO_SEQ;
    buf_init(&f->mine.plain.bytes, COLUMNS_RECORD_MAX);
    pthread_mutex_init(&f->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&f->more, &attr);
    pthread_condattr_destroy(&attr);
    ledger->watch = &f->watch;
    return 0;
}
