/* Only as much of the ring is looked at, and touched, as was ever used. */
#include "capture/tap/pending.h"

#include <stdlib.h>

int pendings_init(struct pendings *all) {
    *all = (struct pendings){.items = calloc(TAP_PENDING_MAX, sizeof(*all->items))};
    return all->items != NULL ? 0 : -1;
}

void pendings_done(struct pendings *all) {
    free(all->items);
    *all = (struct pendings){0};
}

struct pending *pendings_find(const struct pendings *all, enum tap_side asked, struct bytes id, uint64_t channel) {
    uint8_t sum[RPC_ID_LEN];
    rpc_message_id(id, channel, sum);
    for (size_t i = 0; i < all->used; i++) {
        struct pending *p = &all->items[i];
        if (p->is != FREE && p->side == asked && memcmp(p->id, sum, RPC_ID_LEN) == 0) return p;
    }
    return NULL;
}

/* A place for another: one that is free, one that was never used, the oldest. */
static struct pending *find_place(struct pendings *all) {
    struct pending *oldest = NULL;
    for (size_t i = 0; i < all->used; i++) {
        struct pending *p = &all->items[i];
        if (p->is == FREE) return p;
        if (oldest == NULL || p->order < oldest->order) oldest = p;
    }
    return all->used < TAP_PENDING_MAX ? &all->items[all->used++] : oldest;
}

struct pending *pendings_put(struct pendings *all, enum tap_side side, enum waits_for is, struct bytes id,
                             uint64_t channel) {
    char room[RPC_WORD_MAX + 3];
    struct pending *p = pendings_find(all, side, id, channel);
    if (p == NULL) p = find_place(all);
    memset(p, 0, sizeof(*p));
    p->is = is;
    p->side = side;
    p->order = all->n++;
    rpc_message_id(id, channel, p->id);
    struct bytes word = rpc_message_id_word(id, room);
    bytes_copy(p->word, word);
    return p;
}

struct pending *pendings_of(const struct pendings *all, uint64_t exchange, size_t *at) {
    while (*at < all->used) {
        struct pending *p = &all->items[(*at)++];
        if (p->is == TOOL && p->side == TAP_CLIENT && p->exchange == exchange) return p;
    }
    return NULL;
}
