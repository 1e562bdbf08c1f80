/* Values of canonical maps that came from JSON, read forgivingly: what has another type than expected counts as absent. */
#include "base/answer/member.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define WORDS_MAX 32

int member_parse(struct bytes text, size_t bytes_max, size_t values_max, struct buf *out, struct err *err) {
    if (text.n > bytes_max) {
        return err_set(err, ERR_LIMIT, "the answer has %zu bytes; expected: at most %zu", text.n, bytes_max);
    }
    if (json_count_values(text) > values_max) {
        return err_set(err, ERR_LIMIT, "the answer has more than %zu values", values_max);
    }
    int rc = json_to_mp(text, out, err);
    if (rc != 0) {
        err_prefix(err, "not valid JSON");
    }
    return rc;
}

struct bytes member_raw(struct bytes map, const char *name) {
    struct bytes raw;
    struct mp_item item;
    if (mp_map_get(map, name, &raw) != 0 || (mp_scalar(raw, &item) == 0 && item.type == MP_NIL)) {
        return (struct bytes){NULL, 0};
    }
    return raw;
}

bool member_is(struct bytes raw, enum mp_type type) {
    struct mp_reader r;
    struct mp_item head;
    mp_reader_init(&r, raw);
    return raw.n > 0 && mp_next(&r, &head, NULL) == 0 && head.type == type;
}

struct bytes member_map(struct bytes map, const char *name) {
    struct bytes raw = member_raw(map, name);
    return member_is(raw, MP_MAP) ? raw : (struct bytes){NULL, 0};
}

static bool scalar(struct bytes map, const char *name, struct mp_item *ret) {
    struct bytes raw = member_raw(map, name);
    return raw.n > 0 && mp_scalar(raw, ret) == 0;
}

struct bytes member_text(struct bytes map, const char *name) {
    struct mp_item item;
    return scalar(map, name, &item) && item.type == MP_STR ? item.data : (struct bytes){NULL, 0};
}

bool member_is_word(struct bytes text) {
    return text.n > 0 && text.n <= MEMBER_WORD_MAX && !text_has_control(text) && text.p[0] != '/' && text.p[0] != '~' &&
           text.p[0] != '.' && memchr(text.p, '\\', text.n) == NULL;
}

struct bytes member_word(struct bytes map, const char *name) {
    struct bytes text = member_text(map, name);
    return member_is_word(text) ? text : (struct bytes){NULL, 0};
}

uint64_t member_number(struct bytes map, const char *name) {
    struct mp_item item;
    uint64_t n;
    if (!scalar(map, name, &item)) return MEMBER_NONE;
    if (item.type == MP_UINT) return item.uint;
    return item.type == MP_STR && text_parse_u64(item.data, &n) == 0 && n <= MP_INT_MAX ? n : MEMBER_NONE;
}

uint64_t member_time(struct bytes map, const char *name) {
    uint64_t ns;
    struct bytes text = member_text(map, name);
    return text.n > 0 && text_parse_time(text, &ns) == 0 && ns <= MP_INT_MAX ? ns : MEMBER_NONE;
}

bool member_flag(struct bytes map, const char *name) {
    struct mp_item item;
    return scalar(map, name, &item) && item.type == MP_BOOL && item.boolean;
}

struct bytes member_list(struct bytes map, const char *name, struct mp_reader *ret_inside, uint32_t *ret_count) {
    struct bytes raw = member_raw(map, name);
    struct mp_item head;
    mp_reader_init(ret_inside, raw);
    if (raw.n == 0 || mp_next(ret_inside, &head, NULL) != 0 || head.type != MP_ARRAY) {
        return (struct bytes){NULL, 0};
    }
    *ret_count = head.count;
    return raw;
}

struct bytes member_array(struct bytes map, const char *name) {
    struct mp_reader r;
    uint32_t count;
    return member_list(map, name, &r, &count);
}

struct bytes member_words(struct bytes map, const char *name) {
    struct mp_reader r;
    struct mp_item item;
    uint32_t count = 0;
    struct bytes raw = member_list(map, name, &r, &count);
    if (raw.n == 0 || count == 0 || count > WORDS_MAX) return (struct bytes){NULL, 0};
    for (uint32_t i = 0; i < count; i++) {
        if (mp_next(&r, &item, NULL) != 0 || item.type != MP_STR || !member_is_word(item.data)) {
            return (struct bytes){NULL, 0};
        }
    }
    return raw;
}
