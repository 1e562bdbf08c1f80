/* Open addressing, linear probing, at most half full, doubling up to the bound. Two texts whose hashes are equal only make
 * the second one's number start at 2. */
#include "ingest/occur.h"

#include <stdlib.h>

struct slot {
    uint64_t hash;
    uint32_t count; /* 0: free */
};

struct occur {
    struct slot *slots;
    size_t cap, n; /* cap is a power of two */
};

struct occur *occur_new(void) {
    return calloc(1, sizeof(struct occur));
}

void occur_free(struct occur *o) {
    if (o != NULL) {
        free(o->slots);
        free(o);
    }
}

static struct slot *find(struct slot *slots, size_t cap, uint64_t hash) {
    size_t i = (size_t)hash & (cap - 1);
    while (slots[i].count != 0 && slots[i].hash != hash) {
        i = (i + 1) & (cap - 1);
    }
    return &slots[i];
}

static int grow(struct occur *o, struct err *err) {
    size_t cap = o->cap == 0 ? 1024 : o->cap * 2;
    struct slot *slots = calloc(cap, sizeof(*slots));
    if (slots == NULL) {
        return err_set(err, ERR_NOMEM, "counting lines: out of memory");
    }
    for (size_t i = 0; i < o->cap; i++) {
        if (o->slots[i].count != 0) {
            *find(slots, cap, o->slots[i].hash) = o->slots[i];
        }
    }
    free(o->slots);
    o->slots = slots;
    o->cap = cap;
    return 0;
}

int occur_count(struct occur *o, uint64_t hash, uint32_t *ret_n, struct err *err) {
    if (o->n < OCCUR_MAX && o->n * 2 >= o->cap) {
        int code = grow(o, err);
        if (code != 0) {
            return code;
        }
    }
    struct slot *slot = find(o->slots, o->cap, hash);
    if (slot->count == 0) {
        if (o->n >= OCCUR_MAX) {
            *ret_n = 0;
            return 0;
        }
        slot->hash = hash;
        o->n++;
    }
    if (slot->count < UINT32_MAX) {
        slot->count++;
    }
    *ret_n = slot->count;
    return 0;
}
