/* Receives the body of one request: de-chunked, decoded, bounded. */
#ifndef BASE_HTTP_BODY_H
#define BASE_HTTP_BODY_H

#include "base/archive/gz.h"
#include "base/archive/zst.h"
#include "base/http/guard.h"

struct httpd_body {
    bool chunked;
    struct httpd_chunks chunks;
    uint64_t left, max; /* bytes still to come, when not chunked; the limit, decoded */
    struct gz_push *gz; /* NULL: not compressed so */
    struct zst_push *zst;
    struct buf content;
};

/* Begins the body of a request that `verdict` has accepted. ERR_NOMEM. */
int httpd_body_begin(struct httpd_body *body, const struct httpd_verdict *verdict, uint64_t max, struct err *err);
/* Consumes the body's bytes at the front of *in. 0: it is complete; 1: more is to come, and *in is used up; ERR_LIMIT:
 * it is too large, or decodes to too much; ERR_INVALID, ERR_CORRUPT: it is malformed or cut short; ERR_NOMEM. */
int httpd_body_take(struct httpd_body *body, struct bytes *in, struct err *err);
void httpd_body_done(struct httpd_body *body); /* a zeroed one is fine */

#endif
