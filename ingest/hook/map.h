/* One JSON object of a record, opened: its names, and which of them an event has taken. Agents add fields with every
 * version; members that are not taken, or have an unexpected type, are kept verbatim. */
#ifndef INGEST_HOOK_MAP_H
#define INGEST_HOOK_MAP_H

#include "base/bytes.h"
#include "base/mp.h"

#define HOOK_NAMES_MAX 96
#define HOOK_WORD_MAX  200 /* bytes of an id, a name, a word that may be in an open field */

struct hook_map;

struct hook_name {
    struct bytes name, raw;       /* borrowed from the record */
    struct mp_item item;          /* the value, or the head of it */
    const struct hook_map *inner; /* opened too: its untaken members are those left */
    bool taken;
};

struct hook_map {
    size_t n;
    struct hook_name names[HOOK_NAMES_MAX];
};

/* Opens a canonical map. ERR_INVALID when it is not a map or has too many names; `what` begins the message. */
int hook_map_open(struct hook_map *map, struct bytes raw, const char *what, struct err *err);
/* The value of a name, taken or not; NULL when it is absent or null. */
const struct hook_name *hook_map_see(const struct hook_map *map, const char *name);
struct bytes hook_map_see_text(const struct hook_map *map, const char *name); /* empty when it is not text */

/* Each takes the value and returns true when it is present and has this type; otherwise *ret is untouched and the value is
 * left. */
/* Text of 1 to HOOK_WORD_MAX bytes without control characters. */
bool hook_map_word(struct hook_map *map, const char *name, struct bytes *ret);
bool hook_map_flag(struct hook_map *map, const char *name, bool *ret);
bool hook_map_value(struct hook_map *map, const char *name, struct bytes *ret_raw); /* anything but null */
bool hook_map_number(struct hook_map *map, const char *name, struct bytes *ret_raw);
/* Opens the object; `inner` must live as long as `map` is used. */
bool hook_map_inner(struct hook_map *map, const char *name, struct hook_map *inner);
/* Takes a name without reading its value. */
void hook_map_drop(struct hook_map *map, const char *name);

/* Appends the untaken members as a map; nothing when there are none. */
bool hook_map_is_left(const struct hook_map *map);
void hook_map_put_left(const struct hook_map *map, struct buf *out);

/* Short and without control characters. */
bool hook_is_word(struct bytes text);

#endif
