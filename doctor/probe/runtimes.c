/* The probe "runtimes": each server of models that the ledger knows by its address; when it knows none, those that answer at
 * the usual ports of this machine. What listens there and is no server of models is nobody's fault, and nothing is recorded
 * of it.
 *
 * A server elsewhere is looked at unless a policy closes the way out (tiers_close_egress); then nothing is sent. Where there
 * is no way to it, that is a check of its own, "runtime", made offline: it says nothing about the server. So does one that
 * there was no time to ask: "skipped".
 *
 * Several are looked at at once: a server that hangs takes two seconds. Servers of Ollama come last, since they take longest: their ingest source asks them for their models too. */
#include "doctor/probe/runtimes_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "work/look/many.h"
#include "work/look/usual.h"

#define SERVER_NS   (5 * CLOCK_NS_PER_S)
#define ALL_NS      (15 * CLOCK_NS_PER_S)
#define OLLAMA_NS   (24 * CLOCK_NS_PER_S) /* the last source begins before that */
#define PATIENCE_MS 2000

/* ---- which ---- */

static void add(struct runtimes_list *list, const char *runtime, const char *endpoint) {
    if (list->n == RUNTIMES_MAX) return;
    struct runtimes_server *s = &list->servers[list->n++];
    *s = (struct runtimes_server){.slots = -1, .told_at = -1};
    snprintf(s->runtime, sizeof(s->runtime), "%s", runtime);
    snprintf(s->endpoint, sizeof(s->endpoint), "%s", endpoint);
}

static void add_usual(struct runtimes_list *list) {
    char endpoint[HTTP_URL_MAX];
    for (size_t i = 0; i < usual_count(); i++) {
        snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", usual_at(i)->port);
        if (strcmp(usual_at(i)->runtime, "ollama") == 0) {
            usual_ollama(getenv("OLLAMA_HOST"), endpoint);
        }
        add(list, usual_at(i)->runtime, endpoint);
    }
}

/* ---- the looks ---- */

static int look(const struct runtimes_list *list, struct runtimes_server *s, uint64_t until, struct err *err) {
    const char *kind = runtimes_is_ollama(s) ? "ollama" : s->runtime;
    uint64_t own = clock_monotonic_ns() + SERVER_NS;
    struct err why = {0};
    int rc =
        runtime_look(kind, s->endpoint, !s->known, s->known && !list->closed, own < until ? own : until, &s->seen, &why);
    s->reached = true;
    s->looked = rc == 0;
    return rc == ERR_NOMEM ? err_set(err, rc, "%s", why.msg) : 0; /* what is no URL cannot be looked at */
}

struct looking {
    struct runtimes_list *list;
    uint64_t until;
};

static int look_at(void *ctx, size_t i) {
    const struct looking *l = ctx;
    return look(l->list, &l->list->servers[i], l->until, NULL);
}

static int look_all(struct runtimes_list *list, uint64_t until, struct err *err) {
    struct looking l = {.list = list, .until = until};
    int rc = many_look(&(struct many){.n = list->n, .until = until, .ctx = &l, .look = look_at});
    return rc != 0 ? err_set(err, rc, "no memory for a look at servers of models") : 0;
}

/* Whether there is a way to it, and was time to ask. Of a server here nothing is said as long as there was. */
static void say_way(const struct runtimes_server *s, struct probe_out *out) {
    bool asked = s->reached && !s->in_vain, offline = asked && s->seen.end == RUNTIME_OFFLINE;
    struct probe_check check = PROBE_CHECK("runtime", !asked ? "skipped" : offline ? "unknown" : "ok");
    check.offline = offline;
    check.target = s->endpoint;
    check.detail = offline ? s->seen.detail : NULL;
    bool plain = asked && !offline && s->seen.here && !s->way_told;
    if (s->known && !plain && (!asked || (s->looked && s->seen.end != RUNTIME_CLOSED))) {
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

static int ask_ollamas(const struct probe_box *box, struct runtimes_list *list, uint64_t until, struct err *err) {
    char dir[FILE_PATH_MAX];
    const char *store = source_store(box, dir, sizeof(dir)) ? dir : NULL;
    int rc = 0;
    for (size_t i = 0; i < list->n && rc == 0; i++) {
        struct runtimes_server *s = &list->servers[i];
        bool down = s->seen.end == RUNTIME_DOWN && s->known && (store != NULL || runtimes_is_news(box, s));
        if (!runtimes_is_ollama(s) || !s->looked || (s->seen.end != RUNTIME_UP && !down)) continue;
        s->in_vain = clock_monotonic_ns() >= until;
        if (s->in_vain) continue;
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
        if (rc == 0 && s->looked && s->seen.here && (s->known || s->seen.end == RUNTIME_UP)) {
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
        if (list->servers[i].known || (list->servers[i].looked && list->servers[i].seen.end == RUNTIME_UP)) {
            list->servers[n++] = list->servers[i];
        }
    }
    list->n = n;
}

int probe_runtimes(const struct probe_box *box, struct probe_out *out, struct err *err) {
    struct runtimes_list *list = calloc(1, sizeof(*list));
    struct probe_check none = PROBE_CHECK("runtimes-usual", "not_applicable");
    uint64_t now = clock_monotonic_ns();
    bool offline = false;
    int rc = list != NULL ? runtimes_known(box, list, err) : err_set(err, ERR_NOMEM, "no memory for servers of models");
    if (rc == 0 && list->n == 0) add_usual(list);
    if (rc == 0) rc = look_all(list, now + ALL_NS, err);
    for (size_t i = 0; rc == 0 && i < list->n; i++) {
        offline = offline || (list->servers[i].looked && list->servers[i].seen.end == RUNTIME_OFFLINE);
    }
    if (rc == 0) {
        forget_strangers(list);
        if (list->n == 0 && !offline) probe_say(out, &none);
        rc = runtimes_record(box, list, err);
    }
    if (rc == 0) rc = ask_ollamas(box, list, now + OLLAMA_NS, err);
    for (size_t i = 0; rc == 0 && i < list->n; i++) {
        say_way(&list->servers[i], out);
    }
    free(list);
    return rc;
}
