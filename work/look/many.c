/* Threads that share the number of the next one. Where no thread can be had, this one does all of it. */
#include "work/look/many.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/thread.h"

#define AT_ONCE 16

struct looking {
    const struct many *many;
    atomic_size_t next;
    atomic_int rc;
};

static void *look_on(void *ctx) {
    struct looking *l = ctx;
    size_t i;
    while ((i = atomic_fetch_add(&l->next, 1)) < l->many->n && clock_monotonic_ns() < l->many->until) {
        int rc = l->many->look(l->many->ctx, i);
        if (rc != 0) atomic_store(&l->rc, rc);
    }
    return NULL;
}

int many_look(const struct many *many) {
    struct looking l = {.many = many};
    pthread_t threads[AT_ONCE];
    size_t n = 0;
    while (n < AT_ONCE && n + 1 < many->n && thread_start(&threads[n], look_on, &l) == 0) {
        n++;
    }
    look_on(&l);
    for (size_t i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
    return atomic_load(&l.rc);
}
