/* Hashing, compressing and signing alone: the minimum processor time. Inputs are laid out in advance, in the order in which
 * they are used; contexts are created before the clock starts. */
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "bench/base/base.h"
#include "bench/metric.h"

#define GROUP      256
#define ZSTD_LEVEL 1
#define NODE_BYTES 65
#define NOTE_BYTES 120 /* origin, size and root of a checkpoint */

/* The inputs of n events in one buffer; their lengths in another. A tree over n leaves has n - 1 nodes above them. */
struct inputs {
    uint8_t *p;
    size_t *length;
    size_t n;
};

static int inputs_make(struct inputs *in, const struct wire *wire, struct err *err) {
    size_t total = wire->bytes.n + wire->n * (2 + LOG_HASH + NODE_BYTES);
    *in = (struct inputs){.p = malloc(total + 1), .length = malloc((3 * wire->n + 1) * sizeof(size_t))};
    if (in->p == NULL || in->length == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    uint8_t *p = in->p;
    for (size_t i = 0; i < wire->n; i++) {
        const struct wire_event *e = &wire->event[i];
        const uint8_t *bytes = wire->bytes.p + e->at;
        *p = 0x00;
        memcpy(p + 1, bytes, e->header_n);
        p += in->length[in->n++] = 1 + e->header_n;
        *p = 0x02;
        memcpy(p + 1, e->salt, LOG_HASH);
        memcpy(p + 1 + LOG_HASH, bytes + e->header_n, e->payload_n);
        p += in->length[in->n++] = 1 + LOG_HASH + e->payload_n;
        if (i > 0) {
            memset(p, 0x01, NODE_BYTES);
            p += in->length[in->n++] = NODE_BYTES;
        }
    }
    return 0;
}

int base_sha256(const struct wire *wire, double *ret_s, struct err *err) {
    struct inputs in;
    uint8_t digest[LOG_HASH];
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int rc = inputs_make(&in, wire, err);
    if (rc != 0) {
        goto out;
    }
    int ok = md != NULL && ctx != NULL;
    const uint8_t *p = in.p;
    double start = metric_now();
    for (size_t i = 0; i < in.n && ok; i++) {
        ok = EVP_DigestInit_ex2(ctx, md, NULL) && EVP_DigestUpdate(ctx, p, in.length[i]) &&
             EVP_DigestFinal_ex(ctx, digest, NULL);
        p += in.length[i];
    }
    double took = metric_now() - start;
    rc = ok ? 0 : err_set(err, ERR_IO, "libcrypto gives no SHA-256");
    if (rc == 0) {
        *ret_s = took;
    }
out:
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    free(in.p);
    free(in.length);
    return rc;
}

int base_zstd(const struct wire *wire, double *ret_s, size_t *ret_n, struct err *err) {
    size_t n = 0, cap = ZSTD_compressBound(wire->bytes.n + 1), code = 0;
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    uint8_t *out = malloc(cap);
    int rc = ctx != NULL && out != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    double start = metric_now();
    for (size_t i = 0; i < wire->n && rc == 0; i += GROUP) {
        size_t at = wire->event[i].at, end = i + GROUP < wire->n ? wire->event[i + GROUP].at : wire->bytes.n;
        code = ZSTD_compressCCtx(ctx, out, cap, wire->bytes.p + at, end - at, ZSTD_LEVEL);
        rc = ZSTD_isError(code) ? err_set(err, ERR_IO, "zstd: %s", ZSTD_getErrorName(code)) : 0;
        n += code;
    }
    if (rc == 0) {
        *ret_s = metric_now() - start;
        *ret_n = n;
    }
    ZSTD_freeCCtx(ctx);
    free(out);
    return rc;
}

int base_ed25519(size_t n, double *ret_s, struct err *err) {
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    unsigned char message[NOTE_BYTES] = {0}, signature[crypto_sign_BYTES];
    if (sodium_init() < 0 || crypto_sign_keypair(public_key, secret) != 0) {
        return err_set(err, ERR_IO, "libsodium cannot make a key");
    }
    double start = metric_now();
    for (size_t i = 0; i < n; i++) {
        message[i % NOTE_BYTES]++;
        crypto_sign_detached(signature, NULL, message, sizeof(message), secret);
    }
    *ret_s = metric_now() - start;
    return 0;
}
