/* The bytes of a bundle's file, plain or out of zstd frames. Those of a large file are read and unpacked by a thread ahead
 * of who asks for them. */
#ifndef EXPORT_VERIFY_UNPACK_H
#define EXPORT_VERIFY_UNPACK_H

#include "base/bytes.h"

struct unpack;
/* Begins to read at the descriptor's offset, and looks what it is. */
int unpack_new(int fd, struct unpack **ret, struct err *err);
void unpack_free(struct unpack *unpack); /* NULL is fine */
/* Up to n bytes, at least one before the end; *ret_n 0: the end. ERR_CORRUPT: see zst_read; ERR_IO, ERR_NOMEM. */
int unpack_read(struct unpack *unpack, void *p, size_t n, size_t *ret_n, struct err *err);
/* Of the member with this number, from 0, of the tar that these bytes are. All its content was given out, and since then
 * not more than UNPACK_BEHIND_MAX bytes. */
#define UNPACK_DIGEST     32
#define UNPACK_BEHIND_MAX ((size_t)1 << 20)
void unpack_digest(const struct unpack *unpack, uint64_t member, uint8_t ret[UNPACK_DIGEST]);
bool unpack_is_compressed(const struct unpack *unpack);
uint64_t unpack_taken(const struct unpack *unpack); /* bytes of the file from which the last ones came, and all before */
uint64_t unpack_total(const struct unpack *unpack); /* of the file; 0 when it is not a regular one */

#endif
