/* Values are appended to one buffer; an index of names, sorted when the map is written, says where. */
#include "base/mp_map.h"

#include <assert.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"

#define SMALL 96 /* an item that is no larger than its digest */

void mp_map_init(struct mp_map *map, size_t max) {
    buf_init(&map->values, max);
    map->n = 0;
}

void mp_map_done(struct mp_map *map) {
    buf_done(&map->values);
    map->n = 0;
}

void mp_map_clear(struct mp_map *map) {
    buf_clear(&map->values);
    map->n = 0;
}

static uint64_t first_bytes(const char *name) {
    uint64_t v = 0;
    for (unsigned shift = 64; shift > 0 && *name != '\0'; name++) {
        shift -= 8;
        v |= (uint64_t)(uint8_t)*name << shift;
    }
    return v;
}

void mp_map_begin(struct mp_map *map, const char *name) {
    assert(map->n < MP_MAP_MAX);
    map->entries[map->n].name = name;
    map->entries[map->n].begins = first_bytes(name);
    map->entries[map->n].at = map->values.n;
}

void mp_map_end(struct mp_map *map) {
    map->entries[map->n].n = map->values.n - map->entries[map->n].at;
    map->n++;
}

void mp_map_text(struct mp_map *map, const char *name, struct bytes text) {
    if (text.n > 0) {
        mp_map_begin(map, name);
        mp_put_str(&map->values, text);
        mp_map_end(map);
    }
}

void mp_map_uint(struct mp_map *map, const char *name, uint64_t value) {
    mp_map_begin(map, name);
    mp_put_uint(&map->values, value);
    mp_map_end(map);
}

void mp_map_bool(struct mp_map *map, const char *name, bool value) {
    mp_map_begin(map, name);
    mp_put_bool(&map->values, value);
    mp_map_end(map);
}

void mp_map_nil(struct mp_map *map, const char *name) {
    mp_map_begin(map, name);
    mp_put_nil(&map->values);
    mp_map_end(map);
}

void mp_map_put_digest(struct buf *out, struct bytes hex) {
    char text[7 + 2 * HASH_LEN] = "sha256:";
    assert(hex.n == 2 * HASH_LEN);
    for (size_t i = 0; i < hex.n; i++) {
        text[7 + i] = (char)(hex.p[i] >= 'A' && hex.p[i] <= 'F' ? hex.p[i] + ('a' - 'A') : hex.p[i]);
    }
    mp_put_str(out, (struct bytes){(const uint8_t *)text, sizeof(text)});
}

void mp_map_digest(struct mp_map *map, const char *name, struct bytes hex) {
    if (hex.n > 0) {
        mp_map_begin(map, name);
        mp_map_put_digest(&map->values, hex);
        mp_map_end(map);
    }
}

void mp_map_hash(struct mp_map *map, const char *name, const uint8_t hash[HASH_LEN]) {
    char hex[2 * HASH_LEN + 1];
    text_hex(hex, hash, HASH_LEN);
    mp_map_digest(map, name, bytes_of(hex));
}

void mp_map_raw(struct mp_map *map, const char *name, struct bytes raw) {
    if (raw.n > 0) {
        mp_map_begin(map, name);
        buf_put_bytes(&map->values, raw);
        mp_map_end(map);
    }
}

void mp_map_put_bounded(struct buf *out, struct bytes raw, size_t max) {
    if (raw.n <= max || raw.n < SMALL) {
        buf_put_bytes(out, raw);
        return;
    }
    uint8_t digest[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    hash_parts(digest, &raw, 1);
    text_hex(hex, digest, HASH_LEN);
    mp_put_map(out, 2);
    mp_put_text(out, "bytes");
    mp_put_uint(out, raw.n);
    mp_put_text(out, "sha256");
    mp_put_text(out, hex);
}

void mp_map_bounded(struct mp_map *map, const char *name, struct bytes raw, size_t max) {
    if (raw.n > 0) {
        mp_map_begin(map, name);
        mp_map_put_bounded(&map->values, raw, max);
        mp_map_end(map);
    }
}

/* Insertion sort: few names, mostly in order already. They are ASCII, so strcmp orders them by their bytes. */
static void sort_by_name(struct mp_map *map) {
    for (size_t i = 1; i < map->n; i++) {
        size_t k = i;
        uint64_t begins = map->entries[i].begins;
        const char *name = map->entries[i].name;
        while (k > 0 && (map->entries[k - 1].begins > begins ||
                         (map->entries[k - 1].begins == begins && strcmp(map->entries[k - 1].name, name) > 0))) {
            k--;
        }
        if (k < i) {
            size_t at = map->entries[i].at, n = map->entries[i].n;
            memmove(&map->entries[k + 1], &map->entries[k], (i - k) * sizeof(map->entries[0]));
            map->entries[k].name = name;
            map->entries[k].begins = begins;
            map->entries[k].at = at;
            map->entries[k].n = n;
        }
    }
}

int mp_map_write(struct mp_map *map, struct buf *out, struct err *err) {
    sort_by_name(map);
    mp_put_map(out, (uint32_t)map->n);
    for (size_t i = 0; i < map->n && map->values.fail == 0; i++) {
        mp_put_text(out, map->entries[i].name);
        buf_put(out, map->values.p + map->entries[i].at, map->entries[i].n);
    }
    out->fail = out->fail != 0 ? out->fail : map->values.fail;
    return buf_check(out, "a map", err);
}
