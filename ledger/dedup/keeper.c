/* One thread, started by the first request, that serves requests until the ledger is closed. It reports progress after each
 * step; waiters give up when there is none for a while, and wait again only once there is. */
#include "ledger/dedup/keeper.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/thread.h"

#define PATIENCE_S (time_t)1
#define AGAIN_NS   CLOCK_NS_PER_S /* after a failure */

struct keeper {
    struct ledger *ledger;
    keeper_work_fn *work;
    pthread_mutex_t lock; /* guards all that follows; nothing that could wait is done under it */
    pthread_cond_t asked, moved;
    pthread_t thread;
    bool runs, stop;
    bool wanted, busy;  /* a request waits; one is being served */
    bool held;          /* no progress for too long */
    uint64_t steps;     /* of progress */
    uint64_t failed_at; /* the monotonic clock; 0: the last request succeeded */
};

/* ---- the thread ---- */

void keeper_step(struct ledger *ledger) {
    struct keeper *k = ledger->keeper;
    pthread_mutex_lock(&k->lock);
    k->steps++;
    k->held = false;
    pthread_cond_broadcast(&k->moved);
    pthread_mutex_unlock(&k->lock);
}

static void *run(void *ctx) {
    struct keeper *k = ctx;
    pthread_mutex_lock(&k->lock);
    while (!k->stop || k->wanted) {
        if (!k->wanted) {
            pthread_cond_wait(&k->asked, &k->lock);
            continue;
        }
        k->wanted = false;
        k->busy = true;
        bool last = k->stop;
        pthread_mutex_unlock(&k->lock);
        int rc = k->work(k->ledger, last);
        pthread_mutex_lock(&k->lock);
        k->busy = k->held = false;
        k->failed_at = rc == 0 ? 0 : clock_monotonic_ns();
        pthread_cond_broadcast(&k->moved);
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

/* Under the lock. */
static void start(struct keeper *k) {
    k->runs = thread_start(&k->thread, run, k) == 0;
}

/* ---- its clients ---- */

struct keeper *keeper_new(struct ledger *ledger, keeper_work_fn *work) {
    pthread_condattr_t attr;
    struct keeper *k = calloc(1, sizeof(*k));
    if (k == NULL) return NULL;
    k->ledger = ledger;
    k->work = work;
    pthread_mutex_init(&k->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&k->asked, &attr);
    pthread_cond_init(&k->moved, &attr);
    pthread_condattr_destroy(&attr);
    return k;
}

void keeper_free(struct keeper *k) {
    if (k == NULL) return;
    pthread_mutex_lock(&k->lock);
    k->stop = true;
    bool runs = k->runs;
    k->wanted = k->wanted || (runs && k->ledger->runs_due);
    pthread_cond_signal(&k->asked);
    pthread_mutex_unlock(&k->lock);
    if (runs) {
        core_end_thread(k->ledger, k->thread);
    }
    pthread_cond_destroy(&k->asked);
    pthread_cond_destroy(&k->moved);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

void keeper_ask(struct ledger *ledger) {
    struct keeper *k = ledger->keeper;
    pthread_mutex_lock(&k->lock);
    if (k->failed_at == 0 || clock_monotonic_ns() - k->failed_at >= AGAIN_NS) {
        if (!k->runs) {
            start(k);
        }
        k->wanted = k->runs;
        pthread_cond_signal(&k->asked);
    }
    pthread_mutex_unlock(&k->lock);
}

void keeper_wait(struct ledger *ledger) {
    struct keeper *k = ledger->keeper;
    pthread_mutex_lock(&k->lock);
    while ((k->wanted || k->busy) && !k->held) {
        struct timespec until;
        uint64_t seen = k->steps;
        int rc = 0;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += PATIENCE_S;
        while (rc == 0 && seen == k->steps && (k->wanted || k->busy)) {
            rc = pthread_cond_timedwait(&k->moved, &k->lock, &until);
        }
        k->held = rc == ETIMEDOUT && seen == k->steps && (k->wanted || k->busy);
    }
    pthread_mutex_unlock(&k->lock);
}
