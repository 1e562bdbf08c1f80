/* Arbitrary bytes as a dpkg log: each line is refused with a message or followed; each operation ends at most once, and
 * none is left when the log has settled. */
#include <stdlib.h>
#include <string.h>

#include "ingest/dpkg/dpkg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static int count(void *ctx, const struct dpkg_operation *op, struct err *err) {
    size_t *ended = ctx;
    (void)err;
    want(op->package[0] != '\0' && strlen(op->time_text) == DPKG_TIME_LEN && op->nth > 0);
    ++*ended;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t begun = 0, ended = 0, held = 1;
    const struct dpkg_sink sink = {&ended, count};
    const struct ingest_place place = {.file = "fuzz"};
    struct dpkg_ops *ops = dpkg_ops_new();
    want(ops != NULL);
    while (size > 0) {
        const uint8_t *lf = memchr(data, '\n', size);
        size_t n = lf != NULL ? (size_t)(lf - data) : size;
        struct dpkg_line line;
        struct err err = {0};
        if (dpkg_parse((struct bytes){data, n}, &line, &err) == 0) {
            begun += line.verb == DPKG_ACTION;
            want(dpkg_ops_take(ops, &line, &place, &sink, NULL) == 0);
        } else {
            want(err.code == ERR_INVALID && err.msg[0] != '\0');
        }
        n += lf != NULL;
        data += n;
        size -= n;
    }
    want(dpkg_ops_end(ops, UINT64_MAX, &sink, &held, NULL) == 0);
    want(held == 0 && ended <= begun);
    dpkg_ops_free(ops);
    return 0;
}
