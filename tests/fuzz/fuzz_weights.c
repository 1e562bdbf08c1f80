/* Arbitrary bytes as a file of weights: it is refused with a message or gives canonical bodies. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mp.h"
#include "ingest/weights/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static void check(struct buf *body, int code) {
    want(code == 0 && mp_check(bytes_of_buf(body), NULL) == 0);
    buf_clear(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct lines_digest digest = {.hash = hash_new()};
    struct buf body = {.max = 4 << 20};
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    want(fd >= 0 && digest.hash != NULL && write(fd, data, size) == (ssize_t)size);
    for (int how = 0; how < 2; how++) {
        struct weights w;
        struct err err = {0};
        weights_init(&w);
        int rc = how == 0 ? weights_gguf_read(fd, size, &digest, &w, &err)
                          : weights_safetensors_read(fd, size, &digest, &w, &err);
        want(rc == 0 || (rc == err.code && err.msg[0] != '\0'));
        if (rc == 0) {
            check(&body, weights_put_observed(&w, "fuzz", &body, NULL));
            check(&body, weights_put_identified(&w, w.header_digest, "fuzz", &body, NULL));
        }
        weights_done(&w);
    }
    hash_free(digest.hash);
    buf_done(&body);
    close(fd);
    return 0;
}
