/* A disk that a test controls: the linker binds these to what LMDB's shared library calls. A sync can be held until the
 * test releases it, so that requests made meanwhile are certain to wait; it can be slow; it can fail once. Also the threads
 * that append meanwhile, and checks of their results. */
#ifndef TESTS_LEDGER_HELD_DISK_H
#define TESTS_LEDGER_HELD_DISK_H

#include "tests/ledger/scratch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>

#include "ledger/write/commit.h"

#define DISK_EXPORT   __attribute__((visibility("default")))
#define DISK_META_END 8192 /* LMDB's two meta pages, the first of the file */
#define DISK_PATIENCE 60   /* seconds after which a test stops waiting: something hangs */
#define DISK_THREADS  320

static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool hold;         /* syncs wait ... */
    unsigned let;      /* ... except this many */
    unsigned in;       /* calls that are waiting now */
    atomic_long syncs; /* calls since the start */
    atomic_uint slow_us;
    atomic_int sync_error;  /* the next sync fails with this errno, once ... */
    atomic_bool sync_stays; /* ... or until this is withdrawn */
    atomic_int meta_error;  /* the next write of a meta page is made and reports failure, once */
    atomic_int undo_error;  /* then also the write by which LMDB reverts it, which is not made */
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

DISK_EXPORT int fdatasync(int fd) {
    unsigned slow = atomic_load(&disk.slow_us);
    atomic_fetch_add(&disk.syncs, 1);
    pthread_mutex_lock(&disk.lock);
    if (disk.hold) {
        disk.in++;
        pthread_cond_broadcast(&disk.moved);
        while (disk.hold && disk.let == 0) {
            pthread_cond_wait(&disk.moved, &disk.lock);
        }
        disk.let -= disk.let > 0 ? 1 : 0;
        disk.in--;
    }
    pthread_mutex_unlock(&disk.lock);
    if (slow > 0) {
        usleep(slow);
    }
    errno = atomic_load(&disk.sync_stays) ? atomic_load(&disk.sync_error) : atomic_exchange(&disk.sync_error, 0);
    return errno != 0 ? -1 : (int)syscall(SYS_fdatasync, fd);
}

DISK_EXPORT ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
    unsigned slow = atomic_load(&disk.slow_us);
    if (slow > 0) {
        usleep(slow / 2);
    }
    if (at < DISK_META_END && atomic_load(&disk.meta_error) != 0) {
        syscall(SYS_pwrite64, fd, p, n, at);
        errno = atomic_exchange(&disk.meta_error, 0);
        return -1;
    }
    if (at < DISK_META_END && atomic_load(&disk.undo_error) != 0) {
        errno = atomic_exchange(&disk.undo_error, 0);
        return -1;
    }
    return (ssize_t)syscall(SYS_pwrite64, fd, p, n, at);
}

DISK_EXPORT ssize_t pwrite64(int fd, const void *p, size_t n, off_t at);
DISK_EXPORT ssize_t pwrite64(int fd, const void *p, size_t n, off_t at) {
    return pwrite(fd, p, n, at);
}

/* Syncs wait from now on. */
static inline void disk_hold(void) {
    pthread_mutex_lock(&disk.lock);
    disk.hold = true;
    disk.let = 0;
    pthread_mutex_unlock(&disk.lock);
}

/* Waits until a sync is held. */
static inline void disk_wait_held(void) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += DISK_PATIENCE;
    pthread_mutex_lock(&disk.lock);
    int rc = 0;
    while (disk.in == 0 && rc == 0) {
        rc = pthread_cond_timedwait(&disk.moved, &disk.lock, &end);
    }
    pthread_mutex_unlock(&disk.lock);
    assert_int_equal(rc, 0);
}

/* The held one continues; the next one waits again. */
static inline void disk_let_one(void) {
    pthread_mutex_lock(&disk.lock);
    disk.let++;
    pthread_cond_broadcast(&disk.moved);
    pthread_mutex_unlock(&disk.lock);
}

static inline void disk_release(void) {
    pthread_mutex_lock(&disk.lock);
    disk.hold = false;
    pthread_cond_broadcast(&disk.moved);
    pthread_mutex_unlock(&disk.lock);
}

static inline size_t disk_queue(struct ledger *ledger) {
    size_t n = 0;
    pthread_mutex_lock(&ledger->queue.lock);
    for (const struct commit_request *r = ledger->queue.first; r != NULL; r = r->after) {
        n++;
    }
    pthread_mutex_unlock(&ledger->queue.lock);
    return n;
}

/* Waits until n requests are queued for the next commit while the current one is held. */
static inline void disk_wait_queue(struct ledger *ledger, size_t n) {
    for (unsigned ms = 0; disk_queue(ledger) != n; ms++) {
        if (ms > 1000 * DISK_PATIENCE) {
            fail_msg("%zu requests wait, not %zu", disk_queue(ledger), n);
        }
        usleep(1000);
    }
}

/* ---- threads that append ---- */

struct appender;
typedef int appender_fn(struct appender *a);

/* One thread; it runs its function once and keeps the result. */
struct appender {
    pthread_t thread;
    appender_fn *run;
    struct ledger *ledger;
    unsigned n;                   /* which one */
    struct log_receipt *receipts; /* its error; owned */
    size_t told, room;
    int rc;
    struct err err;
};

static inline void *appender_main(void *arg) {
    struct appender *a = arg;
    a->rc = a->run(a);
    return NULL;
}

static inline void appender_start(struct appender *a, struct ledger *ledger, unsigned n, appender_fn *run) {
    *a = (struct appender){.run = run, .ledger = ledger, .n = n};
    assert_int_equal(pthread_create(&a->thread, NULL, appender_main, a), 0);
}

static inline void appender_join(struct appender *a) {
    assert_int_equal(pthread_join(a->thread, NULL), 0);
}

static inline void appender_told(struct appender *a, const struct log_receipt *r) {
    if (a->told == a->room) {
        a->room = a->room == 0 ? 16 : 2 * a->room;
        a->receipts = realloc(a->receipts, a->room * sizeof(*r));
        if (a->receipts == NULL) {
            abort();
        }
    }
    a->receipts[a->told++] = *r;
}

static inline void appenders_free(struct appender *a, size_t n) {
    for (size_t i = 0; i < n; i++) {
        free(a[i].receipts);
        a[i].receipts = NULL;
    }
}

/* One event. */
static inline int append_one(struct appender *a) {
    struct log_receipt r;
    int rc = scratch_try(a->ledger, a->n, NULL, &r, &a->err);
    if (rc == 0) {
        appender_told(a, &r);
    }
    return rc;
}

/* Threads [from, to) start one after another, and wait for the next commit; `waiting` of them already do. */
static inline void appenders_queue(struct appender *a, struct ledger *ledger, unsigned from, unsigned to, size_t waiting,
                                   appender_fn *run) {
    for (unsigned i = from; i < to; i++) {
        appender_start(&a[i], ledger, i, run);
        disk_wait_queue(ledger, ++waiting);
    }
}

/* All must have succeeded. */
static inline void appenders_join(struct appender *a, unsigned from, unsigned to) {
    for (unsigned i = from; i < to; i++) {
        appender_join(&a[i]);
        if (a[i].rc != 0) {
            fail_msg("thread %u: %s: %s", i, err_name(a[i].rc), a[i].err.msg);
        }
    }
}

/* All must have failed with this. */
static inline void appenders_join_failed(struct appender *a, unsigned from, unsigned to, int rc, const char *text) {
    for (unsigned i = from; i < to; i++) {
        appender_join(&a[i]);
        if (a[i].rc != rc || strstr(a[i].err.msg, text) == NULL) {
            fail_msg("thread %u: gave %s '%s', not %s '%s'", i, err_name(a[i].rc), a[i].err.msg, err_name(rc), text);
        }
    }
}

/* What was acknowledged is stored, each event once, with its leaf, and nothing else but `others` events. */
static inline void check_told(struct ledger *ledger, const struct appender *a, size_t n, uint64_t others) {
    struct log_head head;
    struct log_reader *reader;
    struct log_event event;
    uint64_t told = 0;
    must(log_head(ledger, &head, &why));
    uint8_t(*leaf)[LOG_HASH] = calloc(head.size, LOG_HASH);
    bool *seen = calloc(head.size, sizeof(*seen));
    assert_true(leaf != NULL && seen != NULL);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < a[i].told; k++) {
            const struct log_receipt *r = &a[i].receipts[k];
            assert_true(r->seq < head.size && !seen[r->seq] && !r->duplicate);
            seen[r->seq] = true;
            memcpy(leaf[r->seq], r->leaf, LOG_HASH);
            told++;
        }
    }
    assert_int_equal(told + others, head.size);
    must(log_reader_open(ledger, 0, LOG_NO_SEQ, &reader, &why));
    int rc;
    while ((rc = log_reader_next(reader, &event, &why)) == 0) {
        if (seen[event.seq]) {
            assert_memory_equal(event.leaf, leaf[event.seq], LOG_HASH);
        }
    }
    assert_int_equal(rc, 1);
    log_reader_close(reader);
    free(leaf);
    free(seen);
    scratch_verify_good(ledger);
}

#endif
