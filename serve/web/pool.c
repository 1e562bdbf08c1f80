/* Threads for answers that take some tenths of a millisecond each, which is too long for the loop and too short for a guest. */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/thread.h"
#include "serve/web/site.h"

#define THREADS_MAX 4
#define WAITING_MAX 4096

struct queue {
    struct web_work *first, **last;
};

struct web_pool {
    struct web *web;
    struct httpd_watch watch; /* an eventfd: something is done */
    pthread_t threads[THREADS_MAX];
    size_t n_threads;
    struct web_work *all; /* the loop's own: whatever is not answered yet */
    size_t n;
    pthread_mutex_t lock; /* protects what follows */
    pthread_cond_t wake;
    struct queue todo, done;
    bool ends;
};

static void put(struct queue *queue, struct web_work *work) {
    work->next = NULL;
    *queue->last = work;
    queue->last = &work->next;
}

static struct web_work *take(struct queue *queue) {
    struct web_work *work = queue->first;
    if (work != NULL) {
        queue->first = work->next;
        if (queue->first == NULL) queue->last = &queue->first;
    }
    return work;
}

static void *work_on(void *ctx) {
    struct web_pool *pool = ctx;
    pthread_mutex_lock(&pool->lock);
    while (!pool->ends) {
        struct web_work *work = take(&pool->todo);
        if (work == NULL) {
            pthread_cond_wait(&pool->wake, &pool->lock);
            continue;
        }
        pthread_mutex_unlock(&pool->lock);
        work->make(pool->web, work);
        pthread_mutex_lock(&pool->lock);
        bool first = pool->done.first == NULL;
        put(&pool->done, work);
        if (first) (void)eventfd_write(pool->watch.fd, 1);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void forget(struct web_pool *pool, struct web_work *work) {
    *work->link = work->following;
    if (work->following != NULL) work->following->link = work->link;
    pool->n--;
}

static void answer(struct web *w, struct web_work *work) {
    struct httpd_reply reply;
    forget(w->pool, work);
    if (work->asked.exchange != NULL) {
        httpd_reply_init(w->httpd, &reply);
        work->done(w, work, &reply);
        web_answer(w, &work->asked, &reply);
    } else if (work->alone) {
        work->done(w, work, NULL);
    }
    work->free(work);
}

static void on_done(struct httpd_watch *watch) {
    struct web_pool *pool = (struct web_pool *)((char *)watch - offsetof(struct web_pool, watch));
    struct web_work *work;
    eventfd_t ignored;
    (void)eventfd_read(watch->fd, &ignored);
    do {
        pthread_mutex_lock(&pool->lock);
        work = take(&pool->done);
        pthread_mutex_unlock(&pool->lock);
        if (work != NULL) answer(pool->web, work);
    } while (work != NULL);
}

static int add(struct web_pool *pool, struct web_work *work, struct err *err) {
    if (pool->n >= WAITING_MAX) return err_set(err, ERR_BUSY, "too many requests wait already; try again");
    work->following = pool->all;
    work->link = &pool->all;
    if (pool->all != NULL) pool->all->link = &work->following;
    pool->all = work;
    pool->n++;
    pthread_mutex_lock(&pool->lock);
    put(&pool->todo, work);
    pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    return 0;
}

int web_work(struct web *w, const struct web_call *call, struct web_work *work, struct err *err) {
    web_keep(call, &work->asked);
    return add(w->pool, work, err);
}

int web_work_alone(struct web *w, struct web_work *work, struct err *err) {
    work->asked = (struct web_asked){0};
    work->alone = true;
    return add(w->pool, work, err);
}

void web_pool_gone(struct web *w, const struct httpd_exchange *exchange) {
    for (struct web_work *work = w->pool->all; work != NULL; work = work->following) {
        if (work->asked.exchange == exchange) {
            work->asked.exchange = NULL; /* a thread may be at it */
            return;
        }
    }
}

int web_pool_open(struct web *w, struct err *err) {
    struct web_pool *pool = calloc(1, sizeof(*pool));
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = processors < 2 ? 2 : processors > THREADS_MAX ? THREADS_MAX : (size_t)processors;
    if (pool == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    w->pool = pool;
    pool->web = w;
    pool->todo.last = &pool->todo.first;
    pool->done.last = &pool->done.first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->watch = (struct httpd_watch){on_done, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (pool->watch.fd < 0) return err_set(err, ERR_IO, "no descriptor for the threads' word");
    int rc = httpd_watch(w->httpd, &pool->watch, err);
    while (rc == 0 && pool->n_threads < wanted) {
        int n = thread_start(&pool->threads[pool->n_threads], work_on, pool);
        if (n != 0) return err_errno(err, n, "a thread for answers");
        pool->n_threads++;
    }
    return rc;
}

void web_pool_close(struct web *w) {
    struct web_pool *pool = w->pool;
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->lock);
    pool->ends = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->n_threads; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    while (pool->all != NULL) {
        struct web_work *work = pool->all;
        forget(pool, work);
        work->free(work);
    }
    if (pool->watch.fd >= 0) {
        httpd_unwatch(w->httpd, &pool->watch);
        close(pool->watch.fd);
    }
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->wake);
    free(pool);
    w->pool = NULL;
}
