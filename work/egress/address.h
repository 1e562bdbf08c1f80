/* Addresses that no name may lead to. */
#ifndef WORK_EGRESS_ADDRESS_H
#define WORK_EGRESS_ADDRESS_H

#include <stdint.h>

#include "base/bytes.h"

#define EGRESS_ADDRESS_TEXT 48

/* IPv4 as four bytes, IPv6 as sixteen. */
struct egress_address {
    uint8_t p[16];
    uint8_t n; /* 4 or 16 */
};

/* Why it is refused unless a pattern names it: "loopback", "private", ...; NULL: it is a public address. */
const char *egress_address_fault(const struct egress_address *address);
/* An address as it is written in a pattern or a request, without brackets; the one form of inet_pton. */
bool egress_address_read(struct bytes text, struct egress_address *ret);
void egress_address_text(const struct egress_address *address, char ret[EGRESS_ADDRESS_TEXT]);
bool egress_address_eq(const struct egress_address *a, const struct egress_address *b);

#endif
