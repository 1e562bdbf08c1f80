/* An object's names in an array, searched linearly: an agent's object has about ten of them. */
#include "ingest/hook/map.h"

#include <string.h>

#include "base/text.h"

int hook_map_open(struct hook_map *map, struct bytes raw, const char *what, struct err *err) {
    struct mp_reader r;
    struct mp_item head;
    mp_reader_init(&r, raw);
    int rc = mp_next(&r, &head, err);
    if (rc != 0) {
        return rc < 0 ? rc : err_set(err, ERR_INVALID, "%s is empty; expected: a JSON object", what);
    }
    if (head.type != MP_MAP) {
        return err_set(err, ERR_INVALID, "%s is not a JSON object; expected: a JSON object", what);
    }
    if (head.count > HOOK_NAMES_MAX) {
        return err_set(err, ERR_INVALID, "%s has %u names; expected: at most %d", what, head.count, HOOK_NAMES_MAX);
    }
    for (map->n = 0; map->n < head.count; map->n++) {
        struct hook_name *name = &map->names[map->n];
        struct mp_item key;
        struct mp_reader value;
        rc = mp_next(&r, &key, err);
        if (rc == 0) rc = mp_skip(&r, 1, &name->raw, err);
        if (rc == 0) {
            mp_reader_init(&value, name->raw);
            rc = mp_next(&value, &name->item, err);
        }
        if (rc != 0) return rc < 0 ? rc : err_set(err, ERR_CORRUPT, "%s ends inside an item", what);
        name->name = key.data;
        name->inner = NULL;
        name->taken = false;
    }
    return 0;
}

/* Its index, or map->n. */
static size_t find(const struct hook_map *map, const char *name) {
    size_t i = 0;
    while (i < map->n && !bytes_is(map->names[i].name, name)) {
        i++;
    }
    return i;
}

const struct hook_name *hook_map_see(const struct hook_map *map, const char *name) {
    size_t i = find(map, name);
    return i < map->n && map->names[i].item.type != MP_NIL ? &map->names[i] : NULL;
}

struct bytes hook_map_see_text(const struct hook_map *map, const char *name) {
    const struct hook_name *found = hook_map_see(map, name);
    return found != NULL && found->item.type == MP_STR ? found->item.data : (struct bytes){NULL, 0};
}

bool hook_is_word(struct bytes text) {
    return text.n > 0 && text.n <= HOOK_WORD_MAX && !text_has_control(text);
}

/* Any value but null. */
static struct hook_name *take_any(struct hook_map *map, const char *name) {
    size_t i = find(map, name);
    if (i == map->n || map->names[i].item.type == MP_NIL) return NULL;
    map->names[i].taken = true;
    return &map->names[i];
}

static struct hook_name *take(struct hook_map *map, const char *name, enum mp_type type) {
    const struct hook_name *found = hook_map_see(map, name);
    return found != NULL && found->item.type == type ? take_any(map, name) : NULL;
}

static bool take_text(struct hook_map *map, const char *name, struct bytes *ret) {
    const struct hook_name *found = take(map, name, MP_STR);
    if (found != NULL) {
        *ret = found->item.data;
    }
    return found != NULL;
}

bool hook_map_word(struct hook_map *map, const char *name, struct bytes *ret) {
    return hook_is_word(hook_map_see_text(map, name)) && take_text(map, name, ret);
}

bool hook_map_flag(struct hook_map *map, const char *name, bool *ret) {
    const struct hook_name *found = take(map, name, MP_BOOL);
    if (found != NULL) {
        *ret = found->item.boolean;
    }
    return found != NULL;
}

bool hook_map_value(struct hook_map *map, const char *name, struct bytes *ret_raw) {
    const struct hook_name *found = take_any(map, name);
    if (found != NULL) {
        *ret_raw = found->raw;
    }
    return found != NULL;
}

bool hook_map_number(struct hook_map *map, const char *name, struct bytes *ret_raw) {
    const struct hook_name *found = hook_map_see(map, name);
    bool number = found != NULL && (found->item.type == MP_UINT || (found->item.type == MP_FLOAT && found->item.real >= 0));
    return number && hook_map_value(map, name, ret_raw);
}

bool hook_map_inner(struct hook_map *map, const char *name, struct hook_map *inner) {
    const struct hook_name *found = hook_map_see(map, name);
    if (found == NULL || hook_map_open(inner, found->raw, name, NULL) != 0) return false;
    take_any(map, name)->inner = inner;
    return true;
}

void hook_map_drop(struct hook_map *map, const char *name) {
    size_t i = find(map, name);
    if (i < map->n) {
        map->names[i].taken = true;
    }
}

static bool is_left(const struct hook_name *name) {
    return name->inner != NULL ? hook_map_is_left(name->inner) : !name->taken;
}

bool hook_map_is_left(const struct hook_map *map) {
    for (size_t i = 0; i < map->n; i++) {
        if (is_left(&map->names[i])) return true;
    }
    return false;
}

/* The recursion is as deep as the calls of hook_map_inner, which the code bounds. */
void hook_map_put_left(const struct hook_map *map, struct buf *out) {
    uint32_t count = 0;
    for (size_t i = 0; i < map->n; i++) {
        count += is_left(&map->names[i]);
    }
    if (count == 0) return;
    mp_put_map(out, count);
    for (size_t i = 0; i < map->n; i++) {
        const struct hook_name *name = &map->names[i];
        if (!is_left(name)) continue;
        mp_put_str(out, name->name);
        if (name->inner != NULL) {
            hook_map_put_left(name->inner, out);
        } else {
            buf_put_bytes(out, name->raw);
        }
    }
}
