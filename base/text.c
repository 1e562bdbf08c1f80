/* Text as bytes: valid UTF-8, hex, decimal, and what may be shown on a terminal.
 *
 * UTF-8 is decoded in one place (utf8_decode), which all other functions use. The validity check runs over every string
 * of every record, so it skips ASCII eight bytes at a time. Nothing here depends on the locale. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/block.h"

#define DISTANCE_TEXT_MAX 127
#define NEAR_EDITS        2

static bool is_tail(uint8_t c) {
    return (c & 0xc0) == 0x80;
}

/* Length of the code point at p, 0 when it is not valid. n is at least 1. */
static size_t utf8_decode(const uint8_t *p, size_t n, uint32_t *ret) {
    uint32_t c = p[0];
    if (c < 0x80) {
        *ret = c;
        return 1;
    }
    if (c < 0xc2) return 0;
    if (c < 0xe0) {
        if (n < 2 || !is_tail(p[1])) return 0;
        *ret = (c & 0x1f) << 6 | (p[1] & 0x3f);
        return 2;
    }
    if (c < 0xf0) {
        if (n < 3 || !is_tail(p[1]) || !is_tail(p[2])) return 0;
        uint32_t v = (c & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        if (v < 0x800 || (v >= 0xd800 && v <= 0xdfff)) return 0;
        *ret = v;
        return 3;
    }
    if (c > 0xf4 || n < 4 || !is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3])) return 0;
    uint32_t v = (c & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 | (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
    if (v < 0x10000 || v > 0x10ffff) return 0;
    *ret = v;
    return 4;
}

/* How many leading bytes are ASCII, in whole words. */
static inline size_t ascii_words(const uint8_t *p, size_t n) {
    uint64_t word;
    size_t i = 0;
    for (; n - i >= sizeof(word); i += sizeof(word)) {
        memcpy(&word, p + i, sizeof(word));
        if ((word & UINT64_C(0x8080808080808080)) != 0) break;
    }
    return i;
}

/* How many leading bytes are printable ASCII, in whole blocks. */
static inline size_t printable_blocks(const uint8_t *p, size_t n) {
    size_t i = 0;
    while (n - i >= sizeof(block)) {
        block v = block_load(p + i) - 0x20; /* lower values wrap around */
        if (block_any((block)(v >= 0x7f - 0x20))) break;
        i += sizeof(block);
    }
    return i;
}

size_t text_utf8_valid(const uint8_t *p, size_t n) {
    size_t i = 0;
    if (text_is_ascii((struct bytes){p, n})) return n;
    while (i < n) {
        i += ascii_words(p + i, n - i);
        while (i < n && p[i] < 0x80) {
            i++;
        }
        if (i == n) break;
        uint32_t c;
        size_t len = utf8_decode(p + i, n - i, &c);
        if (len == 0) return i;
        i += len;
    }
    return n;
}

/* ---- one pass over all bytes ---------------------------------------------------------------------------------------- */

struct seen {
    block wide, control, slash, backslash;
};

static inline void look_at(struct seen *seen, block v) {
    seen->wide |= v;
    seen->control |= (block)(v < 0x20) | (block)(v == 0x7f);
    seen->slash |= (block)(v == '/');
    seen->backslash |= (block)(v == '\\');
}

/* Reduces what was seen to one bit for each property. */
static inline unsigned sum_of(const struct seen *seen) {
    block wide = seen->wide >> 7;
    return block_sum((wide & TEXT_WIDE) | (seen->control & TEXT_CONTROL) | (seen->slash & TEXT_SLASH) |
                     (seen->backslash & TEXT_BACKSLASH));
}

unsigned text_look(struct bytes text) {
    struct seen seen = {{0}, {0}, {0}, {0}};
    if (text.n < sizeof(block)) {
        look_at(&seen, block_short(text.p, text.n, ' '));
        return sum_of(&seen);
    }
    const uint8_t *last = text.p + text.n - sizeof(block);
    for (const uint8_t *p = text.p; p < last; p += sizeof(block)) {
        look_at(&seen, block_load(p));
    }
    look_at(&seen, block_load(last)); /* may overlap the previous block */
    return sum_of(&seen);
}

bool text_has_control(struct bytes text) {
    unsigned look = text_look(text);
    if ((look & TEXT_WIDE) == 0) return (look & TEXT_CONTROL) != 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c < 0x20 || c == 0x7f) return true;
        if (c == 0xc2 && i + 1 < text.n && text.p[i + 1] < 0xa0) return true;
    }
    return false;
}

void text_hex(char *ret, const uint8_t *p, size_t n) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        ret[2 * i] = digits[p[i] >> 4];
        ret[2 * i + 1] = digits[p[i] & 15];
    }
    ret[2 * n] = '\0';
}

#define NO_DIGIT 0x20U

/* The value of a digit in lower case; NO_DIGIT for all else. */
static unsigned hex_digit(uint8_t c) {
    static const uint8_t of[256] = {
        ['0'] = 0x20, ['1'] = 0x21, ['2'] = 0x22, ['3'] = 0x23, ['4'] = 0x24, ['5'] = 0x25, ['6'] = 0x26, ['7'] = 0x27,
        ['8'] = 0x28, ['9'] = 0x29, ['a'] = 0x2a, ['b'] = 0x2b, ['c'] = 0x2c, ['d'] = 0x2d, ['e'] = 0x2e, ['f'] = 0x2f,
    };
    return of[c] ^ NO_DIGIT;
}

int text_unhex(uint8_t *ret, size_t n, struct bytes hex) {
    unsigned all = 0;
    if (hex.n % 2 != 0 || hex.n / 2 != n) return ERR_INVALID;
    for (size_t i = 0; i < hex.n; i++) {
        all |= hex_digit(hex.p[i]);
    }
    if (all >= NO_DIGIT) return ERR_INVALID;
    for (size_t i = 0; i < n; i++) {
        ret[i] = (uint8_t)(hex_digit(hex.p[2 * i]) << 4 | hex_digit(hex.p[2 * i + 1]));
    }
    return 0;
}

struct bytes text_trim(struct bytes s) {
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r')) {
        s.n--;
    }
    return s;
}

int text_parse_u64(struct bytes text, uint64_t *ret) {
    if (text.n == 0 || (text.p[0] == '0' && text.n > 1)) return ERR_INVALID;
    uint64_t v = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') return ERR_INVALID;
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) || __builtin_add_overflow(v, (uint64_t)(text.p[i] - '0'), &v)) {
            return ERR_INVALID;
        }
    }
    *ret = v;
    return 0;
}

/* Code points that are invisible themselves and change how their neighbours are shown, or break the line. */
static bool is_deceptive(uint32_t c) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x0080, 0x009f},   /* C1 controls */
        {0x00ad, 0x00ad},   /* soft hyphen */
        {0x034f, 0x034f},   /* combining grapheme joiner */
        {0x061c, 0x061c},   /* Arabic letter mark */
        {0x115f, 0x1160},   /* Hangul fillers */
        {0x17b4, 0x17b5},   /* Khmer inherent vowels */
        {0x180e, 0x180e},   /* Mongolian vowel separator */
        {0x200b, 0x200b},   /* zero width space */
        {0x200e, 0x200f},   /* direction marks */
        {0x2028, 0x202e},   /* line and paragraph separators, embeddings, overrides */
        {0x2060, 0x206f},   /* invisible operators, isolates, deprecated format characters */
        {0x3164, 0x3164},   /* Hangul filler */
        {0xfeff, 0xfeff},   /* byte order mark */
        {0xffa0, 0xffa0},   /* halfwidth Hangul filler */
        {0xfff0, 0xfffb},   /* interlinear annotation, reserved */
        {0x1bca0, 0x1bca3}, /* shorthand format controls */
        {0x1d173, 0x1d17a}, /* musical format controls */
        {0xe0000, 0xe00ff}, /* tags */
        {0xe01f0, 0xe0fff}, /* reserved for invisible characters */
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (c < ranges[i].first) return false;
        if (c <= ranges[i].last) return true;
    }
    return false;
}

/* Joiners and variation selectors. */
static bool is_modifier(uint32_t c) {
    return c == 0x200c || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef);
}

/* Scripts and emoji need these, one at a time and after a visible character (a joiner also after a selector, a selector
 * also after a telephone key); elsewhere they only make two texts look the same, or hide one. */
static bool is_idle_modifier(uint32_t c, uint32_t before) {
    if (!is_modifier(c) || (c == 0x200d && before == 0xfe0f)) return false;
    bool key = c == 0xfe0f && ((before >= '0' && before <= '9') || before == '#' || before == '*');
    return is_modifier(before) || (before < 0x80 && !key);
}

size_t text_utf8_next(struct bytes text, uint32_t *ret) {
    return text.n > 0 ? utf8_decode(text.p, text.n, ret) : 0;
}

bool text_is_invisible(uint32_t c) {
    return is_deceptive(c) || is_modifier(c);
}

static void put_escape(struct buf *out, uint32_t c) {
    static const char named[] = "\a\b\t\n\v\f\r";
    static const char letters[] = "abtnvfr";
    const char *at = c >= 7 && c <= 13 ? strchr(named, (int)c) : NULL;
    if (at != NULL) {
        buf_put_u8(out, '\\');
        buf_put_u8(out, (uint8_t)letters[at - named]);
    } else if (c < 0x80) {
        buf_printf(out, "\\x%02x", c);
    } else {
        buf_printf(out, "\\u{%x}", c);
    }
}

/* The next part of a text that may not be shown: its code point and its length, which is 0 for an invalid byte. A line
 * end may be shown with `lines`. */
struct search {
    struct bytes text;
    bool lines;
    size_t at;
    uint32_t before; /* the previous code point, 0 after one that was not shown */
    uint32_t c;
    size_t len;
};

static bool find_hidden(struct search *s) {
    while (s->at < s->text.n) {
        const uint8_t *p = s->text.p + s->at;
        size_t plain = printable_blocks(p, s->text.n - s->at);
        while (plain < s->text.n - s->at && p[plain] >= 0x20 && p[plain] < 0x7f) {
            plain++;
        }
        if (plain > 0) {
            s->at += plain;
            s->before = p[plain - 1];
            continue;
        }
        s->len = utf8_decode(p, s->text.n - s->at, &s->c);
        bool shown = s->c >= 0x20 ? s->c != 0x7f && !is_deceptive(s->c) : s->c == '\n' && s->lines;
        if (s->len == 0 || !shown || is_idle_modifier(s->c, s->before)) return true;
        s->before = s->c;
        s->at += s->len;
    }
    return false;
}

/* Continues after what was found. */
static void step_over(struct search *s) {
    s->at += s->len > 0 ? s->len : 1;
    s->before = 0;
}

bool text_is_safe(struct bytes text, bool lines) {
    struct search s = {.text = text, .lines = lines};
    return !find_hidden(&s);
}

int text_safe(struct buf *out, struct bytes text) {
    struct search s = {.text = text};
    size_t clean = 0; /* start of the run that is copied unchanged */
    while (find_hidden(&s)) {
        buf_put(out, text.p + clean, s.at - clean);
        if (s.len == 0) {
            buf_printf(out, "\\x%02x", text.p[s.at]);
        } else {
            put_escape(out, s.c);
        }
        step_over(&s);
        clean = s.at;
    }
    return clean < text.n ? buf_put(out, text.p + clean, text.n - clean) : out->fail;
}

int text_safe_format(struct buf *out, struct bytes text) {
    struct search s = {.text = text, .lines = true};
    size_t clean = 0;
    for (; find_hidden(&s); step_over(&s)) {
        if (s.len < 2) continue;
        buf_put(out, text.p + clean, s.at - clean);
        put_escape(out, s.c);
        clean = s.at + s.len;
    }
    return clean < text.n ? buf_put(out, text.p + clean, text.n - clean) : out->fail;
}

int text_safe_json(struct buf *out, struct bytes json) {
    struct search s = {.text = json, .lines = true};
    size_t clean = 0;
    while (find_hidden(&s)) {
        buf_put(out, json.p + clean, s.at - clean);
        if (s.len > 0 && s.c > 0xffff) { /* JSON writes a surrogate pair */
            buf_printf(out, "\\u%04x\\u%04x", 0xd800 + ((s.c - 0x10000) >> 10), 0xdc00 + ((s.c - 0x10000) & 0x3ff));
        } else {
            buf_printf(out, "\\u%04x", s.len > 0 ? s.c : 0xfffd);
        }
        step_over(&s);
        clean = s.at;
    }
    return clean < json.n ? buf_put(out, json.p + clean, json.n - clean) : out->fail;
}

/* What leaves no mark: blanks and invisible characters. */
static bool is_blank(uint32_t c) {
    return c <= 0x20 || c == 0x7f || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200f) || c == 0x202f ||
           c == 0x205f || c == 0x2800 || c == 0x3000 || is_deceptive(c) || is_modifier(c);
}

bool text_is_blank(struct bytes text) {
    uint32_t c = 0;
    for (size_t i = 0, len; i < text.n; i += len) {
        len = utf8_decode(text.p + i, text.n - i, &c);
        if (len == 0 || !is_blank(c)) return false;
    }
    return true;
}

bool text_is_formula(struct bytes text) {
    static const uint32_t first[] = {'=', '+', '-', '@', 0xff1d, 0xff0b, 0xff0d, 0xff20}; /* and their full-width forms */
    uint32_t c = 0;
    if (text.n > 0 && text.p[0] >= '\t' && text.p[0] <= '\r') return true;
    for (size_t i = 0; i < text.n;) {
        size_t len = utf8_decode(text.p + i, text.n - i, &c);
        if (len > 0 && c != '"' && !is_blank(c)) break;
        c = 0;
        i += len > 0 ? len : 1;
    }
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        if (c == first[i]) return true;
    }
    return false;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Restricted Damerau-Levenshtein over three rows: the one being filled and the two before it. */
size_t text_distance(const char *a, const char *b, size_t limit) {
    size_t rows[3][DISTANCE_TEXT_MAX + 1];
    size_t an = strlen(a), bn = strlen(b);
    if (strcmp(a, b) == 0) return 0;
    if (an > DISTANCE_TEXT_MAX || bn > DISTANCE_TEXT_MAX) return limit + 1;
    for (size_t j = 0; j <= bn; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= an; i++) {
        size_t *now = rows[i % 3], *before = rows[(i - 1) % 3], *two_before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= bn; j++) {
            now[j] = least(before[j - 1] + (a[i - 1] != b[j - 1]), least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                now[j] = least(now[j], two_before[j - 2] + 1);
            }
        }
    }
    return least(rows[an % 3][bn], limit + 1);
}

bool text_near_offer(struct text_near *near, const char *name) {
    if (!name || (near->name && near->distance == 0)) {
        return false; /* an exact match is not a suggestion */
    }
    size_t limit = near->name ? near->distance - 1 : NEAR_EDITS;
    size_t distance = text_distance(near->text, name, limit);
    if (distance <= limit && 2 * distance < strlen(name)) {
        near->name = name;
        near->distance = distance;
    }
    return distance == 0;
}

size_t text_near_find(struct text_near *near, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (text_near_offer(near, names[i])) return i;
    }
    return SIZE_MAX;
}

const char *text_near_words(struct text_near *near) {
    near->words[0] = '\0';
    if (near->name) {
        snprintf(near->words, sizeof(near->words), ", did you mean '%.120s'?", near->name);
    }
    return near->words;
}

const char *text_s(uint64_t n) {
    return n == 1 ? "" : "s";
}

const char *text_has(uint64_t n, uint64_t of) {
    return n == 1 || of == 1 ? "has" : "have";
}

const char *text_differs(uint64_t n) {
    return n == 1 ? "is not the one that" : "are not those that";
}
