/* Bytes: `struct bytes` borrows, `struct buf` owns and has a maximum.
 *
 * A buf's failure is sticky: once a put fails (no memory, maximum passed) further puts do nothing and `fail` keeps the
 * ERR_* code, so an encoder checks once at its end with buf_check. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
struct bytes bytes_of(const char *s);
/* A view of what buf holds, valid until its next put, clear or done. */
struct bytes bytes_of_buf(const struct buf *buf);
bool bytes_eq(struct bytes a, struct bytes b);
/* <0, 0, >0: bytewise, a shorter prefix first. */
int bytes_cmp(struct bytes a, struct bytes b);
bool bytes_is(struct bytes a, const char *s);
bool bytes_has_prefix(struct bytes a, const char *prefix);

void buf_init(struct buf *buf, size_t max);
/* Frees the memory; the buf may be used again as if buf_init had been called with the same maximum. */
void buf_done(struct buf *buf);
/* Forgets content and failure, keeps the memory. */
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
/* Makes room for n more bytes and returns where they go (the caller fills them and adds to buf->n), NULL on failure. */
uint8_t *buf_room(struct buf *buf, size_t n);
/* 0, or the sticky failure with a message that names `what`. */
int buf_check(const struct buf *buf, const char *what, struct err *err);

/* Big-endian loads and stores. */
uint16_t be16_get(const uint8_t *p);
uint32_t be32_get(const uint8_t *p);
uint64_t be64_get(const uint8_t *p);
void be32_put(uint8_t *p, uint32_t v);
void be64_put(uint8_t *p, uint64_t v);

#endif
