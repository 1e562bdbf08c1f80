/* SHA-256 (FIPS 180-4) by libcrypto: the one door to it. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/bytes.h"

#define HASH_LEN 32

/* ret = SHA-256 of the concatenated parts. */
void hash_parts(uint8_t ret[HASH_LEN], const struct bytes *parts, size_t n);
/* ret = SHA-256(tag || a). */
void hash_tagged(uint8_t ret[HASH_LEN], uint8_t tag, struct bytes a);
/* ret = SHA-256(tag || a || b). */
void hash_tagged2(uint8_t ret[HASH_LEN], uint8_t tag, struct bytes a, struct bytes b);

/* Incremental, for input that does not fit in memory. new: NULL when out of memory; free: NULL-safe. */
struct hash;
struct hash *hash_new(void);
void hash_put(struct hash *h, const void *p, size_t n);
/* Writes the digest and resets the state. */
void hash_end(struct hash *h, uint8_t ret[HASH_LEN]);
void hash_free(struct hash *h);

#endif
