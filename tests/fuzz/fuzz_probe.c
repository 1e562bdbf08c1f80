/* Arbitrary bytes as what a probe says: each record is refused, or is within its limits and whole. */
#include <stdlib.h>

#include "base/mp.h"
#include "base/text.h"
#include "doctor/probe/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes rest = {data, size};
    struct probe_record record;
    struct err err = {0};
    int rc = 0;
    for (size_t left = size; rc == 0; left = rest.n) {
        rc = probe_read(&rest, &record, &err);
        if (rc != 0) {
            want(rest.n == left && (rc == 1 ? left == 0 : rc == ERR_CORRUPT && err.code == rc && err.msg[0] != '\0'));
            break;
        }
        want(rest.n < left && rest.p + rest.n == data + size);
        want(mp_check(record.open, NULL) == 0 && (record.private_.n == 0 || mp_check(record.private_, NULL) == 0));
        want(record.check.n > 0 && record.check.n <= PROBE_WORD_MAX && text_is_safe(record.check, false));
        want(record.status.n > 0 && record.status.n <= PROBE_WORD_MAX && text_is_safe(record.status, false));
        want(record.target.n <= 8 * PROBE_TEXT_MAX);
        want(record.value == UINT64_MAX || record.value <= MP_INT_MAX);
        want(record.limit == UINT64_MAX || record.limit <= MP_INT_MAX);
    }
    return 0;
}
