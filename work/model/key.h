/* The file with the secret. */
#ifndef WORK_MODEL_KEY_H
#define WORK_MODEL_KEY_H

#include "base/bytes.h"

#define MODEL_KEY_MIN 8
#define MODEL_KEY_MAX 4096

/* Reads it into memory of crypt_secret_new; the caller frees that. Regular, not a link, owned by this process's user, mode
 * 0600 or 0400; one line of MODEL_KEY_MIN to MODEL_KEY_MAX visible ASCII characters. ERR_NOTFOUND, ERR_INVALID, ERR_IO,
 * ERR_NOMEM. No message holds a part of the content. */
int model_key_read(const char *path, uint8_t **ret, size_t *ret_n, struct err *err);

#endif
