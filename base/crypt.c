/* Ed25519, randomness, passphrase encryption and secret memory by libsodium.
 *
 * The header spells sizes as numbers so that no other file needs libsodium's header; the assertions below compare them
 * with libsodium's own. */
#include "base/crypt.h"

#include <sodium.h>

#define KDF_PASSES_MAX 10
#define KDF_KIB_MIN    8
#define KDF_KIB_MAX    (1U << 20)

_Static_assert(CRYPT_SEED_LEN == crypto_sign_SEEDBYTES, "seed");
_Static_assert(CRYPT_PUBLIC_LEN == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(CRYPT_SECRET_LEN == crypto_sign_SECRETKEYBYTES, "secret key");
_Static_assert(CRYPT_SIGNATURE_LEN == crypto_sign_BYTES, "signature");
_Static_assert(CRYPT_KDF_SALT_LEN == crypto_pwhash_argon2id_SALTBYTES, "salt");
_Static_assert(CRYPT_NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(CRYPT_TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == 32, "key");

int crypt_init(struct err *err) {
    if (sodium_init() < 0) {
        return err_set(err, ERR_IO, "libsodium cannot start: no source of randomness");
    }
    return 0;
}

void crypt_random(void *p, size_t n) {
    randombytes_buf(p, n);
}

void crypt_wipe(void *p, size_t n) {
    if (n > 0) {
        sodium_memzero(p, n);
    }
}

bool crypt_same(const void *a, const void *b, size_t n) {
    return n == 0 || sodium_memcmp(a, b, n) == 0;
}

void crypt_keyed_hash(uint8_t ret[32], struct bytes message, const uint8_t key[32]) {
    crypto_generichash(ret, 32, message.p, message.n, key, 32);
}

void *crypt_secret_new(size_t n) {
    return sodium_malloc(n);
}

void crypt_secret_free(void *p) {
    sodium_free(p);
}

void crypt_keypair(const uint8_t seed[CRYPT_SEED_LEN], uint8_t ret_public[CRYPT_PUBLIC_LEN],
                   uint8_t ret_secret[CRYPT_SECRET_LEN]) {
    crypto_sign_seed_keypair(ret_public, ret_secret, seed);
}

void crypt_sign(uint8_t ret[CRYPT_SIGNATURE_LEN], struct bytes message, const uint8_t secret[CRYPT_SECRET_LEN]) {
    crypto_sign_detached(ret, NULL, message.p, message.n, secret);
}

bool crypt_verify(const uint8_t signature[CRYPT_SIGNATURE_LEN], struct bytes message,
                  const uint8_t public_key[CRYPT_PUBLIC_LEN]) {
    return crypto_sign_verify_detached(signature, message.p, message.n, public_key) == 0;
}

int crypt_kdf(uint8_t ret_key[32], struct bytes passphrase, const uint8_t salt[CRYPT_KDF_SALT_LEN], uint32_t passes,
              uint32_t kib, struct err *err) {
    if (passes < 1 || passes > KDF_PASSES_MAX) {
        return err_set(err, ERR_LIMIT, "key derivation: %u passes; expected 1 to %d", (unsigned)passes, KDF_PASSES_MAX);
    }
    if (kib < KDF_KIB_MIN || kib > KDF_KIB_MAX) {
        return err_set(err, ERR_LIMIT, "key derivation: %u KiB of memory; expected %d to %u", (unsigned)kib, KDF_KIB_MIN,
                       KDF_KIB_MAX);
    }
    if ((uint64_t)passphrase.n > crypto_pwhash_argon2id_PASSWD_MAX) {
        return err_set(err, ERR_LIMIT, "key derivation: the passphrase is too long");
    }
    const char *text = passphrase.n == 0 ? "" : (const char *)passphrase.p;
    uint8_t key[32];
    if (crypto_pwhash_argon2id(key, sizeof(key), text, passphrase.n, salt, passes, (size_t)kib * 1024,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
        return err_set(err, ERR_NOMEM, "key derivation: no %u KiB of memory", (unsigned)kib);
    }
    for (size_t i = 0; i < sizeof(key); i++) {
        ret_key[i] = key[i];
    }
    sodium_memzero(key, sizeof(key));
    return 0;
}

int crypt_seal(struct buf *out, struct bytes plain, struct bytes aad, const uint8_t nonce[CRYPT_NONCE_LEN],
               const uint8_t key[32]) {
    if (plain.n > SIZE_MAX - CRYPT_TAG_LEN) return ERR_LIMIT;
    size_t n = plain.n + CRYPT_TAG_LEN;
    uint8_t *dst = buf_room(out, n);
    if (dst == NULL) return out->fail;
    crypto_aead_xchacha20poly1305_ietf_encrypt(dst, NULL, plain.p, plain.n, aad.p, aad.n, NULL, nonce, key);
    out->n += n;
    return 0;
}

int crypt_open(uint8_t *ret, struct bytes sealed, struct bytes aad, const uint8_t nonce[CRYPT_NONCE_LEN],
               const uint8_t key[32]) {
    if (sealed.n < CRYPT_TAG_LEN) return ERR_TAMPERED;
    size_t n = sealed.n - CRYPT_TAG_LEN;
    const uint8_t *tag = sealed.p + n;
    /* With a destination libsodium would zero ret when the check fails; so the tag is checked without one first. */
    if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(NULL, NULL, sealed.p, n, tag, aad.p, aad.n, nonce, key) != 0) {
        return ERR_TAMPERED;
    }
    if (n > 0 &&
        crypto_aead_xchacha20poly1305_ietf_decrypt_detached(ret, NULL, sealed.p, n, tag, aad.p, aad.n, nonce, key) != 0) {
        return ERR_TAMPERED;
    }
    return 0;
}
