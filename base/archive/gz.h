/* Plain or gzip-compressed input as one stream: the one door to zlib.
 *
 * Logs rotate: today's file is plain, last week's is gzip. gz_open reads either. The first two bytes decide (1f 8b is
 * gzip, RFC 1952); consecutive gzip members are one content, and zero bytes after the last member are padding, as for
 * gzip itself. */
#ifndef BASE_ARCHIVE_GZ_H
#define BASE_ARCHIVE_GZ_H

#include <signal.h>

#include "base/bytes.h"

enum gz_form {
    GZ_DETECT, /* by the first two bytes */
    GZ_PLAIN,  /* unchanged, whatever they are: for a file that is still being written */
    GZ_REGULAR /* as GZ_DETECT, but only a regular file, so that a pipe cannot block the call */
};

struct gz; /* one open stream; one thread at a time */

/* Opens a file; "-" is standard input, which close leaves open. `max` bounds the output in bytes. ERR_NOTFOUND when it
 * does not exist, ERR_INVALID for a directory and, with GZ_REGULAR, for anything but a regular file. */
int gz_open(const char *path, enum gz_form form, uint64_t max, struct gz **ret, struct err *err);
/* Writes up to n bytes to p. Makes at most one read(2), so *ret_n may be 0 before the end (after a signal, or when more
 * input is needed): gz_at_end tells them apart. ERR_CORRUPT: damaged gzip data, with the compressed offset; cut short;
 * followed by garbage. ERR_LIMIT: more than `max` bytes. Plain streams may be read again after their end: a file that
 * has grown since gives its new bytes. */
int gz_read(struct gz *gz, void *p, size_t n, size_t *ret_n, struct err *err);
/* Before the first gz_read: the first bytes that it will return, as many as one read gives, at most 64 KiB; none only at
 * the end of the input. Waits as gz_read does, until there are some or *stop is not 0 (`stop` may be NULL). Borrowed
 * until gz_read. Errors are gz_read's. */
int gz_peek(struct gz *gz, const volatile sig_atomic_t *stop, struct bytes *ret, struct err *err);
/* Whether the last gz_read reached the end of the input. */
bool gz_at_end(const struct gz *gz);
/* Input bytes consumed so far (compressed ones for gzip), for progress against the file's size. */
uint64_t gz_taken(const struct gz *gz);
/* The descriptor, for fstat and poll; owned by the stream. */
int gz_fd(const struct gz *gz);
/* True when gz_read can give bytes without reading more input. */
bool gz_buffered(const struct gz *gz);
void gz_close(struct gz *gz); /* NULL is fine */

/* The same for compressed bytes that arrive in pieces: members, which are one content, and no decompression bomb. */
struct gz_push;
int gz_push_new(struct gz_push **ret, struct err *err);
/* Appends what the next n bytes decode to. ERR_LIMIT: it does not fit in out->max, or the output so far exceeds 1 MiB
 * and 200 times its input. ERR_CORRUPT: damaged, or something that is no member follows. After a failure only
 * gz_push_free may be called. */
int gz_push(struct gz_push *push, const void *p, size_t n, struct buf *out, struct err *err);
/* 0 when the last member is complete, otherwise ERR_CORRUPT. */
int gz_push_end(const struct gz_push *push, struct err *err);
void gz_push_free(struct gz_push *push); /* NULL is fine */

#endif
