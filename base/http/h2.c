/* Frames by hand: a head of nine bytes each, and a block of headers that refers to the static table alone. */
#include "base/http/h2.h"

#include <string.h>

#include "base/http/guard.h"

#define REST        "SM\r\n\r\n" /* of the preface */
#define FRAME_HEAD  9
#define FRAME_MAX   16384
#define STREAM_MASK UINT32_C(0x7fffffff)

enum { HEADERS = 1, SETTINGS = 4, GOAWAY = 7 };
enum { FLAG_ACK = 1, FLAG_END_STREAM = 1, FLAG_END_HEADERS = 4 };
enum { NO_ERROR = 0, HTTP_1_1_REQUIRED = 13 };

bool httpd_h2_is_preface(const struct httpd_head *head) {
    return bytes_is(head->method, "PRI") && bytes_is(head->target, "*") && bytes_is(head->version, "HTTP/2.0") &&
           head->n == 0;
}

static void put_frame(struct buf *out, size_t length, uint8_t type, uint8_t flags, uint32_t stream) {
    buf_put_u8(out, (uint8_t)(length >> 16));
    buf_put_be16(out, (uint16_t)length);
    buf_put_u8(out, type);
    buf_put_u8(out, flags);
    buf_put_be32(out, stream);
}

/* A literal that is not Huffman-coded; at most 7 bits of length, and the rest in a second byte (RFC 7541, 5.1). */
static void put_literal(struct buf *out, const char *a, const char *b) {
    size_t n = strlen(a) + strlen(b);
    buf_put_u8(out, (uint8_t)(n < 127 ? n : 127));
    if (n >= 127) {
        buf_put_u8(out, (uint8_t)(n - 127));
    }
    buf_put_str(out, a);
    buf_put_str(out, b);
}

static void put_goaway(struct buf *out, uint32_t stream, uint32_t code, const char *words) {
    put_frame(out, 8 + strlen(words), GOAWAY, 0, 0);
    buf_put_be32(out, stream);
    buf_put_be32(out, code);
    buf_put_str(out, words);
}

static void put_refusal(struct buf *out, uint32_t stream, const char *instead) {
    static const uint8_t status_200 = 0x88, content_type[] = {0x0f, 31 - 15}; /* indexes of the static table */
    struct buf block = {.max = FRAME_MAX};
    buf_put_u8(&block, status_200);
    buf_put(&block, content_type, sizeof(content_type));
    put_literal(&block, "application/grpc", "");
    buf_put_u8(&block, 0); /* a name of its own */
    put_literal(&block, "grpc-status", "");
    put_literal(&block, "12", ""); /* UNIMPLEMENTED */
    buf_put_u8(&block, 0);
    put_literal(&block, "grpc-message", "");
    put_literal(&block, "gRPC is not served: ", instead);
    put_frame(out, block.n, HEADERS, FLAG_END_STREAM | FLAG_END_HEADERS, stream);
    buf_put_bytes(out, bytes_of_buf(&block));
    out->fail = out->fail != 0 ? out->fail : block.fail;
    buf_done(&block);
    put_goaway(out, stream, NO_ERROR, "");
}

/* A request's headers are compressed; this value is one literal, plain or Huffman-coded. */
static bool is_grpc(struct bytes block) {
    static const uint8_t coded[] = {0x1d, 0x75, 0xd0, 0x62, 0x0d, 0x26, 0x3d, 0x4c, 0x4d, 0x65, 0x64};
    static const char plain[] = "application/grpc";
    return block.n > 0 && (memmem(block.p, block.n, coded, sizeof(coded)) != NULL ||
                           memmem(block.p, block.n, plain, sizeof(plain) - 1) != NULL);
}

int httpd_h2_take(struct httpd_h2 *h2, struct bytes in, const char *instead, struct buf *out) {
    size_t rest = sizeof(REST) - 1;
    if (!h2->begun) {
        if (memcmp(in.p, REST, in.n < rest ? in.n : rest) != 0) return ERR_INVALID;
        if (in.n < rest) return 1;
        h2->begun = true;
        h2->at = rest;
        put_frame(out, 0, SETTINGS, 0, 0);
    }
    while (in.n - h2->at >= FRAME_HEAD) {
        const uint8_t *p = in.p + h2->at;
        size_t length = (size_t)p[0] << 16 | be16_get(p + 1);
        uint32_t stream = be32_get(p + 5) & STREAM_MASK;
        if (length > FRAME_MAX) return ERR_INVALID;
        if (in.n - h2->at - FRAME_HEAD < length) return 1;
        h2->at += FRAME_HEAD + length;
        if (p[3] == SETTINGS && (p[4] & FLAG_ACK) == 0) {
            put_frame(out, 0, SETTINGS, FLAG_ACK, 0);
        } else if (p[3] == HEADERS && is_grpc((struct bytes){p + FRAME_HEAD, length})) {
            put_refusal(out, stream, instead);
            return 0;
        } else if (p[3] == HEADERS) {
            put_goaway(out, 0, HTTP_1_1_REQUIRED, "HTTP/2 is not served; use HTTP/1.1");
            return 0;
        }
    }
    return 1;
}
