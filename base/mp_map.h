/* Builds a map: pairs are put in any order and written as one canonical map. An absent value is not put, so that
 * "absent", "null" and "0" remain distinct. */
#ifndef BASE_MP_MAP_H
#define BASE_MP_MAP_H

#include "base/bytes.h"
#include "base/hash.h"

#define MP_MAP_MAX 48

struct mp_map {
    struct buf values; /* one item after the other */
    struct {
        const char *name; /* borrowed; each name once */
        uint64_t begins;  /* its first eight bytes, in their order */
        size_t at, n;
    } entries[MP_MAP_MAX];
    size_t n;
};

void mp_map_init(struct mp_map *map, size_t max); /* maximum size of all values together */
void mp_map_done(struct mp_map *map);
void mp_map_clear(struct mp_map *map);
/* An empty text puts nothing. */
void mp_map_text(struct mp_map *map, const char *name, struct bytes text);
void mp_map_uint(struct mp_map *map, const char *name, uint64_t value);
void mp_map_bool(struct mp_map *map, const char *name, bool value);
void mp_map_nil(struct mp_map *map, const char *name);
/* As "sha256:" and hex digits. */
void mp_map_hash(struct mp_map *map, const char *name, const uint8_t hash[HASH_LEN]);
/* "sha256:" and 64 hex digits, in lower case; an empty text puts nothing. */
void mp_map_digest(struct mp_map *map, const char *name, struct bytes hex);
void mp_map_put_digest(struct buf *out, struct bytes hex); /* that item alone; exactly 64 digits */
/* One canonical item; empty bytes put nothing. */
void mp_map_raw(struct mp_map *map, const char *name, struct bytes raw);
/* The same, but an item of more than `max` bytes is replaced by the map {bytes, sha256} of its encoding. */
void mp_map_bounded(struct mp_map *map, const char *name, struct bytes raw, size_t max);
void mp_map_put_bounded(struct buf *out, struct bytes raw, size_t max); /* that item alone */
/* For a value that is written in pieces: begins it; write it to map->values, then call mp_map_end. */
void mp_map_begin(struct mp_map *map, const char *name);
void mp_map_end(struct mp_map *map);
/* Appends the map. ERR_LIMIT or ERR_NOMEM, which `out` then has too: for nested maps it is enough to check the
 * outermost. */
int mp_map_write(struct mp_map *map, struct buf *out, struct err *err);

#endif
