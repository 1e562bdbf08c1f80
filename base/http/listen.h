/* The address of a listener: this machine's loopback and nothing else. */
#ifndef BASE_HTTP_LISTEN_H
#define BASE_HTTP_LISTEN_H

#include "base/err.h"

#define HTTPD_ADDRESS_MAX 64

struct httpd_listener {
    int fd;                          /* owned by whoever asked */
    char address[HTTPD_ADDRESS_MAX]; /* what was bound, "127.0.0.1:4318" */
    char named[HTTPD_ADDRESS_MAX];   /* what a request may call it as well, "localhost:4318" */
};

/* ERR_INVALID: not an address of this machine's loopback. ERR_IO: it cannot be bound. A failure leaves nothing open. */
int httpd_listen(const char *address, struct httpd_listener *ret, struct err *err);

#endif
