/* The header of a safetensors file: one JSON object, which must describe exactly the bytes that follow it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mp.h"
#include "ingest/input/item.h"
#include "ingest/input/pyjson.h"
#include "ingest/weights/weights.h"

#define TYPES_MAX 32

struct types {
    char name[TYPES_MAX][16];
    uint64_t bytes[TYPES_MAX];
    size_t n;
};

static int bad_tensor(struct bytes name, const char *what, struct err *err) {
    return err_set(err, ERR_INVALID, "tensor '%.*s' %s", (int)(name.n < 96 ? name.n : 96), (const char *)name.p, what);
}

/* The product of its shape. */
static bool count_shape(struct bytes shape, uint64_t *ret) {
    struct mp_reader r;
    struct bytes raw;
    uint32_t n = 0;
    uint64_t all = 1, one;
    if (!item_list(shape, &r, &n)) return false;
    for (; n > 0; n--) {
        if (mp_skip(&r, 2, &raw, NULL) != 0 || !item_count(raw, &one) || __builtin_mul_overflow(all, one, &all))
            return false;
    }
    *ret = all;
    return true;
}

static bool offsets_of(struct bytes raw, uint64_t *ret_from, uint64_t *ret_to) {
    struct mp_reader r;
    struct bytes from, to;
    uint32_t n = 0;
    return item_list(raw, &r, &n) && n == 2 && mp_skip(&r, 2, &from, NULL) == 0 && mp_skip(&r, 2, &to, NULL) == 0 &&
           item_count(from, ret_from) && item_count(to, ret_to) && *ret_from <= *ret_to;
}

static void count_type(struct types *t, struct bytes type, uint64_t bytes) {
    size_t i = 0;
    while (i < t->n && !bytes_is(type, t->name[i])) {
        i++;
    }
    if (i == TYPES_MAX || type.n >= sizeof(t->name[0])) return;
    if (i == t->n) {
        bytes_copy(t->name[i], type);
        t->name[i][type.n] = '\0';
        t->bytes[i] = 0;
        t->n++;
    }
    t->bytes[i] += bytes;
}

static int take_tensor(struct weights *w, struct types *types, struct bytes name, struct bytes raw, uint64_t data,
                       uint64_t *covered, struct err *err) {
    struct bytes type = item_word(item_get(raw, "dtype"));
    uint64_t n = 0, from = 0, to = 0;
    if (type.n == 0) return bad_tensor(name, "has no 'dtype'; expected: a word such as F16", err);
    if (!count_shape(item_get(raw, "shape"), &n)) return bad_tensor(name, "has no 'shape'; expected: a list of sizes", err);
    if (!offsets_of(item_get(raw, "data_offsets"), &from, &to)) {
        return bad_tensor(name, "has no 'data_offsets'; expected: where its bytes begin and end", err);
    }
    if (to > data) return bad_tensor(name, "ends after the file does: the file is cut off, or the header wrong", err);
    *covered += to - from;
    w->tensors++;
    if (__builtin_add_overflow(w->parameters, n, &w->parameters)) return bad_tensor(name, "is larger than any model", err);
    count_type(types, type, to - from);
    return 0;
}

static void take_metadata(struct weights *w, struct bytes raw) {
    struct item_entries e;
    item_entries_open(&e, raw);
    while (item_entries_next(&e)) {
        struct bytes text = item_text(e.raw);
        if (bytes_is(e.name, "modelspec.title")) weights_keep(w->name, sizeof(w->name), text);
        if (bytes_is(e.name, "modelspec.architecture")) weights_keep(w->architecture, sizeof(w->architecture), text);
        if (bytes_is(e.name, "modelspec.license")) weights_keep(w->license, sizeof(w->license), text);
        if (e.name.n > 0 && e.name.n <= WEIGHTS_KEY_MAX) weights_put_text(w, e.name, text);
    }
}

/* The type that most bytes have, as its quantization. */
static int take_header(struct weights *w, struct bytes map, uint64_t data, struct err *err) {
    struct types types = {.n = 0};
    struct item_entries e;
    uint64_t covered = 0, most = 0;
    int rc = 0;
    item_entries_open(&e, map);
    while (rc == 0 && item_entries_next(&e)) {
        if (bytes_is(e.name, "__metadata__")) {
            take_metadata(w, e.raw);
        } else {
            rc = take_tensor(w, &types, e.name, e.raw, data, &covered, err);
        }
    }
    if (rc != 0) return rc;
    if (covered != data) {
        return err_set(err, ERR_INVALID, "the tensors have %llu bytes, but %llu follow the header",
                       (unsigned long long)covered, (unsigned long long)data);
    }
    for (size_t i = 0; i < types.n; i++) {
        if (types.bytes[i] > most) {
            most = types.bytes[i];
            snprintf(w->quantization, sizeof(w->quantization), "%s", types.name[i]);
        }
    }
    return 0;
}

int weights_safetensors_read(int fd, uint64_t size, struct lines_digest *digest, struct weights *w, struct err *err) {
    struct buf text = {.max = WEIGHTS_JSON_MAX}, scratch = {.max = 2 * WEIGHTS_JSON_MAX},
               mp = {.max = 2 * WEIGHTS_JSON_MAX};
    uint8_t head[8];
    int rc = size >= 8 ? weights_read_at(fd, 0, head, 8, err)
                       : err_set(err, ERR_CORRUPT, "the file has only %llu bytes", (unsigned long long)size);
    if (rc != 0) return rc;
    uint64_t n = weights_le(head, 8);
    w->format = "safetensors";
    w->bytes = size;
    if (n > size - 8) {
        return err_set(err, ERR_CORRUPT,
                       "the header has %llu bytes, and the file ends before: it is cut off, or no safetensors file",
                       (unsigned long long)n);
    }
    if (n > WEIGHTS_JSON_MAX) {
        return err_set(err, ERR_LIMIT, "the header has %llu bytes; expected: at most %llu", (unsigned long long)n,
                       (unsigned long long)WEIGHTS_JSON_MAX);
    }
    uint8_t *room = n > 0 ? buf_room(&text, (size_t)n) : NULL;
    if (n > 0 && room == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    if (n > 0) rc = weights_read_at(fd, 8, room, (size_t)n, err);
    text.n = (size_t)n;
    const struct bytes parts[] = {{head, 8}, bytes_of_buf(&text)};
    if (rc == 0) rc = pyjson_to_mp(parts[1], WEIGHTS_JSON_ROOM, &scratch, &mp, err);
    if (rc == 0 && !item_is(bytes_of_buf(&mp), MP_MAP)) rc = err_set(err, ERR_INVALID, "the header is not a JSON object");
    if (rc == 0) rc = take_header(w, bytes_of_buf(&mp), size - 8 - n, err);
    if (rc == 0) {
        hash_parts(w->header_digest, parts, 2);
        lines_digest_put(digest, parts[0]);
        lines_digest_put(digest, parts[1]);
    }
    buf_done(&text);
    buf_done(&scratch);
    buf_done(&mp);
    return rc;
}
