/* A ring of readers: the thread fills those that are free, in order; the caller has the oldest. */
#include "projections/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define SLOTS      4
#define GROUPS_MIN 16 /* fewer are not worth a thread */

struct slot {
    struct ledger_reader *reader; /* NULL until first needed */
    const struct group *group;
    bool full; /* the caller's; otherwise the thread's */
    int rc;
    struct err err;
};

struct ahead {
    struct ledger *ledger;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t freed, filled;
    bool stop;
    uint64_t from, taken, to; /* the caller's: taken is one less than from at first */
    struct slot slot[SLOTS];
};

static void fill(struct ahead *a, struct slot *s, uint64_t index) {
    s->err.code = 0;
    s->rc = s->reader != NULL ? 0 : ledger_reader_open(a->ledger, 0, LEDGER_NO_SEQ, &s->reader, &s->err);
    s->rc = s->rc != 0 ? s->rc : reader_group(s->reader, index, &s->group, &s->err);
}

static void *run(void *ctx) {
    struct ahead *a = ctx;
    pthread_mutex_lock(&a->lock);
    for (uint64_t index = a->from; index < a->to && !a->stop;) {
        struct slot *s = &a->slot[index % SLOTS];
        if (s->full) {
            pthread_cond_wait(&a->freed, &a->lock);
            continue;
        }
        pthread_mutex_unlock(&a->lock);
        fill(a, s, index++);
        pthread_mutex_lock(&a->lock);
        s->full = true;
        pthread_cond_signal(&a->filled);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

struct ahead *ahead_start(struct ledger *ledger, uint64_t from, uint64_t to) {
    sigset_t all, before;
    struct ahead *a;
    if (to < from + GROUPS_MIN || sysconf(_SC_NPROCESSORS_ONLN) < 2 || (a = calloc(1, sizeof(*a))) == NULL) {
        return NULL;
    }
    a->ledger = ledger;
    a->from = from;
    a->taken = from - 1;
    a->to = to;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->freed, NULL);
    pthread_cond_init(&a->filled, NULL);
    sigfillset(&all); /* signals are for the host's own threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&a->thread, NULL, run, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        a->to = from;
        a->stop = true;
        ahead_stop(a);
        return NULL;
    }
    return a;
}

void ahead_stop(struct ahead *a) {
    if (a == NULL) {
        return;
    }
    pthread_mutex_lock(&a->lock);
    bool running = !a->stop;
    a->stop = true;
    pthread_cond_signal(&a->freed);
    pthread_mutex_unlock(&a->lock);
    if (running) {
        pthread_join(a->thread, NULL);
    }
    for (size_t i = 0; i < SLOTS; i++) {
        ledger_reader_close(a->slot[i].reader);
    }
    pthread_cond_destroy(&a->freed);
    pthread_cond_destroy(&a->filled);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

bool ahead_has(const struct ahead *a, uint64_t index) {
    return a != NULL && index < a->to && index >= a->from && (index == a->taken || index == a->taken + 1);
}

int ahead_take(struct ahead *a, uint64_t index, struct ledger_reader **ret_reader, const struct group **ret,
               struct err *err) {
    struct slot *s = &a->slot[index % SLOTS];
    if (index != a->taken) {
        pthread_mutex_lock(&a->lock);
        if (a->taken != a->from - 1) {
            a->slot[a->taken % SLOTS].full = false;
            pthread_cond_signal(&a->freed);
        }
        while (!s->full) {
            pthread_cond_wait(&a->filled, &a->lock);
        }
        a->taken = index;
        pthread_mutex_unlock(&a->lock);
    }
    if (s->rc != 0) {
        return err_set(err, s->rc, "%s", s->err.msg);
    }
    *ret_reader = s->reader;
    *ret = s->group;
    return 0;
}
