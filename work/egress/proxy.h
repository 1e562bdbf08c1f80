/* The proxy of one step: threads of this process, which accept on a socket that was made inside. */
#ifndef WORK_EGRESS_PROXY_H
#define WORK_EGRESS_PROXY_H

#include "work/egress/grant.h"

#define EGRESS_LIST_MAX    256
#define EGRESS_REFUSED_MAX 96

/* Requests that went alike: where to, and with what result. The host is empty when a request was not understood. */
struct egress_record {
    struct egress_target target;
    char address[EGRESS_ADDRESS_TEXT]; /* that it was connected to; empty: it was not */
    char refused[EGRESS_REFUSED_MAX];  /* why; empty: it was not */
    uint64_t sent, received, times;
    uint64_t arrived; /* the number of the first of their connections, from 1 in the order that they were accepted in */
};

struct egress_proxy;

/* Takes `listener`; the patterns, NULL at the end, are copied. */
int egress_proxy_start(int listener, const char *const *patterns, struct egress_proxy **ret, struct err *err);
/* Ends every connection and waits for the threads; one that hangs in the resolver is left to end by itself, without a
 * connection. What was recorded is handed to `take`, in the order of `arrived`; NULL-safe. Returns how many were not recorded. */
typedef void egress_take_fn(void *ctx, const struct egress_record *record);
uint64_t egress_proxy_stop(struct egress_proxy *proxy, egress_take_fn *take, void *ctx);

#endif
