/* Turns events of runtimes, manifests and aliases into one form, so that the fold need not know their source. */
#include "projections/ready/models_claim.h"

#include <string.h>

#include "projections/rows/list.h"

#define NOTHING ((struct bytes){0})
#define HERE    "@127.0.0.1:"

/* Runtimes of which several may serve on one machine, told apart by their ports. */
static const struct family {
    const char *name;
    const char *port; /* where it listens by itself; "": there is no such port */
} families[] = {{"ollama", "11434"}, {"openai", ""}};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

bool models_is_digest(struct bytes text) {
    return bytes_has_prefix(text, "sha256:");
}

/* Is it of this machine? *ret_port: what follows the colon; empty: none. */
static bool is_here(struct bytes host, struct bytes *ret_port) {
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t n = strlen(names[i]);
        if (bytes_has_prefix(host, names[i]) && (host.n == n || host.p[n] == ':')) {
            *ret_port = host.n > n ? (struct bytes){host.p + n + 1, host.n - n - 1} : NOTHING;
            return true;
        }
    }
    return false;
}

/* Of a server of this machine: the runtime's own name, or where it listens on another port than by itself, with that. */
static struct bytes local_name(struct bytes runtime, struct bytes port, char room[MODELS_RUNTIME_MAX]) {
    for (size_t i = 0; i < FAMILIES; i++) {
        size_t n = runtime.n, at = sizeof(HERE) - 1;
        if (!bytes_is(runtime, families[i].name) || port.n == 0 || bytes_is(port, families[i].port) ||
            n + at + port.n > MODELS_RUNTIME_MAX) {
            continue;
        }
        memcpy(room, families[i].name, n);
        memcpy(room + n, HERE, at);
        memcpy(room + n + at, port.p, port.n);
        return (struct bytes){(const uint8_t *)room, n + at + port.n};
    }
    return runtime;
}

struct bytes models_runtime(struct bytes runtime, char room[MODELS_RUNTIME_MAX]) {
    const uint8_t *at = runtime.n > 0 ? memchr(runtime.p, '@', runtime.n) : NULL;
    const size_t n = at != NULL ? (size_t)(at - runtime.p) : 0;
    struct bytes port;
    for (size_t i = 0; at != NULL && i < FAMILIES; i++) {
        if (bytes_is((struct bytes){runtime.p, n}, families[i].name) &&
            is_here((struct bytes){at + 1, runtime.n - n - 1}, &port)) {
            return local_name(bytes_of(families[i].name), port, room);
        }
    }
    return runtime;
}

bool models_is_family(struct bytes runtime) {
    bool is = false;
    for (size_t i = 0; i < FAMILIES; i++) {
        is = is || bytes_is(runtime, families[i].name);
    }
    return is;
}

bool models_is_local(struct bytes runtime, struct bytes family) {
    const size_t n = family.n, at = sizeof(HERE) - 1;
    return runtime.n >= n && n > 0 && memcmp(runtime.p, family.p, n) == 0 &&
           (runtime.n == n || (runtime.n > n + at && memcmp(runtime.p + n, HERE, at) == 0));
}

bool models_is_here(struct bytes runtime) {
    bool is = false;
    for (size_t i = 0; i < FAMILIES; i++) {
        is = is || models_is_local(runtime, bytes_of(families[i].name));
    }
    return is;
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

struct bytes models_runtime_at(struct bytes runtime, struct bytes endpoint, char room[MODELS_RUNTIME_MAX]) {
    struct bytes host = host_of(endpoint), port;
    if (host.n == 0) return runtime;
    if (is_here(host, &port)) return local_name(runtime, port, room);
    if (runtime.n + 1 + host.n > MODELS_RUNTIME_MAX) return runtime;
    if (runtime.n > 0) {
        memcpy(room, runtime.p, runtime.n);
    }
    room[runtime.n] = '@';
    memcpy(room + runtime.n + 1, host.p, host.n);
    return (struct bytes){(const uint8_t *)room, runtime.n + 1 + host.n};
}

static void read_runtime(const struct fold *fold, struct models_claim *c) {
    struct bytes endpoint = NOTHING;
    fold_text(fold, "runtime", &c->runtime);
    if (fold_text(fold, "endpoint", &endpoint)) c->runtime = models_runtime_at(c->runtime, endpoint, c->own);
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
