/* Hashes of content in headers: keys, and names replaced by a hash. A header leaves with every proof and bundle, and a
 * plain hash of a short text does not hide it: anyone can test a guess. So they are hashed once more, under the ledger's
 * secret (ledger/core/key_secret.h). */
#ifndef INGEST_INPUT_KEYED_HASH_H
#define INGEST_INPUT_KEYED_HASH_H

#include "base/bytes.h"
#include "base/hash.h"

#define KEYED_HASH_SECRET 32
#define KEYED_HASH_HEX    33 /* 128 bits as hex digits, and NUL */

/* `secret` NULL: the digest's own digits, where there is nothing to hide. */
void keyed_hash_hex(char ret[KEYED_HASH_HEX], const uint8_t *secret, const uint8_t digest[HASH_LEN]);
/* The same of the SHA-256 over the parts. */
void keyed_hash_parts(char ret[KEYED_HASH_HEX], const uint8_t *secret, const struct bytes *parts, size_t n);
/* The same, each part being hashed first, so that no two lists of parts give the same. At most KEYED_HASH_PARTS. */
#define KEYED_HASH_PARTS 8
void keyed_hash_each(char ret[KEYED_HASH_HEX], const uint8_t *secret, const struct bytes *parts, size_t n);

#endif
