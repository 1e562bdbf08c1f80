/* Turns events of runtimes, manifests and aliases into one form, so that the fold need not know their source. */
#include "projections/ready/models_claim.h"

#include <string.h>

#include "projections/rows/list.h"

#define NOTHING ((struct bytes){0})

bool models_is_digest(struct bytes text) {
    return bytes_has_prefix(text, "sha256:");
}

static bool is_here(struct bytes host) {
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t n = strlen(names[i]);
        if (bytes_has_prefix(host, names[i]) && (host.n == n || host.p[n] == ':')) return true;
    }
    return false;
}

/* The part between "://" and the path. */
static struct bytes host_of(struct bytes endpoint) {
    const uint8_t *at = endpoint.n > 0 ? memmem(endpoint.p, endpoint.n, "://", 3) : NULL;
    struct bytes host = endpoint;
    if (at != NULL) {
        host = (struct bytes){at + 3, endpoint.n - (size_t)(at + 3 - endpoint.p)};
    }
    const uint8_t *end = host.n > 0 ? memchr(host.p, '/', host.n) : NULL;
    host.n = end != NULL ? (size_t)(end - host.p) : host.n;
    return host;
}

static void read_runtime(const struct fold *fold, struct models_claim *c) {
    struct bytes endpoint = NOTHING, host;
    fold_text(fold, "runtime", &c->runtime);
    if (!fold_text(fold, "endpoint", &endpoint) || (host = host_of(endpoint)).n == 0 || is_here(host) ||
        c->runtime.n + 1 + host.n > sizeof(c->own)) {
        return;
    }
    if (c->runtime.n > 0) {
        memcpy(c->own, c->runtime.p, c->runtime.n);
    }
    c->own[c->runtime.n] = '@';
    memcpy(c->own + c->runtime.n + 1, host.p, host.n);
    c->runtime = (struct bytes){(const uint8_t *)c->own, c->runtime.n + 1 + host.n};
}

/* The layer of type "model" has the weights; the first of several parts stands for all, as in the runtime itself. */
static struct bytes weights_in(struct bytes layers) {
    struct list list;
    struct bytes item, type, digest;
    list_open(&list, layers);
    while (list_next(&list, &item)) {
        if (list_text(item, "type", &type) && bytes_is(type, "model") && list_text(item, "digest", &digest) &&
            models_is_digest(digest)) {
            return digest;
        }
    }
    return NOTHING;
}

void models_read_claim(const struct fold *fold, struct models_claim *c) {
    struct bytes layers, subject = fold_subject(fold);
    memset(c, 0, sizeof(*c));
    c->step = fold_step(fold);
    fold_text(fold, "digest", &c->digest);
    fold_text(fold, "manifest_digest", &c->manifest);
    fold_bool(fold, "remote", &c->remote);
    read_runtime(fold, c);
    if (models_is_digest(subject)) { /* it names the weights, and the body their name */
        fold_text(fold, "model", &c->model);
        c->digest = subject;
    } else {
        c->model = fold_name(fold, bytes_is(c->step, "alias_set") ? "alias" : "model");
    }
    if (c->digest.n == 0 && fold_raw(fold, "layers", &layers)) {
        c->digest = weights_in(layers);
    }
    if (c->remote || c->digest.n >= MODELS_DIGEST_MAX) {
        c->digest = NOTHING;
    }
    if (c->remote || c->manifest.n >= MODELS_DIGEST_MAX) {
        c->manifest = NOTHING;
    }
    if (bytes_is(c->step, "declared") || bytes_is(c->step, "provenance_declared")) {
        c->runtime = NOTHING; /* a declaration belongs to no runtime yet */
    }
}

void models_read_use(const struct fold *fold, struct models_claim *c) {
    memset(c, 0, sizeof(*c));
    c->step = fold_step(fold);
    fold_text(fold, "model", &c->model);
    fold_text(fold, "digest", &c->digest);
    read_runtime(fold, c);
    if (c->digest.n == 0 && models_is_digest(c->model)) {
        c->digest = c->model;
        c->model = NOTHING;
    }
}
