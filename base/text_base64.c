/* Base64, RFC 4648 section 4. The reader is strict, because base64 text is part of what is signed and compared: one
 * value has exactly one text. */
#include "base/text.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int text_base64(struct buf *out, const uint8_t *p, size_t n) {
    if (n > SIZE_MAX / 2) {
        out->fail = out->fail != 0 ? out->fail : ERR_LIMIT;
        return out->fail;
    }
    size_t len = (n + 2) / 3 * 4;
    uint8_t *dst = buf_room(out, len);
    if (dst == NULL) {
        return out->fail;
    }
    size_t i = 0;
    for (; n - i >= 3; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
        *dst++ = (uint8_t)alphabet[v >> 18];
        *dst++ = (uint8_t)alphabet[v >> 12 & 63];
        *dst++ = (uint8_t)alphabet[v >> 6 & 63];
        *dst++ = (uint8_t)alphabet[v & 63];
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

static int digit(uint8_t c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The last four characters: one to three bytes; bits that carry nothing are zero. Returns the bytes written, 0 when it
 * is not base64. */
static size_t last_quad(uint8_t *dst, const uint8_t *p) {
    int a = digit(p[0]), b = digit(p[1]), c = digit(p[2]), d = digit(p[3]);
    if (a < 0 || b < 0) {
        return 0;
    }
    dst[0] = (uint8_t)(a << 2 | b >> 4);
    if (p[2] == '=' && p[3] == '=') {
        return (b & 15) == 0 ? 1 : 0;
    }
    if (c < 0) {
        return 0;
    }
    dst[1] = (uint8_t)(b << 4 | c >> 2);
    if (p[3] == '=') {
        return (c & 3) == 0 ? 2 : 0;
    }
    if (d < 0) {
        return 0;
    }
    dst[2] = (uint8_t)(c << 6 | d);
    return 3;
}

int text_unbase64(struct buf *out, struct bytes b64) {
    if (b64.n % 4 != 0) {
        return ERR_INVALID;
    }
    uint8_t tail[3] = {0};
    size_t tail_n = 0;
    if (b64.n > 0) {
        tail_n = last_quad(tail, b64.p + b64.n - 4);
        if (tail_n == 0) {
            return ERR_INVALID;
        }
    }
    size_t body = b64.n == 0 ? 0 : b64.n - 4;
    size_t len = body / 4 * 3 + tail_n;
    uint8_t *dst = buf_room(out, len);
    if (dst == NULL) {
        return out->fail;
    }
    for (size_t i = 0; i < body; i += 4) {
        int a = digit(b64.p[i]), b = digit(b64.p[i + 1]), c = digit(b64.p[i + 2]), d = digit(b64.p[i + 3]);
        if ((a | b | c | d) < 0) {
            return ERR_INVALID;
        }
        *dst++ = (uint8_t)(a << 2 | b >> 4);
        *dst++ = (uint8_t)(b << 4 | c >> 2);
        *dst++ = (uint8_t)(c << 6 | d);
    }
    for (size_t i = 0; i < tail_n; i++) {
        *dst++ = tail[i];
    }
    out->n += len;
    return 0;
}
