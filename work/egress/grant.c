/* Names are compared without case and without a last dot; addresses by their bytes. A name of digits and dots that is no
 * address ("127.1", "0x7f.1") is no name either: resolvers read it as an address. */
#include "work/egress/grant.h"

#include "base/text.h"

static bool name_char(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* A name in lower case. The last label of one has a letter first, as every top-level domain and "localhost". */
static bool read_name(struct bytes text, char *ret) {
    size_t label = 0, begin = 0;
    if (text.n > 0 && text.p[text.n - 1] == '.') {
        text.n--;
    }
    if (text.n == 0 || text.n > EGRESS_HOST_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i] >= 'A' && text.p[i] <= 'Z' ? (uint8_t)(text.p[i] | 0x20) : text.p[i];
        bool dot = c == '.';
        if (!name_char(c) || (dot && label == 0)) {
            return false;
        }
        label = dot ? 0 : label + 1;
        begin = dot ? i + 1 : begin;
        ret[i] = (char)c;
    }
    ret[text.n] = 0;
    return ret[begin] >= 'a' && ret[begin] <= 'z';
}

static bool read_port(struct bytes text, uint16_t *ret) {
    uint64_t value;
    if (text_parse_u64(text, &value) != 0 || value == 0 || value > UINT16_MAX) {
        return false;
    }
    *ret = (uint16_t)value;
    return true;
}

bool egress_grant_target(struct bytes text, uint16_t port, struct egress_target *ret) {
    struct egress_target t = {.port = port};
    struct bytes host = text, rest = {NULL, 0};
    if (text.n > 0 && text.p[0] == '[') {
        const uint8_t *end = bytes_find(text, ']');
        if (end == NULL) {
            return false;
        }
        host = (struct bytes){text.p + 1, (size_t)(end - text.p) - 1};
        rest = (struct bytes){end + 1, text.n - host.n - 2};
        if (!egress_address_read(host, &t.address) || t.address.n != 16 || (rest.n > 0 && rest.p[0] != ':')) {
            return false;
        }
    } else {
        const uint8_t *colon = bytes_find(text, ':');
        host.n = colon != NULL ? (size_t)(colon - text.p) : text.n;
        rest = (struct bytes){text.p + host.n, text.n - host.n};
    }
    if (rest.n > 0 && !read_port((struct bytes){rest.p + 1, rest.n - 1}, &t.port)) {
        return false;
    }
    t.is_address = t.address.n == 16 || egress_address_read(host, &t.address);
    if (t.port == 0 || (!t.is_address && !read_name(host, t.host))) {
        return false;
    }
    if (t.is_address) {
        egress_address_text(&t.address, t.host);
    }
    *ret = t;
    return true;
}

/* The pattern without its "*.", which is a target of its own. */
static bool read_pattern(const char *pattern, bool *ret_any, struct egress_target *ret) {
    struct bytes text = bytes_of(pattern);
    *ret_any = bytes_has_prefix(text, "*.");
    if (*ret_any) {
        text = (struct bytes){text.p + 2, text.n - 2};
    }
    return egress_grant_target(text, 0, ret) && !(*ret_any && ret->is_address);
}

const char *egress_grant_fault(const char *pattern) {
    struct egress_target target;
    bool any;
    return read_pattern(pattern, &any, &target) ? NULL : "is not 'host:port', '*.host:port' or '[address]:port'";
}

static bool fits(const char *pattern, const struct egress_target *t) {
    struct egress_target p;
    bool any;
    if (!read_pattern(pattern, &any, &p) || p.port != t->port || p.is_address != t->is_address) {
        return false;
    }
    if (p.is_address) {
        return egress_address_eq(&p.address, &t->address);
    }
    const char *host = t->host;
    if (any) {
        host = strchr(host, '.');
        host = host != NULL ? host + 1 : "";
    }
    return strcmp(host, p.host) == 0;
}

bool egress_grant_fits(const char *const *patterns, const struct egress_target *target) {
    for (size_t i = 0; patterns[i] != NULL; i++) {
        if (fits(patterns[i], target)) {
            return true;
        }
    }
    return false;
}

bool egress_grant_names(const char *const *patterns, const struct egress_target *target,
                        const struct egress_address *address) {
    struct egress_target as_address = {.is_address = true, .address = *address, .port = target->port};
    const char *fault = egress_address_fault(address);
    if (!target->is_address && strcmp(target->host, "localhost") == 0 && fault != NULL && strcmp(fault, "loopback") == 0) {
        return egress_grant_fits(patterns, target);
    }
    return egress_grant_fits(patterns, &as_address);
}
