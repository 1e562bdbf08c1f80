/* A thread that reads what was recorded since it last looked. What cannot be read, or judged, is tried again: the steps
 * themselves fail where the ledger cannot be read. */
#include "projections/act/watch.h"

#include <stdlib.h>
#include <time.h>

#include "base/thread.h"
#include "projections/act/checked.h"

#define LOOK_NS 250000000

struct watch {
    struct ledger *ledger;
    const char *kind;
    watch_fn *locked;
    void *ctx;
    uint64_t seen; /* size of the log that was looked at */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ends;
    bool end; /* under the lock */
};

/* False: it could not be read to its end. */
static bool concerns(struct watch *w, uint64_t size, bool *ret) {
    struct log_reader *reader;
    struct log_event event;
    int rc = log_reader_open(w->ledger, w->seen, size, &reader, NULL);
    if (rc != 0) return false;
    *ret = false;
    while ((rc = log_reader_next(reader, &event, NULL)) == 0) {
        *ret = *ret || bytes_has_prefix(event.kind, "recovery.");
    }
    log_reader_close(reader);
    return rc == 1;
}

/* True: LOCKDOWN came on, and this was said. */
static bool look(struct watch *w) {
    struct log_head head;
    struct err why = {0};
    bool about = false;
    if (log_head(w->ledger, &head, NULL) != 0 || head.size <= w->seen || !concerns(w, head.size, &about)) return false;
    int rc = about ? checked_unlocked(w->ledger, w->kind, &why) : 0;
    if (rc == ERR_CONFLICT) {
        w->locked(w->ctx, why.msg);
        return true;
    }
    if (rc == 0) {
        w->seen = head.size;
    }
    return false;
}

static void *run(void *ctx) {
    struct watch *w = ctx;
    struct timespec until;
    bool said = false;
    pthread_mutex_lock(&w->lock);
    while (!w->end && !said) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        (void)pthread_cond_timedwait(&w->ends, &w->lock, &until);
        if (w->end) break;
        pthread_mutex_unlock(&w->lock);
        said = look(w);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

int watch_begin(struct ledger *ledger, const char *kind, watch_fn *locked, void *ctx, struct watch **ret, struct err *err) {
    struct log_head head;
    pthread_condattr_t attr;
    int rc = log_head(ledger, &head, err);
    struct watch *w = rc == 0 ? malloc(sizeof(*w)) : NULL;
    if (rc != 0) return rc;
    if (w == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    *w = (struct watch){.ledger = ledger, .kind = kind, .locked = locked, .ctx = ctx, .seen = head.size};
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->ends, &attr);
    pthread_condattr_destroy(&attr);
    int failed = thread_start(&w->thread, run, w);
    if (failed != 0) {
        pthread_cond_destroy(&w->ends);
        pthread_mutex_destroy(&w->lock);
        free(w);
        return err_errno(err, failed, "no thread that watches for LOCKDOWN");
    }
    *ret = w;
    return 0;
}

void watch_end(struct watch *watch) {
    if (watch == NULL) return;
    pthread_mutex_lock(&watch->lock);
    watch->end = true;
    pthread_cond_signal(&watch->ends);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->ends);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}
