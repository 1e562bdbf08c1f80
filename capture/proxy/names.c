/* A small table of the names that were asked for last. */
#include "capture/proxy/names.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "projections/rows/named.h"
#include "projections/view/state.h"

#define NAMES_MAX 64
#define FRESH_NS  (30 * CLOCK_NS_PER_S)

struct entry {
    char model[NAMES_TEXT_MAX], digest[NAMES_DIGEST_MAX]; /* "": unused; unknown */
    uint64_t asked_at, looked_at;                         /* 0: not yet */
    bool wanted;
};

struct names {
    struct ledger *ledger;
    pthread_mutex_t lock;
    pthread_cond_t news;
    pthread_t thread;
    bool started, closing;
    volatile int stop; /* read by a view that is being opened */
    struct entry entries[NAMES_MAX];
};

/* With the lock. */
static struct entry *find(struct names *names, const char *model) {
    for (size_t i = 0; i < NAMES_MAX; i++) {
        if (strcmp(names->entries[i].model, model) == 0) return &names->entries[i];
    }
    return NULL;
}

void names_want(struct names *names, const char *model) {
    uint64_t now = clock_boot_ns();
    if (model[0] == '\0') return;
    pthread_mutex_lock(&names->lock);
    struct entry *e = find(names, model);
    for (size_t i = 0; e == NULL && i < NAMES_MAX; i++) {
        struct entry *other = &names->entries[i];
        if (other->model[0] == '\0') e = other;
    }
    if (e == NULL) { /* the one that was asked for longest ago */
        e = &names->entries[0];
        for (size_t i = 1; i < NAMES_MAX; i++) {
            e = names->entries[i].asked_at < e->asked_at ? &names->entries[i] : e;
        }
    }
    if (strcmp(e->model, model) != 0) {
        memset(e, 0, sizeof(*e));
        snprintf(e->model, sizeof(e->model), "%s", model);
    }
    e->asked_at = now;
    if (!e->wanted && (e->looked_at == 0 || now - e->looked_at > FRESH_NS)) {
        e->wanted = true;
        pthread_cond_signal(&names->news);
    }
    pthread_mutex_unlock(&names->lock);
}

bool names_get(struct names *names, const char *model, char ret[NAMES_DIGEST_MAX]) {
    pthread_mutex_lock(&names->lock);
    const struct entry *e = model[0] != '\0' ? find(names, model) : NULL;
    bool known = e != NULL && e->digest[0] != '\0';
    if (known) {
        memcpy(ret, e->digest, NAMES_DIGEST_MAX);
    }
    pthread_mutex_unlock(&names->lock);
    return known;
}

/* ---- looking ---- */

/* "llama3.2" stands for "llama3.2:latest". */
static bool is_name(struct bytes name, const char *model) {
    char tagged[NAMES_TEXT_MAX + 8];
    if (bytes_is(name, model)) return true;
    snprintf(tagged, sizeof(tagged), "%s:latest", model);
    return strchr(model, ':') == NULL && bytes_is(name, tagged);
}

/* One digest, or none: two runtimes may give one name to different weights. */
static void look(struct names *names, const char *model, char ret[NAMES_DIGEST_MAX]) {
    const struct projection *models[] = {NULL, NULL};
    struct state_options options;
    struct state_view *view = NULL;
    struct state_rows *rows = NULL;
    struct err err = {0};
    const struct row *row;
    bool several = false;
    for (size_t i = 0; projection_all[i] != NULL; i++) {
        models[0] = strcmp(projection_all[i]->name, "models") == 0 ? projection_all[i] : models[0];
    }
    state_options_init(&options);
    options.projections = models;
    options.no_write = true;
    options.stop = &names->stop;
    int rc = state_open(names->ledger, &options, &view, &err);
    if (rc == 0) rc = state_rows_open(view, state_table_find(view, "model_names"), NULL, 0, &rows, &err);
    while (rc == 0 && (rc = state_rows_next_stored(rows, &row, &err)) == 0) {
        struct bytes digest = named_text(row, "digest");
        if (!is_name(named_text(row, "model"), model) || !bytes_is(named_text(row, "state"), "present") || digest.n == 0 ||
            digest.n >= NAMES_DIGEST_MAX) {
            continue;
        }
        several = several || (ret[0] != '\0' && !bytes_is(digest, ret));
        snprintf(ret, NAMES_DIGEST_MAX, "%.*s", (int)digest.n, (const char *)digest.p);
    }
    if (several) {
        ret[0] = '\0';
    }
    state_rows_close(rows);
    state_close(view);
}

/* With the lock; lets it go meanwhile. */
static void look_for(struct names *names, struct entry *e) {
    char model[NAMES_TEXT_MAX], digest[NAMES_DIGEST_MAX] = "";
    memcpy(model, e->model, sizeof(model));
    e->wanted = false;
    pthread_mutex_unlock(&names->lock);
    look(names, model, digest);
    pthread_mutex_lock(&names->lock);
    e = find(names, model);
    if (e == NULL) return;
    memcpy(e->digest, digest, sizeof(digest));
    e->looked_at = clock_boot_ns();
}

static void *run(void *ctx) {
    struct names *names = ctx;
    pthread_mutex_lock(&names->lock);
    while (!names->closing) {
        struct entry *next = NULL;
        for (size_t i = 0; i < NAMES_MAX && next == NULL; i++) {
            next = names->entries[i].wanted ? &names->entries[i] : NULL;
        }
        if (next != NULL) {
            look_for(names, next);
        } else {
            pthread_cond_wait(&names->news, &names->lock);
        }
    }
    pthread_mutex_unlock(&names->lock);
    return NULL;
}

int names_open(struct ledger *ledger, struct names **ret, struct err *err) {
    struct names *names = calloc(1, sizeof(*names));
    if (names == NULL) return err_set(err, ERR_NOMEM, "proxy: out of memory");
    names->ledger = ledger;
    pthread_mutex_init(&names->lock, NULL);
    pthread_cond_init(&names->news, NULL);
    int code = thread_start(&names->thread, run, names);
    names->started = code == 0;
    if (code != 0) {
        names_close(names);
        return err_errno(err, code, "starting a thread");
    }
    *ret = names;
    return 0;
}

void names_close(struct names *names) {
    if (names == NULL) return;
    if (names->started) {
        pthread_mutex_lock(&names->lock);
        names->closing = true;
        __atomic_store_n(&names->stop, 1, __ATOMIC_RELAXED);
        pthread_cond_signal(&names->news);
        pthread_mutex_unlock(&names->lock);
        pthread_join(names->thread, NULL);
    }
    pthread_cond_destroy(&names->news);
    pthread_mutex_destroy(&names->lock);
    free(names);
}
