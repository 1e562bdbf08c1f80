/* The keyed hash covers the digest, not the text, so that a text is hashed only once. */
#include "ingest/input/keyed_hash.h"

#include "base/crypt.h"
#include "base/text.h"

void keyed_hash_hex(char ret[KEYED_HASH_HEX], const uint8_t *secret, const uint8_t digest[HASH_LEN]) {
    uint8_t hidden[32];
    if (secret == NULL) {
        text_hex(ret, digest, KEYED_HASH_HEX / 2);
        return;
    }
    crypt_keyed_hash(hidden, (struct bytes){digest, HASH_LEN}, secret);
    text_hex(ret, hidden, KEYED_HASH_HEX / 2);
}

void keyed_hash_parts(char ret[KEYED_HASH_HEX], const uint8_t *secret, const struct bytes *parts, size_t n) {
    uint8_t digest[HASH_LEN];
    hash_parts(digest, parts, n);
    keyed_hash_hex(ret, secret, digest);
}
