/* A ring of groups between the writer and one second thread. */
#include "ledger/write/packer.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define PACKER_SLOTS 2 /* one being encoded, one waiting: the writer fills slower than a group is encoded */

enum slot_state { SLOT_WAITING, SLOT_TAKEN, SLOT_DONE };

struct slot {
    struct group *group;
    struct buf record;
    enum slot_state state; /* under the lock; says whose turn it is to use the rest */
    int rc;
    struct err err;
};

struct packer {
    struct slot slot[PACKER_SLOTS];
    unsigned first, n;  /* the pending ones; only the writer changes them, under the lock */
    struct slot *taken; /* the slot taken last; the writer's */
    bool tried;         /* to start the thread */
    bool runs;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t waiting, done; /* a slot is waiting, or `stop`; a slot is done */
    bool stop;
};

struct packer *packer_new(void) {
    struct packer *p = calloc(1, sizeof(*p));
    if (p == NULL) return NULL;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->waiting, NULL);
    pthread_cond_init(&p->done, NULL);
    for (size_t i = 0; i < PACKER_SLOTS; i++) {
        buf_init(&p->slot[i].record, GROUP_PLAIN_MAX + 65536);
        p->slot[i].group = group_new();
        if (p->slot[i].group == NULL) {
            packer_free(p);
            return NULL;
        }
    }
    return p;
}

void packer_free(struct packer *p) {
    if (p == NULL) return;
    if (p->runs) {
        pthread_mutex_lock(&p->lock);
        p->stop = true;
        pthread_cond_signal(&p->waiting);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
    }
    for (size_t i = 0; i < PACKER_SLOTS; i++) {
        group_free(p->slot[i].group);
        buf_done(&p->slot[i].record);
    }
    pthread_cond_destroy(&p->waiting);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static struct slot *slot_at(struct packer *p, unsigned i) {
    return &p->slot[(p->first + i) % PACKER_SLOTS];
}

/* The slot is the caller's: its state is SLOT_TAKEN. */
static void encode(struct slot *s) {
    buf_clear(&s->record);
    s->err.code = 0;
    s->rc = group_encode(s->group, &s->record, &s->err);
}

/* ---- the second thread ---- */

/* Under the lock. NULL: nothing waits. */
static struct slot *first_waiting(struct packer *p) {
    for (unsigned i = 0; i < p->n; i++) {
        if (slot_at(p, i)->state == SLOT_WAITING) return slot_at(p, i);
    }
    return NULL;
}

static void *run(void *ctx) {
    struct packer *p = ctx;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct slot *s = first_waiting(p);
        if (s == NULL) {
            pthread_cond_wait(&p->waiting, &p->lock);
            continue;
        }
        s->state = SLOT_TAKEN;
        pthread_mutex_unlock(&p->lock);
        encode(s);
        pthread_mutex_lock(&p->lock);
        s->state = SLOT_DONE;
        pthread_cond_signal(&p->done);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

void packer_start(struct packer *p) {
    if (p->tried) return;
    p->tried = true;
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) return;
    p->runs = thread_start(&p->thread, run, p) == 0;
}

/* ---- the writer ---- */

bool packer_has_room(const struct packer *p) {
    return p->n < PACKER_SLOTS;
}

bool packer_pending(const struct packer *p) {
    return p != NULL && p->n > 0;
}

void packer_put(struct packer *p, struct group **group) {
    pthread_mutex_lock(&p->lock);
    struct slot *s = slot_at(p, p->n);
    struct group *empty = s->group;
    s->group = *group;
    s->state = SLOT_WAITING;
    p->n++;
    if (p->runs) {
        pthread_cond_signal(&p->waiting);
    }
    pthread_mutex_unlock(&p->lock);
    *group = empty;
}

bool packer_ready(struct packer *p) {
    pthread_mutex_lock(&p->lock);
    bool ready = p->n > 0 && slot_at(p, 0)->state == SLOT_DONE;
    pthread_mutex_unlock(&p->lock);
    return ready;
}

/* The oldest group, encoded by this thread or the other, no longer pending. */
static struct slot *take(struct packer *p, bool wanted) {
    pthread_mutex_lock(&p->lock);
    struct slot *s = slot_at(p, 0);
    bool mine = s->state == SLOT_WAITING;
    if (mine) {
        s->state = SLOT_TAKEN;
    }
    while (!mine && s->state != SLOT_DONE) {
        pthread_cond_wait(&p->done, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    if (mine && wanted) {
        encode(s);
    }
    pthread_mutex_lock(&p->lock);
    p->first = (p->first + 1) % PACKER_SLOTS;
    p->n--;
    pthread_mutex_unlock(&p->lock);
    return s;
}

int packer_take(struct packer *p, uint64_t *ret_index, struct bytes *ret_record, struct err *err) {
    struct slot *s = take(p, true);
    p->taken = s;
    *ret_index = s->group->index;
    *ret_record = bytes_of_buf(&s->record);
    return s->rc == 0 ? 0 : err_set(err, s->rc, "%s", s->err.msg);
}

struct group **packer_taken(struct packer *p) {
    return &p->taken->group;
}

void packer_clear(struct packer *p) {
    while (packer_pending(p)) {
        take(p, false);
    }
}
