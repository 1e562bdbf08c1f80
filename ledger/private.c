/* Private fields at rest: salt and map together, compressed when long. */
#include "ledger/private.h"

#include <string.h>

#include "base/mp.h"
#include "base/zst.h"

#define PRIVATE_PLAIN_MAX (EVENT_PRIVATE_MAX + 64)

int private_encode(struct buf *out, const uint8_t event_salt[EVENT_HASH], struct bytes map, struct err *err) {
    struct buf plain;
    buf_init(&plain, PRIVATE_PLAIN_MAX);
    mp_put_array(&plain, 2);
    mp_put_bin(&plain, (struct bytes){event_salt, EVENT_HASH});
    buf_put_bytes(&plain, map);
    int rc = buf_check(&plain, "private fields", err);
    if (rc == 0 && plain.n >= PRIVATE_ZSTD_FROM) {
        buf_put_u8(out, 1);
        rc = zst_compress(out, bytes_of_buf(&plain), 1, err);
    } else if (rc == 0) {
        buf_put_u8(out, 0);
        buf_put_bytes(out, bytes_of_buf(&plain));
    }
    buf_done(&plain);
    return rc != 0 ? rc : buf_check(out, "private fields", err);
}

int private_decode(struct bytes record, const uint8_t commit[EVENT_HASH], struct buf *scratch, struct bytes *ret_map,
                   struct err *err) {
    struct mp_reader r;
    struct mp_item item, salt;
    uint8_t again[EVENT_HASH];
    int rc = 0;
    if (record.n < 1 || record.p[0] > 1) {
        return err_set(err, ERR_CORRUPT, "the record of private fields does not parse");
    }
    struct bytes content = {record.p + 1, record.n - 1};
    buf_clear(scratch);
    if (record.p[0] == 1) {
        rc = zst_decompress(scratch, content, PRIVATE_PLAIN_MAX, err);
    } else if (buf_put_bytes(scratch, content) != 0) {
        rc = buf_check(scratch, "private fields", err);
    }
    rc = rc != 0 ? rc : mp_check(bytes_of_buf(scratch), err);
    if (rc != 0) {
        return rc;
    }
    mp_reader_init(&r, bytes_of_buf(scratch));
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY || item.count != 2 || mp_next(&r, &salt, NULL) != 0 ||
        salt.type != MP_BIN || salt.data.n != EVENT_HASH) {
        return err_set(err, ERR_CORRUPT, "the record of private fields does not parse");
    }
    struct bytes map = {r.p, (size_t)(r.end - r.p)};
    rc = event_private_commit(again, salt.data.p, map, err);
    if (rc == 0 && memcmp(again, commit, EVENT_HASH) != 0) {
        rc = err_set(err, ERR_TAMPERED, "the private fields differ from their commitment");
    }
    if (rc == 0) {
        *ret_map = map;
    }
    return rc;
}
