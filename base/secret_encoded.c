/* Validators of the secret scanner for secrets that stand in a text in another writing: wrapped in base64, or with letters
 * written as %67, \x67 or \u0067.
 *
 * Decoding everything would cost more than the whole search. Base64 is looked at only where the beginning of a known secret
 * is found in one of the three forms that it has there, according to its place in a group of three bytes; escapes only
 * where they stand for a character that never needs one. A bounded piece is decoded, searched for secrets that have a shape
 * of their own, and what is found is brought back to the bytes that it was decoded from. */
#include <string.h>

#include "base/secret_check.h"

enum {
    BASE64_CHARS = 160, /* of a piece of base64 */
    BASE64_BYTES = BASE64_CHARS / 4 * 3,
    BASE64_ANCHORS = 6,  /* how far behind the beginning the anchor of the secret itself may stand */
    ESCAPE_BACK = 64,    /* bytes before the first escape that may belong to the secret */
    ESCAPE_WINDOW = 768, /* bytes that are decoded */
    ESCAPE_STRIDE = 256, /* bytes of them in which another escape is not looked at again */
    ESCAPE_LONGEST = 7   /* \\u0067 */
};

/* ---- base64 ------------------------------------------------------------------------------------------------------- */

static int sextet(uint8_t c) {
    unsigned class = secret_class(c);
    if ((class & SET_UPPER) != 0) {
        return c - 'A';
    }
    if ((class & SET_LOWER) != 0) {
        return c - 'a' + 26;
    }
    if ((class & SET_DIGIT) != 0) {
        return c - '0' + 52;
    }
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

struct decoded {
    size_t n;                               /* bytes */
    size_t end;                             /* behind the last character that was read */
    bool cut;                               /* there is more */
    size_t group_end[BASE64_BYTES / 3 + 1]; /* behind the last character of each group of three bytes */
    uint8_t p[BASE64_BYTES];
};

/* Encoded text may be folded into lines. */
static size_t skip_fold(const struct secret_scan *s, size_t i) {
    size_t k = i;
    k += k < s->hi && s->p[k] == '\r';
    k += k < s->hi && s->p[k] == '\n';
    return k > i && k < s->hi && sextet(s->p[k]) >= 0 ? k : i;
}

static void decode_base64(struct secret_scan *s, size_t i, struct decoded *d) {
    uint32_t bits = 0;
    size_t chars = 0;
    d->n = 0;
    for (; chars < BASE64_CHARS; chars++) {
        i = skip_fold(s, i);
        int v = i < s->hi ? sextet(s->p[i]) : -1;
        if (v < 0) {
            break;
        }
        i++;
        bits = bits << 6 | (uint32_t)v;
        if (chars % 4 != 0) { /* the second character of a group completes its first byte */
            d->group_end[d->n / 3] = i;
            d->p[d->n++] = (uint8_t)(bits >> (6 - 2 * (chars % 4)));
        }
    }
    s->steps += chars;
    d->end = i;
    d->cut = chars == BASE64_CHARS;
}

/* literal: the part of the encoded beginning that its own bytes decide; min: characters of its group before it. */
bool secret_check_base64(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t before = rule->min, place = before == 0 ? 0 : before - 1; /* of the secret in the first three bytes */
    size_t start = at - rule->back;
    s->steps++;
    if (at - s->lo < rule->back + before || s->hi - start < rule->literal_n ||
        memcmp(s->p + start, rule->literal, rule->literal_n) != 0 ||
        secret_run(s, start - before, SET_ANY64 & ~(unsigned)SET_EQ, before) != before) {
        return false;
    }
    struct decoded d;
    struct secret_hit inner;
    decode_base64(s, start - before, &d);
    struct secret_scan scan = {.p = d.p, .hi = d.n, .specific = true};
    bool found = secret_scan_until(&scan, place + BASE64_ANCHORS, &inner) == 0;
    s->steps += scan.steps;
    if (!found || inner.at > place || inner.at + inner.n <= place) {
        return false;
    }
    size_t last = inner.at + inner.n, end = d.group_end[(last - 1) / 3];
    if (last == d.n) {
        end = d.end;
        for (size_t next = end; d.cut && next < s->hi; next = skip_fold(s, end)) {
            size_t n = secret_run(s, next, SET_ANY64 & ~(unsigned)SET_EQ, SIZE_MAX);
            if (n == 0) {
                break;
            }
            end = next + n;
        }
    }
    end += secret_run(s, end, SET_EQ, 2);
    ret->rule = inner.rule;
    ret->at = start - before;
    ret->n = end - ret->at;
    return true;
}

/* ---- escapes ------------------------------------------------------------------------------------------------------ */

static int hex_digit(uint8_t c) {
    c = secret_lower(c);
    return (secret_class(c) & SET_DIGIT) != 0 ? c - '0' : (secret_class(c) & SET_AF) != 0 ? c - 'a' + 10 : -1;
}

/* The length of the escape at i, which stands for an ASCII character; 0 when there is none. */
static size_t read_escape(const struct secret_scan *s, size_t i, uint8_t *ret) {
    size_t n = 0, left = s->hi - i;
    const uint8_t *p = s->p + i;
    if (p[0] == '%') {
        n = 1;
    } else if (p[0] == '\\') {
        n = left > 1 && p[1] == '\\' ? 2 : 1;
        if (left > n + 3 && p[n] == 'u' && p[n + 1] == '0' && p[n + 2] == '0') {
            n += 3;
        } else if (left > n && p[n] == 'x') {
            n += 1;
        } else {
            return 0;
        }
    }
    if (n == 0 || left < n + 2) {
        return 0;
    }
    int high = hex_digit(p[n]), low = hex_digit(p[n + 1]);
    if (high < 0 || high > 7 || low < 0) {
        return 0;
    }
    *ret = (uint8_t)(high << 4 | low);
    return n + 2;
}

struct unescaped {
    size_t n;
    uint16_t from[ESCAPE_WINDOW + 1]; /* where in the window each byte begins */
    uint8_t p[ESCAPE_WINDOW];
};

static void unescape(struct secret_scan *s, size_t from, size_t stop, struct unescaped *u) {
    size_t i = from;
    u->n = 0;
    while (i < stop && s->p[i] > ' ' && !secret_is_mask(s, i)) {
        uint8_t c = s->p[i];
        size_t n = read_escape(s, i, &c);
        u->from[u->n] = (uint16_t)(i - from);
        u->p[u->n++] = c;
        i += n != 0 ? n : 1;
        s->steps++;
    }
    u->from[u->n] = (uint16_t)(i - from);
}

#define SET_AROUND (SET_TOKEN | SET_DOT | SET_PERCENT)

bool secret_check_escape(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    uint8_t c = 0;
    (void)rule;
    s->steps++;
    if (at < s->unescaped || read_escape(s, at, &c) == 0 || (secret_class(c) & SET_TOKEN) == 0) {
        return false;
    }
    size_t from = at;
    while (from > s->lo && at - from < ESCAPE_BACK &&
           ((secret_class(s->p[from - 1]) & SET_AROUND) != 0 || s->p[from - 1] == '\\')) {
        from--;
    }
    s->steps += at - from;
    size_t stop = s->hi - from < ESCAPE_WINDOW - ESCAPE_LONGEST ? s->hi : from + ESCAPE_WINDOW - ESCAPE_LONGEST;
    struct unescaped u;
    struct secret_hit inner;
    unescape(s, from, stop, &u);
    struct secret_scan scan = {.p = u.p, .hi = u.n, .specific = true};
    while (secret_scan_next(&scan, &inner) == 0) {
        size_t first = from + u.from[inner.at], end = from + u.from[inner.at + inner.n];
        if (end - first == inner.n) {
            continue; /* nothing in it is escaped: the other rules find it */
        }
        for (; inner.at + inner.n == u.n && end < s->hi; end++) { /* the window may have cut it */
            if ((secret_class(s->p[end]) & SET_AROUND) == 0 && s->p[end] != '\\') {
                break;
            }
        }
        s->steps += scan.steps + (end - first);
        ret->rule = inner.rule;
        ret->at = first;
        ret->n = end - first;
        return true;
    }
    s->steps += scan.steps;
    s->unescaped = stop - from < ESCAPE_STRIDE ? stop : from + ESCAPE_STRIDE;
    return false;
}
