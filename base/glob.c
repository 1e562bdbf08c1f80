/* Patterns are matched element by element; only * is tried with several lengths. */
#include "base/glob.h"

#include <string.h>

static size_t char_len(const uint8_t *p, const uint8_t *end) {
    size_t n = *p < 0xc0 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
    return n < (size_t)(end - p) ? n : (size_t)(end - p);
}

/* A character as a number, ordered as its bytes are. */
static uint32_t char_at(const uint8_t *p, size_t n) {
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

/* The place after the class whose '[' is at p. NULL: it has no end, so that '[' is a plain character. */
static const uint8_t *class_end(const uint8_t *p, const uint8_t *end) {
    p++;
    p += p < end && (*p == '!' || *p == '^') ? 1 : 0;
    p += p < end && *p == ']' ? 1 : 0; /* the first one is a member */
    const uint8_t *close = p < end ? memchr(p, ']', (size_t)(end - p)) : NULL;
    return close == NULL ? NULL : close + 1;
}

static bool class_has(const uint8_t *p, const uint8_t *after, uint32_t c) {
    const uint8_t *end = after - 1; /* the ']' */
    p++;
    bool negated = *p == '!' || *p == '^', has = false;
    p += negated ? 1 : 0;
    for (bool first = true; p < end || first; first = false) {
        size_t n = char_len(p, after);
        uint32_t from = char_at(p, n), to = from;
        p += n;
        if (end - p >= 2 && p[0] == '-') {
            n = char_len(p + 1, end);
            to = char_at(p + 1, n);
            p += 1 + n;
        }
        has = has || (c >= from && c <= to);
    }
    return has != negated;
}

/* Matches one element of the pattern, not a '*', against the character at t. *ret_after is set after the element. */
static bool one(const uint8_t *p, const uint8_t *p_end, const uint8_t *t, size_t n, const uint8_t **ret_after) {
    const uint8_t *after = *p == '[' ? class_end(p, p_end) : NULL;
    if (after != NULL) {
        *ret_after = after;
        return class_has(p, after, char_at(t, n));
    }
    if (*p == '?') {
        *ret_after = p + 1;
        return true;
    }
    p += *p == '\\' && p + 1 < p_end ? 1 : 0;
    size_t m = char_len(p, p_end);
    *ret_after = p + m;
    return m == n && memcmp(p, t, n) == 0;
}

/* A one-byte character that matches only itself. */
static bool is_plain(uint8_t c) {
    return c < 0x80 && c != '*' && c != '?' && c != '[' && c != '\\';
}

/* The first place at or after `t` where the rest after a '*' can begin: its leading plain characters are searched for,
 * and when nothing else follows, they must end the text. NULL: nowhere. */
static const uint8_t *next_start(const uint8_t *p, const uint8_t *p_end, const uint8_t *t, const uint8_t *t_end) {
    const uint8_t *run = p;
    while (run < p_end && is_plain(*run)) {
        run++;
    }
    size_t n = (size_t)(run - p), left = (size_t)(t_end - t);
    if (n == 0) return t;
    if (run == p_end) return left < n ? NULL : t_end - n;
    return memmem(t, left, p, n);
}

/* After a mismatch only the last '*' is extended: what is before it matches already. */
bool glob_match(struct bytes pattern, struct bytes text) {
    const uint8_t *p = pattern.p, *p_end = p + pattern.n, *t = text.p, *t_end = t + text.n;
    const uint8_t *star = NULL, *star_t = NULL, *after;
    while (t < t_end) {
        if (p < p_end && is_plain(*p) && *p == *t) {
            p++;
            t++;
            continue;
        }
        size_t n = char_len(t, t_end);
        if (p < p_end && *p == '*') {
            star = ++p;
            star_t = t;
        } else if (p < p_end && !is_plain(*p) && one(p, p_end, t, n, &after)) {
            p = after;
            t += n;
            continue;
        } else if (star != NULL) {
            star_t += char_len(star_t, t_end);
        } else {
            return false;
        }
        if (star == p_end) return true;
        p = star;
        t = star_t = next_start(star, p_end, star_t, t_end);
        if (t == NULL) return false;
    }
    while (p < p_end && *p == '*') {
        p++;
    }
    return p == p_end;
}

bool glob_is_pattern(struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        if (memchr("*?[\\", text.p[i], 4) != NULL) return true;
    }
    return false;
}

/* ---- two patterns ---- */

/* Returns the place after the element at p. *ret_any: it matches more than one character. */
static const uint8_t *element_end(const uint8_t *p, const uint8_t *end, bool *ret_any) {
    const uint8_t *after = *p == '[' ? class_end(p, end) : NULL;
    *ret_any = after != NULL || *p == '?' || *p == '*';
    if (after != NULL) return after;
    p += *p == '\\' && p + 1 < end ? 1 : 0;
    return p + char_len(p, end);
}

/* The character of an element that matches exactly one. */
static struct bytes element_char(const uint8_t *p, const uint8_t *after) {
    size_t escaped = *p == '\\' && after - p > 1 ? 1 : 0;
    return (struct bytes){p + escaped, (size_t)(after - p) - escaped};
}

/* Adds all characters of the class at t, which is ASCII and not negated. */
static bool takes_class(const uint8_t *p, const uint8_t *p_end, const uint8_t *t, const uint8_t *t_after) {
    const uint8_t *after;
    bool takes = t[1] != '!' && t[1] != '^';
    for (const uint8_t *at = t; at < t_after && takes; at++) {
        takes = *at < 0x80;
    }
    for (uint8_t c = 0; c < 0x80 && takes; c++) {
        takes = !class_has(t, t_after, c) || one(p, p_end, &c, 1, &after);
    }
    return takes;
}

/* Whether the element at p matches all that the other pattern's element at t matches; neither is a '*'. */
static bool one_covers(const uint8_t *p, const uint8_t *p_end, const uint8_t *t, const uint8_t *t_end) {
    bool several, mine;
    const uint8_t *t_after = element_end(t, t_end, &several), *p_after = element_end(p, p_end, &mine), *after;
    if (!several) {
        struct bytes c = element_char(t, t_after);
        return one(p, p_end, c.p, c.n, &after);
    }
    bool same = mine && p_after - p == t_after - t && memcmp(p, t, (size_t)(t_after - t)) == 0;
    return *p == '?' || same || (*t == '[' && takes_class(p, p_end, t, t_after));
}

/* Lists where the elements begin, and the end. */
static size_t elements_of(struct bytes pattern, uint16_t ret[GLOB_PAIR_MAX + 1]) {
    const uint8_t *p = pattern.p, *end = p + pattern.n;
    size_t n = 0;
    bool any;
    for (; p < end; p = element_end(p, end, &any)) {
        ret[n++] = (uint16_t)(p - pattern.p);
    }
    return n;
}

/* Works backwards: next[j] says that the pattern's rest after this element covers the other pattern from its element j
 * on, and now[j] the same including this element. A '*' that covers a '*' of the other may match nothing there, or one
 * character and then the '*' again. */
static void cover_back(const uint8_t *p, const uint8_t *p_end, struct bytes other, const uint16_t *at, size_t n,
                       const bool *next, bool *now) {
    const uint8_t *t_end = other.p + other.n;
    now[n] = *p == '*' && next[n];
    for (size_t j = n; j-- > 0;) {
        const uint8_t *t = other.p + at[j];
        now[j] = *p == '*'   ? next[j] || now[j + 1]
                 : *t == '*' ? *p == '?' && now[j + 1] && next[j]
                             : next[j + 1] && one_covers(p, p_end, t, t_end);
    }
}

/* Goes past the plain characters that both begin with. False: then each has another plain one, and no text matches both. */
static bool skip_alike(struct bytes *a, struct bytes *b) {
    size_t n = 0, most = a->n < b->n ? a->n : b->n;
    while (n < most && is_plain(a->p[n]) && a->p[n] == b->p[n]) {
        n++;
    }
    bool apart = n < most && is_plain(a->p[n]) && is_plain(b->p[n]);
    *a = (struct bytes){a->p + n, a->n - n};
    *b = (struct bytes){b->p + n, b->n - n};
    return !apart;
}

bool glob_covers(struct bytes pattern, struct bytes other) {
    uint16_t p_at[GLOB_PAIR_MAX + 1], t_at[GLOB_PAIR_MAX + 1];
    bool rows[2][GLOB_PAIR_MAX + 1];
    unsigned row = 0;
    if (!glob_is_pattern(other)) return glob_match(pattern, other);
    if (pattern.n > GLOB_PAIR_MAX || other.n > GLOB_PAIR_MAX || !skip_alike(&pattern, &other) ||
        (pattern.n > 0 && is_plain(pattern.p[0]) && pattern.p[0] != other.p[0] && other.p[0] != '[' &&
         other.p[0] != '\\')) {
        return false;
    }
    size_t n_p = elements_of(pattern, p_at), n_t = elements_of(other, t_at);
    memset(rows[0], 0, n_t);
    rows[0][n_t] = true;
    for (size_t i = n_p; i-- > 0; row ^= 1) {
        cover_back(pattern.p + p_at[i], pattern.p + pattern.n, other, t_at, n_t, rows[row], rows[row ^ 1]);
    }
    return rows[row][0];
}

/* Whether two elements, neither a '*', can match the same character. */
static bool one_meets(const uint8_t *p, const uint8_t *p_end, const uint8_t *t, const uint8_t *t_end) {
    bool p_any, t_any;
    const uint8_t *p_after = element_end(p, p_end, &p_any), *t_after = element_end(t, t_end, &t_any), *after;
    if (t_any) {
        struct bytes c = element_char(p, p_after);
        return p_any || one(t, t_end, c.p, c.n, &after);
    }
    struct bytes c = element_char(t, t_after);
    return one(p, p_end, c.p, c.n, &after);
}

/* The end of the element at p; several '*' are one. */
static const uint8_t *meet_end(const uint8_t *p, const uint8_t *end) {
    bool any, star = *p == '*';
    p = element_end(p, end, &any);
    while (star && p < end && *p == '*') {
        p++;
    }
    return p;
}

/* Walks both at once: at[j] says that the pattern's part so far can match a text that the other matches up to its byte
 * j. A '*' stays in place while the other advances. */
bool glob_meets(struct bytes pattern, struct bytes other) {
    bool at[2][GLOB_PAIR_MAX + 1];
    if (pattern.n > GLOB_PAIR_MAX || other.n > GLOB_PAIR_MAX) return true;
    if (!skip_alike(&pattern, &other)) return false;
    const uint8_t *p = pattern.p, *p_end = p + pattern.n, *t = other.p, *t_end = t + other.n, *after;
    memset(at[0], 0, other.n + 1);
    at[0][0] = true;
    for (unsigned row = 0;; row ^= 1, p = after) {
        bool *now = at[row], *next = at[row ^ 1], left = p < p_end, star = left && *p == '*';
        memset(next, 0, other.n + 1);
        for (size_t j = 0, k; j < other.n; j = k) {
            k = (size_t)(meet_end(t + j, t_end) - t);
            if (now[j] && (star || t[j] == '*')) {
                now[k] = true;
                next[j] = left;
            } else if (now[j] && left && one_meets(p, p_end, t + j, t_end)) {
                next[k] = true;
            }
        }
        if (!left) return now[other.n];
        next[other.n] = next[other.n] || (star && now[other.n]);
        after = meet_end(p, p_end);
    }
}

void glob_prefix(struct bytes pattern, struct buf *out, enum glob_rest *ret_rest) {
    const uint8_t *p = pattern.p, *end = p + pattern.n;
    while (p < end && *p != '*' && *p != '?' && (*p != '[' || class_end(p, end) == NULL)) {
        p += *p == '\\' && p + 1 < end ? 1 : 0;
        buf_put_u8(out, *p++);
    }
    const uint8_t *rest = p;
    while (p < end && *p == '*') {
        p++;
    }
    *ret_rest = p < end ? GLOB_MORE : rest == end ? GLOB_NOTHING : GLOB_ANYTHING;
}
