/* A server that passes the requests of its clients to one upstream, and tells a handler of each (pass.h). */
#ifndef CAPTURE_PASS_SERVE_H
#define CAPTURE_PASS_SERVE_H

#include <signal.h>

#include "capture/pass/pass.h"

struct serve_options {
    const char *listen;     /* "127.0.0.1:8080", "unix:PATH"; not of this machine's loopback only with a token */
    const char *upstream;   /* "http://127.0.0.1:11434" */
    bool own_paths;         /* requests have the whole path, as the upstream knows it; its own is that of one endpoint */
    const char *token_file; /* NULL: none */
    const char *const *origins; /* of web pages that may use it */
    size_t n_origins;
    const char *const *hosts; /* further values of Host, "box.example:8080" */
    size_t n_hosts;
    const volatile sig_atomic_t *stop;
    void *ctx;
    void (*listening)(void *ctx, const char *address); /* may be NULL */
};

/* What the upstream's address says. */
struct serve_place {
    char endpoint[HTTP_URL_MAX]; /* "host:port" */
    char path[HTTP_URL_MAX];     /* of the address; "": none */
    bool egress;                 /* it is not on this machine */
};

struct serve;
/* Reads the options, which are borrowed until the end; listens to nobody yet. ERR_INVALID: an option is wrong, or a file; ERR_IO. */
int serve_open(const struct serve_options *options, struct serve **ret, struct serve_place *ret_place, struct err *err);
/* Listens and serves until *stop is set; then exchanges have five seconds to end. Once. */
int serve_all(struct serve *serve, const struct pass_handler *handler, struct err *err);
/* NULL is fine. *ret_refused: requests that were not passed. */
void serve_close(struct serve *serve, uint64_t *ret_refused);

#endif
