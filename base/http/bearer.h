/* The file with the secret of "Authorization: Bearer". */
#ifndef BASE_HTTP_BEARER_H
#define BASE_HTTP_BEARER_H

#include "base/bytes.h"

#define BEARER_MIN 8
#define BEARER_MAX 4096

/* Reads it into memory of crypt_secret_new; the caller frees that. Regular, not a link, owned by this process's user, mode
 * 0600 or 0400; one line of BEARER_MIN to BEARER_MAX visible ASCII characters. ERR_NOTFOUND, ERR_INVALID, ERR_IO,
 * ERR_NOMEM. No message holds a part of the content. */
int bearer_read(const char *path, uint8_t **ret, size_t *ret_n, struct err *err);

#endif
