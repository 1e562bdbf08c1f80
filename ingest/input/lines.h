/* Lines of a file, a gzip file, a pipe or a growing file, read in big blocks and without an allocation per line. */
#ifndef INGEST_INPUT_LINES_H
#define INGEST_INPUT_LINES_H

#include <signal.h>

#include "base/archive/gz.h"
#include "base/bytes.h"
#include "base/hash.h"

#define LINES_LINE_MAX ((size_t)4 << 20)

struct lines_line {
    struct bytes text; /* without LF, a CR before it, or the byte order mark of line 1; borrowed until the next call */
    struct bytes raw;  /* the same including these */
    uint64_t number;   /* from 1 */
    uint64_t offset;   /* of its first byte in the content */
    bool too_long;     /* longer than LINES_LINE_MAX: text is its beginning only */
    bool ended;        /* had its LF; false for an incomplete line at the end of the input */
};

/* Counts and digests the bytes of the lines as they are given. */
struct lines_digest {
    struct hash *hash; /* borrowed */
    uint64_t bytes;
};
void lines_digest_put(struct lines_digest *digest, struct bytes content);

struct lines;

/* Takes over `gz` (also on failure). `digest` is borrowed and may be NULL. */
int lines_new(struct gz *gz, struct lines_digest *digest, const volatile sig_atomic_t *stop, struct lines **ret,
              struct err *err);
/* 0 with a line that has its LF; 1 when there is none now: the end of the input, a pipe that is quiet for `wait_ms` (-1:
 * waits), or the stop flag; see lines_at_end and the flag. Errors are gz_read's. */
int lines_next(struct lines *lines, int wait_ms, struct lines_line *ret, struct err *err);
/* What is after the last LF: 0, or 1 when there is nothing. Takes it. */
int lines_rest(struct lines *lines, struct lines_line *ret);
/* True when the last call of lines_next found the end of the input. */
bool lines_at_end(const struct lines *lines);
/* Content bytes returned so far: where the next line begins. */
uint64_t lines_offset(const struct lines *lines);
/* Bytes that were read and not returned yet. */
size_t lines_pending(const struct lines *lines);
/* From the next line on; NULL: none. */
void lines_set_digest(struct lines *lines, struct lines_digest *digest);
struct gz *lines_gz(const struct lines *lines);
void lines_free(struct lines *lines); /* closes the stream; NULL is fine */

#endif
