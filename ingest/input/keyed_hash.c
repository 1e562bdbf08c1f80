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

void keyed_hash_each(char ret[KEYED_HASH_HEX], const uint8_t *secret, const struct bytes *parts, size_t n) {
    uint8_t each[KEYED_HASH_PARTS * HASH_LEN];
    for (size_t i = 0; i < n; i++) {
        hash_parts(each + i * HASH_LEN, &parts[i], 1);
    }
    const struct bytes whole = {each, n * HASH_LEN};
    keyed_hash_parts(ret, secret, &whole, 1);
}
