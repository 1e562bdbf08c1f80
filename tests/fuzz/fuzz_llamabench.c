/* Arbitrary bytes as a row of llama-bench: it is refused with a message or gives a canonical body. */
#include <stdlib.h>

#include "base/mp.h"
#include "ingest/input/pyjson.h"
#include "ingest/llamabench/llamabench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buf scratch = {.max = 1 << 20}, mp = {.max = 1 << 20}, body = {.max = 4 << 20};
    struct llamabench_row row;
    struct err err = {0};
    int rc = pyjson_to_mp((struct bytes){data, size}, LLAMABENCH_ROOM, &scratch, &mp, &err);
    if (rc == 0) rc = llamabench_row_read(bytes_of_buf(&mp), &row, &err);
    want(rc == 0 || (rc == err.code && err.msg[0] != '\0'));
    if (rc == 0) {
        want(llamabench_row_put(&row, &body, &err) == 0);
        want(mp_check(bytes_of_buf(&body), NULL) == 0);
    }
    buf_done(&scratch);
    buf_done(&mp);
    buf_done(&body);
    return 0;
}
