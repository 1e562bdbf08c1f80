/* SHA-256 by libcrypto's low-level functions.
 *
 * The general interface (EVP) costs some 50 ns more a digest, as much as hashing a block, and an event takes four short
 * ones. It also reads the configuration and loads providers at its first use, which every start of the program would
 * pay. The functions used here avoid both and still use the processor's instructions. OpenSSL has deprecated them since
 * 3.0 but keeps them; this file is the only one that uses them. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdlib.h>

struct hash {
    SHA256_CTX ctx;
};

/* They fail only when the sum of the lengths exceeds 2^61 bytes. */
static void begin(SHA256_CTX *ctx) {
    int ok = SHA256_Init(ctx);
    assert(ok == 1);
    (void)ok;
}

static void update(SHA256_CTX *ctx, const void *p, size_t n) {
    int ok = n == 0 ? 1 : SHA256_Update(ctx, p, n);
    assert(ok == 1);
    (void)ok;
}

static void finish(SHA256_CTX *ctx, uint8_t ret[HASH_LEN]) {
    int ok = SHA256_Final(ret, ctx);
    assert(ok == 1);
    (void)ok;
}

void hash_parts(uint8_t ret[HASH_LEN], const struct bytes *parts, size_t n) {
    SHA256_CTX ctx;
    begin(&ctx);
    for (size_t i = 0; i < n; i++) {
        update(&ctx, parts[i].p, parts[i].n);
    }
    finish(&ctx, ret);
}

void hash_tagged(uint8_t ret[HASH_LEN], uint8_t tag, struct bytes a) {
    const struct bytes parts[] = {{&tag, 1}, a};
    hash_parts(ret, parts, 2);
}

void hash_tagged2(uint8_t ret[HASH_LEN], uint8_t tag, struct bytes a, struct bytes b) {
    const struct bytes parts[] = {{&tag, 1}, a, b};
    hash_parts(ret, parts, 3);
}

struct hash *hash_new(void) {
    struct hash *h = malloc(sizeof(*h));
    if (h != NULL) {
        begin(&h->ctx);
    }
    return h;
}

void hash_put(struct hash *h, const void *p, size_t n) {
    update(&h->ctx, p, n);
}

void hash_end(struct hash *h, uint8_t ret[HASH_LEN]) {
    finish(&h->ctx, ret);
    begin(&h->ctx);
}

void hash_free(struct hash *h) {
    free(h);
}
