/* Cursor records carry a check, for no event implies them. */
#include "ledger/cursor.h"

#include <string.h>

#include "base/hash.h"

static void check_of(struct bytes name, struct bytes value, uint8_t ret[HASH_LEN]) {
    static const uint8_t nul = 0;
    const struct bytes parts[] = {name, {&nul, 1}, value};
    hash_parts(ret, parts, 3);
}

int cursor_encode(struct buf *out, struct bytes name, struct bytes value) {
    uint8_t check[HASH_LEN];
    check_of(name, value, check);
    buf_put(out, check, CURSOR_CHECK);
    return buf_put_bytes(out, value);
}

int cursor_decode(struct bytes name, struct bytes record, struct bytes *ret_value, struct err *err) {
    uint8_t check[HASH_LEN];
    if (record.n >= CURSOR_CHECK) {
        struct bytes value = {record.p + CURSOR_CHECK, record.n - CURSOR_CHECK};
        check_of(name, value, check);
        if (memcmp(check, record.p, CURSOR_CHECK) == 0 && value.n <= CURSOR_VALUE_MAX) {
            *ret_value = value;
            return 0;
        }
    }
    return err_set(err, ERR_CORRUPT, "the cursor '%.*s' was changed", (int)(name.n > 64 ? 64 : name.n),
                   (const char *)name.p);
}
