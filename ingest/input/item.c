/* Values that are read leniently: a count may be written as 3.0, and what has another type counts as absent, because the
 * sources keep what they could not use. */
#include "ingest/input/item.h"

#include <string.h>

#include "base/text.h"

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

bool item_is_word(struct bytes text) {
    static const char *const outside[] = {"://", "file:", "exec:", "python:", "golang:", "ruby:", "package:"};
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!fine && (c == '\0' || strchr(".:/_+-@", c) == NULL)) return false;
    }
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]) && text.n > 0; i++) {
        if (memmem(text.p, text.n, outside[i], strlen(outside[i])) != NULL) return false;
    }
    bool path = bytes_has_prefix(text, "/") || bytes_has_prefix(text, ".");
    return text.n > 0 && text.n <= WORD_MAX && !path;
}

bool item_is_name(struct bytes text) {
    bool path = bytes_has_prefix(text, "/") || bytes_has_prefix(text, ".") || bytes_has_prefix(text, "~") ||
                bytes_find(text, '\\') != NULL;
    return text.n > 0 && text.n <= ITEM_NAME_MAX && text_utf8_valid(text.p, text.n) == text.n && !text_has_control(text) &&
           !path;
}

struct bytes item_word(struct bytes raw) {
    struct bytes text = item_text(raw);
    return item_is_word(text) ? text : NO_BYTES;
}

void item_entries_open(struct item_entries *e, struct bytes raw) {
    struct mp_item head;
    memset(e, 0, sizeof(*e));
    mp_reader_init(&e->r, raw);
    if (mp_next(&e->r, &head, NULL) == 0 && head.type == MP_MAP) {
        e->left = head.count;
    }
}

bool item_entries_next(struct item_entries *e) {
    struct mp_item name;
    e->there = e->left > 0 && mp_next(&e->r, &name, NULL) == 0 && mp_skip(&e->r, 1, &e->raw, NULL) == 0;
    if (e->there) {
        e->left--;
        e->name = name.data;
    }
    return e->there;
}

struct bytes item_entries_find(struct item_entries *e, struct bytes name) {
    while (!e->there || bytes_cmp(e->name, name) < 0) {
        if (!item_entries_next(e)) return NO_BYTES;
    }
    return bytes_eq(e->name, name) ? e->raw : NO_BYTES;
}

struct bytes item_url(struct bytes t, char room[ITEM_URL_MAX]) {
    const uint8_t *scheme = t.n > 0 ? memmem(t.p, t.n, "://", 3) : NULL;
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] <= ' ' || t.p[i] >= 0x7f) return NO_BYTES;
    }
    if (scheme == NULL) return NO_BYTES;
    size_t host = (size_t)(scheme - t.p) + 3, end = host;
    while (end < t.n && t.p[end] != '?' && t.p[end] != '#') {
        end++;
    }
    size_t path = host, kept = host;
    while (path < end && t.p[path] != '/') {
        path++;
        host = t.p[path - 1] == '@' ? path : host;
    }
    if (kept + end - host > ITEM_URL_MAX) return NO_BYTES;
    memcpy(room, t.p, kept);
    memcpy(room + kept, t.p + host, end - host);
    return (struct bytes){(const uint8_t *)room, kept + end - host};
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

void item_put_partial(struct mp_map *f, unsigned partial, bool judged, const struct item_reason *reasons, size_t n) {
    if (partial == 0) {
        if (judged) {
            mp_map_bool(f, "partial", false);
        } else {
            mp_map_nil(f, "partial");
        }
        return;
    }
    mp_map_bool(f, "partial", true);
    mp_map_begin(f, "partial_reasons");
    mp_put_array(&f->values, (uint32_t)__builtin_popcount(partial));
    for (size_t i = 0; i < n; i++) {
        if ((partial & reasons[i].bit) != 0) {
            mp_put_str(&f->values, bytes_of(reasons[i].name));
        }
    }
    mp_map_end(f);
}
