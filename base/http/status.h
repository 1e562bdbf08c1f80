/* Heads of answers, and what refusals say. */
#ifndef BASE_HTTP_STATUS_H
#define BASE_HTTP_STATUS_H

#include "base/http/guard.h"

enum httpd_framing { HTTPD_LENGTH, HTTPD_CHUNKED, HTTPD_UNTIL_CLOSED };

struct httpd_answer {
    unsigned status;
    enum httpd_form form;
    uint64_t length; /* of the body */
    enum httpd_framing framing;
    const char *type;       /* NULL: by the form */
    const char *extra;      /* further lines, each with CR LF; NULL: none */
    bool keeps;             /* a client may keep it, as `extra` says */
    unsigned retry_after_s; /* 0: the header is left out */
    const char *allow;      /* likewise, NULL */
    bool closes;
};

/* Appends the status line of an HTTP/1.1 answer, and its date. */
void httpd_put_status(struct buf *out, unsigned status);
/* Appends the status line and the headers, with the empty line. */
void httpd_put_head(struct buf *out, const struct httpd_answer *answer);
/* The canonical google.rpc.Status code for an HTTP status. */
int httpd_rpc_code(unsigned status);
/* Appends the body of a refusal: google.rpc.Status, as JSON {"code": N, "message": "..."} or as Protocol Buffers. */
void httpd_put_refusal(struct buf *out, enum httpd_form form, unsigned status, const char *message);

#endif
