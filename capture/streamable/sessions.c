/* A recorder is ended outside the lock, because that may wait for the ledger. */
#include "capture/streamable/sessions.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

#define END_NS    CLOCK_NS_PER_S
#define QUEUED    ((long long)20 << 20) /* bytes that all recorders may queue */
#define QUEUE_MAX ((size_t)20 << 20)    /* of them, each */

struct sessions {
    struct sessions_options options;
    pthread_mutex_t lock;
    struct session *items[SESSIONS_MAX]; /* NULL: free */
    uint64_t uses, n;
    atomic_llong left;
    struct tap_lost lost;
};

struct sessions *sessions_new(const struct sessions_options *options) {
    struct sessions *s = calloc(1, sizeof(*s));
    if (s == NULL) return NULL;
    s->options = *options;
    atomic_init(&s->left, QUEUED);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

static void finish(struct sessions *s, struct session *one, uint64_t wait_ns) {
    struct tap_lost lost = {0};
    if (one == NULL) return;
    tap_record_end(one->record, -1, wait_ns, &lost);
    tap_link_free(one->link);
    free(one);
    pthread_mutex_lock(&s->lock);
    s->lost.events += lost.events;
    s->lost.bytes += lost.bytes;
    pthread_mutex_unlock(&s->lock);
}

void sessions_free(struct sessions *s, uint64_t wait_ns, struct tap_lost *ret, uint64_t *ret_n) {
    uint64_t until = clock_monotonic_ns() + wait_ns;
    if (s == NULL) return;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        uint64_t now = clock_monotonic_ns();
        finish(s, s->items[i], now < until ? until - now : 0);
    }
    *ret = s->lost;
    *ret_n = s->n;
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* With the lock: a place for one more; NULL: all are in use. *ret_ended: what was there, or NULL. */
static struct session **find_place(struct sessions *s, struct session **ret_ended) {
    struct session **oldest = NULL;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *one = s->items[i];
        if (one == NULL) return &s->items[i];
        if (one->users == 0 && !one->common && (oldest == NULL || one->used < (*oldest)->used)) oldest = &s->items[i];
    }
    if (oldest != NULL) {
        *ret_ended = *oldest;
        *oldest = NULL;
    }
    return oldest;
}

/* NULL: no memory, or no thread. With the lock: nothing here waits. */
static struct session *begin(struct sessions *s, struct bytes id, struct session **ret_ended) {
    struct session *one = calloc(1, sizeof(*one));
    struct err err = {0};
    if (one == NULL) return NULL;
    one->names = *s->options.names;
    tap_names_run(one->names.run);
    one->common = id.n == 0;
    hash_parts(one->id, &id, 1);
    const struct tap_record_options options = {.names = &one->names,
                                               .ledger = s->options.ledger,
                                               .queue_max = QUEUE_MAX,
                                               .left = &s->left,
                                               .pause_ns = s->options.pause_ns,
                                               .say = s->options.say,
                                               .ctx = s->options.ctx};
    bool good = s->options.ledger == NULL || tap_record_start(&options, &one->record, &err) == 0;
    if (good && s->options.judge != NULL) {
        one->link = tap_link_new(s->options.judge, &one->names);
        good = one->link != NULL;
    }
    if (!good) *ret_ended = one;
    return good ? one : NULL;
}

/* With the lock. */
static struct session *find(struct sessions *s, const uint8_t id[HASH_LEN]) {
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *one = s->items[i];
        if (one != NULL && !one->over && memcmp(one->id, id, HASH_LEN) == 0) return one;
    }
    return NULL;
}

struct session *sessions_get(struct sessions *s, struct bytes id) {
    struct session *ended = NULL, *unmade = NULL, **place;
    uint8_t sum[HASH_LEN];
    hash_parts(sum, &id, 1);
    pthread_mutex_lock(&s->lock);
    struct session *found = find(s, sum);
    if (found == NULL && (place = find_place(s, &ended)) != NULL) {
        found = *place = begin(s, id, &unmade);
        s->n += found != NULL && !found->common;
    }
    if (found != NULL) {
        found->users++;
        found->used = ++s->uses;
    }
    pthread_mutex_unlock(&s->lock);
    finish(s, unmade, 0);
    finish(s, ended, END_NS);
    return found;
}

void sessions_put(struct sessions *s, struct session *one) {
    struct session *ended = NULL;
    if (one == NULL) return;
    pthread_mutex_lock(&s->lock);
    if (--one->users == 0 && one->over) ended = one;
    for (size_t i = 0; ended != NULL && i < SESSIONS_MAX; i++) {
        if (s->items[i] == ended) s->items[i] = NULL;
    }
    pthread_mutex_unlock(&s->lock);
    finish(s, ended, END_NS);
}

void sessions_over(struct sessions *s, struct session *one) {
    pthread_mutex_lock(&s->lock);
    one->over = !one->common;
    pthread_mutex_unlock(&s->lock);
}
