/* Arbitrary bytes as a log of Inspect: it is refused with a message or gives canonical bodies. */
#include <stdlib.h>

#include "ingest/input/pyjson.h"
#include "ingest/inspect/inspect.h"

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

static void take_samples(const struct inspect_log *log, struct inspect_sums *sums, struct buf *body) {
    struct mp_reader r;
    struct bytes raw;
    uint32_t n = 0;
    item_list(item_get(log->whole, "samples"), &r, &n);
    for (; n > 0 && mp_skip(&r, 2, &raw, NULL) == 0; n--) {
        struct inspect_sample sample;
        struct err err = {0};
        int rc = inspect_sample_read(raw, &sample, &err);
        want(rc == 0 || (rc == err.code && err.msg[0] != '\0'));
        if (rc != 0) continue;
        inspect_sums_take(sums, &sample);
        check(body, inspect_put_sample(log, &sample, "hash-0", body, NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t file[32] = {0};
    struct buf scratch = {.max = 4 << 20}, mp = {.max = 4 << 20}, body = {.max = 16 << 20};
    struct inspect_log log;
    struct inspect_sums *sums = calloc(1, sizeof(*sums));
    struct inspect_metric m;
    struct err err = {0};
    uint8_t digest[32];
    want(sums != NULL);
    int rc = pyjson_to_mp((struct bytes){data, size}, INSPECT_DOC_ROOM, &scratch, &mp, &err);
    if (rc == 0) rc = inspect_log_read(bytes_of_buf(&mp), &log, &err);
    want(rc == 0 || (rc == err.code && err.msg[0] != '\0'));
    if (rc == 0) {
        check(&body, inspect_put_task(&log, digest, &body, NULL));
        check(&body, inspect_put_started(&log, &body, NULL));
        take_samples(&log, sums, &body);
        check(&body, inspect_put_imported(&log, sums, file, "fuzz", &body, NULL));
        for (size_t i = 0; inspect_metric_at(&log, i, &m); i++) {
            check(&body, inspect_put_scored(&log, sums, &m, &body, NULL));
            check(&body, inspect_put_edited(&log, &m, &body, NULL));
        }
        check(&body, inspect_put_invalidated(&log, &body, NULL));
    }
    free(sums);
    buf_done(&scratch);
    buf_done(&mp);
    buf_done(&body);
    return 0;
}
