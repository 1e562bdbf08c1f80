/* One thread that sleeps until something has changed, and then until the last writing is two seconds ago. A file that cannot be
 * written (a full disk) is not an error of the source: the next change tries again. */
#include "capture/sources/reporter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/thread.h"
#include "capture/sources/conf.h"

#define PAUSE_NS (2 * CLOCK_NS_PER_S)

struct sources_reporter {
    char dir[FILE_PATH_MAX], name[SOURCES_NAME_MAX + 1];
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool dirty, now, ends;
    struct sources_status status;
};

static bool is_due(struct sources_reporter *r, uint64_t due) {
    if (r->ends || (r->dirty && r->now) || (r->dirty && clock_monotonic_ns() >= due)) return true;
    if (!r->dirty) {
        pthread_cond_wait(&r->changed, &r->mutex);
    } else {
        const struct timespec until = {(time_t)(due / CLOCK_NS_PER_S), (long)(due % CLOCK_NS_PER_S)};
        pthread_cond_timedwait(&r->changed, &r->mutex, &until);
    }
    return false;
}

static void *run(void *ctx) {
    struct sources_reporter *r = ctx;
    uint64_t due = 0;
    bool ends = false;
    while (!ends) {
        pthread_mutex_lock(&r->mutex);
        while (!is_due(r, due)) {
        }
        struct sources_status status = r->status;
        bool dirty = r->dirty;
        ends = r->ends;
        r->dirty = r->now = false;
        pthread_mutex_unlock(&r->mutex);
        if (dirty) {
            sources_status_write(r->dir, r->name, &status, NULL);
        }
        due = clock_monotonic_ns() + PAUSE_NS;
    }
    return NULL;
}

int sources_reporter_new(const char *dir, const char *name, const struct sources_status *status,
                         struct sources_reporter **ret, struct err *err) {
    pthread_condattr_t attributes;
    struct sources_reporter *r = calloc(1, sizeof(*r));
    if (r == NULL) return err_set(err, ERR_NOMEM, "status of the source: out of memory");
    snprintf(r->dir, sizeof(r->dir), "%s", dir);
    snprintf(r->name, sizeof(r->name), "%s", name);
    r->status = *status;
    r->dirty = r->now = true;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&r->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    int failed = thread_start(&r->thread, run, r);
    if (failed != 0) {
        pthread_cond_destroy(&r->changed);
        pthread_mutex_destroy(&r->mutex);
        free(r);
        return err_errno(err, failed, "a thread for the status of the source");
    }
    *ret = r;
    return 0;
}

struct sources_status *sources_reporter_take(struct sources_reporter *r) {
    pthread_mutex_lock(&r->mutex);
    return &r->status;
}

void sources_reporter_put(struct sources_reporter *r, bool now) {
    r->status.changed_at = clock_wall_ns();
    r->dirty = true;
    r->now = r->now || now;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->mutex);
}

void sources_reporter_free(struct sources_reporter *r) {
    if (r == NULL) return;
    pthread_mutex_lock(&r->mutex);
    r->ends = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->mutex);
    pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}
