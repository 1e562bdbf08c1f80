/* Bodies and keys of the events.
 *
 * A key covers what identifies the fact: its reporter, its subject, its content, and for a change its generation. Saved
 * answers have no generations; the previous list and the list itself replace it. */
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
    if (value != MEMBER_NONE) {
        mp_map_uint(f, name, value);
    }
}

/* ---- adding ------------------------------------------------------------------------------------------------------- */

#define KEY_MAX 64
static void make_key(char ret[KEY_MAX], const struct ollama_view *view, const struct ollama_key *key) {
    uint8_t gen[8], lengths[16];
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
    keyed_hash_parts(hex, intake_secret(view->run), parts, sizeof(parts) / sizeof(parts[0]));
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

void ollama_draft_init(struct ollama_draft *d, const struct ollama_view *view, const char *kind, const char *prefix,
                       struct ollama_key key) {
    memset(d, 0, sizeof(*d));
    snprintf(d->subject, sizeof(d->subject), "%s%.*s", prefix, (int)key.name.n, (const char *)key.name.p);
    mp_map_init(&d->open, OLLAMA_BODY_MAX / 2);
    mp_map_init(&d->private_, OLLAMA_BODY_MAX);
    d->event = (struct ollama_event){
        .kind = kind, .subject = d->subject, .key = key, .open = &d->open, .private_ = &d->private_, .at = INGEST_NO_TIME};
    mp_map_text(&d->open, "runtime", bytes_of(OLLAMA_NAME));
    if (view != NULL && view->endpoint != NULL) {
        mp_map_text(&d->open, "endpoint", bytes_of(view->endpoint));
    }
}

int ollama_draft_add(struct ollama_draft *d, const struct ollama_view *view, struct err *err) {
    int rc = ollama_event_add(view, &d->event, err);
    mp_map_done(&d->open);
    mp_map_done(&d->private_);
    return rc;
}

static void put_model(struct mp_map *f, const struct ollama_model *model) {
    mp_map_text(f, "model", model->name);
    ollama_put_digest(f, "digest", &model->weights);
    ollama_put_digest(f, "manifest_digest", &model->manifest);
}

/* ---- models ------------------------------------------------------------------------------------------------------- */

int ollama_event_observed(const struct ollama_view *view, const struct ollama_model *model, uint64_t gen, struct err *err) {
    struct ollama_draft d;
    const struct ollama_key key = {
        .what = "observed", .gen = gen, .name = model->name, .content = {model->content, HASH_LEN}};
    ollama_draft_init(&d, view, "model.observed", "model/", key);
    d.event.grade = view->grade;
    struct mp_map *f = &d.open;
    put_model(f, model);
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
    mp_map_text(&d.private_, "path", model->path);
    original_put(&d.private_, "raw", model->raw, NULL);
    return ollama_draft_add(&d, view, err);
}

int ollama_event_pulled(const struct ollama_view *view, const struct ollama_model *model, uint64_t gen, struct err *err) {
    struct ollama_draft d;
    const struct ollama_key key = {
        .what = "pulled", .gen = gen, .change = true, .name = model->name, .content = {model->content, HASH_LEN}};
    ollama_draft_init(&d, view, "model.pulled", "model/", key);
    d.event.grade = "inferred"; /* because it is new; the pull itself was not seen */
    put_model(&d.open, model);
    ollama_put_number(&d.open, "bytes", model->bytes);
    mp_map_bool(&d.open, "ok", true);
    return ollama_draft_add(&d, view, err);
}

int ollama_event_removed(const struct ollama_view *view, const struct ollama_seen *seen, uint64_t gen, struct err *err) {
    struct ollama_draft d;
    const struct ollama_key key = {.what = "removed",
                                   .gen = gen,
                                   .change = true,
                                   .name = bytes_of(seen->name),
                                   .content = {seen->entry, OLLAMA_SHORT}};
    ollama_draft_init(&d, view, "model.removed", "model/", key);
    d.event.grade = view->grade;
    mp_map_text(&d.open, "model", bytes_of(seen->name));
    ollama_put_digest(&d.open, "digest", &seen->weights);
    ollama_put_digest(&d.open, "manifest_digest", &seen->manifest);
    return ollama_draft_add(&d, view, err);
}

int ollama_event_alias(const struct ollama_view *view, const struct ollama_model *model, const struct ollama_seen *before,
                       uint64_t gen, struct err *err) {
    struct ollama_draft d;
    const struct ollama_key key = {
        .what = "alias", .gen = gen, .change = true, .name = model->name, .content = {model->content, HASH_LEN}};
    ollama_draft_init(&d, view, "model.alias_set", "alias/", key);
    d.event.grade = view->grade;
    mp_map_text(&d.open, "alias", model->name);
    put_model(&d.open, model);
    if (before != NULL) {
        ollama_put_digest(&d.open, "digest_before", &before->weights);
        ollama_put_digest(&d.open, "manifest_digest_before", &before->manifest);
    }
    return ollama_draft_add(&d, view, err);
}

int ollama_event_loaded(const struct ollama_view *view, const struct ollama_loaded *loaded,
                        const struct ollama_digest *weights, uint64_t gen, struct err *err) {
    struct ollama_draft d;
    uint8_t content[HASH_LEN];
    /* Of saved answers the whole entry counts: its time of expiry distinguishes one load from the next. */
    const struct bytes parts[] = {{loaded->content, HASH_LEN}, {loaded->raw.p, view->saved ? loaded->raw.n : 0}};
    hash_parts(content, parts, 2);
    const struct ollama_key key = {.what = "loaded", .gen = gen, .name = loaded->name, .content = {content, HASH_LEN}};
    ollama_draft_init(&d, view, "model.loaded", "model/", key);
    mp_map_text(&d.open, "model", loaded->name);
    if (weights != NULL) {
        ollama_put_digest(&d.open, "digest", weights);
    }
    ollama_put_digest(&d.open, "manifest_digest", &loaded->manifest);
    ollama_put_number(&d.open, "bytes", loaded->bytes);
    ollama_put_number(&d.open, "vram_bytes", loaded->vram_bytes);
    ollama_put_number(&d.open, "context_length", loaded->context_length);
    ollama_put_number(&d.open, "expires", loaded->expires);
    original_put(&d.private_, "raw", loaded->raw, NULL);
    return ollama_draft_add(&d, view, err);
}

int ollama_event_unloaded(const struct ollama_view *view, const struct ollama_seen *seen, uint64_t gen, struct err *err) {
    struct ollama_draft d;
    bool other = seen->load_manifest.there;
    const struct ollama_key key = {.what = "unloaded",
                                   .gen = gen,
                                   .change = true,
                                   .name = bytes_of(seen->name),
                                   .content = {seen->load, OLLAMA_SHORT}};
    ollama_draft_init(&d, view, "model.unloaded", "model/", key);
    mp_map_text(&d.open, "model", bytes_of(seen->name));
    if (!other) {
        ollama_put_digest(&d.open, "digest", &seen->weights);
    }
    ollama_put_digest(&d.open, "manifest_digest", other ? &seen->load_manifest : &seen->manifest);
    return ollama_draft_add(&d, view, err);
}

int ollama_event_identified(const struct ollama_view *view, const struct ollama_identity *i, struct err *err) {
    struct ollama_draft d;
    uint8_t content[HASH_LEN];
    char subject[DIGEST_TEXT];
    digest_text(subject, &i->weights);
    const struct ollama_key key = {.what = "identified", .name = bytes_of(subject)};
    ollama_draft_init(&d, NULL, "model.identified", "model/", key);
    struct mp_map *f = &d.open; /* without an address: the bytes are the same on any server */
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
    mp_map_text(&d.private_, "path", i->path);
    original_put(&d.private_, "raw", i->raw, NULL);
    const struct bytes parts[] = {bytes_of(i->grade), bytes_of_buf(&d.open.values), i->raw};
    hash_parts(content, parts, 3);
    d.event.grade = i->grade;
    d.event.key.content = (struct bytes){content, HASH_LEN};
    return ollama_draft_add(&d, view, err);
}

/* ---- the runtime -------------------------------------------------------------------------------------------------- */

int ollama_event_runtime(const struct ollama_view *view, const struct ollama_runtime *r, struct bytes raw,
                         struct err *err) {
    struct ollama_draft d;
    const uint8_t cloud = (uint8_t)(r->cloud + 1);
    uint8_t content[HASH_LEN];
    const struct bytes parts[] = {bytes_of(r->version), {&cloud, 1}};
    hash_parts(content, parts, 2);
    const struct ollama_key key = {.what = "runtime", .gen = r->gen, .content = {content, HASH_LEN}};
    ollama_draft_init(&d, view, "runtime.observed", view->subject, key);
    mp_map_text(&d.open, "version", bytes_of(r->version));
    if (r->cloud >= 0) {
        mp_map_bool(&d.open, "cloud", r->cloud != 0);
    }
    original_put(&d.private_, "raw", raw, NULL);
    return ollama_draft_add(&d, view, err);
}

int ollama_event_version(const struct ollama_view *view, const char *before, const struct ollama_runtime *now,
                         struct err *err) {
    struct ollama_draft d;
    const struct ollama_key key = {.what = "version", .gen = now->gen, .change = true, .content = bytes_of(now->version)};
    ollama_draft_init(&d, view, "runtime.changed", view->subject, key);
    mp_map_text(&d.open, "what", bytes_of("version"));
    mp_map_text(&d.open, "version", bytes_of(now->version));
    mp_map_text(&d.open, "version_before", bytes_of(before));
    return ollama_draft_add(&d, view, err);
}

int ollama_event_unreachable(const struct ollama_view *view, const struct ollama_runtime *r, const char *detail,
                             struct err *err) {
    struct ollama_draft d;
    char content[64];
    snprintf(content, sizeof(content), "%s %u", r->error, r->status);
    const struct ollama_key key = {.what = "unreachable", .gen = r->gen, .content = bytes_of(content)};
    ollama_draft_init(&d, view, "runtime.unreachable", view->subject, key);
    d.event.grade = view->saved ? "reported" : "measured";
    mp_map_text(&d.open, "error", bytes_of(r->error));
    if (r->status != 0) {
        mp_map_uint(&d.open, "http_status", r->status);
    }
    mp_map_text(&d.private_, "detail", bytes_of(detail));
    return ollama_draft_add(&d, view, err);
}
