/* Arbitrary bytes as a bill of materials: it is refused with a message or gives canonical bodies. */
#include <stdlib.h>

#include "ingest/bom/bom.h"
#include "ingest/input/pyjson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t digest[HASH_LEN] = {0};
    struct buf scratch = {.max = 4 << 20}, mp = {.max = 4 << 20}, body = {.max = 4 << 20};
    struct bom_doc doc = {0};
    struct err err = {0};
    int rc = pyjson_to_mp((struct bytes){data, size}, BOM_DOC_ROOM, &scratch, &mp, &err);
    if (rc == 0) rc = bom_doc_read(&doc, bytes_of_buf(&mp), &err);
    want(rc == 0 || (rc == err.code && err.msg[0] != '\0'));
    for (size_t i = 0; rc == 0 && i < doc.n_models; i++) {
        buf_clear(&body);
        want(bom_put(&doc, &doc.models[i], digest, &body, NULL) == 0);
        want(mp_check(bytes_of_buf(&body), NULL) == 0);
    }
    bom_doc_done(&doc);
    buf_done(&scratch);
    buf_done(&mp);
    buf_done(&body);
    return 0;
}
