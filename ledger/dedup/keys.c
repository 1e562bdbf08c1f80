/* Open addressing, no deletion. */
#include "ledger/dedup/keys.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_SLOTS_MIN 1024
#define KEYS_CROWDED   (3 * CORE_SEGMENT) /* more than this: what segments cover goes, and half a million slots are enough */

struct slot {
    uint64_t hash, seq1; /* seq + 1; 0: free */
};

struct keys_memory {
    struct slot *slots;
    size_t n_slots, used;
    bool loaded;
    uint64_t from, to;        /* pairs of events [from, to) are in */
    uint8_t leaf[EVENT_HASH]; /* of event to - 1 */
};

struct keys_memory *keys_new(void) {
    return calloc(1, sizeof(struct keys_memory));
}

void keys_free(struct keys_memory *keys) {
    if (keys != NULL) {
        free(keys->slots);
        free(keys);
    }
}

void keys_forget(struct keys_memory *keys) {
    if (keys->slots != NULL) {
        memset(keys->slots, 0, keys->n_slots * sizeof(*keys->slots));
    }
    keys->used = 0;
    keys->loaded = false;
}

static void place(struct slot *slots, size_t n_slots, struct slot slot) {
    size_t i = slot.hash & (n_slots - 1);
    while (slots[i].seq1 != 0) {
        i = (i + 1) & (n_slots - 1);
    }
    slots[i] = slot;
}

int keys_put(struct keys_memory *keys, uint64_t hash, uint64_t seq, struct err *err) {
    if (2 * (keys->used + 1) > keys->n_slots) {
        size_t n = keys->n_slots == 0 ? KEYS_SLOTS_MIN : 2 * keys->n_slots;
        struct slot *slots = calloc(n, sizeof(*slots));
        if (slots == NULL) return err_set(err, ERR_NOMEM, "out of memory for idempotency keys");
        for (size_t i = 0; i < keys->n_slots; i++) {
            if (keys->slots[i].seq1 != 0) {
                place(slots, n, keys->slots[i]);
            }
        }
        free(keys->slots);
        keys->slots = slots;
        keys->n_slots = n;
    }
    place(keys->slots, keys->n_slots, (struct slot){hash, seq + 1});
    keys->used++;
    return 0;
}

int keys_next(const struct keys_memory *keys, uint64_t hash, size_t *state, uint64_t *ret_seq) {
    while (keys->n_slots > 0 && *state < keys->n_slots) {
        const struct slot *slot = &keys->slots[(hash + *state) & (keys->n_slots - 1)];
        (*state)++;
        if (slot->seq1 == 0) return 1;
        if (slot->hash == hash) {
            *ret_seq = slot->seq1 - 1;
            return 0;
        }
    }
    return 1;
}

void keys_prefetch(const struct keys_memory *keys, uint64_t hash) {
    if (keys->n_slots > 0) {
        __builtin_prefetch(&keys->slots[hash & (keys->n_slots - 1)], 1);
    }
}

void keys_committed(struct keys_memory *keys, uint64_t size, const uint8_t leaf[EVENT_HASH]) {
    if (keys->loaded) {
        keys->to = size;
        memcpy(keys->leaf, leaf, EVENT_HASH);
    }
}

static int put_memory(void *ctx, uint64_t hash, uint64_t seq, struct err *err) {
    struct keys_memory *keys = ctx;
    return seq < keys->to ? 0 : keys_put(keys, hash, seq, err);
}

bool keys_crowded(const struct keys_memory *keys) {
    return keys->used > KEYS_CROWDED;
}

int keys_update(struct keys_memory *keys, const struct head *head, uint64_t covered, keys_collect_fn *collect, void *ctx,
                struct err *err) {
    uint64_t from = covered > head->keyed_from ? covered : head->keyed_from;
    if (keys->loaded && keys->to > head->size) {
        keys_forget(keys); /* a commit that was thought good is not there */
    }
    bool anew = !keys->loaded || keys->to < from || keys->from > from || (keys_crowded(keys) && keys->from < from);
    if (anew) {
        keys_forget(keys);
        keys->from = keys->to = from;
        keys->loaded = true;
    }
    if (keys->to == head->size) return 0;
    int rc = collect(ctx, keys->to, anew ? NULL : keys->leaf, put_memory, keys, err);
    if (rc != 0) {
        keys_forget(keys);
        return rc;
    }
    keys->to = head->size;
    memcpy(keys->leaf, head->prev, EVENT_HASH);
    return 0;
}

bool keys_range(const struct keys_memory *keys, uint64_t *ret_from, uint64_t *ret_to) {
    *ret_from = keys->from;
    *ret_to = keys->to;
    return keys->loaded;
}

static int count_pair(void *ctx, uint64_t hash, uint64_t seq, struct err *err) {
    (void)hash;
    (void)seq;
    (void)err;
    (*(uint64_t *)ctx)++;
    return 0;
}

uint64_t keys_count(const struct keys_memory *keys, uint64_t from, uint64_t to) {
    uint64_t n = 0;
    keys_each(keys, from, to, count_pair, &n, NULL);
    return n;
}

int keys_each(const struct keys_memory *keys, uint64_t from, uint64_t to, keyrun_put_fn *put, void *ctx, struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < keys->n_slots && rc == 0; i++) {
        const struct slot *slot = &keys->slots[i];
        if (slot->seq1 > from && slot->seq1 <= to) { /* seq + 1 */
            rc = put(ctx, slot->hash, slot->seq1 - 1, err);
        }
    }
    return rc;
}
