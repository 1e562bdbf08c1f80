/* The minimum cost of parsing JSON, and of hashing a text: the same libraries that the ledger uses, and nothing else. */
#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>

#include "bench/base/base.h"
#include "bench/metric.h"

int base_jansson(struct bytes text, double *ret_s, struct err *err) {
    const char *p = (const char *)text.p, *end = p + text.n;
    double start = metric_now();
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        json_error_t error;
        json_t *root = json_loadb(p, (size_t)((lf != NULL ? lf : end) - p), JSON_REJECT_DUPLICATES, &error);
        if (root == NULL) return err_set(err, ERR_IO, "jansson: %s", error.text);
        json_decref(root);
        p = lf != NULL ? lf + 1 : end;
    }
    *ret_s = metric_now() - start;
    return 0;
}

int base_sha256_text(struct bytes text, double *ret_s, struct err *err) {
    uint8_t digest[LOG_HASH];
    unsigned n = 0;
    double start = metric_now();
    if (EVP_Digest(text.p, text.n, digest, &n, EVP_sha256(), NULL) != 1) {
        return err_set(err, ERR_IO, "libcrypto does not hash");
    }
    *ret_s = metric_now() - start;
    return 0;
}
