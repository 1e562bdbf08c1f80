/* Two blocks, of which the thread has at most one. One mutex and one condition for both directions: there are but two
 * parties, and each waits for the other only. */
#include "ingest/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define BLOCK_TEXTS 64
#define BLOCK_BYTES ((size_t)256 << 10) /* a longer text is a block of its own */
#define FEW_TEXTS   16
/* A text of n bytes has at most 9 bytes of MessagePack for two of its own, as in [.1,.1]. */
#define OUT_MAX ((size_t)32 << 20)

struct block {
    size_t first, n;
    struct bytes text[BLOCK_TEXTS];
    int code[BLOCK_TEXTS];
    size_t at[BLOCK_TEXTS + 1]; /* where in `out` */
    struct err why[BLOCK_TEXTS];
    struct buf out;
};

struct ahead {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool has_thread, no_thread, quit;
    struct block *asked; /* the thread's block; NULL when it is done with it */
    struct block blocks[2];
};

static void parse(struct block *b) {
    buf_clear(&b->out);
    for (size_t i = 0; i < b->n; i++) {
        b->at[i] = b->out.n;
        b->code[i] = json_to_mp(b->text[i], &b->out, &b->why[i]);
        b->out.fail = 0;
    }
    b->at[b->n] = b->out.n;
}

static void *run_thread(void *arg) {
    struct ahead *a = arg;
    pthread_mutex_lock(&a->lock);
    while (!a->quit) {
        if (a->asked == NULL) {
            pthread_cond_wait(&a->changed, &a->lock);
            continue;
        }
        struct block *b = a->asked;
        pthread_mutex_unlock(&a->lock);
        parse(b);
        pthread_mutex_lock(&a->lock);
        a->asked = NULL;
        pthread_cond_signal(&a->changed);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* Signals are the first thread's: its sleeps and reads must end by them. */
static void start_thread(struct ahead *a) {
    sigset_t all, before;
    if (a->has_thread || a->no_thread) {
        return;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    a->has_thread = pthread_create(&a->thread, NULL, run_thread, a) == 0;
    a->no_thread = !a->has_thread;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int ahead_new(struct ahead **ret, struct err *err) {
    struct ahead *a = calloc(1, sizeof(*a));
    if (a == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    buf_init(&a->blocks[0].out, OUT_MAX);
    buf_init(&a->blocks[1].out, OUT_MAX);
    *ret = a;
    return 0;
}

void ahead_free(struct ahead *a) {
    if (a == NULL) {
        return;
    }
    if (a->has_thread) {
        pthread_mutex_lock(&a->lock);
        a->quit = true;
        pthread_cond_signal(&a->changed);
        pthread_mutex_unlock(&a->lock);
        pthread_join(a->thread, NULL);
    }
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    buf_done(&a->blocks[0].out);
    buf_done(&a->blocks[1].out);
    free(a);
}

static void fill(struct block *b, const struct ahead_work *work, size_t first) {
    size_t bytes = 0;
    b->first = first;
    b->n = 0;
    while (b->n < BLOCK_TEXTS && first + b->n < work->n && bytes < BLOCK_BYTES) {
        b->text[b->n] = work->text(work->ctx, first + b->n);
        bytes += b->text[b->n++].n;
    }
}

static void ask(struct ahead *a, struct block *b) {
    if (b->n == 0) {
        return;
    }
    if (!a->has_thread) {
        parse(b);
        return;
    }
    pthread_mutex_lock(&a->lock);
    a->asked = b;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

static void wait_parsed(struct ahead *a) {
    pthread_mutex_lock(&a->lock);
    while (a->asked != NULL) {
        pthread_cond_wait(&a->changed, &a->lock);
    }
    pthread_mutex_unlock(&a->lock);
}

static int take(const struct ahead_work *work, const struct block *b, struct err *err) {
    int code = 0;
    for (size_t i = 0; i < b->n && code == 0; i++) {
        size_t n = b->at[i + 1] - b->at[i];
        struct bytes mp = {n > 0 ? b->out.p + b->at[i] : NULL, n};
        code = work->take(work->ctx, b->first + i, b->code[i], mp, &b->why[i], err);
    }
    return code;
}

int ahead_run(struct ahead *a, const struct ahead_work *work, struct err *err) {
    struct block *now = &a->blocks[0], *next = &a->blocks[1];
    size_t filled;
    int code = 0;
    if (work->n > FEW_TEXTS) {
        start_thread(a);
    }
    fill(now, work, 0);
    filled = now->n;
    ask(a, now);
    while (now->n > 0 && code == 0) {
        fill(next, work, filled);
        filled += next->n;
        wait_parsed(a);
        ask(a, next);
        code = take(work, now, err);
        struct block *taken = now;
        now = next;
        next = taken;
    }
    wait_parsed(a);
    return code;
}
