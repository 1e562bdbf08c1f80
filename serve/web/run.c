/* A request's way: its target is taken apart; who asks is found out; then the route's function answers, at once or later. */
#include "serve/web/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "serve/web/site.h"
#include "serve/web/site_page.h"

#define BODY_MAX        ((size_t)16 << 20)
#define BODIES_MAX      ((size_t)64 << 20)
#define CONNECTIONS_MAX 16384
#define SPARE_FDS       128 /* for everything that is not a connection */

static void make_id(struct web *w, char ret[WEB_ID]) {
    snprintf(ret, WEB_ID, "%016llx", (unsigned long long)w->ids);
    w->ids += UINT64_C(0x9e3779b97f4a7c15); /* odd: all 2^64 come before one comes again */
}

static void note(struct web *w, const char *holder, const struct httpd_reply *reply) {
    w->counts.requests[reply->status / 100 % 6]++;
    if (holder[0] != '\0') web_note_read(w, holder, reply->body.n);
}

static int on_request(void *ctx, const struct httpd_request *request, struct httpd_reply *reply, struct err *err) {
    struct web *w = ctx;
    struct web_call call = {.request = request, .route = &web_routes[request->route]};
    struct err why = {0};
    (void)err;
    make_id(w, call.id);
    if (httpd_target_split(request->head->target, &call.target, &why) != 0) {
        web_problem(w, reply, 400, call.id, why.msg);
    } else if (web_may(w, &call, reply)) {
        call.route->answer(w, &call, reply);
    }
    if (reply->when != HTTPD_LATER) note(w, call.holder, reply);
    httpd_target_done(&call.target);
    return 0;
}

/* What the server itself refuses. */
static void on_refusal(void *ctx, unsigned status, struct bytes target, const char *message, struct httpd_reply *reply) {
    struct web *w = ctx;
    char id[WEB_ID];
    make_id(w, id);
    w->counts.refused++;
    w->counts.requests[status / 100 % 6]++;
    if (status != 404 && status != 405)
        web_note_refused(w, status == 403 ? ACCESS_REFUSED_ORIGIN : ACCESS_REFUSED_REQUEST, "");
    if (page_is_path(target) && status == 404) {
        page_say_problem(w, reply, status, message);
    } else {
        web_problem(w, reply, status, id, message);
    }
}

static void on_gone(void *ctx, struct httpd_exchange *exchange) {
    struct web *w = ctx;
    if (w->closes) return; /* its parts have forgotten all exchanges */
    web_asks_gone(w, exchange);
    web_pool_gone(w, exchange);
    web_now_gone(w, exchange);
    web_writer_gone(w, exchange);
    web_stream_gone(w, exchange);
}

void web_answer(struct web *w, const struct web_asked *asked, struct httpd_reply *reply) {
    note(w, asked->holder, reply);
    httpd_answer(w->httpd, asked->exchange, reply);
}

static int on_tick(void *ctx, struct err *err) {
    struct web *w = ctx;
    (void)err;
    web_asks_tick(w);
    web_now_tick(w);
    web_stream_tick(w);
    web_access_tick(w);
    return 0;
}

/* As many connections as this process may have descriptors. */
static size_t most_connections(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return HTTPD_CONNECTIONS;
    if (limit.rlim_cur < CONNECTIONS_MAX + SPARE_FDS) {
        struct rlimit more = {CONNECTIONS_MAX + SPARE_FDS, limit.rlim_max};
        more.rlim_cur = more.rlim_cur < limit.rlim_max ? more.rlim_cur : limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &more) == 0) limit = more;
    }
    size_t room = limit.rlim_cur > 2 * SPARE_FDS ? (size_t)limit.rlim_cur - SPARE_FDS : SPARE_FDS;
    return room < CONNECTIONS_MAX ? room : CONNECTIONS_MAX;
}

static int open_parts(struct web *w, struct err *err) {
    int rc = web_access_open(w, err);
    if (rc == 0) rc = web_asks_open(w, err);
    if (rc == 0) rc = web_pool_open(w, err);
    if (rc == 0) rc = web_writer_open(w, err);
    if (rc == 0) rc = web_now_open(w, err);
    if (rc == 0) rc = web_warm_open(w, err);
    if (rc == 0) rc = web_stream_open(w, err);
    return rc;
}

static void say_listening(struct web *w) {
    const char *address = httpd_address(w->httpd);
    bool is_unix = strncmp(address, HTTPD_UNIX, strlen(HTTPD_UNIX)) == 0;
    snprintf(w->url, sizeof(w->url), "%s%s", is_unix ? "" : "http://", address);
    w->options->listening(w->options->ctx, w->url);
}

int web_serve(const struct web_options *options, struct err *err) {
    struct web w = {.options = options};
    struct httpd_route routes[WEB_ROUTES_MAX];
    for (size_t i = 0; i < web_n_routes; i++) {
        bool posts = strcmp(web_routes[i].method, "POST") == 0, form = web_routes[i].id[0] == '\0';
        routes[i] = (struct httpd_route){.method = web_routes[i].method,
                                         .path = web_routes[i].path,
                                         .type = !posts ? NULL
                                                 : form ? "application/x-www-form-urlencoded"
                                                        : "application/json"};
    }
    const struct httpd_options served = {.address = options->address,
                                         .routes = routes,
                                         .n_routes = web_n_routes,
                                         .site = true,
                                         .body_max = BODY_MAX,
                                         .bodies_max = BODIES_MAX,
                                         .connections_max = most_connections(),
                                         .reply_max = WEB_REPLY_MAX,
                                         .ctx = &w,
                                         .handle = on_request,
                                         .tick = on_tick,
                                         .gone = on_gone,
                                         .refuse = on_refusal};
    crypt_random(&w.ids, sizeof(w.ids));
    int rc = httpd_open(&served, &w.httpd, err);
    if (rc != 0) return rc;
    rc = open_parts(&w, err);
    if (rc == 0) {
        say_listening(&w);
        rc = httpd_run(w.httpd, options->stop, err);
    }
    w.closes = true;
    if (w.asks != NULL) web_asks_close(&w);
    web_warm_close(&w);
    web_writer_close(&w);
    web_now_close(&w);
    web_pool_close(&w);
    httpd_close(w.httpd); /* calls on_gone for streams */
    web_stream_close(&w);
    if (w.access != NULL) web_access_flush(&w);
    web_access_close(&w);
    return rc;
}
