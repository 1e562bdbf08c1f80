/* The body of one request as it comes: out of its chunks, decoded, within a bound. */
#ifndef BASE_HTTP_BODY_H
#define BASE_HTTP_BODY_H

#include "base/gz.h"
#include "base/http/guard.h"

struct httpd_body {
    bool chunked;
    struct httpd_chunks chunks;
    uint64_t left, max; /* bytes that are still to come, when it is not chunked; accepted, decoded */
    struct gz_push *gz; /* NULL: it comes as it is */
    struct buf content;
};

/* `verdict` has accepted it. ERR_NOMEM. */
int httpd_body_begin(struct httpd_body *body, const struct httpd_verdict *verdict, uint64_t max, struct err *err);
/* Takes what belongs to it from the front of *in. 0: it is whole; 1: more is to come, and *in is used up; ERR_LIMIT: it is
 * too large, or decodes to too much; ERR_INVALID, ERR_CORRUPT: it is malformed or cut short; ERR_NOMEM. */
int httpd_body_take(struct httpd_body *body, struct bytes *in, struct err *err);
void httpd_body_done(struct httpd_body *body); /* also of one that is all zero */

#endif
