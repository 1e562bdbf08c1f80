/* A listener's address: on this machine's loopback, unless its caller wants another one. */
#ifndef BASE_HTTP_LISTEN_H
#define BASE_HTTP_LISTEN_H

#include "base/err.h"

#define HTTPD_PASSED      "passed" /* the address of a socket that a service manager passed, whatever it is (passed.h) */
#define HTTPD_ADDRESS_MAX 128
#define HTTPD_UNIX        "unix:"

struct httpd_listener {
    int fd;                          /* owned by the caller */
    char address[HTTPD_ADDRESS_MAX]; /* what was bound, "127.0.0.1:4318" */
    char named[HTTPD_ADDRESS_MAX];   /* another name that requests may use, "localhost:4318" */
};

/* If a service manager passed sockets to this process, the one with this address is taken instead of binding. ERR_INVALID: not
 * a loopback address of this machine, or a passed socket is not what is expected. ERR_IO: it cannot be bound. A failure leaves nothing open. */
int httpd_listen(const char *address, struct httpd_listener *ret, struct err *err);
/* The same for any IP address, "0.0.0.0:8080", "[::]:8080": for a listener that asks for a token. */
int httpd_listen_any(const char *address, struct httpd_listener *ret, struct err *err);
/* "unix:PATH": a socket of mode 0600, in place of one to which nobody listens any more. ERR_INVALID: the path is too long,
 * or something else is there; ERR_BUSY: somebody listens there. The caller removes the file when it ends. */
int httpd_listen_unix(const char *address, struct httpd_listener *ret, struct err *err);
/* Whether httpd_listen would take it: 0 or ERR_INVALID, with what is accepted. Nothing is bound. */
int httpd_listen_check(const char *address, struct err *err);
/* Whether two such addresses are the same one, however they are written. Port 0 is any free port, and never the same. */
bool httpd_listen_same(const char *a, const char *b);
/* Whether it is on this machine's loopback or a Unix socket; false also for what is no address. */
bool httpd_listen_is_here(const char *address);

#endif
