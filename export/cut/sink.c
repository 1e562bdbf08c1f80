/* tar --> zstd --> digest, buffer --> descriptor. */
#include "export/cut/sink.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/archive/ustar.h"
#include "base/archive/zst.h"
#include "base/file.h"
#include "base/hash.h"
#include "export/cut/bundle.h"

/* Most of a bundle is hashes and base64: level 1 makes it a seventh smaller and takes half as much time again. */
#define LEVEL      (-1)
#define BUFFER_MAX ((size_t)1 << 16)

struct sink {
    int fd;
    bool plain, aside;
    struct zst_writer *zst; /* NULL: plain, or nothing written yet */
    struct hash *hash;
    uint64_t written, unpacked;
    uint64_t left; /* of the current member */
    struct buf *sums;
    struct hash *member; /* of its content, while sums are collected */
    bool open;           /* it has no line yet */
    char name[BUNDLE_NAME_MAX];
    size_t padding;
    size_t n;
    uint8_t buffer[BUFFER_MAX]; /* before zstd, because pieces are small */
};

static int write_out(void *ctx, struct bytes bytes, struct err *err) {
    struct sink *s = ctx;
    if (!s->aside) {
        hash_put(s->hash, bytes.p, bytes.n);
    }
    s->written += bytes.n;
    if (file_put_all(s->fd, bytes.p, bytes.n) != 0) {
        return err_errno(err, errno, s->aside ? "writing a part of the bundle to a temporary file" : "writing the bundle");
    }
    return 0;
}

int sink_new(int fd, bool plain, struct sink **ret, struct err *err) {
    struct sink *s = calloc(1, sizeof(*s));
    if (s == NULL || (s->hash = hash_new()) == NULL || (s->member = hash_new()) == NULL) {
        hash_free(s == NULL ? NULL : s->hash);
        free(s);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    s->fd = fd;
    s->plain = plain;
    *ret = s;
    return 0;
}

int sink_new_aside(const char *beside, bool plain, struct sink **ret, struct err *err) {
    int fd = -1, rc = file_unnamed(beside, &fd, err);
    if (rc == 0) rc = sink_new(fd, plain, ret, err);
    if (rc == 0) {
        (*ret)->aside = true;
    } else if (fd >= 0) {
        close(fd);
    }
    return rc;
}

void sink_free(struct sink *sink) {
    if (sink != NULL) {
        if (sink->aside) {
            close(sink->fd);
        }
        zst_writer_free(sink->zst);
        hash_free(sink->hash);
        hash_free(sink->member);
        free(sink);
    }
}

/* `more`: more data follows. What fits in the first buffer is compressed without a thread. */
static int pass_on(struct sink *s, struct bytes bytes, bool more, struct err *err) {
    int rc = 0;
    s->unpacked += bytes.n;
    if (!s->plain && s->zst == NULL) rc = zst_writer_new(LEVEL, more, write_out, s, &s->zst, err);
    if (rc == 0 && bytes.n != 0) rc = s->plain ? write_out(s, bytes, err) : zst_write(s->zst, bytes, err);
    return rc;
}

static int flush(struct sink *s, bool more, struct err *err) {
    struct bytes bytes = {s->buffer, s->n};
    s->n = 0;
    return pass_on(s, bytes, more, err);
}

static int put_raw(struct sink *s, struct bytes bytes, struct err *err) {
    int rc = 0;
    if (bytes.n >= BUFFER_MAX) {
        rc = flush(s, true, err);
        if (rc == 0) rc = pass_on(s, bytes, true, err);
        return rc;
    }
    while (bytes.n > 0 && rc == 0) {
        size_t n = BUFFER_MAX - s->n < bytes.n ? BUFFER_MAX - s->n : bytes.n;
        memcpy(s->buffer + s->n, bytes.p, n);
        s->n += n;
        bytes.p += n;
        bytes.n -= n;
        rc = s->n == BUFFER_MAX ? flush(s, true, err) : 0;
    }
    return rc;
}

static int put_zeros(struct sink *s, size_t n, struct err *err) {
    static const uint8_t zeros[2 * USTAR_BLOCK];
    return put_raw(s, (struct bytes){zeros, n}, err);
}

void sink_sums(struct sink *sink, struct buf *sums) {
    sink->sums = sums;
}

/* The member is complete. */
static void put_sum(struct sink *s) {
    uint8_t digest[SINK_DIGEST];
    if (s->sums != NULL && s->open) {
        hash_end(s->member, digest);
        bundle_sum(s->sums, s->name, digest);
    }
    s->open = false;
}

int sink_member(struct sink *sink, const char *name, uint64_t size, struct err *err) {
    uint8_t header[USTAR_BLOCK];
    assert(sink->left == 0);
    int rc = ustar_header(header, bytes_of(name), size, err);
    if (rc == 0) {
        sink->left = size;
        sink->padding = ustar_padding(size);
        sink->open = true;
        snprintf(sink->name, sizeof(sink->name), "%s", name);
        rc = put_raw(sink, (struct bytes){header, sizeof(header)}, err);
    }
    if (rc == 0 && size == 0) {
        put_sum(sink);
    }
    return rc;
}

int sink_put(struct sink *sink, struct bytes bytes, struct err *err) {
    assert(bytes.n <= sink->left);
    int rc = put_raw(sink, bytes, err);
    sink->left -= bytes.n;
    if (sink->sums != NULL) {
        hash_put(sink->member, bytes.p, bytes.n);
    }
    if (sink->left == 0) {
        put_sum(sink);
    }
    if (rc == 0 && sink->left <= 0) rc = put_zeros(sink, sink->padding, err);
    return rc;
}

int sink_whole(struct sink *sink, const char *name, struct bytes content, struct err *err) {
    int rc = sink_member(sink, name, content.n, err);
    if (rc == 0) rc = sink_put(sink, content, err);
    return rc;
}

static int put_piece(void *ctx, struct bytes piece, struct err *err) {
    return sink_put(ctx, piece, err);
}

int sink_whole_file(struct sink *sink, const char *name, int fd, uint64_t size, struct err *err) {
    int rc = sink_member(sink, name, size, err);
    if (rc == 0) rc = file_read_back(fd, size, put_piece, sink, err);
    return rc;
}

static int end_frame(struct sink *s, struct err *err) {
    int rc = flush(s, false, err);
    if (rc == 0 && !s->plain) rc = zst_writer_end(s->zst, err);
    return rc;
}

static int end_tar(struct sink *s, struct err *err) {
    assert(s->left == 0);
    int rc = put_zeros(s, (size_t)2 * USTAR_BLOCK, err);
    if (rc == 0) rc = end_frame(s, err);
    return rc;
}

static int finish(struct sink *s, uint8_t ret_digest[SINK_DIGEST], uint64_t *ret_bytes, struct err *err) {
    if (!s->plain && s->unpacked > BUNDLE_UNPACKED_FREE && s->unpacked / BUNDLE_RATIO_MAX > s->written) {
        return err_set(
            err, ERR_LIMIT,
            "the bundle is less than a %dth of its content, which verifiers refuse as a decompression bomb; write it plain",
            BUNDLE_RATIO_MAX);
    }
    hash_end(s->hash, ret_digest);
    *ret_bytes = s->written;
    return 0;
}

int sink_end(struct sink *sink, uint8_t ret_digest[SINK_DIGEST], uint64_t *ret_bytes, struct err *err) {
    int rc = end_tar(sink, err);
    if (rc == 0) rc = finish(sink, ret_digest, ret_bytes, err);
    return rc;
}

int sink_end_with(struct sink *sink, struct sink *aside, uint8_t ret_digest[SINK_DIGEST], uint64_t *ret_bytes,
                  struct err *err) {
    assert(sink->left == 0 && aside->aside);
    int rc = end_frame(sink, err);
    if (rc == 0) rc = end_tar(aside, err);
    if (rc == 0) rc = file_read_back(aside->fd, aside->written, write_out, sink, err);
    sink->unpacked += aside->unpacked;
    if (rc == 0) rc = finish(sink, ret_digest, ret_bytes, err);
    return rc;
}
