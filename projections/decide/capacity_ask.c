/* What the plan is made of, read from a view: the newest profile, the tier's limits, and the models that are loaded or
 * wanted. Each of these has events, and the plan rests on all of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "projections/decide/capacity.h"
#include "projections/ready/models.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"

struct asking {
    struct state_view *view;
    struct capacity *c;
    const struct bytes *wanted;
    size_t n_wanted, room, evidence_room;
};

static void copy_text(char *ret, size_t size, struct bytes text) {
    snprintf(ret, size, "%.*s", REASON_PART(text, size - 1));
}

/* "ollama llama3.2:3b": what is before the first blank; a name that no runtime has is alone. */
static struct bytes runtime_of(struct bytes name) {
    const uint8_t *blank = name.n > 0 ? memchr(name.p, ' ', name.n) : NULL;
    return (struct bytes){name.p, blank != NULL ? (size_t)(blank - name.p) : 0};
}

/* Its runtimes: one that may serve it, else the first; barred when it has some and none may. */
static void take_runtimes(struct capacity_model *m, const struct row *row, const struct capability_tier *limits) {
    struct list list;
    struct bytes item, name, runtime;
    bool any = false, allowed = false;
    list_open(&list, row_list(row, MODEL_NAME_LIST));
    while (!allowed && list_next(&list, &item)) {
        if (!list_name(item, "", &name) || (runtime = runtime_of(name)).n == 0) continue;
        allowed = capability_serves(limits, runtime);
        if (!any || allowed) copy_text(m->runtime, sizeof(m->runtime), runtime);
        any = true;
    }
    m->barred = any && !allowed;
}

static bool serves_routes(const struct row *row) {
    struct list list;
    struct bytes item;
    list_open(&list, row_list(row, MODEL_ROUTES));
    return list_next(&list, &item);
}

static void take_model(struct capacity_model *m, const struct row *row, const struct capability_tier *limits) {
    memset(m, 0, sizeof(*m));
    copy_text(m->digest, sizeof(m->digest), row_text(row, MODEL_DIGEST));
    copy_text(m->name, sizeof(m->name), row_text(row, MODEL_NAME));
    copy_text(m->role, sizeof(m->role), row_text(row, MODEL_ROLE));
    m->bytes =
        row_has(row, MODEL_BYTES) && row_int(row, MODEL_BYTES) >= 0 ? row_int(row, MODEL_BYTES) : CAPACITY_UNKNOWN_SIZE;
    m->priority = row_int(row, MODEL_PRIORITY);
    m->quota = row_has(row, MODEL_QUOTA) ? row_int(row, MODEL_QUOTA) : CAPACITY_NO_QUOTA;
    m->loaded = row_is(row, MODEL_STATE, "loaded");
    m->needs = capacity_needs(m->bytes, limits);
    m->by = SIZE_MAX;
    take_runtimes(m, row, limits);
}

static int cite_event(struct asking *a, uint64_t seq, struct err *err) {
    struct capacity *c = a->c;
    int rc = array_room(&c->evidence, c->n_evidence + 1, &a->evidence_room, sizeof(*c->evidence), err);
    if (rc == 0) {
        c->evidence[c->n_evidence++] = seq;
    }
    return rc;
}

/* The newest event about each of its names: that it was loaded, or unloaded. */
static int cite_names(struct asking *a, const struct row *model, struct err *err) {
    struct list list;
    struct bytes item, name;
    int rc = 0;
    list_open(&list, row_list(model, MODEL_NAME_LIST));
    while (rc == 0 && list_next(&list, &item)) {
        struct row row;
        bool there = false;
        if (!list_name(item, "", &name)) continue;
        struct bytes runtime = runtime_of(name);
        size_t skip = runtime.n > 0 ? runtime.n + 1 : 0;
        const struct bytes parts[] = {runtime, {name.p + skip, name.n - skip}};
        rc = look_stored(a->view, "model_names", parts, 2, &row, &there, err);
        if (rc == 0 && there) rc = cite_event(a, (uint64_t)row_int(&row, NAME_BASE + FOLD_UPDATED_SEQ), err);
        row_done(&row);
    }
    return rc;
}

static int cite_row(struct asking *a, const struct row *row, struct err *err) {
    uint64_t seqs[ROW_SEQS_MAX];
    size_t n = row_seqs(row, MODEL_BASE + FOLD_EVIDENCE, seqs, ROW_SEQS_MAX);
    int rc = cite_names(a, row, err);
    if (rc == 0 && row_has(row, MODEL_ROLE_SEQ)) rc = cite_event(a, (uint64_t)row_int(row, MODEL_ROLE_SEQ), err);
    for (size_t i = 0; rc == 0 && i < n && i < ROW_SEQS_MAX; i++) {
        rc = cite_event(a, seqs[i], err);
    }
    return rc;
}

static bool is_named(const struct asking *a, const struct row *row) {
    bool named = false;
    for (size_t i = 0; i < a->n_wanted; i++) {
        named = named || bytes_eq(a->wanted[i], row_text(row, MODEL_DIGEST));
    }
    return named;
}

/* A model that is only a remote service takes no memory here; one that was removed is wanted only where somebody names
 * it. */
static int take_row(struct asking *a, const struct row *row, struct err *err) {
    struct capacity *c = a->c;
    bool named = is_named(a, row), remote = row_is(row, MODEL_STATE, "remote");
    bool here = !remote && !row_is(row, MODEL_STATE, "removed") && !row_is(row, MODEL_STATE, "unregistered");
    bool wanted = named || (here && (row_has(row, MODEL_ROLE) || serves_routes(row)));
    if (remote || !(wanted || row_is(row, MODEL_STATE, "loaded"))) return 0;
    if (c->n == CAPACITY_MODELS_MAX) {
        return err_set(err, ERR_LIMIT, "more than %d models are loaded or wanted", CAPACITY_MODELS_MAX);
    }
    int rc = array_room(&c->models, c->n + 1, &a->room, sizeof(*c->models), err);
    if (rc != 0) return rc;
    take_model(&c->models[c->n], row, &c->limits.tier);
    c->models[c->n++].wanted = wanted;
    return cite_row(a, row, err);
}

static int take_rows(struct asking *a, struct err *err) {
    size_t table = state_table_find(a->view, "models");
    struct state_rows *rows = NULL;
    const struct row *row;
    if (table == SIZE_MAX) return 0;
    int rc = state_rows_open(a->view, table, NULL, 0, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        rc = take_row(a, row, err);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void sort_evidence(struct capacity *c) {
    size_t n = 0;
    if (c->n_evidence > 0) qsort(c->evidence, c->n_evidence, sizeof(*c->evidence), ascending);
    for (size_t i = 0; i < c->n_evidence; i++) {
        if (i == 0 || c->evidence[i] != c->evidence[i - 1]) c->evidence[n++] = c->evidence[i];
    }
    c->n_evidence = n;
}

int capacity_ask(struct state_view *view, struct bytes host, const struct bytes *wanted, size_t n_wanted,
                 struct capacity *ret, struct err *err) {
    struct asking a = {.view = view, .c = ret, .wanted = wanted, .n_wanted = n_wanted};
    memset(ret, 0, sizeof(*ret));
    int rc = capability_host(view, host, &ret->host, err);
    if (rc == 0) rc = capability_judge(view, ret->host.gpu_bytes, ret->host.memory_bytes, &ret->limits, err);
    if (rc == 0) rc = take_rows(&a, err);
    if (rc == 0 && ret->host.seq != LOG_NO_SEQ) rc = cite_event(&a, ret->host.seq, err);
    if (rc == 0 && ret->limits.seq != LOG_NO_SEQ) rc = cite_event(&a, ret->limits.seq, err);
    if (rc != 0) return rc;
    ret->rooms = capacity_rooms(ret->host.gpu_bytes, ret->host.memory_bytes, &ret->limits.tier);
    capacity_plan(&ret->rooms, &ret->limits.tier, ret->models, ret->n);
    sort_evidence(ret);
    return 0;
}

void capacity_done(struct capacity *c) {
    capability_done(&c->limits);
    free(c->models);
    free(c->evidence);
}

int capacity_of_model(struct state_view *view, struct bytes digest, struct bytes runtime, struct capacity_model *ret,
                      enum capacity_why *ret_why, struct capability *ret_limits, struct err *err) {
    struct capability_host host;
    struct row row;
    bool there = false;
    memset(ret_limits, 0, sizeof(*ret_limits));
    int rc = capability_host(view, (struct bytes){0}, &host, err);
    if (rc == 0) rc = capability_judge(view, host.gpu_bytes, host.memory_bytes, ret_limits, err);
    if (rc != 0) return rc;
    rc = look_judged(view, "models", &digest, 1, &row, &there, err); /* its runtimes are judged */
    if (rc == 0) {
        const struct capacity_rooms rooms = capacity_rooms(host.gpu_bytes, host.memory_bytes, &ret_limits->tier);
        take_model(ret, &row, &ret_limits->tier);
        ret->bytes = there ? ret->bytes : CAPACITY_UNKNOWN_SIZE;
        if (runtime.n > 0) {
            copy_text(ret->runtime, sizeof(ret->runtime), runtime);
            ret->barred = !capability_serves(&ret_limits->tier, runtime);
        }
        *ret_why = capacity_fits(ret, &rooms, &ret_limits->tier);
    }
    row_done(&row);
    return rc;
}

/* ---- the event ---- */

static void put_bytes(struct buf *out, const char *name, int64_t n) {
    mp_put_str(out, bytes_of(name));
    if (n < 0) {
        mp_put_nil(out);
    } else {
        mp_put_uint(out, (uint64_t)n);
    }
}

static void put_word(struct buf *out, const char *name, const char *word) {
    if (word != NULL && word[0] != '\0') mp_pair_str(out, name, bytes_of(word));
}

static uint32_t is_word(const char *word) {
    return word != NULL && word[0] != '\0';
}

/* Names in canonical order; what there is nothing to say of is left out. */
static void put_model(const struct capacity *c, const struct capacity_model *m, struct buf *out) {
    const char *by = m->by != SIZE_MAX ? c->models[m->by].digest : NULL, *why = capacity_whys[m->why];
    const char *pool = capacity_pools[m->pool];
    mp_put_map(out, 5 + is_word(by) + is_word(m->name) + is_word(pool) + (m->quota >= 0) + is_word(why) + is_word(m->role) +
                        is_word(m->runtime));
    put_word(out, "action", capacity_actions[m->action]);
    put_word(out, "by", by);
    put_bytes(out, "bytes", m->needs);
    put_word(out, "digest", m->digest);
    mp_put_str(out, bytes_of("loaded"));
    mp_put_bool(out, m->loaded);
    put_word(out, "model", m->name);
    put_word(out, "pool", pool);
    put_bytes(out, "priority", m->priority);
    if (m->quota >= 0) put_bytes(out, "quota_bytes", m->quota);
    put_word(out, "reason", why);
    put_word(out, "role", m->role);
    put_word(out, "runtime", m->runtime);
}

int capacity_body(const struct capacity *c, struct buf *out, struct err *err) {
    mp_put_map(out, 6);
    mp_put_str(out, bytes_of("evidence"));
    mp_put_array(out, (uint32_t)c->n_evidence);
    for (size_t i = 0; i < c->n_evidence; i++) {
        mp_put_uint(out, c->evidence[i]);
    }
    put_bytes(out, "gpu_bytes", c->rooms.gpu);
    put_bytes(out, "memory_bytes", c->rooms.memory);
    mp_put_str(out, bytes_of("models"));
    mp_put_array(out, (uint32_t)c->n);
    for (size_t i = 0; i < c->n; i++) {
        put_model(c, &c->models[i], out);
    }
    mp_pair_str(out, "policy", bytes_of(c->limits.policy));
    mp_pair_str(out, "tier", c->limits.tier.name);
    return buf_check(out, "the plan", err);
}
