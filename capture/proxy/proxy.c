/* The recorder and the names first, then the clients; at the end the other way round. */
#include "capture/proxy/proxy.h"

#include <stdlib.h>

#include "capture/proxy/watch.h"

struct proxy {
    struct serve *serve;
    struct serve_place place;
    struct watch_shared watch;
};

static int open_all(struct proxy *p, struct ledger *ledger, const struct proxy_options *o, struct err *err) {
    struct watch_shared *w = &p->watch;
    const struct recorder_options recorder = {.actor = o->actor != NULL ? o->actor : "service:proxy", .source = "proxy"};
    proxy_watch_shared_init(w);
    w->content = o->content;
    w->run = o->run;
    w->runtime = o->runtime;
    int rc = serve_open(&o->serve, &p->serve, &p->place, err);
    w->endpoint = p->place.endpoint;
    w->egress = p->place.egress;
    if (rc == 0) rc = names_open(ledger, &w->names, err);
    if (rc == 0) rc = recorder_open(ledger, &recorder, &w->recorder, err);
    return rc;
}

int proxy_run(struct ledger *ledger, const struct proxy_options *options, struct proxy_result *ret, struct err *err) {
    struct proxy *p = calloc(1, sizeof(*p));
    struct recorder_stats stats = {0};
    struct pass_handler handler;
    uint64_t refused = 0;
    if (p == NULL) return err_set(err, ERR_NOMEM, "proxy: out of memory");
    int rc = open_all(p, ledger, options, err);
    proxy_watch_handler(&p->watch, &handler);
    if (rc == 0) rc = serve_all(p->serve, &handler, err);
    serve_close(p->serve, &refused);
    names_close(p->watch.names);
    recorder_close(p->watch.recorder, &stats);
    *ret = (struct proxy_result){.calls = atomic_load(&p->watch.calls),
                                 .others = atomic_load(&p->watch.others),
                                 .refused = refused,
                                 .written = stats.written,
                                 .lost = stats.lost};
    free(p);
    return rc;
}
