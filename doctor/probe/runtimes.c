/* The probe "runtimes": each server of models that the ledger knows by its address; when it knows none, those that answer at
 * the usual ports of this machine. What listens there and is no server of models is nobody's fault, and nothing is recorded
 * of it.
 *
 * A server elsewhere is looked at unless a policy closes the way out (tiers_close_egress); then nothing is sent. Where there
 * is no way to it, that is a check of its own, "runtime", made offline: it says nothing about the server. Servers
 * of Ollama come last, since they take longest: their ingest source asks them for their models too. */
#include "doctor/probe/runtimes_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

#define SERVER_NS   (5 * CLOCK_NS_PER_S)
#define ALL_NS      (15 * CLOCK_NS_PER_S)
#define PATIENCE_MS 2000

static const struct {
    const char *runtime, *endpoint;
} usual[] = {
    {"llama.cpp", "http://127.0.0.1:8080"}, {"lm_studio", "http://127.0.0.1:1234"}, {"vllm", "http://127.0.0.1:8000"}};

/* ---- which ---- */

static void add(struct runtimes_list *list, const char *runtime, const char *endpoint) {
    if (list->n == RUNTIMES_MAX) return;
    struct runtimes_server *s = &list->servers[list->n++];
    *s = (struct runtimes_server){.slots = -1, .told_at = -1};
    snprintf(s->runtime, sizeof(s->runtime), "%s", runtime);
    snprintf(s->endpoint, sizeof(s->endpoint), "%s", endpoint);
}

/* OLLAMA_HOST, as its programs read it: a host, a port, both, or an address with a scheme. A server that listens on every
 * address is asked on this machine. */
static void put_ollama(char *ret, size_t size) {
    const char *told = getenv("OLLAMA_HOST"), *host = told != NULL ? told : "";
    bool tls = strncmp(host, "https://", 8) == 0;
    host += tls ? 8 : strncmp(host, "http://", 7) == 0 ? 7 : 0;
    size_t n = strcspn(host, "/");
    const char *end = host[0] == '[' ? memchr(host, ']', n) : host;
    const char *port = end != NULL ? memchr(end, ':', n - (size_t)(end - host)) : NULL;
    size_t n_host = port != NULL ? (size_t)(port - host) : n;
    bool any =
        n_host == 0 || (n_host == 7 && memcmp(host, "0.0.0.0", 7) == 0) || (n_host == 4 && memcmp(host, "[::]", 4) == 0);
    snprintf(ret, size, "%s://%.*s%.*s%s", tls ? "https" : "http", any ? 9 : (int)n_host, any ? "127.0.0.1" : host,
             port != NULL ? (int)(n - n_host) : 0, port != NULL ? port : "", port == NULL ? ":11434" : "");
}

static void add_usual(struct runtimes_list *list) {
    char endpoint[HTTP_URL_MAX];
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        add(list, usual[i].runtime, usual[i].endpoint);
    }
    put_ollama(endpoint, sizeof(endpoint));
    add(list, "ollama", endpoint);
}

/* ---- the looks ---- */

static int look(const struct runtimes_list *list, struct runtimes_server *s, uint64_t until, struct err *err) {
    const char *kind = runtimes_is_ollama(s) ? "ollama" : s->runtime;
    uint64_t own = clock_monotonic_ns() + SERVER_NS;
    struct err why = {0};
    int rc =
        runtimes_look(kind, s->endpoint, !s->known, s->known && !list->closed, own < until ? own : until, &s->seen, &why);
    s->looked = rc == 0;
    return rc == ERR_NOMEM ? err_set(err, rc, "%s", why.msg) : 0; /* what is no URL cannot be looked at */
}

/* Of a server elsewhere, whether there is a way to it. */
static void say_way(const struct runtimes_server *s, struct probe_out *out) {
    bool offline = s->seen.end == RUNTIMES_OFFLINE;
    struct probe_check check = PROBE_CHECK("runtime", offline ? "unknown" : "ok");
    check.offline = offline;
    check.target = s->endpoint;
    check.detail = offline ? s->seen.detail : NULL;
    if (s->known && s->looked && !s->seen.here && s->seen.end != RUNTIMES_CLOSED) {
        probe_say(out, &check);
    }
}

/* Its models are in the store of this machine if it is the first one here. */
static int ask_ollama(const struct probe_box *box, const char *endpoint, const char *store, struct err *err) {
    const struct ingest_options options = {.url = endpoint, .models = store, .patience_ms = PATIENCE_MS};
    struct err why = {0};
    int rc = source_run(box, "ollama", &options, &why);
    if (rc == ERR_NET || rc == ERR_NOTFOUND || rc == ERR_INVALID || rc == 0) return 0; /* recorded, or nothing is there */
    return err_set(err, rc, "%s", why.msg);
}

static int ask_ollamas(const struct probe_box *box, const struct runtimes_list *list, struct err *err) {
    char dir[FILE_PATH_MAX];
    const char *store = source_store(box, dir, sizeof(dir)) ? dir : NULL;
    int rc = 0;
    for (size_t i = 0; i < list->n && rc == 0; i++) {
        const struct runtimes_server *s = &list->servers[i];
        bool told = s->looked && (s->seen.end == RUNTIMES_UP || (s->known && s->seen.end == RUNTIMES_DOWN));
        if (!runtimes_is_ollama(s) || !told) continue;
        rc = ask_ollama(box, s->endpoint, s->seen.here ? store : NULL, err);
        store = s->seen.here ? NULL : store;
    }
    return rc == 0 && store != NULL ? ask_ollama(box, NULL, store, err) : rc;
}

int runtimes_local_ollama(const struct probe_box *box, char ret[HTTP_URL_MAX], struct err *err) {
    struct runtimes_list *list = calloc(1, sizeof(*list));
    uint64_t until = clock_monotonic_ns() + SERVER_NS;
    int rc = list != NULL ? runtimes_known(box, list, err) : err_set(err, ERR_NOMEM, "no memory for servers of models");
    ret[0] = '\0';
    if (rc == 0 && list->n == 0) add_usual(list);
    for (size_t i = 0; rc == 0 && i < list->n && ret[0] == '\0'; i++) {
        struct runtimes_server *s = &list->servers[i];
        if (!runtimes_is_ollama(s)) continue;
        rc = look(list, s, until, err);
        if (rc == 0 && s->looked && s->seen.here && (s->known || s->seen.end == RUNTIMES_UP)) {
            memcpy(ret, s->endpoint, sizeof(s->endpoint));
        }
    }
    free(list);
    return rc;
}

/* A stranger that does not show what it is is none. */
static void forget_strangers(struct runtimes_list *list) {
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        if (list->servers[i].known || (list->servers[i].looked && list->servers[i].seen.end == RUNTIMES_UP)) {
            list->servers[n++] = list->servers[i];
        }
    }
    list->n = n;
}

int probe_runtimes(const struct probe_box *box, struct probe_out *out, struct err *err) {
    struct runtimes_list *list = calloc(1, sizeof(*list));
    struct probe_check none = PROBE_CHECK("runtimes-usual", "not_applicable");
    uint64_t until = clock_monotonic_ns() + ALL_NS;
    int rc = list != NULL ? runtimes_known(box, list, err) : err_set(err, ERR_NOMEM, "no memory for servers of models");
    if (rc == 0 && list->n == 0) add_usual(list);
    for (size_t i = 0; rc == 0 && i < list->n && clock_monotonic_ns() < until; i++) {
        rc = look(list, &list->servers[i], until, err);
        if (rc == 0) say_way(&list->servers[i], out);
    }
    if (rc == 0) {
        forget_strangers(list);
        if (list->n == 0) probe_say(out, &none);
        rc = runtimes_record(box, list, err);
    }
    if (rc == 0) rc = ask_ollamas(box, list, err);
    free(list);
    return rc;
}
