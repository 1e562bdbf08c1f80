/* SHA-256 by libcrypto's EVP interface.
 *
 * Looking a digest up by name and making a context each cost more than hashing a short header. So the digest is fetched
 * once per process, and each thread keeps one context that a pthread key's destructor frees. Whatever libcrypto refuses
 * here is our own mistake or a machine without memory at a thread's first hash, and no caller could go on without its
 * digest: that is why the functions have no error to return and assert instead. */
#include "base/hash.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

struct hash {
    EVP_MD_CTX *ctx;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t context_key;
static EVP_MD *sha256; /* written once, under `once`; lives as long as the process */

static void context_free(void *ctx) {
    EVP_MD_CTX_free(ctx);
}

static void start(void) {
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    assert(sha256 != NULL);
    int rc = pthread_key_create(&context_key, context_free);
    assert(rc == 0);
    (void)rc;
}

static EVP_MD_CTX *context(void) {
    pthread_once(&once, start);
    EVP_MD_CTX *ctx = pthread_getspecific(context_key);
    if (ctx == NULL) {
        ctx = EVP_MD_CTX_new();
        assert(ctx != NULL);
        pthread_setspecific(context_key, ctx);
    }
    return ctx;
}

static void begin(EVP_MD_CTX *ctx) {
    int ok = EVP_DigestInit_ex2(ctx, sha256, NULL);
    assert(ok == 1);
    (void)ok;
}

static void update(EVP_MD_CTX *ctx, const void *p, size_t n) {
    int ok = n == 0 ? 1 : EVP_DigestUpdate(ctx, p, n);
    assert(ok == 1);
    (void)ok;
}

static void finish(EVP_MD_CTX *ctx, uint8_t ret[HASH_LEN]) {
    unsigned n = 0;
    int ok = EVP_DigestFinal_ex(ctx, ret, &n);
    assert(ok == 1 && n == HASH_LEN);
    (void)ok;
}

void hash_parts(uint8_t ret[HASH_LEN], const struct bytes *parts, size_t n) {
    EVP_MD_CTX *ctx = context();
    begin(ctx);
    for (size_t i = 0; i < n; i++) {
        update(ctx, parts[i].p, parts[i].n);
    }
    finish(ctx, ret);
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
    pthread_once(&once, start);
    struct hash *h = malloc(sizeof(*h));
    if (h == NULL) {
        return NULL;
    }
    h->ctx = EVP_MD_CTX_new();
    if (h->ctx == NULL || EVP_DigestInit_ex2(h->ctx, sha256, NULL) != 1) {
        hash_free(h);
        return NULL;
    }
    return h;
}

void hash_put(struct hash *h, const void *p, size_t n) {
    update(h->ctx, p, n);
}

void hash_end(struct hash *h, uint8_t ret[HASH_LEN]) {
    finish(h->ctx, ret);
    begin(h->ctx);
}

void hash_free(struct hash *h) {
    if (h != NULL) {
        EVP_MD_CTX_free(h->ctx);
        free(h);
    }
}
