/* States and events that are answered at once, in this process.
 *
 * States of one moment are held open and used for every answer until there are new events, or a second has passed (some states are judged
 * by the clock). Then a thread opens them anew; who asks meanwhile waits for that, so an answer always counts every event that was
 * recorded before the question came.
 *
 *   the loop:   ask --> current? --yes--> answer
 *                          `--no--> waits, and wakes the thread     on its word: the new states are current; all who waited are answered
 *   the thread: wait --> open the states of now --> hand them over, say so */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/obj.h"
#include "base/text.h"
#include "base/thread.h"
#include "lib/json/cell.h"
#include "projections/view/state.h"
#include "projections/walk/since.h"
#include "serve/web/site.h"

#define AGE_MAX_NS   CLOCK_NS_PER_S
#define KEYS_MAX     3
#define KEY_TEXT_MAX 1024
#define WAITING_MAX  4096

struct waiting {
    struct waiting *next;
    struct web_asked asked;
    uint64_t need; /* events that must count */
    char table[64], key[KEYS_MAX][KEY_TEXT_MAX];
    size_t n_keys;
};

struct web_now {
    struct web *web;
    struct httpd_watch watch; /* an eventfd */
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock; /* protects what follows */
    pthread_cond_t wake;
    bool wanted, ends, ready;
    struct state_view *made; /* handed over; NULL: it failed */
    enum state_base base;    /* the events alone, once stored rows were found to be damaged */
    int code;
    struct err error;
    /* The loop's own. */
    struct state_view *states;
    uint64_t opened, looked;
    struct waiting *first, **last;
    size_t n_waiting;
};

/* ---- the thread ---- */

/* As the commands open them: as of this moment, from stored rows while they can be read. */
static int open_states(struct web_now *now, enum state_base *base, struct state_view **ret, struct err *err) {
    const struct web_options *o = now->web->options;
    struct state_options options;
    struct err why = {0};
    int rc = state_options_present(o->ledger, &options, err);
    if (rc != 0) return rc;
    options.pack_files = o->pack_files;
    options.pack_files_ctx = o->pack_files_ctx;
    options.base = *base;
    rc = state_open(o->ledger, &options, ret, &why);
    if (rc == ERR_CORRUPT && *base == STATE_STORED) {
        options.base = *base = STATE_EVENTS;
        rc = state_open(o->ledger, &options, ret, &why);
    }
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}

static void *keep(void *ctx) {
    struct web_now *now = ctx;
    pthread_mutex_lock(&now->lock);
    while (!now->ends) {
        if (!now->wanted || now->ready) {
            pthread_cond_wait(&now->wake, &now->lock);
            continue;
        }
        enum state_base base = now->base;
        struct state_view *made = NULL;
        struct err error = {0};
        now->wanted = false;
        pthread_mutex_unlock(&now->lock);
        int code = open_states(now, &base, &made, &error);
        pthread_mutex_lock(&now->lock);
        now->made = made;
        now->base = base;
        now->code = code;
        now->error = error;
        now->ready = true;
        (void)eventfd_write(now->watch.fd, 1);
    }
    pthread_mutex_unlock(&now->lock);
    return NULL;
}

static void want(struct web_now *now) {
    pthread_mutex_lock(&now->lock);
    now->wanted = true;
    pthread_cond_signal(&now->wake);
    pthread_mutex_unlock(&now->lock);
}

/* ---- answers ---- */

/* Stored rows that do not parse: from now on the events alone are asked. */
static void distrust(struct web_now *now) {
    pthread_mutex_lock(&now->lock);
    now->base = STATE_EVENTS;
    pthread_mutex_unlock(&now->lock);
    state_close(now->states);
    now->states = NULL;
}

static int row_of(struct state_view *states, size_t table, const struct waiting *asked, struct obj *ret, struct err *err) {
    const struct state_table *t = state_table(states, table);
    struct bytes key[KEYS_MAX];
    struct row row;
    for (size_t i = 0; i < asked->n_keys; i++) {
        key[i] = bytes_of(asked->key[i]);
    }
    row_init(&row, t);
    int rc = state_get(states, table, key, asked->n_keys, &row, err);
    if (rc == ERR_NOTFOUND) err_set(err, rc, "there is no %s '%.200s'", t->noun, asked->key[0]);
    if (rc == 0) rc = since_find(states, &row, err);
    for (size_t i = 0; rc == 0 && i < t->n_columns; i++) {
        json_cell_put(ret, t->columns[i].name, &t->columns[i], &row.cells[i]);
    }
    row_done(&row);
    return rc;
}

static void put_state(struct web *w, struct state_view *states, const struct waiting *asked, struct httpd_reply *reply) {
    size_t table = state_table_find(states, asked->table);
    struct obj row = {0}, doc = {0};
    struct err err = {0};
    if (table == SIZE_MAX) {
        web_problem(w, reply, 404, asked->asked.id, "there is no table of that name; /v1/states lists them");
        return;
    }
    int rc = row_of(states, table, asked, &row, &err);
    obj_text(&doc, "schema", "ledger.state/1");
    obj_uint(&doc, "at", state_at(states));
    obj_time(&doc, "now", state_now(states));
    obj_text(&doc, "table", state_table(states, table)->name);
    obj_obj(&doc, "row", &row);
    if (rc == 0) rc = obj_json(&doc, JSON_LINE, &reply->body, &err);
    obj_done(&doc);
    buf_put_u8(&reply->body, '\n');
    if (rc == 0) {
        web_tagged(w, &asked->asked, reply, state_at(states));
    } else {
        web_fail(w, reply, asked->asked.id, rc, err.msg);
    }
    if (rc == ERR_CORRUPT) distrust(w->now);
}

static void answer_waiting(struct web *w, struct waiting *one, int code, const char *message) {
    struct httpd_reply reply;
    httpd_reply_init(w->httpd, &reply);
    if (code == 0) {
        put_state(w, w->now->states, one, &reply);
    } else {
        web_fail(w, &reply, one->asked.id, code, message);
    }
    web_answer(w, &one->asked, &reply);
    free(one);
}

/* The thread has made new states, or failed to. */
static void on_made(struct httpd_watch *watch) {
    struct web_now *now = (struct web_now *)((char *)watch - offsetof(struct web_now, watch));
    struct err error;
    eventfd_t ignored;
    (void)eventfd_read(watch->fd, &ignored);
    pthread_mutex_lock(&now->lock);
    bool ready = now->ready;
    struct state_view *made = now->made;
    int code = now->code;
    error = now->error;
    now->ready = false;
    now->made = NULL;
    pthread_mutex_unlock(&now->lock);
    if (!ready) return;
    state_close(now->states);
    now->states = made;
    now->opened = clock_boot_ns();
    uint64_t at = made != NULL ? state_at(made) : 0;
    struct waiting *one = now->first;
    now->first = NULL;
    now->last = &now->first;
    now->n_waiting = 0;
    for (struct waiting *next; one != NULL; one = next) {
        next = one->next;
        one->next = NULL;
        if (code == 0 && one->need > at) { /* it came while the states were being made */
            *now->last = one;
            now->last = &one->next;
            now->n_waiting++;
        } else {
            answer_waiting(now->web, one, code, error.msg);
        }
    }
    if (now->first != NULL) want(now);
}

/* ---- the parts that are called ---- */

uint64_t web_size(const struct web *w) {
    struct log_head head;
    return log_head(w->options->ledger, &head, NULL) == 0 ? head.size : 0;
}

void web_now_tick(struct web *w) {
    struct web_now *now = w->now;
    uint64_t time = clock_boot_ns();
    if (now->states != NULL && time - now->opened >= AGE_MAX_NS) {
        state_close(now->states);
        now->states = NULL;
    }
    if (time - now->looked >= AGE_MAX_NS) { /* whoever looks leaves files behind that were replaced */
        now->looked = time;
        w->options->rest(w->options->facts);
        (void)web_size(w);
    }
}

static bool read_call(const struct web_call *call, struct waiting *ret) {
    *ret = (struct waiting){.n_keys = 1};
    bool fits = call->target.segments[2].n < sizeof(ret->table) && call->target.segments[3].n < KEY_TEXT_MAX;
    snprintf(ret->table, sizeof(ret->table), "%s", (const char *)call->target.segments[2].p);
    snprintf(ret->key[0], KEY_TEXT_MAX, "%s", (const char *)call->target.segments[3].p);
    for (size_t i = 0; fits && i < call->target.n_params; i++) {
        fits = ret->n_keys < KEYS_MAX && call->target.params[i].value.n < KEY_TEXT_MAX;
        if (fits) snprintf(ret->key[ret->n_keys++], KEY_TEXT_MAX, "%s", (const char *)call->target.params[i].value.p);
    }
    web_keep(call, &ret->asked);
    return fits;
}

bool web_is_row(const struct web_call *call) {
    if (call->route->answer != web_answer_state) return false;
    for (size_t i = 0; i < call->target.n_params; i++) {
        if (!bytes_is(call->target.params[i].name, "key")) return false;
    }
    return true;
}

void web_answer_state(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    struct web_now *now = w->now;
    struct waiting asked;
    if (!web_is_row(call)) { /* the past, or conditions: a command says it, or refuses */
        web_answer_question(w, call, reply);
        return;
    }
    if (!read_call(call, &asked)) {
        web_problem(w, reply, 400, call->id, "a key has 1 to 3 texts of at most 1023 bytes");
        return;
    }
    asked.need = web_size(w);
    if (now->states != NULL && state_at(now->states) == asked.need && clock_boot_ns() - now->opened < AGE_MAX_NS) {
        put_state(w, now->states, &asked, reply);
        return;
    }
    struct waiting *one = now->n_waiting < WAITING_MAX ? malloc(sizeof(*one)) : NULL;
    if (one == NULL) {
        web_problem(w, reply, 503, call->id, "too many requests wait for states");
        reply->retry_after_s = 1;
        return;
    }
    *one = asked;
    *now->last = one;
    now->last = &one->next;
    now->n_waiting++;
    want(now);
    reply->when = HTTPD_LATER;
}

struct reading {
    struct web_work work; /* first */
    uint64_t seq;
    struct buf json;
    struct err err;
    int code;
};

static void read_event(struct web *w, struct web_work *work) {
    struct reading *reading = (struct reading *)work;
    reading->code = w->options->event(w->options->facts, reading->seq, &reading->json, &reading->err);
}

static void event_read(struct web *w, struct web_work *work, struct httpd_reply *reply) {
    struct reading *reading = (struct reading *)work;
    buf_put_bytes(&reply->body, bytes_of_buf(&reading->json));
    buf_put_u8(&reply->body, '\n');
    if (reading->code == 0) {
        web_tagged(w, &work->asked, reply, reading->seq);
    } else {
        web_fail(w, reply, work->asked.id, reading->code, reading->err.msg);
    }
}

static void free_reading(struct web_work *work) {
    struct reading *reading = (struct reading *)work;
    buf_done(&reading->json);
    free(reading);
}

void web_answer_event(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    struct reading *reading = calloc(1, sizeof(*reading));
    struct err err = {0};
    uint64_t seq = 0;
    bool good = text_parse_u64(call->target.segments[2], &seq) == 0 && call->target.n_params == 0;
    int rc = reading == NULL ? err_set(&err, ERR_NOMEM, "out of memory") : 0;
    if (rc == 0 && !good) {
        rc = err_set(&err, ERR_INVALID, "expected /v1/events/SEQ with a sequence number, and no parameters");
    }
    if (rc == 0) {
        reading->work = (struct web_work){.make = read_event, .done = event_read, .free = free_reading};
        reading->seq = seq;
        buf_init(&reading->json, WEB_REPLY_MAX);
        rc = web_work(w, call, &reading->work, &err);
    }
    if (rc == 0) {
        reply->when = HTTPD_LATER;
    } else {
        free(reading);
        web_fail(w, reply, call->id, rc, err.msg);
    }
}

void web_answer_head(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    struct err err = {0};
    struct log_head head = {0};
    struct obj doc = {0};
    int rc = log_head(w->options->ledger, &head, &err);
    obj_text(&doc, "schema", "ledger.head/1");
    obj_text(&doc, "origin", w->options->origin);
    obj_uint(&doc, "size", head.size);
    obj_time(&doc, "time", head.time);
    obj_hex(&doc, "root", head.root, LOG_HASH);
    if (rc == 0) rc = obj_json(&doc, JSON_LINE, &reply->body, &err);
    obj_done(&doc);
    buf_put_u8(&reply->body, '\n');
    if (rc == 0) {
        web_tagged_now(w, call, reply, head.size);
    } else {
        web_fail(w, reply, call->id, rc, err.msg);
    }
}

void web_answer_health(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    bool good = web_size(w) > 0;
    if (!good) {
        web_problem(w, reply, 503, call->id, "the ledger cannot be read");
        return;
    }
    buf_put_str(&reply->body, "{\"status\":\"ok\"}\n");
    web_json(w, reply, call->id);
}

int web_now_open(struct web *w, struct err *err) {
    struct web_now *now = calloc(1, sizeof(*now));
    if (now == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    w->now = now;
    now->web = w;
    now->last = &now->first;
    pthread_mutex_init(&now->lock, NULL);
    pthread_cond_init(&now->wake, NULL);
    now->watch = (struct httpd_watch){on_made, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (now->watch.fd < 0) return err_set(err, ERR_IO, "no descriptor for a thread's word");
    int rc = httpd_watch(w->httpd, &now->watch, err);
    if (rc != 0) return rc;
    int n = thread_start(&now->thread, keep, now);
    if (n != 0) return err_errno(err, n, "a thread for states");
    now->runs = true;
    return 0;
}

void web_now_gone(struct web *w, const struct httpd_exchange *exchange) {
    struct web_now *now = w->now;
    for (struct waiting **link = &now->first; *link != NULL; link = &(*link)->next) {
        struct waiting *one = *link;
        if (one->asked.exchange == exchange) {
            *link = one->next;
            if (now->last == &one->next) now->last = link;
            now->n_waiting--;
            free(one);
            return;
        }
    }
}

void web_now_close(struct web *w) {
    struct web_now *now = w->now;
    if (now == NULL) return;
    pthread_mutex_lock(&now->lock);
    now->ends = true;
    pthread_cond_signal(&now->wake);
    pthread_mutex_unlock(&now->lock);
    if (now->runs) pthread_join(now->thread, NULL);
    state_close(now->made);
    state_close(now->states);
    while (now->first != NULL) {
        struct waiting *one = now->first;
        now->first = one->next;
        free(one);
    }
    if (now->watch.fd >= 0) {
        httpd_unwatch(w->httpd, &now->watch);
        close(now->watch.fd);
    }
    pthread_mutex_destroy(&now->lock);
    pthread_cond_destroy(&now->wake);
    free(now);
    w->now = NULL;
}
