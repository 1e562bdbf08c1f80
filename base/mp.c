/* The msgpack-c door: encoding.
 *
 * msgpack-c's packer writes the shortest form of every integer and length, non-negative integers unsigned. Its functions
 * are inline and take a write callback; because the packer is a local variable and the callback is inline too, the
 * compiler folds all of it into one bounds check and a few stores. No call here touches the heap unless the buf has to
 * grow. */
#include "base/mp.h"

#include <assert.h>
#include <math.h>
#include <msgpack/pack.h>
#include <string.h>

static inline int append(void *data, const char *p, size_t n) {
    struct buf *out = data;
    if (out->fail == 0 && n <= out->cap - out->n && n > 0) {
        memcpy(out->p + out->n, p, n);
        out->n += n;
        return 0;
    }
    return buf_put(out, p, n);
}

/* What would not be canonical is never written; the failure is reported by the encoder's buf_check. */
static void refuse(struct buf *out) {
    if (out->fail == 0) {
        out->fail = ERR_LIMIT;
    }
}

void mp_put_nil(struct buf *out) {
    msgpack_packer pk = {out, append};
    msgpack_pack_nil(&pk);
}

void mp_put_bool(struct buf *out, bool v) {
    msgpack_packer pk = {out, append};
    if (v) {
        msgpack_pack_true(&pk);
    } else {
        msgpack_pack_false(&pk);
    }
}

void mp_put_uint(struct buf *out, uint64_t v) {
    msgpack_packer pk = {out, append};
    if (v > MP_INT_MAX) {
        refuse(out);
        return;
    }
    msgpack_pack_uint64(&pk, v);
}

void mp_put_int(struct buf *out, int64_t v) {
    msgpack_packer pk = {out, append};
    msgpack_pack_int64(&pk, v);
}

void mp_put_float(struct buf *out, double v) {
    msgpack_packer pk = {out, append};
    assert(mp_float_ok(v));
    msgpack_pack_double(&pk, v);
}

void mp_put_str(struct buf *out, struct bytes v) {
    msgpack_packer pk = {out, append};
    if (v.n > UINT32_MAX) {
        refuse(out);
        return;
    }
    msgpack_pack_str(&pk, v.n);
    append(out, (const char *)v.p, v.n);
}

void mp_put_bin(struct buf *out, struct bytes v) {
    msgpack_packer pk = {out, append};
    if (v.n > UINT32_MAX) {
        refuse(out);
        return;
    }
    msgpack_pack_bin(&pk, v.n);
    append(out, (const char *)v.p, v.n);
}

void mp_put_array(struct buf *out, uint32_t count) {
    msgpack_packer pk = {out, append};
    msgpack_pack_array(&pk, count);
}

void mp_put_map(struct buf *out, uint32_t count) {
    msgpack_packer pk = {out, append};
    msgpack_pack_map(&pk, count);
}

void mp_put_text(struct buf *out, const char *v) {
    mp_put_str(out, bytes_of(v));
}

void mp_pair_str(struct buf *out, const char *name, struct bytes v) {
    mp_put_text(out, name);
    mp_put_str(out, v);
}

void mp_pair_text(struct buf *out, const char *name, const char *v) {
    mp_pair_str(out, name, bytes_of(v));
}

void mp_pair_uint(struct buf *out, const char *name, uint64_t v) {
    mp_put_text(out, name);
    mp_put_uint(out, v);
}

void mp_pair_bool(struct buf *out, const char *name, bool v) {
    mp_put_text(out, name);
    mp_put_bool(out, v);
}

void mp_pair_bin(struct buf *out, const char *name, struct bytes v) {
    mp_put_text(out, name);
    mp_put_bin(out, v);
}

bool mp_float_ok(double v) {
    return isfinite(v) && !(v == 0 && signbit(v));
}
