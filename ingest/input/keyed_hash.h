/* Hashes of content that are in headers: keys, and names that give way to a hash. A header leaves with every proof and
 * bundle, and of what little text there may be, a plain hash is as good as the text: whoever guesses can test his guess. So
 * they are hashed once more, under the ledger's secret (ledger/core/key_secret.h). */
#ifndef INGEST_INPUT_KEYED_HASH_H
#define INGEST_INPUT_KEYED_HASH_H

#include "base/bytes.h"
#include "base/hash.h"

#define KEYED_HASH_SECRET 32
#define KEYED_HASH_HEX    33 /* 128 bits as hex digits, and NUL */

/* `secret` NULL: there is no ledger, and nothing to be hidden. */
void keyed_hash_hex(char ret[KEYED_HASH_HEX], const uint8_t *secret, const uint8_t digest[HASH_LEN]);
/* The same of the SHA-256 over the parts. */
void keyed_hash_parts(char ret[KEYED_HASH_HEX], const uint8_t *secret, const struct bytes *parts, size_t n);

#endif
