/* A runtime on a named machine, "ollama@HOST:PORT" or "openai@HOST:PORT", is reached there; otherwise the configured endpoint serves, as it does for
 * steps of packs; a runtime "ollama" without either is where Ollama listens by itself. */
#include "evals/run/route.h"

#include <stdio.h>
#include <string.h>

#include "ledger/core/config.h"
#include "projections/ready/pack.h"
#include "projections/ready/routes.h"
#include "projections/view/look.h"

#define OLLAMA_URL "http://127.0.0.1:11434"

struct asked {
    const char *name;
    struct run_route *ret;
    bool found;
    char runtime[256];
};

static void keep(char *ret, size_t size, struct bytes text) {
    (void)snprintf(ret, size, "%.*s", (int)(text.n < size ? text.n : 0), (const char *)text.p);
}
#define KEEP(to, row, column) keep(to, sizeof(to), row_text(row, column))

static int find(void *ctx, struct state_view *view, struct err *err) {
    struct asked *a = ctx;
    struct run_binding *b = &a->ret->binding;
    const struct bytes name = bytes_of(a->name);
    struct row route, pack;
    bool there = false;
    row_init(&pack, NULL);
    int rc = look_stored(view, "routes", &name, 1, &route, &there, err);
    a->found = rc == 0 && there && row_has(&route, ROUTE_STEP) && !row_is(&route, ROUTE_STEP, "removed");
    if (a->found) {
        KEEP(b->route, &route, ROUTE_NAME);
        KEEP(b->config_digest, &route, ROUTE_CONFIG_DIGEST);
        KEEP(b->model, &route, ROUTE_MODEL);
        KEEP(b->pack, &route, ROUTE_PACK);
        KEEP(b->pack_version, &route, ROUTE_PACK_VERSION);
        KEEP(a->ret->suite, &route, ROUTE_SUITE);
        KEEP(a->ret->suite_digest, &route, ROUTE_SUITE_DIGEST);
        KEEP(a->runtime, &route, ROUTE_RUNTIME);
        a->ret->tool = routes_is_tool(&route);
        KEEP(a->ret->program, &route, ROUTE_PROGRAM);
        const struct bytes of = row_text(&route, ROUTE_PACK);
        if (of.n > 0) rc = look_stored(view, "packs", &of, 1, &pack, NULL, err);
        a->ret->files = rc == 0 && row_has(&pack, PACK_STEP) && row_has(&pack, PACK_TREE_DIGEST);
        if (rc == 0 && row_has(&pack, PACK_VERSION)) KEEP(b->pack_version, &pack, PACK_VERSION);
    }
    row_done(&pack);
    row_done(&route);
    return rc;
}

/* Is the configured endpoint that of this host? It may say more: a path, or a file with a key. */
static bool is_at(const char *url, const char *host) {
    const char *at = strstr(url, "://");
    const size_t n = strlen(host);
    return at != NULL && n > 0 && strncmp(at + 3, host, n) == 0 && (at[3 + n] == '\0' || at[3 + n] == '/');
}

static void find_endpoint(struct run_route *r, const char *runtime, const struct config *config) {
    static const char ollama[] = "ollama@", openai[] = "openai@";
    const size_t n = sizeof(ollama) - 1;
    bool of_openai = strncmp(runtime, openai, n) == 0;
    r->protocol = config->model_openai ? WORK_OPENAI : WORK_OLLAMA;
    bool named = of_openai || strncmp(runtime, ollama, n) == 0;
    if (named && !(of_openai == config->model_openai && is_at(config->model_url, runtime + n))) {
        (void)snprintf(r->url, sizeof(r->url), "http://%s", runtime + n);
        r->protocol = of_openai ? WORK_OPENAI : WORK_OLLAMA;
    } else if (config->model_url[0] != '\0') {
        (void)snprintf(r->url, sizeof(r->url), "%.1000s", config->model_url);
        (void)snprintf(r->key_file, sizeof(r->key_file), "%.1000s", config->model_key);
    } else if (strcmp(runtime, "ollama") == 0) {
        (void)snprintf(r->url, sizeof(r->url), "%s", OLLAMA_URL);
        r->protocol = WORK_OLLAMA;
    }
    if (r->binding.model[0] == '\0') (void)snprintf(r->binding.model, sizeof(r->binding.model), "%.255s", config->model);
}

int run_route_find(struct ledger *ledger, const char *name, struct run_route *ret, struct err *err) {
    static const char noun[] = "route/";
    struct asked a = {.name = strncmp(name, noun, sizeof(noun) - 1) == 0 ? name + sizeof(noun) - 1 : name, .ret = ret};
    struct state_options options;
    struct config config;
    memset(ret, 0, sizeof(*ret));
    state_options_init(&options);
    int rc = state_ask(ledger, &options, find, &a, err);
    if (rc == 0 && !a.found) rc = err_set(err, ERR_NOTFOUND, "no route '%.100s' is declared", a.name);
    if (rc == 0) rc = config_load(log_dir(ledger), &config, err);
    if (rc == 0) find_endpoint(ret, a.runtime, &config);
    return rc;
}
