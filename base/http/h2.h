/* HTTP/2 (RFC 9113), only to say that it is not served. A client of gRPC that meets a server of HTTP/1.1 tells its user
 * something about a broken preface; this answer it shows as it is:
 *
 *   client   preface, SETTINGS            HEADERS of its first request
 *   server              SETTINGS, its ACK                              HEADERS: grpc-status 12, grpc-message; GOAWAY
 *
 * Another client of HTTP/2 gets a GOAWAY that asks for HTTP/1.1: a status of 200, which gRPC has for its errors too, would
 * be a success for it. Nothing of the request is read but its first frames. */
#ifndef BASE_HTTP_H2_H
#define BASE_HTTP_H2_H

#include "base/http/read.h"

/* Progress; all zero at the beginning. */
struct httpd_h2 {
    size_t at; /* bytes of the frames that were read */
    bool begun;
};

/* Whether this is the first part of the preface, "PRI * HTTP/2.0". */
bool httpd_h2_is_preface(const struct httpd_head *head);
/* `in`: all that came after that. Appends what is to be sent now. 0: that is all, and the connection ends; 1: more is
 * needed; ERR_INVALID: it is not HTTP/2. */
int httpd_h2_take(struct httpd_h2 *h2, struct bytes in, const char *instead, struct buf *out);

#endif
