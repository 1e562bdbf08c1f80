/* The head of a request to a proxy (RFC 9112, RFC 9110 section 9.3.6). */
#ifndef WORK_EGRESS_REQUEST_H
#define WORK_EGRESS_REQUEST_H

#include "work/egress/grant.h"

#define EGRESS_HEAD_MAX ((size_t)16 << 10)

struct egress_request {
    struct egress_target target;
    bool connect;    /* a tunnel; otherwise `head` is what the server is sent */
    size_t consumed; /* bytes of the head, its empty line included */
};

/* Reads a head from the start of `text`. 0; 1: it is not complete yet; ERR_INVALID: it is no request that a proxy takes,
 * ERR_LIMIT: it is longer than EGRESS_HEAD_MAX. Of a plain request the head for the server is appended to `out`: the path
 * alone, Host as in the URL, the connection closed at its end, nothing that was meant for the proxy. */
int egress_request_read(struct bytes text, struct egress_request *ret, struct buf *out, struct err *err);

#endif
