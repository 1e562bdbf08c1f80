/* Patterns of what may be reached.
 *
 *   api.example.org:443    that name
 *   *.example.org:443      one more label before it: a.example.org, not a.b.example.org and not example.org
 *   192.0.2.7:8080         that address, and [2001:db8::1]:443
 *   localhost:11434        the name, and the loopback addresses that it leads to */
#ifndef WORK_EGRESS_GRANT_H
#define WORK_EGRESS_GRANT_H

#include "work/egress/address.h"

#define EGRESS_HOST_MAX 253

struct egress_target {
    char host[EGRESS_HOST_MAX + 1]; /* in lower case, without brackets */
    bool is_address;
    struct egress_address address; /* when it is one */
    uint16_t port;
};

/* "host:port" of a request. `port` is what applies without one; 0: one is needed. False: it is neither name nor address. */
bool egress_grant_target(struct bytes text, uint16_t port, struct egress_target *ret);
/* What is wrong with a pattern, as what follows "it ..."; NULL: nothing. */
const char *egress_grant_fault(const char *pattern);
/* Whether one of the patterns, NULL at the end, fits the target. */
bool egress_grant_fits(const char *const *patterns, const struct egress_target *target);
/* Whether one of them names the address that the target led to, so that a special one is meant. */
bool egress_grant_names(const char *const *patterns, const struct egress_target *target,
                        const struct egress_address *address);

#endif
