/* Values lie in one buffer as they come; an index of names says where, and is sorted when the map is written. */
#include "ingest/fields.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "base/mp.h"
#include "base/text.h"

#define SMALL 96 /* an item that its digest would not make smaller */

void fields_init(struct fields *fields, size_t max) {
    buf_init(&fields->values, max);
    fields->n = 0;
}

void fields_done(struct fields *fields) {
    buf_done(&fields->values);
    fields->n = 0;
}

void fields_clear(struct fields *fields) {
    buf_clear(&fields->values);
    fields->n = 0;
}

void fields_begin(struct fields *fields, const char *name) {
    assert(fields->n < FIELDS_MAX);
    fields->entries[fields->n].name = name;
    fields->entries[fields->n].at = fields->values.n;
}

void fields_end(struct fields *fields) {
    fields->entries[fields->n].n = fields->values.n - fields->entries[fields->n].at;
    fields->n++;
}

void fields_text(struct fields *fields, const char *name, struct bytes text) {
    if (text.n > 0) {
        fields_begin(fields, name);
        mp_put_str(&fields->values, text);
        fields_end(fields);
    }
}

void fields_uint(struct fields *fields, const char *name, uint64_t value) {
    fields_begin(fields, name);
    mp_put_uint(&fields->values, value);
    fields_end(fields);
}

void fields_bool(struct fields *fields, const char *name, bool value) {
    fields_begin(fields, name);
    mp_put_bool(&fields->values, value);
    fields_end(fields);
}

void fields_nil(struct fields *fields, const char *name) {
    fields_begin(fields, name);
    mp_put_nil(&fields->values);
    fields_end(fields);
}

void fields_put_digest(struct buf *out, struct bytes hex) {
    char text[7 + 2 * HASH_LEN] = "sha256:";
    assert(hex.n == 2 * HASH_LEN);
    for (size_t i = 0; i < hex.n; i++) {
        text[7 + i] = (char)(hex.p[i] >= 'A' && hex.p[i] <= 'F' ? hex.p[i] + ('a' - 'A') : hex.p[i]);
    }
    mp_put_str(out, (struct bytes){(const uint8_t *)text, sizeof(text)});
}

void fields_digest(struct fields *fields, const char *name, struct bytes hex) {
    if (hex.n > 0) {
        fields_begin(fields, name);
        fields_put_digest(&fields->values, hex);
        fields_end(fields);
    }
}

void fields_raw(struct fields *fields, const char *name, struct bytes raw) {
    if (raw.n > 0) {
        fields_begin(fields, name);
        buf_put_bytes(&fields->values, raw);
        fields_end(fields);
    }
}

void fields_put_bounded(struct buf *out, struct bytes raw, size_t max) {
    if (raw.n <= max || raw.n < SMALL) {
        buf_put_bytes(out, raw);
        return;
    }
    uint8_t digest[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    hash_parts(digest, &raw, 1);
    text_hex(hex, digest, HASH_LEN);
    mp_put_map(out, 2);
    mp_put_str(out, bytes_of("bytes"));
    mp_put_uint(out, raw.n);
    mp_put_str(out, bytes_of("sha256"));
    mp_put_str(out, bytes_of(hex));
}

void fields_bounded(struct fields *fields, const char *name, struct bytes raw, size_t max) {
    if (raw.n > 0) {
        fields_begin(fields, name);
        fields_put_bounded(&fields->values, raw, max);
        fields_end(fields);
    }
}

/* Few, and mostly put in nearly the right order; names are ASCII, so that strcmp's is the order of their bytes. */
static void sort_by_name(struct fields *fields) {
    for (size_t i = 1; i < fields->n; i++) {
        size_t k = i;
        while (k > 0 && strcmp(fields->entries[k - 1].name, fields->entries[i].name) > 0) {
            k--;
        }
        if (k < i) {
            const char *name = fields->entries[i].name;
            size_t at = fields->entries[i].at, n = fields->entries[i].n;
            memmove(&fields->entries[k + 1], &fields->entries[k], (i - k) * sizeof(fields->entries[0]));
            fields->entries[k].name = name;
            fields->entries[k].at = at;
            fields->entries[k].n = n;
        }
    }
}

int fields_write(struct fields *fields, struct buf *out, struct err *err) {
    sort_by_name(fields);
    mp_put_map(out, (uint32_t)fields->n);
    for (size_t i = 0; i < fields->n; i++) {
        mp_put_str(out, bytes_of(fields->entries[i].name));
        if (fields->values.fail == 0) {
            buf_put(out, fields->values.p + fields->entries[i].at, fields->entries[i].n);
        }
    }
    int code = buf_check(&fields->values, "the event's fields", err);
    return code != 0 ? code : buf_check(out, "the event's fields", err);
}
