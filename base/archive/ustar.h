/* Tar in one form only: ustar (POSIX.1-1988) headers of regular files with mode 0644, owner and group 0 without names,
 * time 0. A header is therefore a function of name and size, and reading is strict: it makes the header again and
 * compares. An archive is, for each file, its header, its content and zeros up to the next block; then two blocks of
 * zeros. */
#ifndef BASE_ARCHIVE_USTAR_H
#define BASE_ARCHIVE_USTAR_H

#include "base/bytes.h"

#define USTAR_BLOCK    512
#define USTAR_NAME_MAX 99
#define USTAR_SIZE_MAX ((UINT64_C(1) << 33) - 1) /* 11 octal digits */

/* ERR_INVALID: a name that is empty, too long, absolute, or has parts "." or "..", empty parts, or bytes that are not
 * printable ASCII; ERR_LIMIT: too large. */
int ustar_header(uint8_t ret[USTAR_BLOCK], struct bytes name, uint64_t size, struct err *err);
/* 0: a file; 1: a block of zeros; ERR_CORRUPT, with what is wrong: any header that ustar_header would not make. */
int ustar_parse(const uint8_t block[USTAR_BLOCK], char ret_name[USTAR_NAME_MAX + 1], uint64_t *ret_size, struct err *err);
/* The number of padding zeros after content of this size. */
size_t ustar_padding(uint64_t size);

#endif
