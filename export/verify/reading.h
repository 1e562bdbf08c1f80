/* Reading a bundle's file: bytes, plain or unpacked, then members of a strict tar, one after another. Memory is some
 * buffers, and zstd's window. ERR_CORRUPT says what is wrong with the file; other codes are the system's. */
#ifndef EXPORT_VERIFY_READING_H
#define EXPORT_VERIFY_READING_H

#include "base/bytes.h"

#define READING_DIGEST 32

struct reading;
struct reading_options {
    const volatile int *stop;                                   /* not 0: ERR_BUSY. May be NULL */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* bytes of the file; may be NULL */
    void *progress_ctx;
};
/* Borrows options until reading_free. */
int reading_new(int fd, const struct reading_options *options, struct reading **ret, struct err *err);
/* The same for a file of lines that are no archive: all of it is one content, whose size is not known. */
int reading_new_lines(int fd, const struct reading_options *options, struct reading **ret, struct err *err);
/* Of lines: *ret: nothing is left. */
int reading_ended(struct reading *reading, bool *ret, struct err *err);
void reading_free(struct reading *reading); /* NULL is fine */

/* Advances to the next member; the current one must have been read to its end. 0; 1: the archive is complete and nothing
 * follows it. */
int reading_next(struct reading *reading, struct err *err);
const char *reading_name(const struct reading *reading); /* "" before the first and after the last */
uint64_t reading_size(const struct reading *reading);
uint64_t reading_left(const struct reading *reading); /* of its content */
/* The rule of docs/bundle.md that the container itself breaks; NULL: none so far. */
const char *reading_rule(const struct reading *reading);
uint64_t reading_members(const struct reading *reading);
bool reading_is_compressed(const struct reading *reading);

/* The next n bytes of the content (n at most READING_PEEK_MAX), fewer only at its end. Borrowed until the next call. */
#define READING_PEEK_MAX ((size_t)65536)
int reading_peek(struct reading *reading, size_t n, struct bytes *ret, struct err *err);
/* Consumes n bytes of those that were peeked. */
void reading_skip(struct reading *reading, size_t n);
/* Appends the rest of the content; more than `max` bytes: ERR_CORRUPT. */
int reading_rest(struct reading *reading, struct buf *out, size_t max, struct err *err);
/* The digest of the whole content, which was read to its end; call it before reading_next. */
void reading_digest(const struct reading *reading, uint8_t ret[READING_DIGEST]);

#endif
