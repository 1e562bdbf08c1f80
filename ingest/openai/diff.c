/* What differs from the last look. What a look did not learn (an answer that did not come) does not count as a difference.
 *
 *   ingest/openai/<id>/server   [1, server, reachable, error, status, generation, version, build, status word, slots or nil, context or nil,
 *                                configuration or nil, started, [[counter, value] ...]]
 *
 * Counters are remembered and no news, except when one has gone back, or the server's process began later than the last time: then
 * it was restarted, and what it had counted since the last look is lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/openai/openai.h"

#define NOTE       "server"
#define FORM       1
#define NOTE_ITEMS 14

/* ---- remembering -------------------------------------------------------------------------------------------------- */

static bool take_text(struct mp_reader *r, char *ret, size_t size) {
    struct mp_item item;
    if (!mp_take(r, MP_STR, &item) || item.data.n >= size) return false;
    bytes_copy(ret, item.data);
    ret[item.data.n] = '\0';
    return true;
}

static bool take_counters(struct mp_reader *r, struct openai_facts *f) {
    struct mp_item item;
    if (!mp_take(r, MP_FLOAT, &item)) return false;
    f->started = item.real;
    if (!mp_take(r, MP_ARRAY, &item) || item.count > OPENAI_COUNTERS_MAX) return false;
    for (uint32_t n = item.count; f->n_counters < n; f->n_counters++) {
        struct openai_counter *c = &f->counters[f->n_counters];
        if (!mp_take_array(r, 2) || !take_text(r, c->name, sizeof(c->name)) || !mp_take(r, MP_FLOAT, &item)) return false;
        c->value = item.real;
    }
    return true;
}

static bool take_note(struct bytes value, struct openai_last *last) {
    struct mp_reader r;
    struct mp_item item;
    struct openai_facts *f = &last->facts;
    uint64_t form = 0, up = 0, status = 0;
    char server[SERVED_WORD];
    mp_reader_init(&r, value);
    if (!mp_take_array(&r, NOTE_ITEMS) || !mp_take_uint(&r, FORM, &form) || form != FORM ||
        !take_text(&r, server, sizeof(server)) || !mp_take_uint(&r, 1, &up) ||
        !take_text(&r, last->error, sizeof(last->error)) || !mp_take_uint(&r, 999, &status) ||
        !mp_take_uint(&r, MP_INT_MAX, &last->gen) || !take_text(&r, f->version, SERVED_WORD) ||
        !take_text(&r, f->build, SERVED_WORD) || !take_text(&r, f->status, SERVED_WORD) || mp_next(&r, &item, NULL) != 0) {
        return false;
    }
    f->slots = item.type == MP_UINT ? item.uint : MEMBER_NONE;
    if (mp_next(&r, &item, NULL) != 0) return false;
    f->context = item.type == MP_UINT ? item.uint : MEMBER_NONE;
    if (mp_next(&r, &item, NULL) != 0 || (item.type != MP_NIL && (item.type != MP_BIN || item.data.n != HASH_LEN)))
        return false;
    f->has_config = item.type == MP_BIN;
    if (f->has_config) memcpy(f->config, item.data.p, HASH_LEN);
    last->server = f->server = served_server_find(server);
    last->reachable = up != 0;
    last->http_status = (unsigned)status;
    return last->server != NULL && take_counters(&r, f) && r.p == r.end;
}

int openai_last_load(struct openai_last *last, struct seen *seen, struct err *err) {
    struct buf value = {.max = SEEN_CURSOR};
    bool there = false;
    memset(last, 0, sizeof(*last));
    openai_facts_init(&last->facts);
    int rc = seen_note_get(seen, NOTE, &value, &there, err);
    if (rc == 0 && there && !take_note(bytes_of_buf(&value), last)) {
        rc = err_set(err, ERR_CORRUPT, "the stored cursor 'ingest/openai/%s/" NOTE "' does not parse", seen->id);
    }
    buf_done(&value);
    return rc;
}

static void put_number(struct buf *out, uint64_t value) {
    if (value != MEMBER_NONE) {
        mp_put_uint(out, value);
    } else {
        mp_put_nil(out);
    }
}

static int put_note(const struct openai_last *last, struct seen *seen, struct err *err) {
    const struct openai_facts *f = &last->facts;
    struct buf value = {.max = SEEN_CURSOR};
    mp_put_array(&value, NOTE_ITEMS);
    mp_put_uint(&value, FORM);
    mp_put_text(&value, last->server->name);
    mp_put_uint(&value, last->reachable);
    mp_put_text(&value, last->error);
    mp_put_uint(&value, last->http_status);
    mp_put_uint(&value, last->gen);
    mp_put_text(&value, f->version);
    mp_put_text(&value, f->build);
    mp_put_text(&value, f->status);
    put_number(&value, f->slots);
    put_number(&value, f->context);
    if (f->has_config) mp_put_bin(&value, (struct bytes){f->config, HASH_LEN});
    if (!f->has_config) mp_put_nil(&value);
    mp_put_float(&value, f->started);
    mp_put_array(&value, (uint32_t)f->n_counters);
    for (size_t i = 0; i < f->n_counters; i++) {
        mp_put_array(&value, 2);
        mp_put_text(&value, f->counters[i].name);
        mp_put_float(&value, f->counters[i].value);
    }
    int rc = buf_check(&value, "a cursor", err);
    if (rc == 0) rc = seen_note_put(seen, NOTE, bytes_of_buf(&value), err);
    buf_done(&value);
    return rc;
}

/* ---- the server --------------------------------------------------------------------------------------------------- */

static bool differs(const char *now, const char *then) {
    return now[0] != '\0' && strcmp(now, then) != 0;
}

/* What this look did not learn stays as it was. */
static void merge(struct openai_facts *f, const struct openai_facts *then) {
    if (f->version[0] == '\0') memcpy(f->version, then->version, SERVED_WORD);
    if (f->build[0] == '\0') memcpy(f->build, then->build, SERVED_WORD);
    if (f->slots == MEMBER_NONE) f->slots = then->slots;
    if (f->context == MEMBER_NONE) f->context = then->context;
    if (f->status[0] == '\0' && strcmp(then->status, "ok") == 0) memcpy(f->status, then->status, SERVED_WORD);
    if (!f->has_config && then->has_config) {
        memcpy(f->config, then->config, HASH_LEN);
        f->has_config = true;
    }
    if (f->started <= 0) f->started = then->started;
    if (f->n_counters == 0) {
        memcpy(f->counters, then->counters, sizeof(f->counters));
        f->n_counters = then->n_counters;
    }
}

/* The first counter that went back; NULL: none. */
static const struct openai_counter *find_reset(const struct openai_facts *now, const struct openai_facts *then,
                                               const struct openai_counter **ret_then) {
    for (size_t i = 0; i < now->n_counters; i++) {
        for (size_t k = 0; k < then->n_counters; k++) {
            bool same = strcmp(now->counters[i].name, then->counters[k].name) == 0;
            if (same && now->counters[i].value < then->counters[k].value) {
                *ret_then = &then->counters[k];
                return &now->counters[i];
            }
        }
    }
    return NULL;
}

static bool counters_moved(const struct openai_facts *a, const struct openai_facts *b) {
    if (a->n_counters != b->n_counters) return true;
    for (size_t i = 0; i < a->n_counters; i++) {
        bool less = a->counters[i].value<b->counters[i].value, more = a->counters[i].value> b->counters[i].value;
        if (less || more || strcmp(a->counters[i].name, b->counters[i].name) != 0) return true;
    }
    return a->started < b->started || a->started > b->started;
}

/* *ret_is: it was restarted. */
static int add_restart(const struct openai_view *view, const struct openai_facts *now, const struct openai_facts *then,
                       uint64_t gen, bool *ret_is, struct err *err) {
    const struct openai_counter *old = NULL, *reset = find_reset(now, then, &old);
    bool later = now->started > 0 && then->started > 0 && now->started > then->started + 1;
    *ret_is = reset != NULL || later;
    int rc = reset != NULL ? openai_event_reset(view, old, reset, gen, err) : 0;
    if (rc == 0 && *ret_is) {
        rc = openai_event_changed(view, now->server, &(struct openai_changed){.what = "restart"}, gen, err);
    }
    return rc;
}

static int add_changes(const struct openai_view *view, const struct openai_facts *now, const struct openai_facts *then,
                       uint64_t gen, struct err *err) {
    int rc = 0;
    if (then->version[0] != '\0' && differs(now->version, then->version)) {
        rc = openai_event_changed(
            view, now->server,
            &(struct openai_changed){.what = "version", .version = now->version, .version_before = then->version}, gen,
            err);
    }
    if (rc == 0 && then->build[0] != '\0' && differs(now->build, then->build)) {
        rc = openai_event_changed(view, now->server, &(struct openai_changed){.what = "build"}, gen, err);
    }
    if (rc == 0 && then->has_config && memcmp(now->config, then->config, HASH_LEN) != 0) {
        rc = openai_event_changed(
            view, now->server,
            &(struct openai_changed){.what = "config", .digest = now->config, .digest_before = then->config}, gen, err);
    }
    return rc;
}

/* The context of a server's one model is that of its slots. */
static void set_context(struct openai_facts *f) {
    if (f->context != MEMBER_NONE && f->n_models == 1 && f->models[0].loaded_context == MEMBER_NONE) {
        f->models[0].loaded_context = f->context;
    }
}

static int compare_server(const struct openai_view *view, struct seen *seen, struct openai_last *last,
                          struct openai_facts *now, struct err *err) {
    const struct openai_facts then = last->facts;
    uint64_t gen = last->gen + 1;
    bool known = last->server != NULL, restarted = false;
    merge(now, &then);
    set_context(now);
    int rc = known ? add_restart(view, now, &then, gen, &restarted, err) : 0;
    bool config = now->has_config && (!then.has_config || memcmp(now->config, then.config, HASH_LEN) != 0);
    bool news = !known || !last->reachable || restarted || config || differs(now->version, then.version) ||
                differs(now->build, then.build) || strcmp(now->status, then.status) != 0 || now->slots != then.slots;
    bool store = news || counters_moved(now, &then);
    if (rc == 0 && known) rc = add_changes(view, now, &then, gen, err);
    if (rc == 0) rc = openai_event_observed(view, now, news ? gen : last->gen, err);
    last->gen = news ? gen : last->gen;
    last->server = now->server;
    last->reachable = true;
    last->error[0] = '\0';
    last->http_status = 0;
    last->facts = *now;
    last->facts.models = NULL;
    return rc == 0 && store ? put_note(last, seen, err) : rc;
}

static int compare_fault(const struct openai_view *view, struct seen *seen, struct openai_last *last,
                         const struct server *server, struct err *err) {
    bool news = last->reachable || strcmp(last->error, server->error) != 0 || last->http_status != server->http_status;
    if (last->server == NULL) return 0; /* a stranger that does not show what it is */
    last->gen += news;
    last->reachable = false;
    snprintf(last->error, sizeof(last->error), "%s", server->error);
    last->http_status = server->http_status;
    int rc =
        openai_event_unreachable(view, last->server, server->error, server->http_status, server->detail, last->gen, err);
    return rc == 0 && news ? put_note(last, seen, err) : rc;
}

/* ---- models ------------------------------------------------------------------------------------------------------- */

struct models {
    const struct openai_view *view;
    const struct served_server *server;
};

/* A server that lists what it has loaded says nothing of what else is on the disk. */
static int on_change(void *ctx, const struct seen_change *c, struct err *err) {
    const struct models *m = ctx;
    if (c->on) return openai_event_model(m->view, m->server, c->now->what, c->side, c->gen, err);
    if (c->side == 0 && m->server->serves) return 0;
    return openai_event_gone(m->view, m->server, c->name, c->side, c->gen, err);
}

static int compare_models(const struct openai_view *view, struct seen *seen, const struct served_server *server,
                          const struct openai_facts *f, struct err *err) {
    struct models m = {view, server};
    const struct seen_events events = {&m, on_change, view->place, "model"};
    size_t n = f != NULL ? f->n_models : 0;
    struct seen_now *now = calloc(n + 1, sizeof(*now));
    if (now == NULL) return err_set(err, ERR_NOMEM, "openai: out of memory");
    for (size_t i = 0; i < n; i++) {
        now[i].name = f->models[i].name;
        now[i].what = &f->models[i];
        now[i].is[0] = SEEN_ON;
        now[i].is[1] = f->models[i].loaded;
        openai_model_digest(&f->models[i], 0, now[i].digest[0]);
        openai_model_digest(&f->models[i], 1, now[i].digest[1]);
    }
    int rc = seen_compare(seen, now, n, f == NULL || !f->cut, &events, err);
    free(now);
    return rc;
}

/* Another server at the same address: the one before is not there, nor are its models. */
static int replace(const struct openai_view *view, struct seen *seen, struct openai_last *last, struct err *err) {
    uint64_t gen = last->gen + 1;
    int rc = openai_event_unreachable(view, last->server, "answer", 0, "another server answers at this address", gen, err);
    if (rc == 0) rc = compare_models(view, seen, last->server, NULL, err);
    memset(last, 0, sizeof(*last));
    openai_facts_init(&last->facts);
    last->gen = gen;
    return rc;
}

int openai_compare(const struct openai_view *view, struct seen *seen, const struct server *server,
                   struct openai_facts *facts, struct err *err) {
    struct openai_last last;
    int rc = openai_last_load(&last, seen, err);
    if (rc != 0) return rc;
    if (server->error[0] != '\0') return compare_fault(view, seen, &last, server, err);
    if (last.server != NULL && last.server != facts->server) rc = replace(view, seen, &last, err);
    if (rc == 0) rc = compare_server(view, seen, &last, facts, err);
    return rc == 0 && facts->has_models ? compare_models(view, seen, facts->server, facts, err) : rc;
}
