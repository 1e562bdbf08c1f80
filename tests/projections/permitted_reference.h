/* What is permitted, for a test to compare with: scopes as lists of segments, patterns matched by recursion, decisions as a
 * plain list of events, each question a walk over all of them. Nothing of it is shared with the program but the names of
 * grounds. */
#ifndef TESTS_PROJECTIONS_PERMITTED_REFERENCE_H
#define TESTS_PROJECTIONS_PERMITTED_REFERENCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "projections/permissions/ground.h"

#define EVENTS_MAX 128
#define SCOPE_TEXT 64
#define TWO_DOTS   "\xef\xb8\xb0" /* U+FE30, which is read as '..' */
#define ACCOUNT_OF "\xe2\x84\x80" /* U+2100, which is read as 'a/c' */

/* One event; rows know only the newest of a scope, the reference goes through all of them. */
struct said {
    char group[24], scope[SCOPE_TEXT];
    char what; /* granted, denied, revoked, expired, used by their first letter; 'f': its session's run is finished */
    int tier;
    bool server;     /* said of the server of the tool that is asked about, not of the tool */
    bool once, past; /* past: over from the beginning */
    char session[4]; /* of a grant: it holds there alone; of a use: its own */
    int64_t seq;
    bool corrected;
    bool over; /* by what came after it; set by replay */
};

struct history {
    struct said said[EVENTS_MAX]; /* the newest last */
    size_t n;
};

static inline bool matches(const char *p, const char *t) {
    if (*p == '\0') {
        return *t == '\0';
    }
    if (*p == '*') {
        return matches(p + 1, t) || (*t != '\0' && matches(p, t + 1));
    }
    if (*p == '[' && p[1] != ':') {                                 /* not an address */
        return (*t == p[1] || *t == p[2]) && matches(p + 4, t + 1); /* two members */
    }
    return *t != '\0' && (*p == '?' || *p == *t) && matches(p + 1, t + 1);
}

/* Segment by segment. */
static inline bool is_path(const char *scope) {
    char segment[64];
    bool first = true;
    if (strcmp(scope, "/") == 0) {
        return true;
    }
    for (const char *p = scope;; first = false) {
        size_t n = strcspn(p, "/");
        memcpy(segment, p, n);
        segment[n] = '\0';
        bool root = first && n == 0;
        if ((n == 0 && !root) || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0 || strpbrk(segment, "\\\x01") ||
            strcmp(segment, TWO_DOTS) == 0 || strstr(segment, ACCOUNT_OF) != NULL || (first && segment[0] == '~')) {
            return false;
        }
        if (p[n] == '\0') {
            return !root;
        }
        p += n + 1;
    }
}

static inline bool is_host(const char *scope) {
    char name[SCOPE_TEXT];
    size_t n = scope[0] == '[' && scope[1] == ':' ? strcspn(scope, "]") + 1 : strcspn(scope, ":");
    const char *port = scope + n;
    unsigned dots = 0;
    memcpy(name, scope, n);
    name[n] = '\0';
    if (port[0] != '\0' && (port[1] == '\0' || strspn(port + 1, "0123456789*") != strlen(port + 1))) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        dots += name[i] == '.';
    }
    if (strspn(name, "0123456789.") == n) {
        return dots == 3;
    }
    return n > 0 && strpbrk(name, "/\\~\x01") == NULL && strstr(name, "..") == NULL && name[0] != '.' && name[n - 1] != '.';
}

static inline bool is_scope(const char *group, const char *scope) {
    return scope[0] == '\0' || (strcmp(group, "network.egress") == 0 ? is_host(scope) : is_path(scope));
}

static inline bool is_use(const char *group, const char *scope) {
    bool address = strcmp(group, "network.egress") == 0 && scope[0] == '[';
    return is_scope(group, scope) && strpbrk(scope + address, "*?[") == NULL;
}

static inline bool covers(const struct said *s, const char *group, const char *scope) {
    bool path = strcmp(group, "network.egress") != 0;
    if (strcmp(s->group, group) != 0 || !is_scope(group, s->scope)) {
        return false;
    }
    if (s->scope[0] == '\0' || strcmp(s->scope, scope) == 0) {
        return true;
    }
    if (path && (scope[0] == '\0' || (scope[0] == '/') != (s->scope[0] == '/'))) {
        return false;
    }
    return scope[0] != '\0' ? matches(s->scope, scope) : strspn(s->scope, "*") == strlen(s->scope);
}

static inline bool elsewhere(const struct said *s, const char *run) {
    return s->session[0] != '\0' && strcmp(s->session, run) != 0;
}

static inline bool same_scope(const struct said *a, const struct said *b_) {
    return a->server == b_->server && strcmp(a->group, b_->group) == 0 && strcmp(a->scope, b_->scope) == 0;
}

/* Of the first n events: a grant that no newer one of the same scope replaces. */
static inline bool is_current(const struct history *h, size_t n, size_t i) {
    bool is = h->said[i].what == 'g' && !h->said[i].corrected;
    for (size_t j = i + 1; j < n && is; j++) {
        is = h->said[j].what != 'g' || h->said[j].corrected || !same_scope(&h->said[j], &h->said[i]);
    }
    return is;
}

static inline bool is_over(const struct history *h, size_t n, const struct said *s) {
    bool over = s->past || s->over;
    for (size_t j = 0; j < n; j++) {
        over = over || (s->session[0] != '\0' && h->said[j].what == 'f' && strcmp(h->said[j].session, s->session) == 0);
    }
    return over;
}

static inline bool reaches(const struct said *s, const char *group, const char *scope, int tier, const char *run) {
    return !elsewhere(s, run) && (s->tier < 0 ? 0 : s->tier) >= tier && covers(s, group, scope);
}

static inline bool refuses(const struct said *s, const char *group, const char *scope) {
    bool host = strcmp(group, "network.egress") == 0, address = s->scope[0] == '[' && s->scope[1] == ':';
    char name[SCOPE_TEXT];
    if ((s->what != 'd' && s->what != 'r') || s->corrected || (s->group[0] != '\0' && strcmp(s->group, group) != 0)) {
        return false;
    }
    snprintf(name, sizeof(name), "%s", scope);
    name[scope[0] == '[' && scope[1] == ':' ? strcspn(scope, "]") + 1 : strcspn(scope, ":")] = '\0';
    return s->scope[0] == '\0' || scope[0] == '\0' || matches(s->scope, scope) ||
           (host && (address ? strcmp(s->scope, name) == 0 : strchr(s->scope, ':') == NULL && matches(s->scope, name)));
}

/* Of the first n events, from the newest down: what refuses, and what grants. */
static inline struct said *decides(struct history *h, size_t n, const char *group, const char *scope, int tier,
                                   const char *run) {
    for (size_t i = n; i-- > 0 && is_use(group, scope);) {
        struct said *s = &h->said[i];
        if (refuses(s, group, scope) || (is_current(h, n, i) && !is_over(h, n, s) && reaches(s, group, scope, tier, run))) {
            return s;
        }
    }
    return NULL;
}

/* What uses and ends made of the grants before them. */
static inline void replay(struct history *h) {
    for (size_t i = 0; i < h->n; i++) {
        h->said[i].over = false;
    }
    for (size_t i = 0; i < h->n; i++) {
        const struct said *s = &h->said[i];
        struct said *by = s->what == 'u' && !s->corrected
                              ? decides(h, i, s->group, s->scope, s->tier < 0 ? 0 : s->tier, s->session)
                              : NULL;
        if (by != NULL && by->what == 'g' && by->once) {
            by->over = true;
        }
        for (size_t j = 0; j < i && s->what == 'e' && !s->corrected; j++) {
            h->said[j].over = h->said[j].over || (is_current(h, i, j) && same_scope(&h->said[j], s));
        }
    }
}

static inline void add(struct history *h, const struct said *said) {
    assert_true(h->n < EVENTS_MAX);
    h->said[h->n++] = *said;
    replay(h);
}

/* What a refusal names: up from what refuses, the grant with the smallest fault; the newest of those. */
static inline enum permission_ground named(struct history *h, const char *group, const char *scope, const char *run,
                                           int64_t *ret_seq) {
    enum permission_ground best = GROUND_NONE;
    for (size_t i = 0; i < h->n && is_use(group, scope); i++) {
        const struct said *s = &h->said[i];
        enum permission_ground is = is_over(h, h->n, s) ? GROUND_OVER
                                    : elsewhere(s, run) ? GROUND_SESSION
                                    : s->tier == 2      ? GROUND_T2
                                    : s->tier == 1      ? GROUND_T1
                                                        : GROUND_T0;
        if (refuses(s, group, scope)) {
            best = GROUND_REFUSES; /* takes back all before it */
        } else if (!is_current(h, h->n, i) || !covers(s, group, scope) || (best != GROUND_REFUSES && best < is)) {
            continue;
        } else {
            best = is;
        }
        *ret_seq = s->seq;
    }
    return best;
}

#endif
