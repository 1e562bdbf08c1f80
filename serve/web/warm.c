/* Since when is a judged state as it is? To find that out costs a walk through the past, the first time; what is found is stored, and the
 * next walk begins there. Guests store nothing, so each of them would walk all the way: this thread does it for them, whenever there are
 * new events, at most every few seconds. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/thread.h"
#include "projections/view/state.h"
#include "projections/walk/since.h"
#include "serve/web/site.h"

#define EVERY_S  2
#define ROWS_MAX 2000 /* of a table: pages and people ask for the newest of larger ones, which are found at once */

struct web_warm {
    struct web *web;
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock; /* protects what follows */
    pthread_cond_t wake;
    bool ends;
};

static bool ends(struct web_warm *warm) {
    pthread_mutex_lock(&warm->lock);
    bool is = warm->ends;
    pthread_mutex_unlock(&warm->lock);
    return is;
}

/* The server's end waits for one row, whose walk is bounded (STATE_SINCE_WORK). */
static int walk_table(struct web_warm *warm, struct state_view *view, size_t table, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = state_rows_open(view, table, NULL, 0, &rows, err);
    for (size_t n = 0; rc == 0 && n < ROWS_MAX && !ends(warm); n++) {
        rc = state_rows_next(rows, &row, err);
        if (rc == 0) rc = since_find_next(rows, err);
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

static bool is_judged(const struct state_table *table) {
    for (size_t i = 0; i < table->n_columns; i++) {
        if (since_is(table, i)) return true;
    }
    return false;
}

/* What fails here is found, and said, by who asks. */
static void walk(struct web_warm *warm) {
    const struct web_options *o = warm->web->options;
    struct state_options options;
    struct state_view *view = NULL;
    struct err err = {0};
    if (state_options_present(o->ledger, &options, &err) != 0) return;
    options.pack_files = o->pack_files;
    options.pack_files_ctx = o->pack_files_ctx;
    if (state_open(o->ledger, &options, &view, &err) != 0) return;
    for (size_t i = 0; i < state_tables(view) && !ends(warm); i++) {
        if (is_judged(state_table(view, i)) && walk_table(warm, view, i, &err) != 0) break;
    }
    state_close(view);
}

static void *keep_warm(void *ctx) {
    struct web_warm *warm = ctx;
    uint64_t seen = UINT64_MAX;
    pthread_mutex_lock(&warm->lock);
    while (!warm->ends) {
        struct timespec until;
        pthread_mutex_unlock(&warm->lock);
        uint64_t size = web_size(warm->web);
        if (size != seen) walk(warm);
        seen = size;
        pthread_mutex_lock(&warm->lock);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += EVERY_S;
        if (!warm->ends) (void)pthread_cond_timedwait(&warm->wake, &warm->lock, &until);
    }
    pthread_mutex_unlock(&warm->lock);
    return NULL;
}

int web_warm_open(struct web *w, struct err *err) {
    struct web_warm *warm = calloc(1, sizeof(*warm));
    if (warm == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    w->warm = warm;
    warm->web = w;
    pthread_mutex_init(&warm->lock, NULL);
    pthread_cond_init(&warm->wake, NULL);
    int n = thread_start(&warm->thread, keep_warm, warm);
    if (n != 0) return err_errno(err, n, "a thread for states");
    warm->runs = true;
    return 0;
}

void web_warm_close(struct web *w) {
    struct web_warm *warm = w->warm;
    if (warm == NULL) return;
    pthread_mutex_lock(&warm->lock);
    warm->ends = true;
    pthread_cond_signal(&warm->wake);
    pthread_mutex_unlock(&warm->lock);
    if (warm->runs) pthread_join(warm->thread, NULL);
    pthread_mutex_destroy(&warm->lock);
    pthread_cond_destroy(&warm->wake);
    free(warm);
    w->warm = NULL;
}
