/* Borrowed views and owned growing buffers. */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int bytes_cmp(struct bytes a, struct bytes b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);
    if (c != 0) return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

void buf_init(struct buf *buf, size_t max) {
    memset(buf, 0, sizeof(*buf));
    buf->max = max;
}

void buf_done(struct buf *buf) {
    if (buf != NULL) {
        free(buf->p);
        buf_init(buf, buf->max);
    }
}

void buf_clear(struct buf *buf) {
    buf->n = 0;
    buf->fail = 0;
}

uint8_t *buf_room(struct buf *buf, size_t n) {
    if (buf->fail != 0) return NULL;
    if (n > buf->max - buf->n) {
        buf->fail = ERR_LIMIT;
        return NULL;
    }
    size_t need = buf->n + n;
    if (need > buf->cap || buf->p == NULL) {
        size_t cap = buf->cap < 64 ? 64 : buf->cap;
        while (cap < need) {
            cap = cap > SIZE_MAX / 2 ? need : cap * 2;
        }
        if (cap > buf->max) {
            cap = buf->max;
        }
        /* One byte beyond the maximum, for vsnprintf's NUL when the text fits to the last byte. */
        uint8_t *p = cap == SIZE_MAX ? NULL : realloc(buf->p, cap + 1);
        if (p == NULL) {
            buf->fail = ERR_NOMEM;
            return NULL;
        }
        buf->p = p;
        buf->cap = cap;
    }
    return buf->p + buf->n;
}

int buf_put(struct buf *buf, const void *p, size_t n) {
    uint8_t *dst = buf_room(buf, n);
    if (dst == NULL) return buf->fail;
    if (n > 0) {
        memcpy(dst, p, n);
    }
    buf->n += n;
    return 0;
}

int buf_put_bytes(struct buf *buf, struct bytes b) {
    return buf_put(buf, b.p, b.n);
}

int buf_put_str(struct buf *buf, const char *s) {
    return buf_put(buf, s, strlen(s));
}

int buf_put_u8(struct buf *buf, uint8_t v) {
    return buf_put(buf, &v, 1);
}

int buf_put_be16(struct buf *buf, uint16_t v) {
    uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    return buf_put(buf, b, sizeof(b));
}

int buf_put_be32(struct buf *buf, uint32_t v) {
    uint8_t b[4];
    be32_put(b, v);
    return buf_put(buf, b, sizeof(b));
}

int buf_put_be64(struct buf *buf, uint64_t v) {
    uint8_t b[8];
    be64_put(b, v);
    return buf_put(buf, b, sizeof(b));
}

int buf_printf(struct buf *buf, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        buf->fail = ERR_LIMIT;
        return buf->fail;
    }
    char *dst = (char *)buf_room(buf, (size_t)n);
    if (dst == NULL) return buf->fail;
    va_start(ap, fmt);
    vsnprintf(dst, (size_t)n + 1, fmt, ap);
    va_end(ap);
    buf->n += (size_t)n;
    return 0;
}

int buf_check(const struct buf *buf, const char *what, struct err *err) {
    if (buf->fail == ERR_NOMEM) return err_set(err, ERR_NOMEM, "%s: out of memory", what);
    if (buf->fail != 0) return err_set(err, ERR_LIMIT, "%s: larger than %zu bytes", what, buf->max);
    return 0;
}
