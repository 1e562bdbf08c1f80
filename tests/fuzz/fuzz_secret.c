/* The secret scanner on arbitrary bytes: hits lie within the text and in order, the mask agrees with them, masking again
 * changes nothing, and names of any length are judged. */
#include <stdlib.h>
#include <string.h>

#include "base/secret/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t check_hits(struct bytes text) {
    struct secret_hit hit;
    size_t at = 0, count = 0;
    while (secret_next(text, at, &hit) == 0) {
        if (hit.at < at || hit.n == 0 || hit.n > text.n - hit.at || hit.rule == NULL) {
            abort();
        }
        at = hit.at + hit.n;
        count++;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* A copy of the exact size, so that a read past the end is detected. */
    uint8_t *copy = malloc(size != 0 ? size : 1);
    if (copy == NULL) return 0;
    if (size != 0) {
        memcpy(copy, data, size);
    }
    struct bytes text = {copy, size};
    struct buf once, twice;
    buf_init(&once, SIZE_MAX / 2);
    buf_init(&twice, SIZE_MAX / 2);
    (void)secret_field_name(text);
    size_t hits = check_hits(text), masked = secret_mask(&once, text);
    if (once.fail == 0 && masked != hits) {
        abort();
    }
    size_t again = secret_mask(&twice, bytes_of_buf(&once));
    if (once.fail == 0 && twice.fail == 0 && (again != 0 || !bytes_eq(bytes_of_buf(&once), bytes_of_buf(&twice)))) {
        abort();
    }
    buf_done(&once);
    buf_done(&twice);
    free(copy);
    return 0;
}
