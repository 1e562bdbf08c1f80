/* Values as Python's json module and the harness write them, and what they mean: total_evaluation_time_seconds is text, a
 * standard error may be "N/A", a flag may be "True". Values that cannot be interpreted are left to the caller, which keeps
 * them verbatim. */
#include "ingest/lmeval/lmeval.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "ingest/input/keyed_hash.h"

#define WORD_MAX    128
#define S_OF_2000   UINT64_C(946684800)
#define S_OF_2262   UINT64_C(9214646400)
#define FRACTION    9
#define FLOAT_WHOLE 9007199254740992.0 /* below it a float represents every integer */
#define NO_BYTES    ((struct bytes){NULL, 0})

/* ---- maps --------------------------------------------------------------------------------------------------------- */

static bool head_of(struct bytes raw, struct mp_item *ret) {
    struct mp_reader r;
    mp_reader_init(&r, raw);
    return mp_next(&r, ret, NULL) == 0;
}

bool lmeval_is(struct bytes raw, enum mp_type type) {
    struct mp_item item;
    return head_of(raw, &item) && item.type == type;
}

struct bytes lmeval_get(struct bytes map, const char *name) {
    struct bytes raw;
    return mp_map_get(map, name, &raw) == 0 && !lmeval_is(raw, MP_NIL) ? raw : NO_BYTES;
}

/* ---- scalars ------------------------------------------------------------------------------------------------------ */

static bool is_number(const struct mp_item *item) {
    return item->type == MP_UINT || item->type == MP_INT || item->type == MP_FLOAT;
}

struct bytes lmeval_text(struct bytes raw) {
    struct mp_item item;
    return head_of(raw, &item) && item.type == MP_STR ? item.data : NO_BYTES;
}

struct bytes lmeval_number(struct bytes raw, struct buf *scratch) {
    struct mp_item item;
    if (!head_of(raw, &item)) return NO_BYTES;
    if (is_number(&item)) return raw;
    if (item.type != MP_STR || item.data.n > 64) return NO_BYTES;
    struct bytes text = item.data;
    buf_clear(scratch);
    return json_to_mp(text, scratch, NULL) == 0 && head_of(bytes_of_buf(scratch), &item) && is_number(&item)
               ? bytes_of_buf(scratch)
               : NO_BYTES;
}

bool lmeval_is_nan(struct bytes raw) {
    struct bytes text = lmeval_text(raw);
    return bytes_is(text, "NaN") || bytes_is(text, "Infinity") || bytes_is(text, "-Infinity") || bytes_is(text, "N/A");
}

bool lmeval_count(struct bytes raw, uint64_t *ret) {
    struct mp_item item;
    uint64_t n = 0;
    if (!head_of(raw, &item)) return false;
    bool fine = item.type == MP_UINT;
    if (fine) {
        n = item.uint;
    } else if (item.type == MP_FLOAT && item.real >= 0 && item.real < FLOAT_WHOLE) {
        n = (uint64_t)item.real;
        fine = (double)n >= item.real; /* nothing was cut off */
    } else if (item.type == MP_STR) {
        fine = text_parse_u64(item.data, &n) == 0 && n <= MP_INT_MAX;
    }
    if (fine) {
        *ret = n;
    }
    return fine;
}

bool lmeval_truth(struct bytes raw, bool *ret) {
    struct mp_item item;
    if (!head_of(raw, &item)) return false;
    if (item.type == MP_BOOL) {
        *ret = item.boolean;
        return true;
    }
    bool yes = item.type == MP_STR && (bytes_is(item.data, "true") || bytes_is(item.data, "True"));
    bool no = item.type == MP_STR && (bytes_is(item.data, "false") || bytes_is(item.data, "False"));
    if (yes || no) {
        *ret = yes;
    }
    return yes || no;
}

static bool is_hex(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

struct bytes lmeval_sha256(struct bytes raw) {
    struct bytes text = lmeval_text(raw);
    for (size_t i = 0; i < text.n; i++) {
        if (!is_hex(text.p[i])) return NO_BYTES;
    }
    return text.n == LMEVAL_HEX_LEN ? text : NO_BYTES;
}

struct bytes lmeval_word(struct bytes raw) {
    struct bytes text = lmeval_text(raw);
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!fine && (c == '\0' || strchr(".:/_+-", c) == NULL)) return NO_BYTES;
    }
    return text.n <= WORD_MAX ? text : NO_BYTES;
}

bool lmeval_seconds(struct bytes text, uint64_t *ret_ns) {
    const uint8_t *point = text.n > 0 ? memchr(text.p, '.', text.n) : NULL;
    struct bytes whole = {text.p, point != NULL ? (size_t)(point - text.p) : text.n};
    uint64_t s = 0, ns = 0;
    if (text_parse_u64(whole, &s) != 0 || s < S_OF_2000 || s >= S_OF_2262) return false;
    size_t digits = point != NULL ? text.n - whole.n - 1 : 0;
    if (digits > FRACTION || (point != NULL && digits == 0)) return false;
    for (size_t i = 0; i < FRACTION; i++) {
        uint8_t c = i < digits ? point[1 + i] : '0';
        if (c < '0' || c > '9') return false;
        ns = ns * 10 + (uint64_t)(c - '0');
    }
    *ret_ns = s * CLOCK_NS_PER_S + ns;
    return true;
}

/* ---- keys and other entries --------------------------------------------------------------------------------------- */

void lmeval_key(char ret[LMEVAL_KEY_LEN], const uint8_t *secret, const char *prefix, const struct bytes *parts, size_t n) {
    uint8_t each[16 * HASH_LEN];
    size_t used = n < 16 ? n : 16;
    for (size_t i = 0; i < used; i++) {
        hash_parts(each + i * HASH_LEN, &parts[i], 1);
    }
    const struct bytes whole = {each, used * HASH_LEN};
    char hex[KEYED_HASH_HEX];
    keyed_hash_parts(hex, secret, &whole, 1);
    snprintf(ret, LMEVAL_KEY_LEN, "%s%s%s", prefix, prefix[0] != '\0' ? ":" : "", hex);
}

void lmeval_other_put(struct lmeval_other *other, struct bytes name, struct bytes raw) {
    size_t room = other->entries.n < LMEVAL_OTHER_MAX ? LMEVAL_OTHER_MAX - other->entries.n : 0;
    size_t max = room < LMEVAL_KEPT_MAX ? room : LMEVAL_KEPT_MAX;
    mp_put_str(&other->entries, name);
    mp_map_put_bounded(&other->entries, raw, max);
    other->count++;
}

void lmeval_other_end(struct lmeval_other *other, struct mp_map *fields) {
    if (other->count > 0) {
        mp_map_begin(fields, "other");
        mp_put_map(&fields->values, other->count);
        buf_put_bytes(&fields->values, bytes_of_buf(&other->entries));
        mp_map_end(fields);
    }
    if (other->entries.fail != 0) {
        fields->values.fail = other->entries.fail;
    }
    buf_clear(&other->entries);
    other->count = 0;
}
