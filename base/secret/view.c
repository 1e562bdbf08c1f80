/* Views of the secret scanner: a text after decoding.
 *   text   g h \ u 0 0 7 0 _ … ESC [ 3 1 m a 1 b 2     %70%61ss=…
 *   view   g h p _ … a 1 b 2                           pass=…
 *
 * Decoding everything would cost more than the whole search. An escape, a colour sequence or an invisible character is
 * an anchor of its own; around it a bounded piece of the text is decoded and searched by all rules, and hits are mapped
 * back to the bytes they were decoded from. The pieces are at fixed distances from the beginning of the text and
 * overlap, so that each is decoded once and a secret is whole in one of them. */
#include <string.h>

#include "base/secret/check.h"

enum {
    STRIDE = 1024,      /* bytes by which pieces advance */
    BEFORE = 256,       /* bytes of context before */
    BEHIND = 1500,      /* bytes of context after */
    UNIT_MAX = 32,      /* longest escape, except for a terminal's title */
    TITLE_MAX = 256,    /* of a title */
    CHANGED_BEFORE = 64 /* how far before a hit a decoded character may have hidden it */
};

/* ---- units -------------------------------------------------------------------------------------------------------- */

static int hex_digit(uint8_t c) {
    c = secret_lower(c);
    return (secret_class(c) & SET_DIGIT) != 0 ? c - '0' : (secret_class(c) & SET_AF) != 0 ? c - 'a' + 10 : -1;
}

/* Reads up to `most` digits of a base at p; returns how many there are. */
static size_t read_number(const uint8_t *p, size_t n, unsigned base, size_t most, uint32_t *ret) {
    size_t i = 0;
    *ret = 0;
    for (int v; i < n && i < most && (v = hex_digit(p[i])) >= 0 && (unsigned)v < base; i++) {
        *ret = *ret * base + (unsigned)v;
    }
    return i;
}

static bool is_invisible(uint32_t c) {
    return c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) ||
           c == 0xfeff;
}

/* What a code point is in a view: itself, nothing or, if it is not ASCII, one byte that belongs to no alphabet. */
static int shown(uint32_t c) {
    return is_invisible(c) ? -1 : c < 0x80 ? (int)c : 0x80;
}

static size_t invisible_len(const uint8_t *p, size_t n) {
    if (n >= 2 && p[0] == 0xc2 && p[1] == 0xad) return 2;
    if (n < 3 || (p[0] != 0xe2 && p[0] != 0xef)) return 0;
    return is_invisible((uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f)) ? 3 : 0;
}

/* What follows ESC: "[", parameters and a letter; "]", a title and its end; or one or two letters. */
static size_t sequence_len(const uint8_t *p, size_t n) {
    size_t i = 1;
    if (n == 0) return 0;
    if (p[0] == '[') {
        while (i < n && i < UNIT_MAX && p[i] >= 0x20 && p[i] < 0x40) {
            i++;
        }
        return i < n && p[i] >= 0x40 && p[i] < 0x7f ? i + 1 : i;
    }
    if (p[0] == ']') {
        while (i < n && i < TITLE_MAX && p[i] != 0x07 && p[i] != 0x1b) {
            i++;
        }
        return i + 1 < n && p[i] == 0x1b && p[i + 1] == '\\' ? i + 2 : i < n && p[i] == 0x07 ? i + 1 : 1;
    }
    return secret_one_of(p[0], "()*+#%") && n > 1 ? 2 : 1;
}

/* \u0067, \x67, \147, \e, with any number of backslashes; the length, without the rest of a sequence. */
static size_t read_backslash(const uint8_t *p, size_t n, uint32_t *ret) {
    size_t i = 0, m;
    while (i < n && i < 8 && p[i] == '\\') {
        i++;
    }
    if (i == n) return 0;
    if (p[i] == 'e' && i + 1 < n && p[i + 1] == '[') {
        *ret = 0x1b;
        return i + 1;
    }
    if (p[i] == 'u' && i + 1 < n && p[i + 1] == '{') {
        m = read_number(p + i + 2, n - i - 2, 16, 6, ret);
        return m > 0 && i + 2 + m < n && p[i + 2 + m] == '}' ? i + m + 3 : 0;
    }
    if (p[i] == 'u' || p[i] == 'x') {
        size_t want = p[i] == 'u' ? 4 : 2;
        return read_number(p + i + 1, n - i - 1, 16, want, ret) == want ? i + 1 + want : 0;
    }
    return read_number(p + i, n - i, 8, 3, ret) == 3 && *ret < 0x80 ? i + 3 : 0;
}

/* &quot; &#34; &#x22; */
static size_t read_entity(const uint8_t *p, size_t n, uint32_t *ret) {
    static const struct {
        const char *name;
        uint8_t c;
    } names[] = {{"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&nbsp;", ' '}};
    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        size_t m = strlen(names[k].name);
        if (n >= m && memcmp(p, names[k].name, m) == 0) {
            *ret = names[k].c;
            return m;
        }
    }
    if (n < 4 || p[1] != '#') return 0;
    bool hex = secret_lower(p[2]) == 'x';
    size_t i = hex ? 3 : 2, m = read_number(p + i, n - i, hex ? 16 : 10, 6, ret);
    return m > 0 && i + m < n && p[i + m] == ';' ? i + m + 1 : 0;
}

size_t secret_read_escape(const struct secret_scan *s, size_t i, int *ret) {
    const uint8_t *p = s->p + i;
    size_t left = s->hi - i, n = 0;
    uint32_t c = 0;
    switch (p[0]) {
    case '%':
        n = read_number(p + 1, left - 1, 16, 2, &c) == 2 ? 3 : 0;
        break;
    case '\\':
        n = read_backslash(p, left, &c);
        break;
    case '&':
        n = read_entity(p, left, &c);
        break;
    case 0x1b:
        n = 1;
        c = 0x1b;
        break;
    case 0xc2:
    case 0xe2:
    case 0xef:
        n = invisible_len(p, left);
        *ret = -1;
        return n;
    default:
        return 0;
    }
    if (n != 0 && c == 0x1b) {
        n += sequence_len(p + n, left - n);
        *ret = -1;
        return n;
    }
    *ret = p[0] == '%' && c >= 0x80 ? (int)c : shown(c);
    return n;
}

/* ---- where words begin -------------------------------------------------------------------------------------------- */

/* Whether ESC, raw or escaped, ends before i. */
static bool ends_in_escape_sign(const struct secret_scan *s, size_t i) {
    static const char *const signs[] = {"\x1b", "\\033", "\\e", "\\x1b", "\\x1B", "\\u001b", "\\u001B", "^[", "\xc2\x9b"};
    for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]); k++) {
        size_t m = strlen(signs[k]);
        if (i - s->lo >= m && memcmp(s->p + i - m, signs[k], m) == 0) return true;
    }
    return false;
}

bool secret_ends_escape(const struct secret_scan *s, size_t i) {
    const uint8_t *p = s->p;
    size_t n = i - s->lo;
    if (n >= 2 && p[i - 2] == '\\' && secret_one_of(p[i - 1], "nrtbfv0ae")) return true;
    if (n >= 3 && p[i - 3] == '%' && hex_digit(p[i - 2]) >= 0 && hex_digit(p[i - 1]) >= 0) {
        return true;
    }
    if (n >= 4 && p[i - 4] == '\\' && (p[i - 3] == 'x' || secret_one_of(p[i - 3], "01")) && hex_digit(p[i - 2]) >= 0 &&
        hex_digit(p[i - 1]) >= 0) {
        return true;
    }
    if (n >= 6 && p[i - 6] == '\\' && p[i - 5] == 'u' && secret_is_hex(p + i - 4, 4)) return true;
    if (n < 3 || (secret_class(p[i - 1]) & SET_ALPHA) == 0) return false;
    size_t k = i - 1;
    while (k > s->lo && i - k < UNIT_MAX && p[k - 1] >= 0x20 && p[k - 1] < 0x40) {
        k--;
    }
    return k > s->lo &&
           ((p[k - 1] == '[' && (ends_in_escape_sign(s, k - 1) || ends_in_escape_sign(s, k))) || ends_in_escape_sign(s, k));
}

/* ---- the search in a view ----------------------------------------------------------------------------------------- */

/* Where the source of the byte before `end` ends. */
static size_t written_end(const struct secret_scan *s, const struct secret_view *view, size_t end) {
    int c;
    if (view->coded) {
        while (end < view->n && view->from[end] == view->from[end - 1]) {
            end++;
        }
        return view->base + view->from[end];
    }
    size_t at = view->base + view->from[end - 1], n = secret_read_escape(s, at, &c);
    return at + (n != 0 ? n : 1);
}

bool secret_view_find(struct secret_scan *s, const struct secret_view *view, size_t least, bool changed,
                      struct secret_hit *ret, bool *ret_open) {
    struct secret_scan inner = {.p = view->p, .hi = view->n, .depth = (uint8_t)(s->depth + 1)};
    struct secret_hit hit;
    bool found = false;
    while (!found && s->depth < SECRET_DEPTH_MAX && secret_scan_next(&inner, &hit) == 0) {
        size_t end = hit.at + hit.n, start = hit.at > CHANGED_BEFORE ? hit.at - CHANGED_BEFORE : 0;
        found = hit.at >= least && (!changed || (size_t)(view->from[end] - view->from[start]) != end - start);
        if (found) {
            ret->rule = hit.rule;
            ret->at = view->base + view->from[hit.at];
            ret->n = written_end(s, view, end) - ret->at;
            *ret_open = view->cut && end == view->n;
        }
    }
    s->steps += inner.steps;
    return found;
}

/* ---- escapes ------------------------------------------------------------------------------------------------------ */

static void unescape(struct secret_scan *s, size_t from, size_t stop, struct secret_view *view) {
    size_t i = from;
    view->base = from;
    view->n = 0;
    while (i < stop && view->n < SECRET_VIEW_MAX && !secret_is_mask(s, i)) {
        int c = s->p[i];
        size_t n = secret_read_escape(s, i, &c);
        view->from[view->n] = (uint16_t)(i - from);
        if (c >= 0) {
            view->p[view->n++] = (uint8_t)c;
        }
        i += n != 0 ? n : 1;
    }
    s->steps += i - from;
    view->from[view->n] = (uint16_t)(i - from);
    view->coded = false;
    view->cut = i >= stop && stop < s->hi;
}

/* The end of a secret that a view was too short for. */
static size_t open_end(struct secret_scan *s, size_t end, bool block) {
    const unsigned set = SET_TOKEN | SET_DOT | SET_PLUSSLASH | SET_EQ | SET_TILDE;
    size_t i = end;
    while (i < s->hi && !secret_is_mask(s, i)) {
        int c = s->p[i];
        size_t n = secret_read_escape(s, i, &c);
        bool more = c < 0 || (secret_class((uint8_t)c) & set) != 0 || (block && secret_one_of((uint8_t)c, " \r\n:\\"));
        if (!more) break;
        i += n != 0 ? n : 1;
    }
    s->steps += i - end;
    return i;
}

bool secret_check_escape(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    struct secret_view view;
    int c = 0;
    bool open = false;
    (void)rule;
    s->steps++;
    if (at < s->viewed || s->depth >= SECRET_DEPTH_MAX || secret_read_escape(s, at, &c) == 0) {
        return false;
    }
    size_t piece = s->lo + (at - s->lo) / STRIDE * STRIDE, before = piece - s->lo < BEFORE ? piece - s->lo : BEFORE;
    size_t stop = s->hi - piece < STRIDE + BEHIND ? s->hi : piece + STRIDE + BEHIND;
    unescape(s, piece - before, stop, &view);
    s->viewed = piece + STRIDE;
    if (view.base + view.from[view.n] < s->viewed) { /* a mask ended it */
        s->viewed = view.base + view.from[view.n] > at ? view.base + view.from[view.n] : at + 1;
    }
    if (!secret_view_find(s, &view, before > 0 ? BEFORE / 4 : 0, true, ret, &open)) return false;
    if (open) {
        size_t end = open_end(s, ret->at + ret->n, ret->rule == secret_rules[RULE_PEM].name);
        ret->n = end - ret->at;
    }
    return true;
}
