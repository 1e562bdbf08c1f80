/* zstd: the one door to it. One frame per record, content size and checksum in the frame; and one frame as a stream, for
 * files of any size. */
#ifndef BASE_ARCHIVE_ZST_H
#define BASE_ARCHIVE_ZST_H

#include "base/bytes.h"

/* Appends one frame at `level`. */
int zst_compress(struct buf *out, struct bytes plain, int level, struct err *err);
/* Appends the content of exactly one frame that fills `frame`; the content size must be declared and at most `max`.
 * ERR_CORRUPT otherwise. */
int zst_decompress(struct buf *out, struct bytes frame, size_t max, struct err *err);
/* The content size that a frame declares, unchecked; 0 when it declares none. */
uint64_t zst_declared(struct bytes frame);
/* For locating damage: as much content as can be recovered, ignoring the checksum. Fails only with ERR_NOMEM. */
int zst_salvage(struct buf *out, struct bytes frame, size_t max);

/* ---- streams ----
 *
 * Frames with content checksums and windows of at most 8 MiB; a writer makes one, a reader takes several */

/* Reads or writes bytes; a negative result ends the call and is returned. */
typedef int zst_write_fn(void *ctx, struct bytes bytes, struct err *err);
typedef int zst_read_fn(void *ctx, void *p, size_t n, size_t *ret_n, struct err *err); /* *ret_n 0: the end */

struct zst_writer;
/* `aside`: compresses on a separate thread, where the library can. */
int zst_writer_new(int level, bool aside, zst_write_fn *write, void *ctx, struct zst_writer **ret, struct err *err);
int zst_write(struct zst_writer *writer, struct bytes plain, struct err *err);
int zst_writer_end(struct zst_writer *writer, struct err *err); /* the frame is complete */
void zst_writer_free(struct zst_writer *writer);                /* NULL is fine */

struct zst_reader;
int zst_reader_new(zst_read_fn *read, void *ctx, struct zst_reader **ret, struct err *err);
/* Up to n bytes, at least one before the end; *ret_n 0: the last frame is complete and nothing follows it. ERR_CORRUPT:
 * a frame is damaged, cut short, needs a larger window, or is not a frame (skippable ones are refused too). Memory is
 * bounded by the window. */
int zst_read(struct zst_reader *reader, void *p, size_t n, size_t *ret_n, struct err *err);
uint64_t zst_reader_taken(const struct zst_reader *reader); /* compressed bytes taken so far */
void zst_reader_free(struct zst_reader *reader);            /* NULL is fine */

/* For compressed bytes that arrive in pieces from strangers: frames, which are one content, each with or without a checksum
 * and of a window of at most 8 MiB, and no decompression bomb. As gz_push. */
struct zst_push;
int zst_push_new(struct zst_push **ret, struct err *err);
/* Appends what the next n bytes decode to. ERR_LIMIT: it does not fit in out->max, or the output so far exceeds 1 MiB
 * and 200 times its input. ERR_CORRUPT: damaged, or something that is no frame of content follows. After a failure only
 * zst_push_free may be called. */
int zst_push(struct zst_push *push, const void *p, size_t n, struct buf *out, struct err *err);
/* 0 when the last frame is complete, otherwise ERR_CORRUPT. */
int zst_push_end(const struct zst_push *push, struct err *err);
void zst_push_free(struct zst_push *push); /* NULL is fine */

#endif
