/* The strict reader: what mp_check accepts, decoded and encoded again, is the same bytes. */
#include <stdlib.h>

#include "base/mp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_item(struct buf *out, const struct mp_item *item) {
    switch (item->type) {
    case MP_NIL:
        mp_put_nil(out);
        break;
    case MP_BOOL:
        mp_put_bool(out, item->boolean);
        break;
    case MP_UINT:
        mp_put_uint(out, item->uint);
        break;
    case MP_INT:
        mp_put_int(out, item->sint);
        break;
    case MP_FLOAT:
        mp_put_float(out, item->real);
        break;
    case MP_STR:
        mp_put_str(out, item->data);
        break;
    case MP_BIN:
        mp_put_bin(out, item->data);
        break;
    case MP_ARRAY:
        mp_put_array(out, item->count);
        break;
    case MP_MAP:
        mp_put_map(out, item->count);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes input = {data, size};
    struct mp_reader r;
    struct mp_item item;
    struct err err = {0};
    struct buf out;
    struct bytes raw;
    int rc;
    mp_reader_init(&r, input);
    bool known = mp_skip_known(&r, &raw) == 0; /* looks at lengths alone */
    if (known && (raw.p != r.start || raw.n > size)) {
        abort();
    }
    if (mp_check(input, &err) != 0) {
        if (err.code != ERR_CORRUPT || err.msg[0] == '\0') {
            abort();
        }
        return 0;
    }
    if (!known || raw.n != size) {
        abort();
    }
    buf_init(&out, size);
    mp_reader_init(&r, input);
    while ((rc = mp_next(&r, &item, &err)) == 0) {
        put_item(&out, &item);
    }
    if (rc != 1 || out.fail != 0 || !bytes_eq(bytes_of_buf(&out), input)) {
        abort();
    }
    buf_done(&out);
    return 0;
}
