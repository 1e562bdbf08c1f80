/* The bytes of a bundle's file, plain or from zstd frames. A large file is read and unpacked ahead by a thread. */
#ifndef EXPORT_VERIFY_UNPACK_H
#define EXPORT_VERIFY_UNPACK_H

#include "base/bytes.h"

struct unpack;
/* Begins to read at the descriptor's offset, and detects the format. */
int unpack_new(int fd, struct unpack **ret, struct err *err);
void unpack_free(struct unpack *unpack); /* NULL is fine */
/* Up to n bytes, at least one before the end; *ret_n 0: the end. ERR_CORRUPT: see zst_read; ERR_IO, ERR_NOMEM. */
int unpack_read(struct unpack *unpack, void *p, size_t n, size_t *ret_n, struct err *err);
/* The digest of the member with this number, from 0, of the tar in these bytes. All its content must have been returned,
 * and at most UNPACK_BEHIND_MAX bytes since then. */
#define UNPACK_DIGEST     32
#define UNPACK_BEHIND_MAX ((size_t)1 << 20)
void unpack_digest(const struct unpack *unpack, uint64_t member, uint8_t ret[UNPACK_DIGEST]);
bool unpack_is_compressed(const struct unpack *unpack);
uint64_t unpack_taken(const struct unpack *unpack); /* bytes of the file up to the source of the last ones */
uint64_t unpack_total(const struct unpack *unpack); /* of the file; 0 when it is not a regular file */

#endif
