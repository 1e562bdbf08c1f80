/* Canonical MessagePack: the one encoding of everything that is hashed.
 *
 * Canonical means: shortest integer form, non-negative integers unsigned; str is valid UTF-8; floats are float 64, no NaN,
 * infinity or negative zero; map keys are str, sorted by the bytes of their text, no duplicates; shortest length forms; no
 * ext types; integers within -2^63 .. 2^63-1; nesting at most MP_DEPTH_MAX. Encoding goes through msgpack-c's packer;
 * msgpack-c's reader accepts much that is not canonical, so the reader here is our own. */
#ifndef BASE_MP_H
#define BASE_MP_H

#include "base/bytes.h"

#define MP_DEPTH_MAX 32
#define MP_INT_MAX   ((uint64_t)INT64_MAX)

enum mp_type { MP_NIL, MP_BOOL, MP_UINT, MP_INT, MP_FLOAT, MP_STR, MP_BIN, MP_ARRAY, MP_MAP };

struct mp_item {
    enum mp_type type;
    bool boolean;      /* MP_BOOL */
    uint64_t uint;     /* MP_UINT: 0 .. 2^63-1 */
    int64_t sint;      /* MP_INT: negative only */
    double real;       /* MP_FLOAT */
    struct bytes data; /* MP_STR, MP_BIN: borrowed from the input */
    uint32_t count;    /* MP_ARRAY: elements; MP_MAP: pairs. They follow in the input */
};

struct mp_reader {
    const uint8_t *start, *p, *end;
};

void mp_put_nil(struct buf *out);
void mp_put_bool(struct buf *out, bool v);
/* For values past MP_INT_MAX, and text or bytes past 2^32-1 bytes, nothing is written and out fails with ERR_LIMIT. */
void mp_put_uint(struct buf *out, uint64_t v);
void mp_put_int(struct buf *out, int64_t v);
/* The caller has checked that v is canonical (mp_float_ok). */
void mp_put_float(struct buf *out, double v);
void mp_put_str(struct buf *out, struct bytes v);
void mp_put_text(struct buf *out, const char *v);
void mp_put_bin(struct buf *out, struct bytes v);
void mp_put_array(struct buf *out, uint32_t count);
void mp_put_map(struct buf *out, uint32_t count);
bool mp_float_ok(double v);
/* A pair of a map. The caller writes the map's head and keeps the order of names (base/mp_map.h does both). */
void mp_pair_str(struct buf *out, const char *name, struct bytes v);
void mp_pair_text(struct buf *out, const char *name, const char *v);
void mp_pair_uint(struct buf *out, const char *name, uint64_t v);
void mp_pair_bool(struct buf *out, const char *name, bool v);
void mp_pair_bin(struct buf *out, const char *name, struct bytes v);

void mp_reader_init(struct mp_reader *r, struct bytes input);
/* Reads the next item, strictly checked on its own (form, length against what remains, UTF-8, float, integer range); for
 * a container only its head. Returns 0, 1 at the end of the input, or ERR_CORRUPT with the byte offset in the message. */
int mp_next(struct mp_reader *r, struct mp_item *ret, struct err *err);
/* For records of a known form: whether the next item has this type and length. False leaves `ret` untouched (except in
 * mp_take) and r at an unspecified place. */
static inline bool mp_take(struct mp_reader *r, enum mp_type type, struct mp_item *ret) {
    return mp_next(r, ret, NULL) == 0 && ret->type == type;
}
static inline bool mp_take_array(struct mp_reader *r, uint32_t count) {
    struct mp_item item;
    return mp_take(r, MP_ARRAY, &item) && item.count == count;
}
bool mp_take_uint(struct mp_reader *r, uint64_t max, uint64_t *ret);
bool mp_take_bin(struct mp_reader *r, void *ret, size_t n); /* copied */
/* The text at r's position, when its length takes at most one byte (up to 255 bytes) and all of it is there; its bytes
 * are not checked, and r stays before it. False: use mp_next. For walks that check texts themselves. */
static inline bool mp_peek_text(const struct mp_reader *r, struct bytes *ret) {
    const uint8_t *p = r->p;
    size_t left = (size_t)(r->end - p);
    if (left >= 1 && (p[0] & 0xe0) == 0xa0) {
        *ret = (struct bytes){p + 1, p[0] & 31U};
        return ret->n < left;
    }
    if (left >= 2 && p[0] == 0xd9 && p[1] >= 32) {
        *ret = (struct bytes){p + 2, p[1]};
        return ret->n + 1 < left;
    }
    return false;
}
/* Skips one whole item, checking everything in it, including map order; *ret_raw (may be NULL) borrows its bytes.
 * ERR_CORRUPT at the end of the input. `depth` is the item's own nesting (0 at the top). */
int mp_skip(struct mp_reader *r, unsigned depth, struct bytes *ret_raw, struct err *err);
/* The same two for bytes that were written as canonical or checked before: texts, order and shortest forms are not looked at
 * again, only that every length fits. Other bytes give an unspecified item, never a read outside them. */
int mp_next_known(struct mp_reader *r, struct mp_item *ret);
int mp_skip_known(struct mp_reader *r, struct bytes *ret_raw);
/* Checks for exactly one canonical item and nothing after it. */
int mp_check(struct bytes input, struct err *err);
/* The raw value of `key` in a canonical map; ERR_NOTFOUND when it is absent, ERR_CORRUPT when `map` is not a map. */
int mp_map_get(struct bytes map, const char *key, struct bytes *ret_raw);
/* Reads a single scalar item from raw bytes. */
int mp_scalar(struct bytes raw, struct mp_item *ret);
/* The text or number of `key`; empty, or `otherwise`, when the map (which may be empty bytes) has none. */
struct bytes mp_get_text(struct bytes map, const char *key);
uint64_t mp_get_uint(struct bytes map, const char *key, uint64_t otherwise);

#endif
