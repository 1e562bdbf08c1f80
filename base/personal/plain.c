/* One pass. A character that has no plain form is copied, byte by byte. What a link or a page escapes ("%40", "&#64;") is the
 * character that is meant. */
#include "base/personal/plain.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { ESCAPE_MAX = 7 }; /* digits of "&#0000064;" */

/* First and last of ten digits or of a row of characters, and what the first becomes; `step` 0: all become the same. */
static const struct {
    uint32_t first, last;
    char plain;
    uint8_t step;
} rows[] = {
    {0x0085, 0x0085, '\n', 0},  {0x00a0, 0x00a0, ' ', 0},   {0x00b7, 0x00b7, '.', 0},   {0x0660, 0x0669, '0', 1},
    {0x06f0, 0x06f9, '0', 1},   {0x0966, 0x096f, '0', 1},   {0x1680, 0x1680, ' ', 0},   {0x2000, 0x200a, ' ', 0},
    {0x2010, 0x2015, '-', 0},   {0x2022, 0x2022, '.', 0},   {0x2024, 0x2024, '.', 0},   {0x2027, 0x2027, '.', 0},
    {0x2028, 0x2029, '\n', 0},  {0x202f, 0x202f, ' ', 0},   {0x2044, 0x2044, '/', 0},   {0x205f, 0x205f, ' ', 0},
    {0x2212, 0x2212, '-', 0},   {0x2215, 0x2215, '/', 0},   {0x2219, 0x2219, '.', 0},   {0x22c5, 0x22c5, '.', 0},
    {0x3000, 0x3000, ' ', 0},   {0x3002, 0x3002, '.', 0},   {0xfe52, 0xfe52, '.', 0},   {0xfe58, 0xfe58, '-', 0},
    {0xfe63, 0xfe63, '-', 0},   {0xfe6b, 0xfe6b, '@', 0},   {0xff01, 0xff5e, '!', 1},   {0xff61, 0xff61, '.', 0},
    {0x1d7ce, 0x1d7d7, '0', 1}, {0x1d7d8, 0x1d7e1, '0', 1}, {0x1d7e2, 0x1d7eb, '0', 1}, {0x1d7ec, 0x1d7f5, '0', 1},
    {0x1d7f6, 0x1d7ff, '0', 1},
};

/* 0: none. */
static uint8_t plain_of(uint32_t c) {
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && c >= rows[i].first; i++) {
        if (c <= rows[i].last) return (uint8_t)((uint32_t)rows[i].plain + rows[i].step * (c - rows[i].first));
    }
    return 0;
}

/* `base` if it is none. */
static uint32_t digit_of(uint8_t c, uint32_t base) {
    uint32_t low = c | 0x20U, v = base;
    if (c >= '0' && c <= '9') v = c - (uint32_t)'0';
    if (low >= 'a' && low <= 'f') v = low - 'a' + 10;
    return v < base ? v : base;
}

/* The length of an escaped character at byte i, and the character; 0: nothing is escaped there. */
static size_t read_escape(struct bytes text, size_t i, uint32_t *ret) {
    const bool link = text.p[i] == '%', page = text.n - i > 3 && text.p[i] == '&' && text.p[i + 1] == '#';
    const bool hex = link || (page && (text.p[i + 2] | 0x20) == 'x');
    const uint32_t base = hex ? 16 : 10;
    const size_t begin = i + (link ? 1 : hex ? 3 : 2), most = link ? 2 : ESCAPE_MAX;
    size_t k = begin;
    uint32_t v = 0;
    if (text.n - i >= 8 && memcmp(text.p + i, "&commat;", 8) == 0) {
        *ret = '@';
        return 8;
    }
    if (!link && !page) return 0;
    for (; k < text.n && k - begin < most && digit_of(text.p[k], base) < base; k++) {
        v = v * base + digit_of(text.p[k], base);
    }
    bool whole = link ? k - begin == 2 : k > begin && k < text.n && text.p[k] == ';';
    *ret = v;
    return !whole || (link && v >= 0x80) ? 0 : k + page - i;
}

int plain_make(struct plain *ret, struct bytes text) {
    *ret = (struct plain){.text = {.max = text.n}};
    if (text.n >= UINT32_MAX) return ERR_LIMIT;
    ret->at = malloc((text.n + 1) * sizeof(*ret->at));
    if (ret->at == NULL) return ERR_NOMEM;
    for (size_t i = 0, len; i < text.n; i += len) {
        uint32_t c = 0;
        size_t escape = read_escape(text, i, &c);
        len = escape > 0 ? escape : text_utf8_next((struct bytes){text.p + i, text.n - i}, &c);
        uint8_t plain = len <= 1 ? 0 : escape > 0 && c < 0x7f ? (uint8_t)(c >= ' ' ? c : '\n') : plain_of(c);
        if (len > 1 && plain == 0 && text_is_invisible(c)) continue;
        len = len == 0 ? 1 : len;
        size_t n = plain != 0 ? 1 : len;
        for (size_t k = 0; k < n && ret->text.fail == 0; k++) {
            ret->at[ret->text.n] = (uint32_t)(i + k);
            buf_put_u8(&ret->text, plain != 0 ? plain : text.p[i + k]);
        }
    }
    ret->at[ret->text.n] = (uint32_t)text.n;
    return ret->text.fail;
}

void plain_done(struct plain *plain) {
    buf_done(&plain->text);
    free(plain->at);
    plain->at = NULL;
}
