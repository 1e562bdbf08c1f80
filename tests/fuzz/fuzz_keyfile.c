/* Key files up to the point where a passphrase would be needed: no text makes reading one fail with an unnamed error, and a
 * plain key file has exactly one text, apart from its last line feed. */
#include <stdlib.h>
#include <string.h>

#include "ledger/signing/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held) {
    if (!held) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes text = {data, size};
    struct signer signer = {.secret = NULL};
    struct err err = {0};
    int rc = keyfile_decode(text, bytes_of(""), &signer, &err);
    must(rc == err.code);
    if (rc != 0) {
        must((rc == ERR_INVALID || rc == ERR_CONFLICT) && signer.secret == NULL);
        return 0;
    }
    struct buf out;
    buf_init(&out, 4096);
    must(keyfile_encode(&out, &signer, bytes_of(""), KEYFILE_DAILY, &err) == 0);
    must(out.n == size + (data[size - 1] == '\n' ? 0 : 1) && memcmp(out.p, data, size) == 0);
    buf_done(&out);
    signer_done(&signer);
    return 0;
}
