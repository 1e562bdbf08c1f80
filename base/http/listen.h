/* A listener's address, always of this machine alone. */
#ifndef BASE_HTTP_LISTEN_H
#define BASE_HTTP_LISTEN_H

#include "base/err.h"

#define HTTPD_ADDRESS_MAX 64
#define HTTPD_PASSED      "passed" /* the address of a socket that a service manager passed, whatever it is (passed.h) */

struct httpd_listener {
    int fd;                          /* owned by the caller */
    char address[HTTPD_ADDRESS_MAX]; /* what was bound, "127.0.0.1:4318" */
    char named[HTTPD_ADDRESS_MAX];   /* another name that requests may use, "localhost:4318" */
};

/* If a service manager passed sockets to this process, the one with this address is taken instead of binding. ERR_INVALID: not
 * a loopback address of this machine, or a passed socket is not what is expected. ERR_IO: it cannot be bound. A failure leaves nothing open. */
int httpd_listen(const char *address, struct httpd_listener *ret, struct err *err);

#endif
