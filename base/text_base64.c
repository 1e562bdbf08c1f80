/* Base64, RFC 4648 section 4. The reader is strict, because base64 text is part of what is signed and compared: one
 * value has exactly one text. */
#include <string.h>

#include "base/text.h"

static const uint8_t alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Two characters for each 12-bit value. */
#define P(a, b) (uint16_t)((a) << 8 | (b))
#define ROW(a)                                                                                                             \
    {                                                                                                                      \
        P(a, 'A'), P(a, 'B'), P(a, 'C'), P(a, 'D'), P(a, 'E'), P(a, 'F'), P(a, 'G'), P(a, 'H'), P(a, 'I'), P(a, 'J'),      \
            P(a, 'K'), P(a, 'L'), P(a, 'M'), P(a, 'N'), P(a, 'O'), P(a, 'P'), P(a, 'Q'), P(a, 'R'), P(a, 'S'), P(a, 'T'),  \
            P(a, 'U'), P(a, 'V'), P(a, 'W'), P(a, 'X'), P(a, 'Y'), P(a, 'Z'), P(a, 'a'), P(a, 'b'), P(a, 'c'), P(a, 'd'),  \
            P(a, 'e'), P(a, 'f'), P(a, 'g'), P(a, 'h'), P(a, 'i'), P(a, 'j'), P(a, 'k'), P(a, 'l'), P(a, 'm'), P(a, 'n'),  \
            P(a, 'o'), P(a, 'p'), P(a, 'q'), P(a, 'r'), P(a, 's'), P(a, 't'), P(a, 'u'), P(a, 'v'), P(a, 'w'), P(a, 'x'),  \
            P(a, 'y'), P(a, 'z'), P(a, '0'), P(a, '1'), P(a, '2'), P(a, '3'), P(a, '4'), P(a, '5'), P(a, '6'), P(a, '7'),  \
            P(a, '8'), P(a, '9'), P(a, '+'), P(a, '/')                                                                     \
    }
static const uint16_t pairs[64][64] = {
    ROW('A'), ROW('B'), ROW('C'), ROW('D'), ROW('E'), ROW('F'), ROW('G'), ROW('H'), ROW('I'), ROW('J'), ROW('K'),
    ROW('L'), ROW('M'), ROW('N'), ROW('O'), ROW('P'), ROW('Q'), ROW('R'), ROW('S'), ROW('T'), ROW('U'), ROW('V'),
    ROW('W'), ROW('X'), ROW('Y'), ROW('Z'), ROW('a'), ROW('b'), ROW('c'), ROW('d'), ROW('e'), ROW('f'), ROW('g'),
    ROW('h'), ROW('i'), ROW('j'), ROW('k'), ROW('l'), ROW('m'), ROW('n'), ROW('o'), ROW('p'), ROW('q'), ROW('r'),
    ROW('s'), ROW('t'), ROW('u'), ROW('v'), ROW('w'), ROW('x'), ROW('y'), ROW('z'), ROW('0'), ROW('1'), ROW('2'),
    ROW('3'), ROW('4'), ROW('5'), ROW('6'), ROW('7'), ROW('8'), ROW('9'), ROW('+'), ROW('/')};

int text_base64(struct buf *out, const uint8_t *p, size_t n) {
    if (n > SIZE_MAX / 2) {
        out->fail = out->fail != 0 ? out->fail : ERR_LIMIT;
        return out->fail;
    }
    size_t len = (n + 2) / 3 * 4;
    uint8_t *dst = buf_room(out, len);
    if (dst == NULL) return out->fail;
    size_t i = 0;
    for (; n - i >= 3; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
        be32_put(dst, (uint32_t)pairs[v >> 18][v >> 12 & 63] << 16 | pairs[v >> 6 & 63][v & 63]);
        dst += 4;
    }
    if (n - i > 0) {
        uint32_t v = (uint32_t)p[i] << 16 | (n - i == 2 ? (uint32_t)p[i + 1] << 8 : 0);
        *dst++ = (uint8_t)alphabet[v >> 18];
        *dst++ = (uint8_t)alphabet[v >> 12 & 63];
        *dst++ = n - i == 2 ? (uint8_t)alphabet[v >> 6 & 63] : '=';
        *dst++ = '=';
    }
    out->n += len;
    return 0;
}

/* A digit's value, shifted to its place in the 24 bits of a group of four, with a marker bit; 0 for other characters. */
#define MARK            (UINT32_C(1) << 31)
#define D(digit_, v, s) [digit_] = MARK | (uint32_t)(v) << (s)
#define DIGITS(s)                                                                                                          \
    {                                                                                                                      \
        D('A', 0, s), D('B', 1, s), D('C', 2, s), D('D', 3, s), D('E', 4, s), D('F', 5, s), D('G', 6, s), D('H', 7, s),    \
            D('I', 8, s), D('J', 9, s), D('K', 10, s), D('L', 11, s), D('M', 12, s), D('N', 13, s), D('O', 14, s),         \
            D('P', 15, s), D('Q', 16, s), D('R', 17, s), D('S', 18, s), D('T', 19, s), D('U', 20, s), D('V', 21, s),       \
            D('W', 22, s), D('X', 23, s), D('Y', 24, s), D('Z', 25, s), D('a', 26, s), D('b', 27, s), D('c', 28, s),       \
            D('d', 29, s), D('e', 30, s), D('f', 31, s), D('g', 32, s), D('h', 33, s), D('i', 34, s), D('j', 35, s),       \
            D('k', 36, s), D('l', 37, s), D('m', 38, s), D('n', 39, s), D('o', 40, s), D('p', 41, s), D('q', 42, s),       \
            D('r', 43, s), D('s', 44, s), D('t', 45, s), D('u', 46, s), D('v', 47, s), D('w', 48, s), D('x', 49, s),       \
            D('y', 50, s), D('z', 51, s), D('0', 52, s), D('1', 53, s), D('2', 54, s), D('3', 55, s), D('4', 56, s),       \
            D('5', 57, s), D('6', 58, s), D('7', 59, s), D('8', 60, s), D('9', 61, s), D('+', 62, s), D('/', 63, s)        \
    }
static const uint32_t digits[4][256] = {DIGITS(18), DIGITS(12), DIGITS(6), DIGITS(0)};

static int digit(uint8_t c) {
    return digits[3][c] == 0 ? -1 : (int)(digits[3][c] - MARK);
}

/* Decodes the last four characters: one to three bytes; unused bits must be zero. Returns the bytes written, 0 when it
 * is not base64. */
static size_t last_quad(uint8_t *dst, const uint8_t *p) {
    int a = digit(p[0]), b = digit(p[1]), c = digit(p[2]), d = digit(p[3]);
    if (a < 0 || b < 0) return 0;
    dst[0] = (uint8_t)(a << 2 | b >> 4);
    if (p[2] == '=' && p[3] == '=') return (b & 15) == 0 ? 1 : 0;
    if (c < 0) return 0;
    dst[1] = (uint8_t)(b << 4 | c >> 2);
    if (p[3] == '=') return (c & 3) == 0 ? 2 : 0;
    if (d < 0) return 0;
    dst[2] = (uint8_t)(c << 6 | d);
    return 3;
}

/* The decoded length of a text of this length, with its last bytes in `tail`; SIZE_MAX: it is not base64. */
static size_t decoded(struct bytes b64, uint8_t tail[3], size_t *ret_tail) {
    *ret_tail = 0;
    if (b64.n == 0) return 0;
    if (b64.n % 4 != 0 || (*ret_tail = last_quad(tail, b64.p + b64.n - 4)) == 0) return SIZE_MAX;
    return (b64.n - 4) / 4 * 3 + *ret_tail;
}

/* Decodes all n characters before the last four. Writes one byte beyond their output, where the last four's output goes. */
static bool decode(uint8_t *dst, const uint8_t *p, size_t n) {
    uint32_t all = MARK;
    for (size_t i = 0; i < n; i += 4, dst += 3) {
        uint32_t a = digits[0][p[i]], b = digits[1][p[i + 1]], c = digits[2][p[i + 2]], d = digits[3][p[i + 3]];
        all &= a & b & c & d;
        be32_put(dst, (a | b | c | d) << 8);
    }
    return all != 0;
}

int text_unbase64(struct buf *out, struct bytes b64) {
    uint8_t tail[3];
    size_t tail_n, n = decoded(b64, tail, &tail_n);
    if (n == SIZE_MAX) return ERR_INVALID;
    uint8_t *dst = buf_room(out, n);
    if (dst == NULL) return out->fail;
    if (n > 0) {
        if (!decode(dst, b64.p, b64.n - 4)) return ERR_INVALID;
        memcpy(dst + n - tail_n, tail, tail_n);
        out->n += n;
    }
    return 0;
}

int text_unbase64_of(uint8_t *ret, size_t n, struct bytes b64) {
    uint8_t tail[3];
    size_t tail_n;
    if (n == 0 || decoded(b64, tail, &tail_n) != n || !decode(ret, b64.p, b64.n - 4)) {
        return ERR_INVALID;
    }
    memcpy(ret + n - tail_n, tail, tail_n);
    return 0;
}
