/* Ed25519, randomness, passphrase encryption and secret memory by libsodium: the one door to it.
 * Signatures are PureEdDSA (RFC 8032) over the whole message. */
#ifndef BASE_CRYPT_H
#define BASE_CRYPT_H

#include "base/bytes.h"

#define CRYPT_SEED_LEN      32
#define CRYPT_PUBLIC_LEN    32
#define CRYPT_SECRET_LEN    64 /* libsodium's seed || public key */
#define CRYPT_SIGNATURE_LEN 64
#define CRYPT_KDF_SALT_LEN  16
#define CRYPT_NONCE_LEN     24
#define CRYPT_TAG_LEN       16

/* Call once per process before anything else here. Calling again is safe, from any thread. */
int crypt_init(struct err *err);
void crypt_random(void *p, size_t n);
void crypt_wipe(void *p, size_t n);
/* Compares in constant time. */
bool crypt_same(const void *a, const void *b, size_t n);
/* Keyed BLAKE2b-256 (RFC 7693): without the key the result is indistinguishable from random bytes. */
void crypt_keyed_hash(uint8_t ret[32], struct bytes message, const uint8_t key[32]);

/* Memory that is locked, guarded, excluded from core dumps and wiped when freed. NULL when out of memory; freeing NULL
 * is fine. */
void *crypt_secret_new(size_t n);
void crypt_secret_free(void *p);

void crypt_keypair(const uint8_t seed[CRYPT_SEED_LEN], uint8_t ret_public[CRYPT_PUBLIC_LEN],
                   uint8_t ret_secret[CRYPT_SECRET_LEN]);
void crypt_sign(uint8_t ret[CRYPT_SIGNATURE_LEN], struct bytes message, const uint8_t secret[CRYPT_SECRET_LEN]);
bool crypt_verify(const uint8_t signature[CRYPT_SIGNATURE_LEN], struct bytes message,
                  const uint8_t public_key[CRYPT_PUBLIC_LEN]);

/* Argon2id (RFC 9106, one lane): `passes` 1 to 10, `kib` 8 to 1048576; ERR_LIMIT outside these ranges, ERR_NOMEM. */
int crypt_kdf(uint8_t ret_key[32], struct bytes passphrase, const uint8_t salt[CRYPT_KDF_SALT_LEN], uint32_t passes,
              uint32_t kib, struct err *err);
/* XChaCha20-Poly1305-IETF. Appends ciphertext and tag (n + CRYPT_TAG_LEN bytes). */
int crypt_seal(struct buf *out, struct bytes plain, struct bytes aad, const uint8_t nonce[CRYPT_NONCE_LEN],
               const uint8_t key[32]);
/* Writes sealed.n - CRYPT_TAG_LEN bytes to ret. ERR_TAMPERED when the key is wrong or a bit was changed. */
int crypt_open(uint8_t *ret, struct bytes sealed, struct bytes aad, const uint8_t nonce[CRYPT_NONCE_LEN],
               const uint8_t key[32]);

#endif
