/* An HTTP/1.1 server for programs of this machine that submit data: one listener on a loopback address, POST with a
 * body, a short answer.
 *
 * All of it runs on the caller's thread, inside httpd_run, including the handler, which answers once the data is stored.
 * A request's bytes are read once, by base/http/read.h; before its body is received, base/http/guard.h judges it.
 * Everything is bounded: connections, header bytes, bodies one by one and in total, what compressed ones decode to, the
 * time for a header, the pace of a body. An answer has the form of its request: a refusal is a google.rpc.Status, JSON or
 * Protocol Buffers. A client of gRPC is told what to do instead (h2.h).
 *
 * Connections that never complete a request cannot keep others out: when the table is full, or descriptors run out, a
 * new connection replaces the one that has been without a complete header for longest. */
#ifndef BASE_HTTP_SERVER_H
#define BASE_HTTP_SERVER_H

#include <signal.h>

#include "base/http/guard.h"
#include "base/http/listen.h"

struct httpd;

struct httpd_request {
    size_t route; /* index */
    enum httpd_form form;
    struct bytes body; /* decoded; borrowed for the call */
};

struct httpd_reply {
    unsigned status;        /* 200 unless the handler sets another */
    unsigned retry_after_s; /* 0: the header is left out */
    struct buf body; /* in the form of the request; for statuses other than 200 the handler puts the message's text here */
};

struct httpd_options {
    const char *address; /* "127.0.0.1:4318", "[::1]:4318", "localhost:4318"; port 0: any that is free; see listen.h */
    const struct httpd_route *routes;
    size_t n_routes;
    const char *instead_of_grpc; /* see httpd_policy */
    uint64_t body_max;           /* bytes of one body, decoded; beyond it 413 */
    uint64_t bodies_max;         /* of all that are being received; beyond it 503 */
    void *ctx;
    /* A non-zero result ends httpd_run after this answer was sent, and is returned. */
    int (*handle)(void *ctx, const struct httpd_request *request, struct httpd_reply *reply, struct err *err);
    /* Called some ten times a second; may be NULL. A non-zero result ends httpd_run and is returned. */
    int (*tick)(void *ctx, struct err *err);
};

/* From then on, blocks of 128 KiB or more return to the system when this process frees them (mallopt(3)).
 * ERR_INVALID: not a loopback address of this machine. ERR_IO: it cannot be bound (perhaps it is in use). What options
 * points to must last until httpd_close. */
int httpd_open(const struct httpd_options *options, struct httpd **ret, struct err *err);
/* The bound address, "127.0.0.1:4318"; borrowed. */
const char *httpd_address(const struct httpd *httpd);
/* Serves until *stop is set: then it accepts no new connections, finishes requests that have begun within at most five
 * seconds, and returns 0. */
int httpd_run(struct httpd *httpd, const volatile sig_atomic_t *stop, struct err *err);
void httpd_close(struct httpd *httpd); /* NULL is fine */

#endif
