/* One pass over the text for each form. A path's segments are looked at twice: as they stand between slashes, and as they
 * would stand between the characters that compatibility forms of Unicode (NFKC) turn into slashes, because some systems
 * do that on their way to the file. Only names made of dots matter there; other such characters are part of a name. */
#include "ledger/scope.h"

#include <string.h>

#include "base/glob.h"
#include "base/mp.h"
#include "base/secret.h"
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
        if (bytes_is(group, forms[i].group)) {
            return forms[i].form;
        }
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

/* Characters that count as dots or separators where names are brought to their compatibility form. */
static const struct {
    const char *bytes;
    unsigned dots; /* 0: a separator */
} alike[] = {
    {".", 1},
    {"\xe2\x80\xa4", 1}, /* U+2024 one dot leader */
    {"\xe2\x80\xa5", 2}, /* U+2025 two dot leader */
    {"\xef\xb9\x92", 1}, /* U+FE52 small full stop */
    {"\xef\xbc\x8e", 1}, /* U+FF0E fullwidth full stop */
    {"/", 0},
    {"\xef\xbc\x8f", 0}, /* U+FF0F fullwidth solidus */
    {"\xef\xbc\xbc", 0}, /* U+FF3C fullwidth reverse solidus */
};

/* What stands at p: SIZE_MAX for none of them, and its bytes. */
static size_t alike_at(const uint8_t *p, const uint8_t *end, size_t *ret_n) {
    for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
        size_t n = strlen(alike[i].bytes);
        if (n <= (size_t)(end - p) && memcmp(p, alike[i].bytes, n) == 0) {
            *ret_n = n;
            return i;
        }
    }
    *ret_n = 1;
    return SIZE_MAX;
}

/* A segment that is '.' or '..', or is read as one. */
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
            if (p == end) {
                return NULL;
            }
            dots = 0;
            other = false;
        } else if (i != SIZE_MAX) {
            dots += alike[i].dots;
        } else {
            other = true;
        }
    }
}

static const char *path_fault(struct bytes scope) {
    if (scope.p[0] == '~') {
        return "begins with '~', which only a shell knows";
    }
    if (scope.n == 1 && scope.p[0] == '/') {
        return NULL;
    }
    if (scope.p[scope.n - 1] == '/') {
        return "ends in '/'";
    }
    return memmem(scope.p, scope.n, "//", 2) != NULL ? "has an empty segment, '//'" : dots_fault(scope);
}

/* ---- hosts ---- */

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* Behind the address in brackets that it begins with; 0: it begins with none. A class of a pattern has fewer colons. */
static size_t address_end(struct bytes scope) {
    size_t colons = 0;
    for (size_t i = 1; scope.n > 0 && scope.p[0] == '[' && i < scope.n; i++) {
        uint8_t c = scope.p[i];
        if (c == ']') {
            return colons >= 2 ? i + 1 : 0;
        }
        if (!is_digit(c) && !(c >= 'a' && c <= 'f') && c != ':' && c != '.') {
            return 0;
        }
        colons += c == ':';
    }
    return 0;
}

static const char *port_fault(struct bytes port) {
    uint64_t n;
    bool good = glob_is_pattern(port) || (text_parse_u64(port, &n) == 0 && n > 0 && n < 65536);
    return good ? NULL : "has a port that is not a number from 1 to 65535";
}

static const char *host_fault(struct bytes scope) {
    size_t at = address_end(scope);
    if (at == 0) {
        const uint8_t *colon = memchr(scope.p, ':', scope.n);
        at = colon != NULL ? (size_t)(colon - scope.p) : scope.n;
        for (size_t i = 0; i < at; i++) {
            uint8_t c = scope.p[i];
            if (!is_digit(c) && !(c >= 'a' && c <= 'z') && memchr(".-_*?[]!^", c, 9) == NULL) {
                return "is not a host in lower case (NAME or NAME:PORT, without scheme, user or path)";
            }
            if (c == '.' && (i == 0 || i + 1 == at || scope.p[i + 1] == '.')) {
                return "has an empty label, '.'";
            }
        }
    }
    if (at == 0) {
        return "names no host";
    }
    if (at == scope.n) {
        return NULL;
    }
    return scope.p[at] == ':' ? port_fault((struct bytes){scope.p + at + 1, scope.n - at - 1})
                              : "has something between its address and its port";
}

/* ---- all ---- */

const char *scope_fault(struct bytes group, struct bytes scope) {
    enum scope_form form = scope_form_of(group);
    if (scope.n == 0) {
        return NULL;
    }
    if (scope.n > SCOPE_MAX) {
        return "is longer than 4000 bytes";
    }
    if (text_utf8_valid(scope.p, scope.n) != scope.n) {
        return "is not valid UTF-8";
    }
    if (text_has_control(scope)) {
        return "has a control character";
    }
    if (memchr(scope.p, '\\', scope.n) != NULL) {
        return "has a backslash";
    }
    return form == SCOPE_PATH ? path_fault(scope) : form == SCOPE_HOST ? host_fault(scope) : dots_fault(scope);
}

/* An address in brackets would be a class as a pattern: it is itself, and what follows it is compared. */
static bool covers_host(struct bytes pattern, struct bytes asked) {
    size_t n = address_end(pattern);
    if (n == 0) {
        return glob_covers(pattern, asked);
    }
    return asked.n >= n && memcmp(pattern.p, asked.p, n) == 0 &&
           glob_covers((struct bytes){pattern.p + n, pattern.n - n}, (struct bytes){asked.p + n, asked.n - n});
}

bool scope_covers(struct bytes group, struct bytes pattern, struct bytes asked) {
    enum scope_form form = scope_form_of(group);
    if (scope_fault(group, pattern) != NULL || scope_fault(group, asked) != NULL) {
        return false;
    }
    if (pattern.n == 0 || bytes_eq(pattern, asked)) {
        return true;
    }
    if (form == SCOPE_PATH && (asked.n == 0 || (asked.p[0] == '/') != (pattern.p[0] == '/'))) {
        return false;
    }
    asked = asked.n == 0 ? bytes_of("*") : asked;
    return form == SCOPE_HOST ? covers_host(pattern, asked) : glob_covers(pattern, asked);
}

bool scope_touches(struct bytes pattern, struct bytes asked) {
    if (pattern.n == 0 || asked.n == 0 || bytes_eq(pattern, asked) || glob_match(pattern, asked)) {
        return true;
    }
    return glob_is_pattern(asked) && glob_meets(pattern, asked);
}

static struct bytes text_of(struct bytes body, const char *name) {
    struct bytes raw;
    struct mp_item item;
    bool text = mp_map_get(body, name, &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR;
    return text ? item.data : (struct bytes){0};
}

int scope_check(struct bytes kind, struct bytes body, struct err *err) {
    if (!bytes_is(kind, "permission.granted")) {
        return 0;
    }
    struct bytes group = text_of(body, "group"), scope = text_of(body, "scope");
    const char *fault = scope_fault(group, scope);
    return fault == NULL ? 0
                         : err_set(err, ERR_INVALID, "field 'scope' is '%s': a %s that %s; no use could hold it",
                                   SECRET_SHOWN(scope), scope_form_name(scope_form_of(group)), fault);
}
