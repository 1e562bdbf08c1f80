/* Records in the order of their times, each pulling its ancestors before it:
 *
 *   by time:  c a b      parents: c -> b -> a      c pulls b, b pulls a      order:  a b c
 *
 * Spans are found by their ids in an open hash table. A cycle is cut where it closes. */
#include <stdlib.h>

#include "ingest/otlp/cut.h"

#define NONE UINT32_MAX

struct timed {
    uint64_t start;
    uint32_t index;
};

struct order {
    const struct otlp_relation *records;
    size_t n, mask;
    uint32_t *table;     /* slots of indexes */
    uint32_t *chain;     /* the current record and its ancestors that are not placed yet */
    uint8_t *seen;       /* placed, or in the chain */
    struct timed *timed; /* by time */
    uint32_t *placed;
    size_t n_placed;
};

/* Records without a time come first, in their order. */
static int by_time(const void *a, const void *b) {
    const struct timed *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static size_t slot_of(const struct order *o, uint64_t id) {
    return (size_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & o->mask;
}

static void put_id(struct order *o, uint32_t index) {
    uint64_t id = o->records[index].id;
    if (id == 0) return;
    size_t i = slot_of(o, id);
    while (o->table[i] != NONE && o->records[o->table[i]].id != id) {
        i = (i + 1) & o->mask;
    }
    if (o->table[i] == NONE) {
        o->table[i] = index; /* of two with the same id the first counts, as in the ledger */
    }
}

static uint32_t find_id(const struct order *o, uint64_t id) {
    size_t i = slot_of(o, id);
    while (id != 0 && o->table[i] != NONE && o->records[o->table[i]].id != id) {
        i = (i + 1) & o->mask;
    }
    return id == 0 ? NONE : o->table[i];
}

static void place(struct order *o, uint32_t index) {
    size_t n = 0;
    while (index != NONE && !o->seen[index]) {
        o->seen[index] = 1;
        o->chain[n++] = index;
        index = find_id(o, o->records[index].parent);
    }
    while (n > 0) {
        o->placed[o->n_placed++] = o->chain[--n];
    }
}

int otlp_order(struct otlp_cut *cut, uint32_t **ret, struct err *err) {
    struct order o = {.records = cut->relations, .n = cut->n_records};
    size_t slots = 16;
    while (slots < 2 * o.n) {
        slots *= 2;
    }
    o.mask = slots - 1;
    o.table = malloc(slots * sizeof(*o.table));
    o.chain = malloc((o.n + 1) * sizeof(*o.chain));
    o.seen = calloc(o.n + 1, 1);
    o.timed = malloc((o.n + 1) * sizeof(*o.timed));
    o.placed = malloc((o.n + 1) * sizeof(*o.placed));
    int rc = 0;
    if (o.table == NULL || o.chain == NULL || o.seen == NULL || o.timed == NULL || o.placed == NULL) {
        rc = err_set(err, ERR_NOMEM, "OTLP: out of memory");
    } else {
        for (size_t i = 0; i < slots; i++) {
            o.table[i] = NONE;
        }
        for (uint32_t i = 0; i < o.n; i++) {
            put_id(&o, i);
            o.timed[i] = (struct timed){o.records[i].start, i};
        }
        qsort(o.timed, o.n, sizeof(*o.timed), by_time);
        for (size_t i = 0; i < o.n; i++) {
            place(&o, o.timed[i].index);
        }
    }
    free(o.table);
    free(o.chain);
    free(o.seen);
    free(o.timed);
    free(cut->relations);
    cut->relations = NULL;
    cut->cap_relations = 0;
    if (rc != 0) {
        free(o.placed);
        return rc;
    }
    *ret = o.placed;
    return 0;
}
