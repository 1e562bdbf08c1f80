/* Bodies and keys of the events.
 *
 * A key is made of what identifies the fact: who says it, what it is about, its content, and for a change its generation.
 * Saved answers have no generations; there the list before and the list itself take its place. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ingest/input/keyed_hash.h"
#include "ingest/ollama/ollama.h"

#define DIGEST_TEXT (sizeof("sha256:") + 2 * HASH_LEN)

void ollama_view_init(struct ollama_view *view, struct intake *run, const char *endpoint, const char *what) {
    const struct bytes whole = bytes_of(what);
    memset(view, 0, sizeof(*view));
    view->run = run;
    view->endpoint = endpoint;
    hash_parts(view->id, &whole, 1);
    snprintf(view->subject, sizeof(view->subject), "runtime/" OLLAMA_NAME);
    if (endpoint != NULL && strcmp(endpoint, OLLAMA_URL) != 0) {
        const char *host = strstr(endpoint, "://");
        host = host != NULL ? host + 3 : endpoint;
        snprintf(view->subject, sizeof(view->subject), "runtime/" OLLAMA_NAME "@%.*s", (int)strnlen(host, 70), host);
        char *path = strchr(view->subject + strlen("runtime/"), '/');
        if (path != NULL) {
            *path = '\0';
        }
    }
}

/* ---- fields ------------------------------------------------------------------------------------------------------- */

static void digest_text(char ret[DIGEST_TEXT], const struct ollama_digest *d) {
    memcpy(ret, "sha256:", 7);
    text_hex(ret + 7, d->sha256, HASH_LEN);
}

void ollama_put_digest(struct mp_map *f, const char *name, const struct ollama_digest *d) {
    char text[DIGEST_TEXT];
    if (d->there) {
        digest_text(text, d);
        mp_map_text(f, name, bytes_of(text));
    }
}

void ollama_put_number(struct mp_map *f, const char *name, uint64_t value) {
    if (value != OLLAMA_NONE) {
        mp_map_uint(f, name, value);
    }
}

static bool is_without(struct bytes name, const char *const *without) {
    for (; without != NULL && *without != NULL; without++) {
        if (bytes_is(name, *without)) return true;
    }
    return false;
}

/* One walk over the map, which takes the entries that fit one after the other, or writes the names of those that do not. */
struct raw_walk {
    const char *const *without;
    bool omitted;
    struct buf *out; /* NULL: count only */
};

/* How many entries were taken. */
static uint32_t walk_raw(const struct raw_walk *w, struct bytes map) {
    struct mp_reader r;
    struct mp_item head, name;
    size_t room = OLLAMA_RAW_MAX;
    uint32_t count = 0;
    mp_reader_init(&r, map);
    if (map.n == 0 || mp_next(&r, &head, NULL) != 0) return 0;
    for (uint32_t i = 0; i < head.count; i++) {
        const uint8_t *from = r.p;
        if (mp_next(&r, &name, NULL) != 0 || mp_skip(&r, 1, NULL, NULL) != 0) break;
        size_t n = (size_t)(r.p - from);
        bool fits = n <= room;
        if (is_without(name.data, w->without)) continue;
        room -= fits ? n : 0;
        if (fits == w->omitted) continue;
        count++;
        if (w->out != NULL && w->omitted) {
            mp_put_str(w->out, name.data);
        } else if (w->out != NULL) {
            buf_put(w->out, from, n);
        }
    }
    return count;
}

void ollama_put_raw(struct mp_map *f, const char *name, struct bytes map, const char *const *without) {
    uint32_t taken = walk_raw(&(struct raw_walk){.without = without}, map);
    uint32_t omitted = walk_raw(&(struct raw_walk){.without = without, .omitted = true}, map);
    if (taken > 0) {
        mp_map_begin(f, name);
        mp_put_map(&f->values, taken);
        walk_raw(&(struct raw_walk){.without = without, .out = &f->values}, map);
        mp_map_end(f);
    }
    if (omitted > 0) {
        mp_map_begin(f, "omitted");
        mp_put_array(&f->values, omitted);
        walk_raw(&(struct raw_walk){.without = without, .omitted = true, .out = &f->values}, map);
        mp_map_end(f);
    }
}

/* ---- adding ------------------------------------------------------------------------------------------------------- */

#define KEY_MAX 64
static void make_key(char ret[KEY_MAX], const struct ollama_view *view, const struct ollama_key *key) {
    uint8_t digest[HASH_LEN], gen[8], lengths[16];
    char hex[KEYED_HASH_HEX];
    bool list = view->saved && key->change;
    be64_put(gen, view->saved ? 0 : key->gen);
    be64_put(lengths, key->name.n);
    be64_put(lengths + 8, key->content.n);
    const struct bytes parts[] = {
        bytes_of(key->what),
        {(const uint8_t *)"", 1},
        {view->id, HASH_LEN},
        {gen, sizeof(gen)},
        {lengths, sizeof(lengths)},
        key->name,
        key->content,
        {view->before, list ? HASH_LEN : 0},
        {view->now, list ? HASH_LEN : 0},
    };
    hash_parts(digest, parts, sizeof(parts) / sizeof(parts[0]));
    keyed_hash_hex(hex, intake_secret(view->run), digest);
    snprintf(ret, KEY_MAX, "%.24s:%s", key->what, hex);
}

int ollama_event_add(const struct ollama_view *view, const struct ollama_event *e, struct err *err) {
    char key[KEY_MAX];
    struct buf body = {.max = OLLAMA_BODY_MAX}, private_ = {.max = OLLAMA_BODY_MAX};
    struct log_draft draft;
    make_key(key, view, &e->key);
    int rc = e->open != NULL ? mp_map_write(e->open, &body, err) : 0;
    rc = rc == 0 && e->private_ != NULL ? mp_map_write(e->private_, &private_, err) : rc;
    if (rc == 0) {
        log_draft_init(&draft);
        draft.kind = bytes_of(e->kind);
        draft.subject = bytes_of(e->subject);
        draft.grade = bytes_of(e->grade != NULL ? e->grade : "reported");
        draft.key = bytes_of(key);
        draft.body = bytes_of_buf(&body);
        draft.private_ = bytes_of_buf(&private_);
        rc = intake_add(view->run, &draft, &view->place, e->at, err);
    }
    buf_done(&body);
    buf_done(&private_);
    return rc;
}

/* Most events: a subject made of a prefix and a name, and fields that are thrown away afterwards. */
struct making {
    char subject[OLLAMA_NAME_MAX + 16];
    struct mp_map open, private_;
    struct ollama_event event;
};

static void making_init(struct making *m, const char *kind, const char *prefix, struct bytes name) {
    memset(m, 0, sizeof(*m));
    snprintf(m->subject, sizeof(m->subject), "%s%.*s", prefix, (int)name.n, (const char *)name.p);
    mp_map_init(&m->open, OLLAMA_BODY_MAX / 2);
    mp_map_init(&m->private_, OLLAMA_BODY_MAX / 2);
    m->event = (struct ollama_event){
        .kind = kind, .subject = m->subject, .open = &m->open, .private_ = &m->private_, .at = INGEST_NO_TIME};
    m->event.key.name = name;
    mp_map_text(&m->open, "runtime", bytes_of(OLLAMA_NAME));
}

static void put_endpoint(struct making *m, const struct ollama_view *view) {
    if (view->endpoint != NULL) {
        mp_map_text(&m->open, "endpoint", bytes_of(view->endpoint));
    }
}

static int making_add(struct making *m, const struct ollama_view *view, struct err *err) {
    int rc = ollama_event_add(view, &m->event, err);
    mp_map_done(&m->open);
    mp_map_done(&m->private_);
    return rc;
}

/* ---- models ------------------------------------------------------------------------------------------------------- */

int ollama_event_observed(const struct ollama_view *view, const struct ollama_model *model, uint64_t gen, struct err *err) {
    struct making m;
    making_init(&m, "model.observed", "model/", model->name);
    put_endpoint(&m, view);
    m.event.grade = view->grade;
    m.event.key.what = "observed";
    m.event.key.gen = gen;
    m.event.key.content = (struct bytes){model->content, HASH_LEN};
    struct mp_map *f = &m.open;
    mp_map_text(f, "model", model->name);
    ollama_put_digest(f, "digest", &model->weights);
    ollama_put_digest(f, "manifest_digest", &model->manifest);
    ollama_put_number(f, "bytes", model->bytes);
    mp_map_text(f, "format", model->format);
    mp_map_text(f, "family", model->family);
    mp_map_raw(f, "families", model->families);
    mp_map_text(f, "parameters", model->parameters);
    mp_map_text(f, "quantization", model->quantization);
    ollama_put_number(f, "context_length", model->context_length);
    ollama_put_number(f, "embedding_length", model->embedding_length);
    mp_map_raw(f, "capabilities", model->capabilities);
    mp_map_text(f, "parent", model->parent);
    mp_map_raw(f, "layers", model->layers);
    if (model->remote) {
        mp_map_bool(f, "remote", true);
    }
    mp_map_text(f, "remote_host", model->remote_host);
    mp_map_text(f, "remote_model", model->remote_model);
    ollama_put_number(f, "modified_at", model->modified_at);
    mp_map_text(&m.private_, "path", model->path);
    ollama_put_raw(&m.private_, "raw", model->raw, NULL);
    return making_add(&m, view, err);
}

int ollama_event_pulled(const struct ollama_view *view, const struct ollama_model *model, uint64_t gen, struct err *err) {
    struct making m;
    making_init(&m, "model.pulled", "model/", model->name);
    put_endpoint(&m, view);
    m.event.grade = "inferred"; /* from its being new; nobody was seen fetching it */
    m.event.key.what = "pulled";
    m.event.key.gen = gen;
    m.event.key.change = true;
    m.event.key.content = (struct bytes){model->content, HASH_LEN};
    mp_map_text(&m.open, "model", model->name);
    ollama_put_digest(&m.open, "digest", &model->weights);
    ollama_put_digest(&m.open, "manifest_digest", &model->manifest);
    ollama_put_number(&m.open, "bytes", model->bytes);
    mp_map_bool(&m.open, "ok", true);
    return making_add(&m, view, err);
}

int ollama_event_removed(const struct ollama_view *view, const struct ollama_seen *seen, uint64_t gen, struct err *err) {
    struct making m;
    making_init(&m, "model.removed", "model/", bytes_of(seen->name));
    put_endpoint(&m, view);
    m.event.grade = view->grade;
    m.event.key.what = "removed";
    m.event.key.gen = gen;
    m.event.key.change = true;
    m.event.key.content = (struct bytes){seen->entry, OLLAMA_SHORT};
    mp_map_text(&m.open, "model", bytes_of(seen->name));
    ollama_put_digest(&m.open, "digest", &seen->weights);
    ollama_put_digest(&m.open, "manifest_digest", &seen->manifest);
    return making_add(&m, view, err);
}

int ollama_event_alias(const struct ollama_view *view, const struct ollama_model *model, const struct ollama_seen *before,
                       uint64_t gen, struct err *err) {
    struct making m;
    making_init(&m, "model.alias_set", "alias/", model->name);
    put_endpoint(&m, view);
    m.event.grade = view->grade;
    m.event.key.what = "alias";
    m.event.key.gen = gen;
    m.event.key.change = true;
    m.event.key.content = (struct bytes){model->content, HASH_LEN};
    mp_map_text(&m.open, "alias", model->name);
    mp_map_text(&m.open, "model", model->name);
    ollama_put_digest(&m.open, "digest", &model->weights);
    ollama_put_digest(&m.open, "manifest_digest", &model->manifest);
    if (before != NULL) {
        ollama_put_digest(&m.open, "digest_before", &before->weights);
        ollama_put_digest(&m.open, "manifest_digest_before", &before->manifest);
    }
    return making_add(&m, view, err);
}

int ollama_event_loaded(const struct ollama_view *view, const struct ollama_loaded *loaded,
                        const struct ollama_digest *weights, uint64_t gen, struct err *err) {
    struct making m;
    uint8_t content[HASH_LEN];
    /* Of saved answers the whole entry counts: with its time of expiry it tells one loading from the next. */
    const struct bytes parts[] = {{loaded->content, HASH_LEN}, {loaded->raw.p, view->saved ? loaded->raw.n : 0}};
    hash_parts(content, parts, 2);
    making_init(&m, "model.loaded", "model/", loaded->name);
    put_endpoint(&m, view);
    m.event.key.what = "loaded";
    m.event.key.gen = gen;
    m.event.key.content = (struct bytes){content, HASH_LEN};
    mp_map_text(&m.open, "model", loaded->name);
    if (weights != NULL) {
        ollama_put_digest(&m.open, "digest", weights);
    }
    ollama_put_digest(&m.open, "manifest_digest", &loaded->manifest);
    ollama_put_number(&m.open, "bytes", loaded->bytes);
    ollama_put_number(&m.open, "vram_bytes", loaded->vram_bytes);
    ollama_put_number(&m.open, "context_length", loaded->context_length);
    ollama_put_number(&m.open, "expires", loaded->expires);
    ollama_put_raw(&m.private_, "raw", loaded->raw, NULL);
    return making_add(&m, view, err);
}

int ollama_event_unloaded(const struct ollama_view *view, const struct ollama_seen *seen, uint64_t gen, struct err *err) {
    struct making m;
    bool other = seen->load_manifest.there;
    making_init(&m, "model.unloaded", "model/", bytes_of(seen->name));
    put_endpoint(&m, view);
    m.event.key.what = "unloaded";
    m.event.key.gen = gen;
    m.event.key.change = true;
    m.event.key.content = (struct bytes){seen->load, OLLAMA_SHORT};
    mp_map_text(&m.open, "model", bytes_of(seen->name));
    if (!other) {
        ollama_put_digest(&m.open, "digest", &seen->weights);
    }
    ollama_put_digest(&m.open, "manifest_digest", other ? &seen->load_manifest : &seen->manifest);
    return making_add(&m, view, err);
}

int ollama_event_identified(const struct ollama_view *view, const struct ollama_identity *i, struct err *err) {
    struct making m;
    uint8_t content[HASH_LEN];
    char subject[DIGEST_TEXT];
    digest_text(subject, &i->weights);
    making_init(&m, "model.identified", "model/", bytes_of(subject));
    struct mp_map *f = &m.open; /* without an address: the bytes are the same wherever they lie */
    mp_map_text(f, "model", i->name);
    ollama_put_digest(f, "digest", &i->weights);
    ollama_put_digest(f, "manifest_digest", &i->manifest);
    ollama_put_digest(f, "template_digest", &i->template_);
    mp_map_text(f, "format", i->format);
    mp_map_text(f, "quantization", i->quantization);
    mp_map_text(f, "architecture", i->architecture);
    mp_map_text(f, "license", i->license);
    mp_map_text(f, "base", i->base);
    mp_map_raw(f, "metadata", i->metadata);
    ollama_put_number(f, "bytes", i->bytes);
    ollama_put_number(f, "tensors", i->tensors);
    mp_map_text(&m.private_, "path", i->path);
    ollama_put_raw(&m.private_, "raw", i->raw, NULL);
    const struct bytes parts[] = {bytes_of(i->grade), bytes_of_buf(&m.open.values), i->raw};
    hash_parts(content, parts, 3);
    m.event.grade = i->grade;
    m.event.key.what = "identified";
    m.event.key.content = (struct bytes){content, HASH_LEN};
    return making_add(&m, view, err);
}

/* ---- the runtime -------------------------------------------------------------------------------------------------- */

int ollama_event_runtime(const struct ollama_view *view, const struct ollama_runtime *r, struct bytes raw,
                         struct err *err) {
    struct making m;
    const uint8_t cloud = (uint8_t)(r->cloud + 1);
    uint8_t content[HASH_LEN];
    const struct bytes parts[] = {bytes_of(r->version), {&cloud, 1}};
    hash_parts(content, parts, 2);
    making_init(&m, "runtime.observed", view->subject, (struct bytes){(const uint8_t *)"", 0});
    put_endpoint(&m, view);
    m.event.key.what = "runtime";
    m.event.key.gen = r->gen;
    m.event.key.content = (struct bytes){content, HASH_LEN};
    mp_map_text(&m.open, "version", bytes_of(r->version));
    if (r->cloud >= 0) {
        mp_map_bool(&m.open, "cloud", r->cloud != 0);
    }
    ollama_put_raw(&m.private_, "raw", raw, NULL);
    return making_add(&m, view, err);
}

int ollama_event_version(const struct ollama_view *view, const char *before, const struct ollama_runtime *now,
                         struct err *err) {
    struct making m;
    making_init(&m, "runtime.changed", view->subject, (struct bytes){(const uint8_t *)"", 0});
    put_endpoint(&m, view);
    m.event.key.what = "version";
    m.event.key.gen = now->gen;
    m.event.key.change = true;
    m.event.key.content = bytes_of(now->version);
    mp_map_text(&m.open, "what", bytes_of("version"));
    mp_map_text(&m.open, "version", bytes_of(now->version));
    mp_map_text(&m.open, "version_before", bytes_of(before));
    return making_add(&m, view, err);
}

int ollama_event_unreachable(const struct ollama_view *view, const struct ollama_runtime *r, const char *detail,
                             struct err *err) {
    struct making m;
    char content[64];
    snprintf(content, sizeof(content), "%s %u", r->error, r->status);
    making_init(&m, "runtime.unreachable", view->subject, (struct bytes){(const uint8_t *)"", 0});
    put_endpoint(&m, view);
    m.event.grade = view->saved ? "reported" : "measured";
    m.event.key.what = "unreachable";
    m.event.key.gen = r->gen;
    m.event.key.content = bytes_of(content);
    mp_map_text(&m.open, "error", bytes_of(r->error));
    if (r->status != 0) {
        mp_map_uint(&m.open, "http_status", r->status);
    }
    mp_map_text(&m.private_, "detail", bytes_of(detail));
    return making_add(&m, view, err);
}
