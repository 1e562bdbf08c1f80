/* The special-purpose registries of IANA (RFC 6890 and its successors) as a table. IPv6 addresses that carry an IPv4
 * address are refused as a whole where a machine would use the inner one (mapped, compatible, translated, 6to4, Teredo):
 * a public service has an address of its own. */
#include "work/egress/address.h"

#include <arpa/inet.h>

struct range {
    uint8_t p[16];
    uint8_t n, bits;
    const char *why;
};

static const struct range ranges[] = {
    {{0}, 4, 8, "unspecified"},
    {{10}, 4, 8, "private"},
    {{100, 64}, 4, 10, "private"},
    {{127}, 4, 8, "loopback"},
    {{169, 254}, 4, 16, "link-local"},
    {{172, 16}, 4, 12, "private"},
    {{192, 0, 0}, 4, 24, "reserved"},
    {{192, 0, 2}, 4, 24, "reserved"},
    {{192, 88, 99}, 4, 24, "reserved"},
    {{192, 168}, 4, 16, "private"},
    {{198, 18}, 4, 15, "private"},
    {{198, 51, 100}, 4, 24, "reserved"},
    {{203, 0, 113}, 4, 24, "reserved"},
    {{224}, 4, 4, "multicast"},
    {{240}, 4, 4, "reserved"},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 16, 128, "loopback"},
    {{0}, 16, 128, "unspecified"},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 16, 96, "IPv4-mapped"},
    {{0}, 16, 96, "IPv4-compatible"},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 16, 96, "IPv4-translated"},
    {{0, 0x64, 0xff, 0x9b}, 16, 32, "IPv4-translated"},
    {{0x01, 0x00}, 16, 64, "reserved"},
    {{0x20, 0x01, 0x00}, 16, 23, "reserved"}, /* Teredo and protocol assignments */
    {{0x20, 0x01, 0x0d, 0xb8}, 16, 32, "reserved"},
    {{0x20, 0x02}, 16, 16, "6to4"},
    {{0x3f, 0xff}, 16, 20, "reserved"},
    {{0x5f, 0x00}, 16, 16, "reserved"},
    {{0xfc}, 16, 7, "private"},
    {{0xfe, 0x80}, 16, 10, "link-local"},
    {{0xfe, 0xc0}, 16, 10, "private"},
    {{0xff}, 16, 8, "multicast"},
};

static bool in_range(const struct egress_address *a, const struct range *r) {
    unsigned whole = r->bits / 8, rest = r->bits % 8;
    if (a->n != r->n || memcmp(a->p, r->p, whole) != 0) {
        return false;
    }
    return rest == 0 || (a->p[whole] >> (8 - rest)) == (r->p[whole] >> (8 - rest));
}

const char *egress_address_fault(const struct egress_address *address) {
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (in_range(address, &ranges[i])) {
            return ranges[i].why;
        }
    }
    return NULL;
}

bool egress_address_read(struct bytes text, struct egress_address *ret) {
    char copy[EGRESS_ADDRESS_TEXT];
    struct egress_address a = {.n = 4};
    if (text.n == 0 || text.n >= sizeof copy || bytes_find(text, 0) != NULL) {
        return false;
    }
    bytes_copy(copy, text);
    copy[text.n] = 0;
    if (inet_pton(AF_INET, copy, a.p) != 1) {
        a.n = 16;
        if (inet_pton(AF_INET6, copy, a.p) != 1) {
            return false;
        }
    }
    *ret = a;
    return true;
}

void egress_address_text(const struct egress_address *address, char ret[EGRESS_ADDRESS_TEXT]) {
    if (inet_ntop(address->n == 4 ? AF_INET : AF_INET6, address->p, ret, EGRESS_ADDRESS_TEXT) == NULL) {
        ret[0] = 0;
    }
}

bool egress_address_eq(const struct egress_address *a, const struct egress_address *b) {
    return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}
