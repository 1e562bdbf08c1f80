/* HTTP statuses, as an answer's first line and as codes of google.rpc.Status. */
#ifndef BASE_HTTP_STATUS_H
#define BASE_HTTP_STATUS_H

#include "base/bytes.h"

/* Appends the status line of an HTTP/1.1 answer, and its date. */
void httpd_put_status(struct buf *out, unsigned status);
/* The canonical google.rpc.Status code for an HTTP status. */
int httpd_rpc_code(unsigned status);

#endif
