/* The JSON door: what json_to_mp accepts is canonical, and its JSON text in either style converts back to the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"

/* Indentation in the pretty style grows most: 64 spaces and more around each byte at depth 32. */
#define OUT_MAX(size) (((size) + 1) * 160)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held) {
    if (!held) {
        abort();
    }
}

static void there_and_back(struct bytes mp, enum json_style style, size_t max) {
    struct buf json, again;
    struct err err = {0};
    buf_init(&json, max);
    buf_init(&again, max);
    must(json_from_mp(mp, style, &json, &err) == 0);
    must(json_to_mp(bytes_of_buf(&json), &again, &err) == 0);
    must(bytes_eq(bytes_of_buf(&again), mp));
    buf_done(&json);
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes text = {data, size};
    struct err err = {0};
    struct buf mp;
    buf_init(&mp, OUT_MAX(size));
    if (json_to_mp(text, &mp, &err) == 0) {
        must(mp_check(bytes_of_buf(&mp), &err) == 0);
        there_and_back(bytes_of_buf(&mp), JSON_LINE, OUT_MAX(size));
        there_and_back(bytes_of_buf(&mp), JSON_PRETTY, OUT_MAX(size));
    } else {
        must(err.code == ERR_INVALID && strncmp(err.msg, "line ", 5) == 0 && mp.n == 0);
    }
    buf_done(&mp);
    return 0;
}
