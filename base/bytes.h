/* Bytes: `struct bytes` borrows, `struct buf` owns and has a maximum.
 *
 * A buf's failure is sticky: once a put fails (no memory, maximum passed) further puts do nothing and `fail` keeps the
 * ERR_* code, so an encoder checks once at its end with buf_check. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct bytes {
    const uint8_t *p; /* borrowed; may be NULL when n is 0 */
    size_t n;
};

struct buf {
    uint8_t *p; /* owned; NULL until the first put */
    size_t n;   /* bytes in use */
    size_t cap; /* bytes allocated */
    size_t max; /* n never grows past this */
    int fail;   /* 0, ERR_NOMEM or ERR_LIMIT; sticky until buf_clear */
};

/* A view of a NUL-terminated string without its NUL; NULL gives the empty view. */
static inline struct bytes bytes_of(const char *s) {
    return (struct bytes){(const uint8_t *)s, s == NULL ? 0 : strlen(s)};
}

/* A view of what buf holds, valid until its next put, clear or done. */
static inline struct bytes bytes_of_buf(const struct buf *buf) {
    return (struct bytes){buf->p, buf->n};
}

static inline bool bytes_eq(struct bytes a, struct bytes b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* <0, 0, >0: bytewise, a shorter prefix first. */
int bytes_cmp(struct bytes a, struct bytes b);

static inline bool bytes_is(struct bytes a, const char *s) {
    return bytes_eq(a, bytes_of(s));
}

/* C's memory functions must not be passed NULL, even for zero bytes; these accept any view. */
static inline bool bytes_starts(struct bytes a, struct bytes with) {
    return a.n >= with.n && (with.n == 0 || memcmp(a.p, with.p, with.n) == 0);
}

static inline bool bytes_has_prefix(struct bytes a, const char *prefix) {
    return bytes_starts(a, bytes_of(prefix));
}

/* The first occurrence of a byte, or NULL. */
static inline const uint8_t *bytes_find(struct bytes a, uint8_t byte) {
    return a.n > 0 ? memchr(a.p, byte, a.n) : NULL;
}

/* Copies to a place with room for a.n bytes. */
static inline void bytes_copy(void *to, struct bytes a) {
    if (a.n > 0) {
        memcpy(to, a.p, a.n);
    }
}

void buf_init(struct buf *buf, size_t max);
/* Frees the memory. The buf may be used again, as after buf_init with the same maximum. */
void buf_done(struct buf *buf);
/* Drops content and failure, keeps the memory. */
void buf_clear(struct buf *buf);
/* Copies n bytes in. Returns 0 or the sticky failure. */
int buf_put(struct buf *buf, const void *p, size_t n);
int buf_put_bytes(struct buf *buf, struct bytes b);
int buf_put_str(struct buf *buf, const char *s);
int buf_put_u8(struct buf *buf, uint8_t v);
int buf_put_be16(struct buf *buf, uint16_t v);
int buf_put_be32(struct buf *buf, uint32_t v);
int buf_put_be64(struct buf *buf, uint64_t v);
int buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for n more bytes and returns where to write them, or NULL on failure. The caller fills them and adds to
 * buf->n. */
uint8_t *buf_room(struct buf *buf, size_t n);
/* 0, or the sticky failure with a message that names `what`. */
int buf_check(const struct buf *buf, const char *what, struct err *err);

/* ---- loads and stores ---- */

static inline uint32_t le32_get(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t le64_get(const uint8_t *p) {
    return (uint64_t)le32_get(p + 4) << 32 | le32_get(p);
}

static inline uint16_t be16_get(const uint8_t *p) {
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t be32_get(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t be64_get(const uint8_t *p) {
    return (uint64_t)be32_get(p) << 32 | be32_get(p + 4);
}

static inline void be32_put(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void be64_put(uint8_t *p, uint64_t v) {
    be32_put(p, (uint32_t)(v >> 32));
    be32_put(p + 4, (uint32_t)v);
}

#endif
