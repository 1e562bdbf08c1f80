/* Statuses of HTTP, in an answer's first line and in the form of google.rpc.Status. */
#ifndef BASE_HTTP_STATUS_H
#define BASE_HTTP_STATUS_H

#include "base/bytes.h"

/* The status line of an answer of HTTP/1.1, and its date. */
void httpd_put_status(struct buf *out, unsigned status);
/* The canonical code of google.rpc.Status that stands for an HTTP status. */
int httpd_rpc_code(unsigned status);

#endif
