/* A record is [open map, private map]; the private one may be empty. */
#include "doctor/probe/record.h"

#include <string.h>

#include "base/mp.h"
#include "base/mp_map.h"
#include "base/text.h"

void probe_out_init(struct probe_out *out) {
    buf_init(&out->bytes, PROBE_OUT_MAX);
}

void probe_out_done(struct probe_out *out) {
    buf_done(&out->bytes);
}

/* Made safe, so valid UTF-8; cut to `max` before. */
static void put_text(struct mp_map *map, const char *name, const char *text, size_t max) {
    struct buf safe = {.max = 8 * PROBE_WORDS_MAX};
    if (text == NULL || text[0] == '\0') return;
    text_safe(&safe, (struct bytes){(const uint8_t *)text, strnlen(text, max)});
    mp_map_text(map, name, bytes_of_buf(&safe));
    buf_done(&safe);
}

void probe_say(struct probe_out *out, const struct probe_check *check) {
    struct mp_map open, private_;
    mp_map_init(&open, PROBE_OUT_MAX);
    mp_map_init(&private_, PROBE_OUT_MAX);
    put_text(&open, "check", check->check, PROBE_TEXT_MAX);
    put_text(&open, "status", check->status, PROBE_TEXT_MAX);
    put_text(&open, "target", check->target, PROBE_TEXT_MAX);
    put_text(&open, "pack", check->pack, PROBE_TEXT_MAX);
    put_text(&open, "unit", check->unit, PROBE_TEXT_MAX);
    put_text(&open, "digest", check->digest, PROBE_TEXT_MAX);
    if (check->value != UINT64_MAX) mp_map_uint(&open, "value", check->value);
    if (check->limit != UINT64_MAX) mp_map_uint(&open, "limit", check->limit);
    if (check->offline) mp_map_bool(&open, "offline", true);
    put_text(&private_, "path", check->path, PROBE_WORDS_MAX);
    put_text(&private_, "detail", check->detail, PROBE_WORDS_MAX);
    mp_put_array(&out->bytes, 2);
    mp_map_write(&open, &out->bytes, NULL);
    mp_map_write(&private_, &out->bytes, NULL);
    mp_map_done(&open);
    mp_map_done(&private_);
}

/* Only these fields, and of these types. */
static const struct field {
    const char *name;
    bool open;
    enum mp_type type;
} fields[] = {{"check", true, MP_STR},  {"digest", true, MP_STR},  {"limit", true, MP_UINT}, {"offline", true, MP_BOOL},
              {"pack", true, MP_STR},   {"status", true, MP_STR},  {"target", true, MP_STR}, {"unit", true, MP_STR},
              {"value", true, MP_UINT}, {"detail", false, MP_STR}, {"path", false, MP_STR}};

static int check_field(bool open, struct bytes name, const struct mp_item *value, struct err *err) {
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i].open == open && bytes_is(name, fields[i].name)) {
            size_t max = open ? PROBE_TEXT_MAX : PROBE_WORDS_MAX;
            bool fits = value->type == fields[i].type && (value->type != MP_STR || value->data.n <= 8 * max);
            return fits ? 0 : err_set(err, ERR_CORRUPT, "field '%s' is of another type or too long", fields[i].name);
        }
    }
    return err_set(err, ERR_CORRUPT, "an unknown field in a record");
}

/* A word of a table, such as a check or a status: it becomes part of a subject, and tables are read by it. */
static bool is_word(struct bytes text) {
    bool is = text.n > 0 && text.n <= PROBE_WORD_MAX;
    for (size_t i = 0; i < text.n && is; i++) {
        uint8_t c = text.p[i];
        is = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    }
    return is;
}

static int check_map(struct mp_reader *r, bool open, struct bytes *ret, struct err *err) {
    struct mp_reader fieldwise = *r;
    struct mp_item map, name, value;
    int rc = mp_skip(r, 1, ret, err);
    if (rc == 0) rc = mp_next(&fieldwise, &map, err);
    if (rc == 0 && map.type != MP_MAP) rc = err_set(err, ERR_CORRUPT, "a record is not made of maps");
    for (uint32_t i = 0; rc == 0 && i < map.count; i++) {
        rc = mp_next(&fieldwise, &name, err);
        if (rc == 0) rc = mp_next(&fieldwise, &value, err);
        if (rc == 0) rc = check_field(open, name.data, &value, err);
    }
    return rc;
}

int probe_read(struct bytes *rest, struct probe_record *ret, struct err *err) {
    struct mp_reader r;
    struct mp_item head;
    struct probe_record record = {0};
    mp_reader_init(&r, *rest);
    int rc = mp_next(&r, &head, err);
    if (rc != 0) return rc;
    if (head.type != MP_ARRAY || head.count != 2) return err_set(err, ERR_CORRUPT, "a record is not a pair");
    rc = check_map(&r, true, &record.open, err);
    if (rc == 0) rc = check_map(&r, false, &record.private_, err);
    if (rc != 0) return rc > 0 ? err_set(err, ERR_CORRUPT, "a record ends early") : rc;
    record.check = mp_get_text(record.open, "check");
    record.target = mp_get_text(record.open, "target");
    record.status = mp_get_text(record.open, "status");
    record.value = mp_get_uint(record.open, "value", UINT64_MAX);
    record.limit = mp_get_uint(record.open, "limit", UINT64_MAX);
    if (!is_word(record.check) || !is_word(record.status)) {
        return err_set(err, ERR_CORRUPT, "a record has no check or no status of small letters, digits, '-', '_' and '.'");
    }
    if (record.private_.n == 1) record.private_ = (struct bytes){0}; /* an empty map */
    *rest = (struct bytes){r.p, (size_t)(r.end - r.p)};
    *ret = record;
    return 0;
}
