/* A few slots, each with its own reader. The caller's thread is one of the workers: while another thread reads the group
 * that it wants, it reads one of the next. */
#include "ledger/read/prefetch.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS_MAX 3 /* besides the caller's */
#define SLOTS       (2 * THREADS_MAX + 2)

enum slot_state { SLOT_FREE, SLOT_WANTED, SLOT_LOADING, SLOT_DONE };

struct slot {
    enum slot_state state;
    uint64_t index;
    uint64_t order; /* wanted slots are read in this order */
    /* `state` says whose turn it is */
    struct log_reader *reader; /* NULL until first needed */
    const struct group *group;
    int rc;
    struct err err;
};

struct prefetch {
    struct ledger *ledger;
    pthread_mutex_t lock;
    pthread_cond_t wanted, done;
    bool tried, stop;
    unsigned n_threads, n_slots; /* n_slots: in use */
    pthread_t thread[THREADS_MAX];
    struct slot slot[SLOTS];
    uint64_t order;
};

int prefetch_new(struct ledger *ledger, struct prefetch **ret, struct err *err) {
    struct prefetch *p = calloc(1, sizeof(*p));
    if (p == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    p->ledger = ledger;
    p->n_slots = 1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wanted, NULL);
    pthread_cond_init(&p->done, NULL);
    *ret = p;
    return 0;
}

void prefetch_free(struct prefetch *p) {
    if (p == NULL) return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->wanted);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n_threads; i++) {
        pthread_join(p->thread[i], NULL);
    }
    for (size_t i = 0; i < SLOTS; i++) {
        log_reader_close(p->slot[i].reader);
    }
    pthread_cond_destroy(&p->wanted);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* ---- reading ---- */

/* The first wanted slot; NULL when none is wanted. Under the lock. */
static struct slot *first_wanted(struct prefetch *p) {
    struct slot *first = NULL;
    for (unsigned i = 0; i < p->n_slots; i++) {
        struct slot *s = &p->slot[i];
        if (s->state == SLOT_WANTED && (first == NULL || s->order < first->order)) {
            first = s;
        }
    }
    return first;
}

/* Under the lock, which is released while it reads. */
static void load(struct prefetch *p, struct slot *s) {
    s->state = SLOT_LOADING;
    pthread_mutex_unlock(&p->lock);
    s->err.code = 0;
    s->rc = s->reader != NULL ? 0 : log_reader_open(p->ledger, 0, LOG_NO_SEQ, &s->reader, &s->err);
    s->rc = s->rc != 0 ? s->rc : reader_group(s->reader, s->index, &s->group, &s->err);
    pthread_mutex_lock(&p->lock);
    s->state = SLOT_DONE;
    pthread_cond_signal(&p->done);
}

static void *run(void *ctx) {
    struct prefetch *p = ctx;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct slot *s = first_wanted(p);
        if (s != NULL) {
            load(p, s);
        } else {
            pthread_cond_wait(&p->wanted, &p->lock);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Under the lock. Without threads there is nothing to gain, and one slot is enough. */
static void start(struct prefetch *p) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    p->tried = true;
    while (p->n_threads < THREADS_MAX && p->n_threads + 1 < processors &&
           thread_start(&p->thread[p->n_threads], run, p) == 0) {
        p->n_threads++;
    }
    p->n_slots = p->n_threads == 0 ? 1 : 2 * p->n_threads + 2;
}

/* ---- asking ---- */

static struct slot *find(struct prefetch *p, uint64_t index) {
    for (unsigned i = 0; i < p->n_slots; i++) {
        if (p->slot[i].state != SLOT_FREE && p->slot[i].index == index) return &p->slot[i];
    }
    return NULL;
}

/* A slot for the group, NULL when there is no room. Under the lock. */
static struct slot *want(struct prefetch *p, uint64_t index) {
    struct slot *s = find(p, index);
    for (unsigned i = 0; i < p->n_slots && s == NULL; i++) {
        if (p->slot[i].state == SLOT_FREE) {
            s = &p->slot[i];
            s->state = SLOT_WANTED;
            s->index = index;
        }
    }
    if (s != NULL) {
        s->order = p->order++;
    }
    return s;
}

/* Frees slots whose group is not among the n that are asked for; a read that has begun cannot be stopped. Under the
 * lock. */
static void forget_others(struct prefetch *p, const uint64_t *index, unsigned n) {
    for (unsigned i = 0; i < p->n_slots; i++) {
        struct slot *s = &p->slot[i];
        bool needed = s->state == SLOT_LOADING;
        for (unsigned k = 0; k < n; k++) {
            needed = needed || s->index == index[k];
        }
        s->state = needed ? s->state : SLOT_FREE;
    }
}

/* Waits for a slot's group, and reads others meanwhile. Under the lock. */
static void wait_for(struct prefetch *p, struct slot *s) {
    while (s->state != SLOT_DONE) {
        struct slot *other = s->state == SLOT_WANTED ? s : first_wanted(p);
        if (other != NULL) {
            load(p, other);
        } else {
            pthread_cond_wait(&p->done, &p->lock);
        }
    }
}

int prefetch_group(struct prefetch *p, uint64_t index, bool eager, prefetch_next_fn *next, const void *ctx,
                   struct log_reader **ret_reader, const struct group **ret, struct err *err) {
    uint64_t list[SLOTS] = {index};
    struct slot *s = NULL;
    unsigned n = 1;
    pthread_mutex_lock(&p->lock);
    if (eager && !p->tried && next(ctx, index) != LOG_NO_SEQ) {
        start(p);
    }
    for (; eager && n < p->n_slots && (list[n] = next(ctx, list[n - 1])) != LOG_NO_SEQ; n++) {
    }
    forget_others(p, list, n);
    while ((s = want(p, index)) == NULL) { /* groups are being read that nobody wants any more */
        pthread_cond_wait(&p->done, &p->lock);
        forget_others(p, list, n);
    }
    for (unsigned i = 1; i < n; i++) {
        want(p, list[i]);
    }
    if (n > 1) {
        pthread_cond_broadcast(&p->wanted);
    }
    wait_for(p, s);
    pthread_mutex_unlock(&p->lock);
    if (s->rc != 0) return err_set(err, s->rc, "%s", s->err.msg);
    *ret_reader = s->reader;
    *ret = s->group;
    return 0;
}
