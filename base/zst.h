/* zstd: the one door to it. One frame per record, content size and checksum in the frame. */
#ifndef BASE_ZST_H
#define BASE_ZST_H

#include "base/bytes.h"

/* Appends one frame at `level`. */
int zst_compress(struct buf *out, struct bytes plain, int level, struct err *err);
/* Appends the content of exactly one frame that fills `frame`; the content size must be declared and at most `max`.
 * ERR_CORRUPT otherwise. */
int zst_decompress(struct buf *out, struct bytes frame, size_t max, struct err *err);
/* The content size that a frame declares, not checked in any way; 0 when it declares none. */
uint64_t zst_declared(struct bytes frame);
/* For pinning damage: as much content as can be had, checksum ignored. Never an error but ERR_NOMEM. */
int zst_salvage(struct buf *out, struct bytes frame, size_t max);

#endif
