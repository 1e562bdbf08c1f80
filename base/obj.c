/* Pairs are encoded as they are put; their count precedes them, so the complete object is copied once at the end. */
#include "base/obj.h"

#include <stdio.h>

#include "base/mp.h"
#include "base/text.h"

void obj_done(struct obj *obj) {
    buf_done(&obj->items);
    obj->n = 0;
}

static struct buf *next(struct obj *obj, const char *key) {
    obj->n++;
    obj->items.max = OBJ_MAX;
    if (key) {
        mp_put_str(&obj->items, bytes_of(key));
    }
    return &obj->items;
}

void obj_str(struct obj *obj, const char *key, struct bytes v) {
    struct buf *out = next(obj, key);
    if (text_utf8_valid(v.p, v.n) == v.n) {
        mp_put_str(out, v);
        return;
    }
    struct buf safe = {.max = OBJ_MAX};
    text_safe(&safe, v);
    mp_put_str(out, bytes_of_buf(&safe));
    buf_done(&safe);
}

void obj_text(struct obj *obj, const char *key, const char *v) {
    if (v) {
        obj_str(obj, key, bytes_of(v));
    } else {
        mp_put_nil(next(obj, key));
    }
}

void obj_uint(struct obj *obj, const char *key, uint64_t v) {
    struct buf *out = next(obj, key);
    if (v == UINT64_MAX) {
        mp_put_nil(out);
    } else {
        mp_put_uint(out, v > MP_INT_MAX ? MP_INT_MAX : v);
    }
}

void obj_int(struct obj *obj, const char *key, int64_t v) {
    mp_put_int(next(obj, key), v);
}

void obj_time(struct obj *obj, const char *key, uint64_t ns) {
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)ns);
    obj_text(obj, key, text);
}

void obj_bool(struct obj *obj, const char *key, bool v) {
    mp_put_bool(next(obj, key), v);
}

void obj_hex(struct obj *obj, const char *key, const uint8_t *p, size_t n) {
    char hex[129];
    text_hex(hex, p, n < 64 ? n : 64);
    obj_text(obj, key, hex);
}

void obj_raw(struct obj *obj, const char *key, struct bytes mp) {
    buf_put_bytes(next(obj, key), mp);
}

/* Appends the child's items, whose head was written, and frees the child. */
static void put_items(struct buf *out, struct obj *child) {
    buf_put_bytes(out, bytes_of_buf(&child->items));
    out->fail = out->fail ? out->fail : child->items.fail;
    obj_done(child);
}

void obj_obj(struct obj *obj, const char *key, struct obj *child) {
    struct buf *out = next(obj, key);
    mp_put_map(out, child->n);
    put_items(out, child);
}

void obj_list(struct obj *obj, const char *key, struct obj *child) {
    struct buf *out = next(obj, key);
    mp_put_array(out, child->n);
    put_items(out, child);
}

int obj_json(const struct obj *obj, enum json_style style, struct buf *out, struct err *err) {
    struct buf mp = {.max = OBJ_MAX};
    mp_put_map(&mp, obj->n);
    buf_put_bytes(&mp, bytes_of_buf(&obj->items));
    int rc = buf_check(&obj->items, "the answer", err);
    if (rc == 0) rc = buf_check(&mp, "the answer", err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), style, out, err);
    buf_done(&mp);
    return rc;
}
