/* One pass over the text for each form. Some systems normalize names to Unicode's compatibility form (NFKC) before they
 * look up a file: a character that becomes a separator is a fault, and so is a name that becomes '.' or '..'. Other such
 * characters are part of a name. Addresses are read as the system reads them, and must be spelled as it would write
 * them. */
#include "ledger/kinds/scope.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/glob.h"
#include "base/text.h"

static const struct {
    const char *group;
    enum scope_form form;
} forms[] = {
    {"filesystem.read", SCOPE_PATH}, {"filesystem.write", SCOPE_PATH}, {"exec", SCOPE_PATH}, {"secrets.read", SCOPE_PATH},
    {"network.egress", SCOPE_HOST},  {"model.invoke", SCOPE_NAME},     {"gpu", SCOPE_NAME},
};

enum scope_form scope_form_of(struct bytes group) {
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (bytes_is(group, forms[i].group)) return forms[i].form;
    }
    return SCOPE_PATH;
}

const char *scope_form_name(enum scope_form form) {
    static const char *const names[] = {[SCOPE_PATH] = "path", [SCOPE_HOST] = "host", [SCOPE_NAME] = "name"};
    return names[form];
}

int scope_tier(struct bytes word) {
    return word.n == 2 && word.p[0] == 'T' && word.p[1] >= '0' && word.p[1] <= '3' ? word.p[1] - '0' : TIER_UNKNOWN;
}

/* ---- paths ---- */

/* Characters that become dots or separators in a name normalized to the compatibility form (NFKC). */
static const struct {
    const char *bytes;
    unsigned dots; /* 0: a separator */
} alike[] = {
    {".", 1},
    {"\xe2\x80\xa4", 1}, /* U+2024 one dot leader */
    {"\xe2\x80\xa5", 2}, /* U+2025 two dot leader */
    {"\xef\xb8\xb0", 2}, /* U+FE30 presentation form for vertical two dot leader */
    {"\xef\xb9\x92", 1}, /* U+FE52 small full stop */
    {"\xef\xbc\x8e", 1}, /* U+FF0E fullwidth full stop */
    {"/", 0},
    {"\xe2\x84\x80", 0}, /* U+2100 account of: a/c */
    {"\xe2\x84\x81", 0}, /* U+2101 addressed to the subject: a/s */
    {"\xe2\x84\x85", 0}, /* U+2105 care of: c/o */
    {"\xe2\x84\x86", 0}, /* U+2106 cada una: c/u */
    {"\xef\xb9\xa8", 0}, /* U+FE68 small reverse solidus */
    {"\xef\xbc\x8f", 0}, /* U+FF0F fullwidth solidus */
    {"\xef\xbc\xbc", 0}, /* U+FF3C fullwidth reverse solidus */
};

/* The index in `alike` of what is at p, SIZE_MAX for none of them; *ret_n gets its length in bytes. */
static size_t alike_at(const uint8_t *p, const uint8_t *end, size_t *ret_n) {
    for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
        size_t n = alike[i].bytes[0] == (char)*p ? strlen(alike[i].bytes) : SIZE_MAX;
        if (n <= (size_t)(end - p) && memcmp(p, alike[i].bytes, n) == 0) {
            *ret_n = n;
            return i;
        }
    }
    *ret_n = 1;
    return SIZE_MAX;
}

/* A segment that is '.' or '..', or is read as one, and a character that is read as a separator but is not one. */
static const char *dots_fault(struct bytes scope) {
    const uint8_t *p = scope.p, *end = p + scope.n;
    unsigned dots = 0;
    bool other = false;
    for (size_t n = 1;; p += n) {
        size_t i = p < end ? alike_at(p, end, &n) : SIZE_MAX;
        if (p == end || (i != SIZE_MAX && alike[i].dots == 0)) {
            if (!other && (dots == 1 || dots == 2)) {
                return dots == 1 ? "has a '.' segment" : "has a '..' segment";
            }
            if (p == end) return NULL;
            if (*p != '/') return "has a character that some systems read as '/' or as a backslash";
            dots = 0;
            other = false;
        } else if (i != SIZE_MAX) {
            dots += alike[i].dots;
        } else {
            other = true;
        }
    }
}

static bool holds(struct bytes text, char c) {
    return text.n > 0 && memchr(text.p, c, text.n) != NULL;
}

/* A segment that is a pattern, names a dot and matches '.' or '..'. With a '*' it is meant for names of any length. */
static bool spells_dots(struct bytes segment) {
    bool names = holds(segment, '.') || holds(segment, '[');
    return names && glob_is_pattern(segment) && !holds(segment, '*') &&
           (glob_match(segment, bytes_of(".")) || glob_match(segment, bytes_of("..")));
}

static const char *pattern_fault(struct bytes scope) {
    const uint8_t *p = scope.p, *end = p + scope.n;
    while (p < end) {
        const uint8_t *slash = memchr(p, '/', (size_t)(end - p)), *stop = slash != NULL ? slash : end;
        const struct bytes segment = {p, (size_t)(stop - p)};
        const uint8_t *open = memrchr(p, '[', segment.n);
        if (open != NULL && memchr(open, ']', (size_t)(stop - open)) == NULL &&
            holds((struct bytes){stop, end - stop}, ']')) {
            return "has a '/' in a class";
        }
        if (spells_dots(segment)) return "has a segment that matches '.' or '..'";
        p = slash != NULL ? slash + 1 : end;
    }
    return NULL;
}

static const char *segments_fault(struct bytes scope) {
    const char *fault = dots_fault(scope);
    return fault != NULL ? fault : pattern_fault(scope);
}

static const char *path_fault(struct bytes scope) {
    if (scope.p[0] == '~') return "begins with '~', which only a shell knows";
    if (scope.n == 1 && scope.p[0] == '/') return NULL;
    if (scope.p[scope.n - 1] == '/') return "ends in '/'";
    return memmem(scope.p, scope.n, "//", 2) != NULL ? "has an empty segment, '//'" : segments_fault(scope);
}

/* ---- hosts ---- */

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* The end of the bracketed address that the scope begins with; 0 if it begins with none. A class of a pattern has fewer
 * colons. */
static size_t address_end(struct bytes scope) {
    size_t colons = 0;
    for (size_t i = 1; scope.n > 0 && scope.p[0] == '[' && i < scope.n; i++) {
        uint8_t c = scope.p[i];
        if (c == ']') return colons >= 2 ? i + 1 : 0;
        if (!is_digit(c) && !(c >= 'a' && c <= 'f') && c != ':' && c != '.') return 0;
        colons += c == ':';
    }
    return 0;
}

/* An address, with or without a port; the port is not a pattern. */
static bool is_address(struct bytes scope) {
    size_t n = address_end(scope);
    return n > 0 && !glob_is_pattern((struct bytes){scope.p + n, scope.n - n});
}

/* A number, or a pattern of digits, '*', '?' and classes of digits. */
static const char *port_fault(struct bytes port) {
    uint64_t n;
    bool class = false, good = port.n > 0;
    if (!glob_is_pattern(port)) {
        good = text_parse_u64(port, &n) == 0 && n > 0 && n < 65536;
    }
    for (size_t i = 0; i < port.n; i++) {
        uint8_t c = port.p[i];
        good = good && (is_digit(c) || (class ? c == '-' || c == ']' : c == '*' || c == '?' || c == '['));
        class = c == '[' || (class && c != ']');
    }
    return good && !class ? NULL : "has a port that is not a number from 1 to 65535";
}

/* Expects four decimal numbers up to 255. Other spellings of an address ('127.1', '2130706433', '0x7f.0.0.1') also end in a
 * number, which no host name does. */
static const char *number_fault(struct bytes host) {
    const uint8_t *dot = memrchr(host.p, '.', host.n), *last = dot != NULL ? dot + 1 : host.p;
    size_t n = (size_t)(host.p + host.n - last), digits = 0, hex = 2;
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    while (digits < n && is_digit(last[digits])) {
        digits++;
    }
    while (n >= 2 && last[0] == '0' && last[1] == 'x' && hex < n &&
           (is_digit(last[hex]) || (last[hex] >= 'a' && last[hex] <= 'f'))) {
        hex++;
    }
    if ((digits < n && (n < 2 || last[1] != 'x' || last[0] != '0' || hex < n)) || glob_is_pattern(host)) {
        return NULL;
    }
    snprintf(text, sizeof(text), "%.*s", (int)(host.n < sizeof(text) ? host.n : 0), (const char *)host.p);
    return inet_pton(AF_INET, text, &address) == 1 ? NULL : "is an IPv4 address that is not four decimal numbers up to 255";
}

/* Prefixes of IPv6 addresses that embed an IPv4 address and reach it: a second spelling of that address. */
static const struct {
    uint8_t bytes[12];
    size_t n;
} ipv4_within[] = {
    {{0}, 12},                                           /* except :: and ::1 */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 12},    /* ::ffff:a.b.c.d, RFC 4291 2.5.5.2 */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}, 12},    /* ::ffff:0:a.b.c.d, RFC 2765 2.1 */
    {{0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}, 12}, /* 64:ff9b::a.b.c.d, RFC 6052 2.1 */
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 6},                    /* 64:ff9b:1::/48, RFC 8215 */
};

static bool holds_ipv4(const struct in6_addr *in6) {
    if (IN6_IS_ADDR_UNSPECIFIED(in6) || IN6_IS_ADDR_LOOPBACK(in6)) return false;
    for (size_t i = 0; i < sizeof(ipv4_within) / sizeof(ipv4_within[0]); i++) {
        if (memcmp(in6->s6_addr, ipv4_within[i].bytes, ipv4_within[i].n) == 0) return true;
    }
    return false;
}

/* An address in brackets has one spelling: the shortest (RFC 5952), with an IPv4 address written as IPv4. */
static const char *address_fault(struct bytes address) {
    char text[INET6_ADDRSTRLEN], shortest[INET6_ADDRSTRLEN];
    struct in6_addr in6;
    snprintf(text, sizeof(text), "%.*s", (int)(address.n < sizeof(text) ? address.n - 2 : 0), (const char *)address.p + 1);
    bool good = inet_pton(AF_INET6, text, &in6) == 1 && inet_ntop(AF_INET6, &in6, shortest, sizeof(shortest)) != NULL;
    if (good && holds_ipv4(&in6)) {
        return "is an IPv6 address that stands for an IPv4 address (write that one)";
    }
    return good && strcmp(text, shortest) == 0 ? NULL : "is not an IPv6 address in its shortest form (RFC 5952)";
}

static const char *name_fault(struct bytes name) {
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        if (!is_digit(c) && !(c >= 'a' && c <= 'z') && memchr(".-_*?[]!^", c, 9) == NULL) {
            return "is not a host in lower case (NAME or NAME:PORT, without scheme, user or path)";
        }
        if (c == '.' && (i == 0 || i + 1 == name.n || name.p[i + 1] == '.')) {
            return "has an empty label, '.'";
        }
    }
    return name.n == 0 ? "names no host" : number_fault(name);
}

static const char *host_fault(struct bytes scope) {
    size_t address = address_end(scope), at = address;
    if (scope.n >= 3 && memmem(scope.p, scope.n, "://", 3) != NULL) {
        return "has a scheme (expected NAME or NAME:PORT, without scheme, user or path)";
    }
    if (at == 0) {
        const uint8_t *colon = memchr(scope.p, ':', scope.n);
        at = colon != NULL ? (size_t)(colon - scope.p) : scope.n;
    }
    const struct bytes host = {scope.p, at};
    const char *fault = address > 0 ? address_fault(host) : name_fault(host);
    if (fault != NULL || at == scope.n) return fault;
    return scope.p[at] == ':' ? port_fault((struct bytes){scope.p + at + 1, scope.n - at - 1})
                              : "has something between its address and its port";
}

/* ---- all ---- */

const char *scope_fault(struct bytes group, struct bytes scope) {
    enum scope_form form = scope_form_of(group);
    if (scope.n == 0) return NULL;
    if (scope.n > SCOPE_MAX) return "is longer than 4000 bytes";
    if (text_utf8_valid(scope.p, scope.n) != scope.n) return "is not valid UTF-8";
    if (text_has_control(scope)) return "has a control character";
    if (memchr(scope.p, '\\', scope.n) != NULL) return "has a backslash";
    if (text_is_blank(scope)) return "has no visible character";
    return form == SCOPE_PATH ? path_fault(scope) : form == SCOPE_HOST ? host_fault(scope) : segments_fault(scope);
}

bool scope_is_pattern(struct bytes group, struct bytes scope) {
    return glob_is_pattern(scope) && (scope_form_of(group) != SCOPE_HOST || !is_address(scope));
}

const char *scope_use_fault(struct bytes group, struct bytes scope) {
    const char *fault = scope_fault(group, scope);
    if (fault != NULL || !scope_is_pattern(group, scope)) return fault;
    return "is a pattern (it has '*', '?' or '['); a use names one";
}

/* A host as a pattern, in `room` if it changes: an address in brackets would be read as a class, so its bracket is
 * escaped. */
static struct bytes as_pattern(enum scope_form form, struct bytes scope, uint8_t room[SCOPE_MAX + 1]) {
    if (form != SCOPE_HOST || scope.n > SCOPE_MAX || address_end(scope) == 0) return scope;
    room[0] = '\\';
    memcpy(room + 1, scope.p, scope.n);
    return (struct bytes){room, scope.n + 1};
}

bool scope_covers(struct bytes group, struct bytes pattern, struct bytes asked) {
    enum scope_form form = scope_form_of(group);
    uint8_t rooms[2][SCOPE_MAX + 1];
    if (scope_fault(group, pattern) != NULL || scope_fault(group, asked) != NULL) return false;
    if (pattern.n == 0 || bytes_eq(pattern, asked)) return true;
    if (form == SCOPE_PATH && (asked.n == 0 || (asked.p[0] == '/') != (pattern.p[0] == '/'))) {
        return false;
    }
    asked = asked.n == 0 ? bytes_of("*") : asked;
    return glob_covers(as_pattern(form, pattern, rooms[0]), as_pattern(form, asked, rooms[1]));
}

struct bytes scope_host(struct bytes group, struct bytes scope) {
    size_t n = scope.n;
    if (scope_form_of(group) == SCOPE_HOST && n > 0) {
        const uint8_t *colon = memchr(scope.p, ':', n);
        n = address_end(scope);
        n = n > 0 ? n : colon != NULL ? (size_t)(colon - scope.p) : scope.n;
    }
    return (struct bytes){scope.p, n};
}

static bool meets(enum scope_form form, struct bytes pattern, struct bytes asked, bool all) {
    uint8_t rooms[2][SCOPE_MAX + 1];
    if (bytes_eq(pattern, asked)) return true;
    if (form == SCOPE_PATH && pattern.n > 0 && pattern.p[0] == '/' && (asked.n == 0 || asked.p[0] != '/')) {
        return false; /* the pattern is absolute, and only relative paths are asked for */
    }
    pattern = as_pattern(form, pattern, rooms[0]);
    if (!glob_is_pattern(asked)) return glob_match(pattern, asked);
    asked = as_pattern(form, asked, rooms[1]);
    return all ? glob_covers(pattern, asked) : glob_meets(pattern, asked);
}

/* A pattern of a host without a port also matches any port of that host. */
static bool refuses(struct bytes group, struct bytes pattern, struct bytes asked, bool all) {
    enum scope_form form = scope_form_of(group);
    struct bytes host = scope_host(group, asked);
    if (meets(form, pattern, asked, all)) return true;
    return host.n < asked.n && scope_host(group, pattern).n == pattern.n && meets(form, pattern, host, all);
}

/* Most pairs differ in their first bytes. */
static bool begin_apart(struct bytes a, struct bytes b) {
    static const char special[] = "*?[\\";
    return a.p[0] != b.p[0] && memchr(special, a.p[0], 4) == NULL && memchr(special, b.p[0], 4) == NULL;
}

bool scope_touches(struct bytes group, struct bytes pattern, struct bytes asked) {
    return pattern.n == 0 || asked.n == 0 || (!begin_apart(pattern, asked) && refuses(group, pattern, asked, false));
}

bool scope_refuses(struct bytes group, struct bytes pattern, struct bytes asked) {
    return pattern.n == 0 || refuses(group, pattern, asked.n == 0 ? bytes_of("*") : asked, true);
}

/* Only a pattern without a port of its own covers all ports, and only a wildcard covers both what begins with '/' and what
 * does not. */
bool scope_undoes(struct bytes group, struct bytes granted, struct bytes refused) {
    enum scope_form form = scope_form_of(group);
    uint8_t ports[SCOPE_MAX + 2];
    if (granted.n == 0) return scope_fault(group, refused) == NULL;
    if (form == SCOPE_PATH && (refused.n == 0 || memchr("*?[", refused.p[0], 3) != NULL)) {
        return false;
    }
    if (!scope_covers(group, granted, refused) || refused.n > SCOPE_MAX - 2) return false;
    if (form != SCOPE_HOST || refused.n == 0 || scope_host(group, refused).n < refused.n) {
        return true;
    }
    memcpy(ports, refused.p, refused.n);
    memcpy(ports + refused.n, ":*", 2);
    return scope_covers(group, granted, (struct bytes){ports, refused.n + 2});
}
