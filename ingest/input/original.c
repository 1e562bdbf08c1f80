/* The original beside what was understood of it. */
#include "ingest/input/original.h"

#include "base/mp.h"

static bool is_without(struct bytes name, const char *const *without) {
    for (; without != NULL && *without != NULL; without++) {
        if (bytes_is(name, *without)) return true;
    }
    return false;
}

/* One walk over the map, which takes the entries that fit, or the names of those that do not. */
struct raw_walk {
    const char *const *without;
    bool omitted;
    struct buf *out; /* NULL: count only */
};

/* How many entries were taken. */
static uint32_t walk_raw(const struct raw_walk *w, struct bytes map) {
    struct mp_reader r;
    struct mp_item head, name;
    size_t room = ORIGINAL_MAX;
    uint32_t count = 0;
    mp_reader_init(&r, map);
    if (map.n == 0 || mp_next(&r, &head, NULL) != 0) return 0;
    for (uint32_t i = 0; i < head.count; i++) {
        const uint8_t *from = r.p;
        if (mp_next(&r, &name, NULL) != 0 || mp_skip(&r, 1, NULL, NULL) != 0) break;
        size_t n = (size_t)(r.p - from);
        bool fits = n <= room;
        if (is_without(name.data, w->without)) continue;
        room -= fits ? n : 0;
        if (fits == w->omitted) continue;
        count++;
        if (w->out != NULL && w->omitted) {
            mp_put_str(w->out, name.data);
        } else if (w->out != NULL) {
            buf_put(w->out, from, n);
        }
    }
    return count;
}

void original_put(struct mp_map *f, const char *name, struct bytes map, const char *const *without) {
    uint32_t taken = walk_raw(&(struct raw_walk){.without = without}, map);
    uint32_t omitted = walk_raw(&(struct raw_walk){.without = without, .omitted = true}, map);
    if (taken > 0) {
        mp_map_begin(f, name);
        mp_put_map(&f->values, taken);
        walk_raw(&(struct raw_walk){.without = without, .out = &f->values}, map);
        mp_map_end(f);
    }
    if (omitted > 0) {
        mp_map_begin(f, "omitted");
        mp_put_array(&f->values, omitted);
        walk_raw(&(struct raw_walk){.without = without, .omitted = true, .out = &f->values}, map);
        mp_map_end(f);
    }
}
