/* tar --> zstd --> digest, buffer --> descriptor. */
#include "export/sink.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/ustar.h"
#include "base/zst.h"
#include "export/bundle.h"

#define LEVEL      1
#define BUFFER_MAX ((size_t)1 << 16)

struct sink {
    int fd;
    struct zst_writer *zst; /* NULL: plain */
    struct hash *hash;
    uint64_t written, plain;
    uint64_t left; /* of the member at hand */
    size_t padding;
    size_t n;
    uint8_t buffer[BUFFER_MAX]; /* before zstd: pieces are small */
};

static int write_out(void *ctx, struct bytes bytes, struct err *err) {
    struct sink *s = ctx;
    hash_put(s->hash, bytes.p, bytes.n);
    s->written += bytes.n;
    while (bytes.n > 0) {
        ssize_t n = write(s->fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_errno(err, errno, "writing the bundle");
        }
        bytes.p += n;
        bytes.n -= (size_t)n;
    }
    return 0;
}

int sink_new(int fd, bool plain, struct sink **ret, struct err *err) {
    struct sink *s = calloc(1, sizeof(*s));
    if (s == NULL || (s->hash = hash_new()) == NULL) {
        free(s);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    s->fd = fd;
    int rc = plain ? 0 : zst_writer_new(LEVEL, write_out, s, &s->zst, err);
    if (rc != 0) {
        sink_free(s);
        return rc;
    }
    *ret = s;
    return 0;
}

void sink_free(struct sink *sink) {
    if (sink != NULL) {
        zst_writer_free(sink->zst);
        hash_free(sink->hash);
        free(sink);
    }
}

static int flush(struct sink *s, struct err *err) {
    struct bytes bytes = {s->buffer, s->n};
    s->plain += s->n;
    s->n = 0;
    return bytes.n == 0 ? 0 : s->zst != NULL ? zst_write(s->zst, bytes, err) : write_out(s, bytes, err);
}

static int put_raw(struct sink *s, struct bytes bytes, struct err *err) {
    int rc = 0;
    while (bytes.n > 0 && rc == 0) {
        size_t n = BUFFER_MAX - s->n < bytes.n ? BUFFER_MAX - s->n : bytes.n;
        memcpy(s->buffer + s->n, bytes.p, n);
        s->n += n;
        bytes.p += n;
        bytes.n -= n;
        rc = s->n == BUFFER_MAX ? flush(s, err) : 0;
    }
    return rc;
}

static int put_zeros(struct sink *s, size_t n, struct err *err) {
    static const uint8_t zeros[2 * USTAR_BLOCK];
    return put_raw(s, (struct bytes){zeros, n}, err);
}

int sink_member(struct sink *sink, const char *name, uint64_t size, struct err *err) {
    uint8_t header[USTAR_BLOCK];
    assert(sink->left == 0);
    int rc = ustar_header(header, bytes_of(name), size, err);
    if (rc == 0) {
        sink->left = size;
        sink->padding = ustar_padding(size);
        rc = put_raw(sink, (struct bytes){header, sizeof(header)}, err);
    }
    return rc;
}

int sink_put(struct sink *sink, struct bytes bytes, struct err *err) {
    assert(bytes.n <= sink->left);
    int rc = put_raw(sink, bytes, err);
    sink->left -= bytes.n;
    return rc != 0 || sink->left > 0 ? rc : put_zeros(sink, sink->padding, err);
}

int sink_whole(struct sink *sink, const char *name, struct bytes content, struct err *err) {
    int rc = sink_member(sink, name, content.n, err);
    return rc != 0 ? rc : sink_put(sink, content, err);
}

int sink_end(struct sink *sink, uint8_t ret_digest[SINK_DIGEST], uint64_t *ret_bytes, struct err *err) {
    assert(sink->left == 0);
    int rc = put_zeros(sink, (size_t)2 * USTAR_BLOCK, err);
    rc = rc != 0 ? rc : flush(sink, err);
    rc = rc != 0 || sink->zst == NULL ? rc : zst_writer_end(sink->zst, err);
    if (rc == 0 && sink->zst != NULL && sink->plain > BUNDLE_UNPACKED_FREE &&
        sink->plain / BUNDLE_RATIO_MAX > sink->written) {
        rc = err_set(err, ERR_LIMIT,
                     "the bundle is less than a %dth of its content, which verifiers take for a bomb; write it plain",
                     BUNDLE_RATIO_MAX);
    }
    if (rc == 0) {
        hash_end(sink->hash, ret_digest);
        *ret_bytes = sink->written;
    }
    return rc;
}
