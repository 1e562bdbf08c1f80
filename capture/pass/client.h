/* One connection of a client: its requests as they come, strictly read, and what it is sent. Blocks, with a deadline on everything.
 *
 * Whoever wants an end shuts the socket down: then whatever waits here fails. */
#ifndef CAPTURE_PASS_CLIENT_H
#define CAPTURE_PASS_CLIENT_H

#include "base/http/guard.h"

#define CLIENT_HEAD_MAX  ((size_t)32 << 10)
#define CLIENT_PIECE_MAX ((size_t)16 << 10)

struct client {
    int fd;
    uint8_t in[CLIENT_HEAD_MAX]; /* received and not yet used */
    size_t at, n;
    struct buf head; /* of the current request, which struct httpd_head borrows from */
    struct httpd_chunks chunks;
    bool has_body, chunked, body_ended, wants_interim, slow, bad; /* slow, bad: why the body could not be read */
    struct client_pace {
        uint64_t waited_ns, bytes; /* for the other end, and what it moved meanwhile */
    } body, sending;
    uint64_t left, taken, body_max; /* bytes: still to come, when not chunked; so far; at most */
};

void client_init(struct client *c, int fd);
void client_done(struct client *c); /* the socket stays open */
/* Whether another request has begun, within the time for idle connections; false: it ended. */
bool client_wait(struct client *c);
/* The next head. ERR_INVALID: not HTTP; ERR_LIMIT: too large; ERR_NET: it ended, or did not arrive in time (*ret_late). */
int client_head(struct client *c, struct httpd_head *ret, bool *ret_late, struct err *err);
/* The body of a request that `verdict` has accepted. */
void client_body_begin(struct client *c, const struct httpd_verdict *verdict, uint64_t max);
/* Its next bytes, at most `max`; none: it has ended. ERR_NET: the client went away or is too slow; ERR_INVALID: malformed
 * chunks; ERR_LIMIT: too large. */
int client_body_take(struct client *c, uint8_t *to, size_t max, size_t *ret_n, struct err *err);
/* ERR_NET: the client went away, or does not read. */
int client_send(struct client *c, struct bytes data, struct err *err);
/* Whether the other end has closed. */
bool client_gone(const struct client *c);
/* Ends a connection whose request was not read to its end: reads and drops for a moment, so that the client sees the answer
 * instead of a reset. */
void client_leave(struct client *c);

#endif
