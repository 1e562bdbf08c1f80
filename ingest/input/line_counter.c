/* Open addressing, linear probing, at most half full, doubling up to the bound. Two texts whose hashes are equal only make
 * the second one's number start at 2. */
#include "ingest/input/line_counter.h"

#include <stdlib.h>

struct slot {
    uint64_t hash;
    uint32_t count; /* 0: free */
};

struct line_counter {
    struct slot *slots;
    size_t cap, n; /* cap is a power of two */
};

struct line_counter *line_counter_new(void) {
    return calloc(1, sizeof(struct line_counter));
}

void line_counter_free(struct line_counter *c) {
    if (c != NULL) {
        free(c->slots);
        free(c);
    }
}

static struct slot *find(struct slot *slots, size_t cap, uint64_t hash) {
    size_t i = (size_t)hash & (cap - 1);
    while (slots[i].count != 0 && slots[i].hash != hash) {
        i = (i + 1) & (cap - 1);
    }
    return &slots[i];
}

static int grow(struct line_counter *c, struct err *err) {
    size_t cap = c->cap == 0 ? 1024 : c->cap * 2;
    struct slot *slots = calloc(cap, sizeof(*slots));
    if (slots == NULL) return err_set(err, ERR_NOMEM, "counting lines: out of memory");
    for (size_t i = 0; i < c->cap; i++) {
        if (c->slots[i].count != 0) {
            *find(slots, cap, c->slots[i].hash) = c->slots[i];
        }
    }
    free(c->slots);
    c->slots = slots;
    c->cap = cap;
    return 0;
}

int line_counter_add(struct line_counter *c, uint64_t hash, uint32_t *ret_n, struct err *err) {
    if (c->n < LINE_COUNTER_MAX && c->n * 2 >= c->cap) {
        int rc = grow(c, err);
        if (rc != 0) return rc;
    }
    struct slot *slot = find(c->slots, c->cap, hash);
    if (slot->count == 0) {
        if (c->n >= LINE_COUNTER_MAX) {
            *ret_n = 0;
            return 0;
        }
        slot->hash = hash;
        c->n++;
    }
    if (slot->count < UINT32_MAX) {
        slot->count++;
    }
    *ret_n = slot->count;
    return 0;
}
