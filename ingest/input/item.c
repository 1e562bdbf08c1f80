/* Values that are read leniently: a count may be written as 3.0, and what has another type counts as absent, because the
 * sources keep what they could not use. */
#include "ingest/input/item.h"

#include <string.h>

#define NO_BYTES ((struct bytes){NULL, 0})
#define WORD_MAX 128
#define WHOLE    9007199254740992.0 /* below it a float represents every integer */

bool item_is(struct bytes raw, enum mp_type type) {
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, raw);
    return mp_next(&r, &item, NULL) == 0 && item.type == type;
}

struct bytes item_get(struct bytes map, const char *name) {
    struct bytes raw;
    return mp_map_get(map, name, &raw) == 0 && !item_is(raw, MP_NIL) ? raw : NO_BYTES;
}

bool item_number(struct bytes raw, double *ret) {
    struct mp_item item;
    if (mp_scalar(raw, &item) != 0) return false;
    if (item.type == MP_UINT) {
        *ret = (double)item.uint;
    } else if (item.type == MP_INT) {
        *ret = (double)item.sint;
    } else if (item.type == MP_FLOAT) {
        *ret = item.real;
    }
    return item.type == MP_UINT || item.type == MP_INT || item.type == MP_FLOAT;
}

bool item_count(struct bytes raw, uint64_t *ret) {
    struct mp_item item;
    double real;
    if (mp_scalar(raw, &item) == 0 && item.type == MP_UINT) {
        *ret = item.uint;
        return true;
    }
    if (!item_number(raw, &real) || real < 0 || real >= WHOLE) return false;
    uint64_t whole = (uint64_t)real;
    if ((double)whole < real) return false;
    *ret = whole;
    return true;
}

bool item_truth(struct bytes raw, bool *ret) {
    struct mp_item item;
    bool there = mp_scalar(raw, &item) == 0 && item.type == MP_BOOL;
    if (there) *ret = item.boolean;
    return there;
}

struct bytes item_word(struct bytes raw) {
    static const char *const outside[] = {"://", "file:", "exec:", "python:", "golang:", "ruby:", "package:"};
    struct mp_item item;
    struct bytes text = mp_scalar(raw, &item) == 0 && item.type == MP_STR ? item.data : NO_BYTES;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!fine && (c == '\0' || strchr(".:/_+-@", c) == NULL)) return NO_BYTES;
    }
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]) && text.n > 0; i++) {
        if (memmem(text.p, text.n, outside[i], strlen(outside[i])) != NULL) return NO_BYTES;
    }
    bool path = bytes_has_prefix(text, "/") || bytes_has_prefix(text, ".");
    return text.n <= WORD_MAX && !path ? text : NO_BYTES;
}

bool item_list(struct bytes raw, struct mp_reader *r, uint32_t *ret_n) {
    struct mp_item item;
    mp_reader_init(r, raw);
    if (mp_next(r, &item, NULL) != 0 || item.type != MP_ARRAY) return false;
    *ret_n = item.count;
    return true;
}

struct bytes item_text(struct bytes raw) {
    struct mp_item item;
    return mp_scalar(raw, &item) == 0 && item.type == MP_STR ? item.data : NO_BYTES;
}

/* ---- into events ---- */

void item_put_real(struct mp_map *f, const char *name, double value) {
    if (mp_float_ok(value)) {
        mp_map_begin(f, name);
        mp_put_float(&f->values, value);
        mp_map_end(f);
    }
}

void item_put_digest(struct mp_map *f, const char *name, struct bytes bytes) {
    uint8_t digest[HASH_LEN];
    if (bytes.n > 0) {
        hash_parts(digest, &bytes, 1);
        mp_map_hash(f, name, digest);
    }
}

void item_put_count(struct mp_map *f, const char *name, struct bytes raw) {
    uint64_t n;
    if (item_count(raw, &n) && n <= MP_INT_MAX) mp_map_uint(f, name, n);
}

void item_put_number(struct mp_map *f, const char *name, struct bytes raw) {
    double v;
    if (item_number(raw, &v) && v >= 0) mp_map_raw(f, name, raw);
}
