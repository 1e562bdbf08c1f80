/* What is permitted, as a reference for tests: scopes as lists of segments, patterns matched by recursion, decisions as a
 * plain list of events, each query a walk over all of them. It shares nothing with the program except the names of grounds.
 */
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
    char
        what; /* granted, denied, revoked, expired, used by their first letter; 'q': requested; 'f': its session's run has finished */
    int own_tier;
    bool once, past;          /* past: over from the beginning */
    bool server;              /* about the server of the tool in question, not about the tool */
    bool far;                 /* a grant whose end is in a future that a late use claims to have reached */
    bool late;                /* a use that claims so */
    bool answer;              /* by an agent; with `once` it does not replace a standing grant */
    bool nowhere;             /* of a session without a name */
    char session[4];          /* of a grant: it holds only there; of a use: its own */
    char request[4], call[4]; /* of a request: its ids; of a grant: those it names */
    int64_t seq;
    bool corrected, erased;
    /* set by replay: */
    int tier;  /* its own, or that of the request it answers */
    bool over; /* by later events, or used up */
    bool left; /* an answer that changed nothing */
};

struct history {
    struct said said[EVENTS_MAX]; /* the newest last */
    size_t n;
};

static inline bool matches(const char *p, const char *t) {
    if (*p == '\0') return *t == '\0';
    if (*p == '*') return matches(p + 1, t) || (*t != '\0' && matches(p, t + 1));
    if (*p == '[' && p[1] != ':') {                                 /* not an address */
        return (*t == p[1] || *t == p[2]) && matches(p + 4, t + 1); /* two members */
    }
    return *t != '\0' && (*p == '?' || *p == *t) && matches(p + 1, t + 1);
}

/* Segment by segment. */
static inline bool is_path(const char *scope) {
    char segment[64];
    bool first = true;
    if (strcmp(scope, "/") == 0) return true;
    for (const char *p = scope;; first = false) {
        size_t n = strcspn(p, "/");
        memcpy(segment, p, n);
        segment[n] = '\0';
        bool root = first && n == 0;
        if ((n == 0 && !root) || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0 || strpbrk(segment, "\\\x01") ||
            strcmp(segment, TWO_DOTS) == 0 || strstr(segment, ACCOUNT_OF) != NULL || (first && segment[0] == '~')) {
            return false;
        }
        if (p[n] == '\0') return !root;
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
    if (strspn(name, "0123456789.") == n) return dots == 3;
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
    if (strcmp(s->group, group) != 0 || !is_scope(group, s->scope)) return false;
    if (s->scope[0] == '\0' || strcmp(s->scope, scope) == 0) return true;
    if (path && (scope[0] == '\0' || (scope[0] == '/') != (s->scope[0] == '/'))) return false;
    return scope[0] != '\0' ? matches(s->scope, scope) : strspn(s->scope, "*") == strlen(s->scope);
}

static inline bool elsewhere(const struct said *s, const char *run) {
    return s->nowhere || (s->session[0] != '\0' && strcmp(s->session, run) != 0);
}

static inline bool same_scope(const struct said *a, const struct said *b_) {
    return a->server == b_->server && strcmp(a->group, b_->group) == 0 && strcmp(a->scope, b_->scope) == 0;
}

/* Of the first n events: a grant that no newer one of the same scope replaces. */
static inline bool is_current(const struct history *h, size_t n, size_t i) {
    bool is = h->said[i].what == 'g' && !h->said[i].corrected && !h->said[i].left;
    for (size_t j = i + 1; j < n && is; j++) {
        const struct said *s = &h->said[j];
        is = s->what != 'g' || s->corrected || s->left || !same_scope(s, &h->said[i]);
    }
    return is;
}

static inline bool is_over(const struct history *h, size_t n, const struct said *s, bool late) {
    bool over = s->past || s->over || (late && s->far);
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

/* Of the first n events, newest first: what refuses, and what grants. */
static inline struct said *decides(struct history *h, size_t n, const char *group, const char *scope, int tier,
                                   const char *run, bool late) {
    for (size_t i = n; i-- > 0 && is_use(group, scope);) {
        struct said *s = &h->said[i];
        if (refuses(s, group, scope) ||
            (is_current(h, n, i) && !is_over(h, n, s, late) && reaches(s, group, scope, tier, run))) {
            return s;
        }
    }
    return NULL;
}

/* The request that is the newest step about that scope, of the first n events. */
static inline const struct said *open_request(const struct history *h, size_t n, const struct said *of) {
    for (size_t i = n; i-- > 0;) {
        const struct said *s = &h->said[i];
        if (!s->corrected && s->what != 'u' && s->what != 'f' && same_scope(s, of)) {
            return s->what == 'q' ? s : NULL;
        }
    }
    return NULL;
}

static inline int tier_of(const struct history *h, size_t i) {
    const struct said *s = &h->said[i], *q = open_request(h, i, s);
    bool named = s->request[0] != '\0', call = !named && s->call[0] != '\0';
    if (s->what != 'g' || s->own_tier >= 0 || q == NULL) return s->own_tier;
    bool other = (named && strcmp(s->request, q->request) != 0) ||
                 (call && strcmp(s->call, q->call) != 0 && strcmp(s->call, q->request) != 0);
    return other ? -1 : q->own_tier;
}

/* A one-time answer changes nothing if there is a standing grant of the same scope that covers as much, or any such grant
 * if the answer is used up by what it answers. */
static inline bool is_left(struct history *h, size_t i, bool spent) {
    const struct said *s = &h->said[i];
    for (size_t j = i; j-- > 0;) {
        const struct said *g = &h->said[j];
        bool same = same_scope(g, s) && !g->corrected;
        bool concerns = !spent && (g->server || !s->server) && refuses(g, s->group, s->scope);
        if ((same && (g->what == 'd' || g->what == 'r')) || concerns) return false;
        if (same && is_current(h, i, j)) {
            bool reaches_it = !g->nowhere && (g->session[0] == '\0' || strcmp(g->session, s->session) == 0) &&
                              (g->tier < 0 ? 0 : g->tier) >= s->tier;
            return !is_over(h, i, g, false) && (spent || reaches_it);
        }
    }
    return false;
}

static inline void replay_one(struct history *h, size_t i) {
    struct said *s = &h->said[i], *by = NULL;
    s->tier = tier_of(h, i);
    if (s->corrected) return;
    if (s->what == 'g' && s->answer && s->once) {
        bool spent = s->request[0] != '\0' || s->call[0] != '\0';
        s->left = is_left(h, i, spent);
        s->over = spent;
    }
    if (s->what == 'u' && !s->erased) {
        by = decides(h, i, s->group, s->scope, s->own_tier < 0 ? 0 : s->own_tier, s->session, s->late);
    }
    if (by != NULL && by->what == 'g' && by->once) {
        by->over = true;
    }
    for (size_t j = 0; j < i; j++) {
        bool ends = s->what == 'e' && is_current(h, i, j) && same_scope(&h->said[j], s);
        h->said[j].over = h->said[j].over || ends || (s->what == 'u' && s->erased && h->said[j].once);
    }
}

/* The effect of uses and ends on earlier grants, and of requests on later ones. */
static inline void replay(struct history *h) {
    for (size_t i = 0; i < h->n; i++) {
        h->said[i].over = h->said[i].left = false;
    }
    for (size_t i = 0; i < h->n; i++) {
        replay_one(h, i);
    }
}

static inline void add(struct history *h, const struct said *said) {
    assert_true(h->n < EVENTS_MAX);
    h->said[h->n++] = *said;
    replay(h);
}

/* What a refusal names: among grants newer than what refuses, the one that lacks least; the newest of those. */
static inline enum permission_ground named(struct history *h, const char *group, const char *scope, const char *run,
                                           int64_t *ret_seq) {
    enum permission_ground best = GROUND_NONE;
    for (size_t i = 0; i < h->n && is_use(group, scope); i++) {
        const struct said *s = &h->said[i];
        enum permission_ground is = is_over(h, h->n, s, false) ? GROUND_OVER
                                    : elsewhere(s, run)        ? GROUND_SESSION
                                    : s->tier == 2             ? GROUND_T2
                                    : s->tier == 1             ? GROUND_T1
                                                               : GROUND_T0;
        if (refuses(s, group, scope)) {
            best = GROUND_REFUSES; /* withdraws all before it */
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
