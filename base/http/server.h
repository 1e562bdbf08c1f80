/* An HTTP/1.1 server: one listener, one thread, epoll(7).
 *
 * All of it runs on the caller's thread, inside httpd_run, including the handler. A handler answers at once; or says that it
 * will answer later, and does so from another callback of the same thread; or sends a stream, piece by piece. A request's bytes are
 * read once, by base/http/read.h; before its body is received, base/http/guard.h judges it. Everything is bounded: connections,
 * header bytes, bodies one by one and in total, what compressed ones decode to, the time for a header, the pace of a body, what a
 * slow reader of a stream leaves unread.
 *
 * Unless the options say otherwise, an answer has the form of its request: a refusal is a google.rpc.Status, JSON or Protocol
 * Buffers. A client of gRPC is told what to do instead (h2.h).
 *
 * Connections that never complete a request cannot keep others out: when the table is full, or descriptors run out, a
 * new connection replaces the one that has been without a complete header for longest. */
#ifndef BASE_HTTP_SERVER_H
#define BASE_HTTP_SERVER_H

#include <signal.h>

#include "base/http/guard.h"
#include "base/http/listen.h"

#define HTTPD_CONNECTIONS 512
#define HTTPD_REPLY_MAX   ((size_t)64 << 10)

struct httpd;
struct httpd_exchange; /* a request that has no whole answer yet */

struct httpd_request {
    size_t route; /* index */
    enum httpd_form form;
    struct bytes body;             /* decoded; borrowed for the call, as is `head` */
    const struct httpd_head *head; /* with the method, the target and all fields */
    struct httpd_exchange *exchange;
    const char *peer; /* "127.0.0.1", "uid 1000" on a Unix socket; borrowed for the call */
};

/* Beginnings of answers. A handler that answers at once leaves this alone. */
enum httpd_when {
    HTTPD_NOW,
    HTTPD_LATER, /* httpd_answer will be called with the exchange, unless `gone` is called with it before */
    HTTPD_STREAM /* `body` is the first piece; more by httpd_push, until httpd_finish or `gone` */
};

struct httpd_reply {
    unsigned status;        /* 200 unless the handler sets another */
    unsigned retry_after_s; /* 0: the header is left out */
    /* In the form of the request. For statuses other than 200 the handler puts the message's text here, unless it sets a type. */
    struct buf body;
    const char
        *type; /* of the body, whatever the status; NULL: the form of the request, see above. Borrowed, as is the next */
    const char *extra; /* further header lines, each with CR LF; NULL: none */
    bool keeps;        /* a client may keep the answer: `extra` says for how long */
    int file;          /* -1: none; sent as the body, `file_n` bytes from its beginning, and closed by the server */
    uint64_t file_n;
    enum httpd_when when;
};

/* A descriptor that is waited for beside the connections. */
struct httpd_watch {
    void (*ready)(struct httpd_watch *watch);
    int fd;
};

struct httpd_options {
    const char *address; /* "127.0.0.1:4318", "[::1]:4318", "localhost:4318"; port 0: any that is free; see listen.h */
    const struct httpd_route *routes;
    size_t n_routes;
    const char *instead_of_grpc; /* see httpd_policy */
    bool site;                   /* likewise */
    uint64_t body_max;           /* bytes of one body, decoded; beyond it 413 */
    uint64_t bodies_max;         /* of all that are being received; beyond it 503 */
    size_t connections_max;      /* 0: HTTPD_CONNECTIONS */
    size_t reply_max; /* bytes of an answer, and of what a stream's reader may leave unread; 0: HTTPD_REPLY_MAX */
    void *ctx;
    /* A non-zero result ends httpd_run after this answer was sent, and is returned. */
    int (*handle)(void *ctx, const struct httpd_request *request, struct httpd_reply *reply, struct err *err);
    /* Called some ten times a second; may be NULL. A non-zero result ends httpd_run and is returned. */
    int (*tick)(void *ctx, struct err *err);
    /* The client has left before it had its whole answer; the exchange is not to be used again. May be NULL if no answer is late. */
    void (*gone)(void *ctx, struct httpd_exchange *exchange);
    /* Words a refusal of the server's own, as a reply with a type; `target` is empty where the request has none that can be read. NULL: a
     * google.rpc.Status. */
    void (*refuse)(void *ctx, unsigned status, struct bytes target, const char *message, struct httpd_reply *reply);
};

/* From then on, blocks of 128 KiB or more return to the system when this process frees them (mallopt(3)).
 * ERR_INVALID: not a loopback address of this machine. ERR_IO: it cannot be bound (perhaps it is in use). What options
 * points to must last until httpd_close. */
int httpd_open(const struct httpd_options *options, struct httpd **ret, struct err *err);
/* The bound address, "127.0.0.1:4318"; borrowed. */
const char *httpd_address(const struct httpd *httpd);
size_t httpd_connections(const struct httpd *httpd);
/* Serves until *stop is set: then it accepts no new connections, finishes requests that have begun within at most five
 * seconds, and returns 0. */
int httpd_run(struct httpd *httpd, const volatile sig_atomic_t *stop, struct err *err);
void httpd_close(struct httpd *httpd); /* NULL is fine */

/* Sets the members of a reply that are not zero, and its room. */
void httpd_reply_init(const struct httpd *httpd, struct httpd_reply *reply);
/* Answers an exchange that was put off; takes what the reply holds. */
void httpd_answer(struct httpd *httpd, struct httpd_exchange *exchange, struct httpd_reply *reply);
/* Sends a piece of a stream. Who leaves more than reply_max bytes unread is cut off: false, and the exchange is not to be used again
 * (`gone` is not called). */
bool httpd_push(struct httpd *httpd, struct httpd_exchange *exchange, struct bytes piece);
void httpd_finish(struct httpd *httpd, struct httpd_exchange *exchange);
/* Calls watch->ready whenever its descriptor can be read or has ended, until it is left alone again, which comes before it is closed. Not
 * within httpd_open. ERR_IO. */
int httpd_watch(struct httpd *httpd, struct httpd_watch *watch, struct err *err);
void httpd_unwatch(struct httpd *httpd, struct httpd_watch *watch);
/* The same for a descriptor that is closed already, and had no copies. */
void httpd_forget(struct httpd *httpd, const struct httpd_watch *watch);

#endif
