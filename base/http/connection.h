/* One connection of the server: its requests, one after the other, and their answers. Internal to base/http. */
#ifndef BASE_HTTP_CONNECTION_H
#define BASE_HTTP_CONNECTION_H

#include <sys/epoll.h>

#include "base/http/body.h"
#include "base/http/h2.h"
#include "base/http/server.h"

#define HTTPD_READ_BYTES ((size_t)64 << 10)
#define HTTPD_EVENTS     256
#define HTTPD_STALLED_NS CLOCK_NS_PER_S /* a body that is idle this long makes room for others */
#define HTTPD_BUSY       "too many requests are being received at once; try again"

enum httpd_phase {
    HTTPD_WAITING,
    HTTPD_REFUSING_H2,
    HTTPD_RECEIVING,
    HTTPD_PENDING,
    HTTPD_STREAMING,
    HTTPD_ANSWERING,
    HTTPD_LEAVING,
    HTTPD_ENDED
};

struct httpd_exchange {
    struct httpd_watch watch; /* first: what epoll gives is one of these. A connection's has no `ready` */
    struct httpd *httpd;
    struct httpd_exchange *next, **link; /* longest in its phase first */
    enum httpd_phase phase;
    unsigned waits_for;    /* epoll's events */
    uint64_t since, heard; /* of the phase, of the pace; the last byte */
    uint64_t received;     /* bytes since then */
    struct buf in, later;  /* a header; what arrived before the previous answer was sent */
    struct httpd_scan scan;
    struct httpd_body body;
    uint64_t held; /* bytes counted in httpd.bodies */
    size_t route;
    enum httpd_form form; /* of the request, and of its answer */
    struct httpd_h2 h2;
    bool closes, is_head; /* after this request; HEAD: it wants the header alone */
    bool chunks, old;     /* of a stream; a client of HTTP/1.0 */
    struct buf out;
    size_t sent;
    int file; /* -1: none; what follows `out` */
    uint64_t file_at, file_n;
    char peer[48];
};

struct httpd {
    struct httpd_options options;
    struct httpd_listener listener;
    struct httpd_watch accepts;
    const char *hosts[2], *origins[2];
    char origin[2][HTTPD_ADDRESS_MAX + 8];
    struct httpd_policy policy;
    int epoll;
    struct epoll_event events[HTTPD_EVENTS]; /* of this turn; those from `event` on are still to be handled */
    int event, n_events;
    struct httpd_exchange *first, **last;
    struct httpd_exchange *ended; /* their memory stays until the turn is over */
    size_t n;
    bool no_room, hears; /* no connection can be accepted for now; the listener is waited for */
    uint64_t bodies;
    uint64_t looked;                   /* for slow connections */
    const volatile sig_atomic_t *stop; /* may be NULL */
    int code;                          /* returned by the handler */
    struct err why;
    uint8_t read[HTTPD_READ_BYTES];
};

/* Takes over a new descriptor, or closes it: NULL. */
struct httpd_exchange *httpd_connection_new(struct httpd *h, int fd);
/* Closes a connection; its memory stays until the turn is over. */
void httpd_connection_end(struct httpd *h, struct httpd_exchange *c);
void httpd_connection_on(struct httpd *h, struct httpd_exchange *c, unsigned events);
/* For requests that were not read to their end: what follows cannot be another one. */
void httpd_connection_cut_off(struct httpd *h, struct httpd_exchange *c, unsigned status, const char *message);
bool httpd_is_stopping(const struct httpd *h);
/* Waits for these events of a descriptor, and no others. */
bool httpd_wait_for(struct httpd *h, struct httpd_watch *watch, int how, unsigned events);

#endif
