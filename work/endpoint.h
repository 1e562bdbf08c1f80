/* What a model's endpoint and a checked one have in common: where it is, and how a call of it ended. */
#ifndef WORK_ENDPOINT_H
#define WORK_ENDPOINT_H

#include <signal.h>

#include "base/bytes.h"

#define WORK_HOST_MAX      256
#define WORK_ADDRESSES_MAX 8
#define WORK_ADDRESS_TEXT  48
#define WORK_WHY_MAX       640
#define WORK_UNKNOWN       UINT64_MAX /* a number that nobody stated: neither 0 nor an estimate */

/* Where an endpoint is. Whatever connects afterwards connects to one of these addresses. */
struct work_place {
    char host[WORK_HOST_MAX];
    uint16_t port;
    bool loopback; /* all of its addresses are; otherwise a call leaves the box and needs network.egress */
    size_t addresses_n;
    char addresses[WORK_ADDRESSES_MAX][WORK_ADDRESS_TEXT];
};

enum work_call_end {
    WORK_CALL_OK,
    WORK_CALL_UNREACHABLE, /* no such name, nobody listens, no route, no trusted TLS */
    WORK_CALL_REFUSED,     /* status 401, 403 or 429: the server does not serve this caller, or not now */
    WORK_CALL_TIMEOUT,     /* a deadline passed; the message names it */
    WORK_CALL_STATUS,      /* another status than 200 */
    WORK_CALL_BAD_ANSWER,  /* not the protocol: another content type, not JSON, a member of another type */
    WORK_CALL_CUT,         /* the connection or the stream ended before the answer did */
    WORK_CALL_TOO_LONG,    /* more bytes than allowed, in a line, an event or altogether */
    WORK_CALL_ERROR,       /* the server reports an error inside of an answer of status 200 */
    WORK_CALL_NO_MODEL,    /* the server does not have this model */
    WORK_CALL_STOPPED,     /* by the caller */
    WORK_CALL_OFF_BOX, /* not allowed: the address is not of this box, and nothing was sent; or a server on this box says
                              that another host computes its answer, and the request has left */
    WORK_CALL_BUDGET   /* nothing was sent: nothing is left of the budget */
};
const char *work_call_end_name(enum work_call_end end); /* "ok", "unreachable", "refused", ..., static */

/* Who may end a call from outside. */
struct work_stop {
    const volatile sig_atomic_t *flag; /* not 0: end; NULL: none */
    int fd;                            /* readable: end; 0 or less: none. Borrowed */
};

#endif
