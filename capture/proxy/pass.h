/* One request of a client: judged, passed on, its answer passed back, and both recorded. */
#ifndef CAPTURE_PROXY_PASS_H
#define CAPTURE_PROXY_PASS_H

#include "base/http/http.h"
#include "capture/proxy/client.h"
#include "capture/proxy/watch.h"

#define PASS_BODY_MAX ((uint64_t)64 << 20)

/* What all connections have in common; constant while they run, but for the counters and `stopping`. */
struct pass_shared {
    struct httpd_policy policy;
    char upstream[HTTP_URL_MAX]; /* in the form of http_base */
    char origin[HTTP_URL_MAX];   /* the same without a path */
    const char *pin;             /* NULL: none */
    struct watch_shared watch;
    atomic_bool stopping; /* no further requests */
    atomic_bool ending;   /* no more time */
    atomic_uint_fast64_t refused;
};

/* Serves the next request of a connection; `begun` is called once its head is whole. False: it was the last one. */
bool pass_next(struct pass_shared *shared, struct client *client, struct http *http, void (*begun)(void *ctx), void *ctx);

#endif
