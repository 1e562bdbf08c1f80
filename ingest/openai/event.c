/* Bodies and keys of the events.
 *
 * A key covers who said it, the subject, the content, and at a server the number of the change: a change back is another event,
 * and one that is offered again after a crash is the same. Counters and times are in no key. */
#include <stdio.h>
#include <string.h>

#include "ingest/input/keyed_hash.h"
#include "ingest/input/original.h"
#include "ingest/openai/openai.h"

#define KEY_MAX 64

void openai_view_init(struct openai_view *view, struct intake *run, const char *endpoint) {
    const struct bytes whole = bytes_of(endpoint != NULL ? endpoint : "saved answers");
    memset(view, 0, sizeof(*view));
    view->run = run;
    view->endpoint = endpoint;
    hash_parts(view->id, &whole, 1);
}

/* ---- drafts ------------------------------------------------------------------------------------------------------- */

void openai_draft_init(struct openai_draft *d, const struct openai_view *view, const struct served_server *server,
                       const char *kind, const char *family, struct bytes name, uint64_t gen) {
    memset(d, 0, sizeof(*d));
    snprintf(d->kind, sizeof(d->kind), "%s", kind);
    snprintf(d->subject, sizeof(d->subject), "%s/%.*s", family, (int)name.n, (const char *)name.p);
    snprintf(d->key_word, sizeof(d->key_word), "%s", strchr(kind, '.') + 1);
    d->gen = gen;
    d->at = INGEST_NO_TIME;
    mp_map_init(&d->open, OPENAI_BODY_MAX / 2);
    mp_map_init(&d->private_, OPENAI_BODY_MAX);
    if (server != NULL) mp_map_text(&d->open, "runtime", bytes_of(server->name));
    if (server != NULL && view->endpoint != NULL) mp_map_text(&d->open, "endpoint", bytes_of(view->endpoint));
}

static void make_key(char ret[KEY_MAX], const struct openai_draft *d, const struct openai_view *view,
                     struct bytes content) {
    uint8_t gen[8], each[HASH_LEN];
    char hex[KEYED_HASH_HEX];
    be64_put(gen, d->gen);
    hash_parts(each, &content, 1);
    const struct bytes parts[] = {bytes_of(d->kind),  {(const uint8_t *)"", 1}, {view->id, HASH_LEN},
                                  {gen, sizeof(gen)}, {each, sizeof(each)},     bytes_of(d->subject)};
    keyed_hash_parts(hex, intake_secret(view->run), parts, sizeof(parts) / sizeof(parts[0]));
    snprintf(ret, KEY_MAX, "%s:%s", d->key_word, hex);
}

/* Adds it under a key over `content`. */
static int draft_add(struct openai_draft *d, const struct openai_view *view, struct bytes content, struct err *err) {
    struct buf body = {.max = OPENAI_BODY_MAX}, private_ = {.max = OPENAI_BODY_MAX};
    char key[KEY_MAX];
    struct log_draft draft;
    make_key(key, d, view, content);
    int rc = mp_map_write(&d->open, &body, err);
    if (rc == 0 && d->private_.n > 0) rc = mp_map_write(&d->private_, &private_, err);
    if (rc == 0) {
        log_draft_init(&draft);
        draft.kind = bytes_of(d->kind);
        draft.subject = bytes_of(d->subject);
        draft.grade = bytes_of(d->grade != NULL ? d->grade : "reported");
        draft.key = bytes_of(key);
        draft.body = bytes_of_buf(&body);
        draft.private_ = bytes_of_buf(&private_);
        rc = intake_add(view->run, &draft, &view->place, d->at, err);
    }
    buf_done(&body);
    buf_done(&private_);
    mp_map_done(&d->open);
    mp_map_done(&d->private_);
    return rc;
}

int openai_draft_add(struct openai_draft *d, const struct openai_view *view, struct err *err) {
    struct buf body = {.max = OPENAI_BODY_MAX}, content = {.max = 2 * OPENAI_BODY_MAX};
    int rc = mp_map_write(&d->open, &body, err);
    if (rc == 0 && d->private_.n > 0) rc = mp_map_write(&d->private_, &content, err);
    buf_put_bytes(&content, bytes_of_buf(&body));
    if (rc == 0) rc = buf_check(&content, "an event", err);
    if (rc == 0) {
        rc = draft_add(d, view, bytes_of_buf(&content), err);
    } else {
        mp_map_done(&d->open);
        mp_map_done(&d->private_);
    }
    buf_done(&body);
    buf_done(&content);
    return rc;
}

static void put_number(struct mp_map *f, const char *name, uint64_t value) {
    if (value != MEMBER_NONE) mp_map_uint(f, name, value);
}

static void put_real(struct mp_map *f, const char *name, double value) {
    mp_map_begin(f, name);
    mp_put_float(&f->values, value);
    mp_map_end(f);
}

/* ---- models ------------------------------------------------------------------------------------------------------- */

static void put_able(struct mp_map *f, const struct openai_model *m) {
    const struct {
        bool is;
        const char *word;
    } words[] = {{m->chat, "completion"}, {m->embeds, "embedding"}, {m->vision, "vision"}, {m->tools, "tools"}};
    uint32_t n = 0;
    for (size_t i = 0; i < 4; i++) {
        n += words[i].is;
    }
    if (n == 0) return;
    mp_map_begin(f, "capabilities");
    mp_put_array(&f->values, n);
    for (size_t i = 0; i < 4; i++) {
        if (words[i].is) mp_put_text(&f->values, words[i].word);
    }
    mp_map_end(f);
}

static void put_model(struct mp_map *f, const struct openai_model *m) {
    char count[24];
    put_number(f, "bytes", m->bytes);
    mp_map_text(f, "format", m->format);
    mp_map_text(f, "family", m->family);
    snprintf(count, sizeof(count), "%llu", (unsigned long long)m->params);
    mp_map_text(f, "parameters", m->parameters.n > 0 || m->params == MEMBER_NONE ? m->parameters : bytes_of(count));
    mp_map_text(f, "quantization", m->quantization);
    put_number(f, "context_length", m->context_length);
    put_number(f, "embedding_length", m->embedding_length);
    put_able(f, m);
    mp_map_text(f, "parent", m->parent);
}

void openai_model_digest(const struct openai_model *m, unsigned side, uint8_t ret[SEEN_DIGEST]) {
    struct mp_map f;
    struct buf out = {.max = OPENAI_BODY_MAX};
    uint8_t digest[HASH_LEN];
    mp_map_init(&f, OPENAI_BODY_MAX);
    if (side == 0) {
        put_model(&f, m);
        mp_map_text(&f, "path", m->path);
    } else {
        put_number(&f, "context_length", m->loaded_context);
    }
    mp_map_write(&f, &out, NULL);
    const struct bytes whole = bytes_of_buf(&out);
    hash_parts(digest, &whole, 1);
    memcpy(ret, digest, SEEN_DIGEST);
    mp_map_done(&f);
    buf_done(&out);
}

int openai_event_model(const struct openai_view *view, const struct served_server *server, const struct openai_model *m,
                       unsigned side, uint64_t gen, struct err *err) {
    static const char *const changing[] = {"created", "permission", "state", "status", "loaded_instances", NULL};
    struct openai_draft d;
    uint8_t content[SEEN_DIGEST];
    openai_draft_init(&d, view, server, side == 0 ? "model.observed" : "model.loaded", "model", m->name, gen);
    mp_map_text(&d.open, "model", m->name);
    if (side == 0) {
        put_model(&d.open, m);
        mp_map_text(&d.private_, "path", m->path);
        original_put(&d.private_, "raw", m->raw, changing);
    } else {
        put_number(&d.open, "context_length", m->loaded_context);
    }
    openai_model_digest(m, side, content);
    return draft_add(&d, view, (struct bytes){content, sizeof(content)}, err);
}

int openai_event_gone(const struct openai_view *view, const struct served_server *server, const char *name, unsigned side,
                      uint64_t gen, struct err *err) {
    struct openai_draft d;
    openai_draft_init(&d, view, server, side == 0 ? "model.removed" : "model.unloaded", "model", bytes_of(name), gen);
    mp_map_text(&d.open, "model", bytes_of(name));
    return openai_draft_add(&d, view, err);
}

/* ---- the server --------------------------------------------------------------------------------------------------- */

static void draft_server(struct openai_draft *d, const struct openai_view *view, const struct served_server *server,
                         const char *kind, uint64_t gen) {
    char name[80];
    const char *host = view->endpoint != NULL ? strstr(view->endpoint, "://") + 3 : "";
    snprintf(name, sizeof(name), "%s%s%.*s", server->name, host[0] != '\0' ? "@" : "", (int)strcspn(host, "/"), host);
    openai_draft_init(d, view, server, kind, "runtime", bytes_of(name), gen);
}

static void put_counters(struct mp_map *f, const struct openai_facts *facts) {
    struct mp_map counters;
    if (facts->n_counters == 0) return;
    mp_map_init(&counters, OPENAI_BODY_MAX);
    for (size_t i = 0; i < facts->n_counters; i++) {
        put_real(&counters, facts->counters[i].name, facts->counters[i].value);
    }
    mp_map_begin(f, "counters");
    mp_map_write(&counters, &f->values, NULL);
    mp_map_end(f);
    mp_map_done(&counters);
}

int openai_event_observed(const struct openai_view *view, const struct openai_facts *f, uint64_t gen, struct err *err) {
    struct openai_draft d;
    char content[4 * SERVED_WORD + 32];
    draft_server(&d, view, f->server, "runtime.observed", gen);
    mp_map_text(&d.open, "version", bytes_of(f->version));
    mp_map_text(&d.open, "build", bytes_of(f->build));
    mp_map_text(&d.open, "status", bytes_of(f->status));
    put_number(&d.open, "slots", f->slots);
    put_counters(&d.open, f);
    mp_map_text(&d.private_, "model_path", f->model_path);
    original_put(&d.private_, "raw", f->raw, (const char *const[]){"model_path", NULL});
    if (view->endpoint == NULL) return openai_draft_add(&d, view, err);
    snprintf(content, sizeof(content), "%s\n%s\n%s\n%llu", f->version, f->build, f->status, (unsigned long long)f->slots);
    return draft_add(&d, view, bytes_of(content), err);
}

int openai_event_changed(const struct openai_view *view, const struct served_server *server, const struct openai_changed *c,
                         uint64_t gen, struct err *err) {
    struct openai_draft d;
    draft_server(&d, view, server, "runtime.changed", gen);
    mp_map_text(&d.open, "what", bytes_of(c->what));
    mp_map_text(&d.open, "version", bytes_of(c->version));
    mp_map_text(&d.open, "version_before", bytes_of(c->version_before));
    if (c->digest != NULL) mp_map_hash(&d.open, "digest", c->digest);
    if (c->digest_before != NULL) mp_map_hash(&d.open, "digest_before", c->digest_before);
    if (strcmp(c->what, "restart") == 0) d.grade = "inferred"; /* from its counters */
    return openai_draft_add(&d, view, err);
}

int openai_event_unreachable(const struct openai_view *view, const struct served_server *server, const char *error,
                             unsigned http_status, const char *detail, uint64_t gen, struct err *err) {
    struct openai_draft d;
    char content[64];
    draft_server(&d, view, server, "runtime.unreachable", gen);
    d.grade = "measured";
    mp_map_text(&d.open, "error", bytes_of(error));
    if (http_status != 0) mp_map_uint(&d.open, "http_status", http_status);
    mp_map_text(&d.private_, "detail", bytes_of(detail));
    snprintf(content, sizeof(content), "%s %u", error, http_status);
    return draft_add(&d, view, bytes_of(content), err);
}

int openai_event_reset(const struct openai_view *view, const struct openai_counter *before,
                       const struct openai_counter *after, uint64_t gen, struct err *err) {
    struct openai_draft d;
    const char *host = strstr(view->endpoint, "://") + 3;
    char name[80];
    snprintf(name, sizeof(name), "openai@%.*s", (int)strcspn(host, "/"), host);
    openai_draft_init(&d, view, NULL, "ledger.gap", "gap", bytes_of(name), gen);
    mp_map_text(&d.open, "what", bytes_of("counter_reset"));
    mp_map_text(&d.open, "detail", bytes_of(before->name));
    put_real(&d.open, "before", before->value);
    put_real(&d.open, "after", after->value);
    return openai_draft_add(&d, view, err);
}
