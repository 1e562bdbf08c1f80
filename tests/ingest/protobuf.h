/* Writes Protocol Buffers, for tests. */
#ifndef TESTS_INGEST_PROTOBUF_H
#define TESTS_INGEST_PROTOBUF_H

#include "base/bytes.h"

#define PB_MAX ((size_t)64 << 20)

static inline void pb_varint(struct buf *out, uint64_t v) {
    for (; v >= 0x80; v >>= 7) {
        buf_put_u8(out, (uint8_t)(v | 0x80));
    }
    buf_put_u8(out, (uint8_t)v);
}

static inline void pb_number(struct buf *out, unsigned field, uint64_t v) {
    pb_varint(out, field << 3);
    pb_varint(out, v);
}

static inline void pb_fixed(struct buf *out, unsigned field, uint64_t v) {
    pb_varint(out, field << 3 | 1);
    for (int i = 0; i < 8; i++) {
        buf_put_u8(out, (uint8_t)(v >> (8 * i)));
    }
}

static inline void pb_double(struct buf *out, unsigned field, double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    pb_fixed(out, field, bits);
}

static inline void pb_fixed32(struct buf *out, unsigned field, uint32_t v) {
    pb_varint(out, field << 3 | 5);
    for (int i = 0; i < 4; i++) {
        buf_put_u8(out, (uint8_t)(v >> (8 * i)));
    }
}

static inline void pb_bytes(struct buf *out, unsigned field, struct bytes b) {
    pb_varint(out, field << 3 | 2);
    pb_varint(out, b.n);
    buf_put_bytes(out, b);
}

static inline void pb_text(struct buf *out, unsigned field, const char *text) {
    pb_bytes(out, field, bytes_of(text));
}

/* Puts a message and frees it. */
static inline void pb_message(struct buf *out, unsigned field, struct buf *message) {
    pb_bytes(out, field, bytes_of_buf(message));
    buf_done(message);
}

static inline struct buf pb_new(void) {
    return (struct buf){.max = PB_MAX};
}

/* An attribute with a text; with a whole number. */
static inline void pb_attribute(struct buf *out, unsigned field, const char *key, const char *text) {
    struct buf pair = pb_new(), value = pb_new();
    pb_text(&value, 1, text);
    pb_text(&pair, 1, key);
    pb_message(&pair, 2, &value);
    pb_message(out, field, &pair);
}

static inline void pb_attribute_int(struct buf *out, unsigned field, const char *key, int64_t v) {
    struct buf pair = pb_new(), value = pb_new();
    pb_number(&value, 3, (uint64_t)v);
    pb_text(&pair, 1, key);
    pb_message(&pair, 2, &value);
    pb_message(out, field, &pair);
}

/* A request around records: {1: {1: resource, 2: {2: record}}}; frees `records`, which are fields 2 of a scope. */
static inline struct buf pb_request(struct buf *scope, const char *service) {
    struct buf resource = pb_new(), entry = pb_new(), request = pb_new();
    pb_attribute(&resource, 1, "service.name", service);
    pb_message(&entry, 1, &resource);
    pb_message(&entry, 2, scope);
    pb_message(&request, 1, &entry);
    return request;
}

#endif
