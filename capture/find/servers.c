/* Candidates are the ports of processes, the usual port, and the address in OLLAMA_HOST. All are asked at once, for two seconds
 * at most, and count only if the answer shows what they are: whatever else listens there is nobody's business. */
#include "capture/find/servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "capture/find/process.h"
#include "work/look/many.h"
#include "work/look/runtime.h"
#include "work/look/usual.h"

#define LOOK_NS       (2 * CLOCK_NS_PER_S)
#define PROCESSES_MAX 16
#define MAX           128

struct candidate {
    const struct find_thing *thing;
    char endpoint[HTTP_URL_MAX];
    pid_t pid; /* 0: not by a process */
    bool answers;
};

struct candidates {
    struct candidate all[MAX];
    size_t n;
    uint64_t until;
};

static const char *runtime_of(const struct find_thing *thing) {
    return strcmp(thing->name, "lm-studio") == 0 ? "lm_studio" : thing->name;
}

static void add(struct candidates *c, const struct find_thing *thing, const char *endpoint, pid_t pid) {
    for (size_t i = 0; i < c->n; i++) {
        if (c->all[i].thing == thing && strcmp(c->all[i].endpoint, endpoint) == 0) return;
    }
    if (c->n == MAX) return;
    c->all[c->n] = (struct candidate){.thing = thing, .pid = pid};
    snprintf(c->all[c->n++].endpoint, HTTP_URL_MAX, "%s", endpoint);
}

/* Where a server of this kind is by default, and by its variable. */
static void usual_place(const struct find_world *world, const struct find_thing *thing, char ret[HTTP_URL_MAX]) {
    const struct usual *usual = usual_find(runtime_of(thing));
    if (thing->variable[0] != '\0') {
        usual_ollama(world->env(thing->variable), ret);
    } else {
        snprintf(ret, HTTP_URL_MAX, "http://127.0.0.1:%u", usual != NULL ? usual->port : 80);
    }
}

static void add_all(const struct find_world *world, const struct find_thing *thing, struct candidates *c) {
    struct process processes[PROCESSES_MAX];
    char endpoint[HTTP_URL_MAX];
    size_t n = process_find(world->root, thing->process, processes, PROCESSES_MAX);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < processes[i].n_ports; k++) {
            snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", processes[i].ports[k]);
            add(c, thing, endpoint, processes[i].pid);
        }
    }
    usual_place(world, thing, endpoint);
    add(c, thing, endpoint, n > 0 && processes[0].n_ports == 0 ? processes[0].pid : 0);
}

static int look(void *ctx, size_t i) {
    struct candidates *c = ctx;
    struct runtime_seen seen;
    struct err why = {0};
    int rc = runtime_look(runtime_of(c->all[i].thing), c->all[i].endpoint, true, false, c->until, &seen, &why);
    c->all[i].answers = rc == 0 && seen.end == RUNTIME_UP && seen.here;
    return rc == ERR_NOMEM ? rc : 0; /* what is no URL is not here */
}

static int put(struct find_list *list, const struct candidate *one, const char *by, const char *note, struct err *err) {
    struct find_found *f = NULL;
    int rc = find_add(list, one->thing, by, &f, err);
    if (rc != 0) return rc;
    const char *port = strrchr(one->endpoint, ':');
    for (size_t i = 0; i + 1 < list->n; i++) {
        if (strcmp(list->found[i].name, f->name) == 0 && port != NULL) {
            snprintf(f->name, sizeof(f->name), "%s-%.5s", one->thing->name, port + 1);
        }
    }
    snprintf(f->where, sizeof(f->where), "%s", one->endpoint);
    snprintf(f->place, sizeof(f->place), "%s", one->endpoint);
    snprintf(f->note, sizeof(f->note), "%s", note);
    f->key = "url";
    f->pid = one->pid;
    f->can = true;
    f->sure = one->answers;
    return 0;
}

/* What stands for the kind if none of it answers. */
static int put_silent(const struct find_world *world, const struct find_thing *thing, const struct candidates *c,
                      struct find_list *list, struct err *err) {
    struct candidate one = {.thing = thing};
    const char *by = find_by(world, thing);
    for (size_t i = 0; i < c->n; i++) {
        if (c->all[i].thing == thing && c->all[i].pid > 0) {
            return put(list, &c->all[i], "process", "it does not answer", err);
        }
    }
    if (by == NULL) return 0;
    usual_place(world, thing, one.endpoint);
    return put(list, &one, by, "it does not answer", err);
}

int servers_find(const struct find_world *world, struct find_list *list, struct err *err) {
    struct candidates *c = calloc(1, sizeof(*c));
    if (c == NULL) return err_set(err, ERR_NOMEM, "no memory for servers of models");
    c->until = clock_monotonic_ns() + LOOK_NS;
    for (size_t i = 0; i < find_count(); i++) {
        if (find_at(i)->form == FIND_SERVER) add_all(world, find_at(i), c);
    }
    int rc = many_look(&(struct many){.n = c->n, .until = c->until, .ctx = c, .look = look});
    if (rc != 0) {
        err_set(err, rc, "no memory for a look at servers of models");
    }
    for (size_t i = 0; rc == 0 && i < find_count(); i++) {
        bool any = false;
        for (size_t k = 0; rc == 0 && k < c->n; k++) {
            if (c->all[k].thing != find_at(i) || !c->all[k].answers) continue;
            any = true;
            rc = put(list, &c->all[k], "answer", "", err);
        }
        if (rc == 0 && !any && find_at(i)->form == FIND_SERVER) rc = put_silent(world, find_at(i), c, list, err);
    }
    free(c);
    return rc;
}
