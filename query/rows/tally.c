/* Combinations are stored one after another in an arena, each value as a type byte and its content; an open hash table has
 * their places. Equal values have equal bytes, because a real with an integer value is stored as an integer. */
#include "query/rows/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#include "query/condition/hash64.h"
#include "query/condition/value.h"

#define SLOTS_MIN 1024
#define ARENA_MAX ((size_t)1 << 30)

struct entry {
    size_t at, n; /* of its bytes in the arena */
    uint64_t hash, count;
};

struct tally {
    size_t n_by;
    struct buf arena;
    struct entry *entry;
    size_t n, cap;
    uint32_t *slots; /* entry + 1; 0: free */
    size_t n_slots;
};

struct tally *tally_new(size_t n_by) {
    struct tally *t = calloc(1, sizeof(*t));
    if (t != NULL) {
        t->n_by = n_by;
        buf_init(&t->arena, ARENA_MAX);
    }
    return t;
}

void tally_free(struct tally *t) {
    if (t != NULL) {
        buf_done(&t->arena);
        free(t->entry);
        free(t->slots);
        free(t);
    }
}

static void put_value(struct buf *out, struct query_value v) {
    uint64_t bits;
    v = value_plain(v);
    buf_put_u8(out, (uint8_t)v.type);
    switch (v.type) {
    case QUERY_NULL:
        break;
    case QUERY_BOOL:
        buf_put_u8(out, v.boolean);
        break;
    case QUERY_INT:
    case QUERY_REAL:
        memcpy(&bits, v.type == QUERY_INT ? (const void *)&v.int_ : (const void *)&v.real, sizeof(bits));
        buf_put_be64(out, bits);
        break;
    default:
        buf_put_be32(out, (uint32_t)v.text.n);
        buf_put_bytes(out, v.text);
    }
}

static const uint8_t *get_value(const uint8_t *p, struct query_value *ret) {
    uint64_t bits;
    *ret = (struct query_value){.type = (enum query_type) * p++};
    switch (ret->type) {
    case QUERY_NULL:
        return p;
    case QUERY_BOOL:
        ret->boolean = *p != 0;
        return p + 1;
    case QUERY_INT:
    case QUERY_REAL:
        bits = be64_get(p);
        memcpy(ret->type == QUERY_INT ? (void *)&ret->int_ : (void *)&ret->real, &bits, sizeof(bits));
        return p + 8;
    default:
        ret->text = (struct bytes){p + 4, be32_get(p)};
        return p + 4 + ret->text.n;
    }
}

static int grow(struct tally *t, struct err *err) {
    int rc = array_room(&t->entry, t->n + 1, &t->cap, sizeof(*t->entry), err);
    if (rc != 0) return rc;
    if (2 * (t->n + 1) <= t->n_slots) return 0;
    size_t n = t->n_slots == 0 ? SLOTS_MIN : 2 * t->n_slots;
    uint32_t *slots = calloc(n, sizeof(*slots));
    if (slots == NULL) return err_set(err, ERR_NOMEM, "out of memory for counts");
    for (size_t i = 0; i < t->n; i++) {
        size_t at = (size_t)t->entry[i].hash & (n - 1);
        while (slots[at] != 0) {
            at = (at + 1) & (n - 1);
        }
        slots[at] = (uint32_t)(i + 1);
    }
    free(t->slots);
    t->slots = slots;
    t->n_slots = n;
    return 0;
}

int tally_add(struct tally *t, const struct query_value *values, uint64_t count, struct err *err) {
    int rc = grow(t, err);
    if (rc != 0) return rc;
    size_t from = t->arena.n;
    for (size_t i = 0; i < t->n_by; i++) {
        put_value(&t->arena, values[i]);
    }
    rc = buf_check(&t->arena, "counts", err);
    if (rc != 0) return rc;
    struct bytes key = {t->arena.p + from, t->arena.n - from};
    uint64_t hash = hash64(key);
    size_t at = (size_t)hash & (t->n_slots - 1);
    for (; t->slots[at] != 0; at = (at + 1) & (t->n_slots - 1)) {
        struct entry *e = &t->entry[t->slots[at] - 1];
        if (e->hash == hash && e->n == key.n && (key.n == 0 || memcmp(t->arena.p + e->at, key.p, key.n) == 0)) {
            e->count += count;
            t->arena.n = from;
            return 0;
        }
    }
    if (t->n == QUERY_GROUPS_MAX) {
        t->arena.n = from;
        return err_set(err, ERR_LIMIT, "more than %d combinations of values to count", QUERY_GROUPS_MAX);
    }
    t->entry[t->n++] = (struct entry){from, key.n, hash, count};
    t->slots[at] = (uint32_t)t->n;
    return 0;
}

/* ---- giving them out ---- */

static int by_count(const void *a, const void *b, void *ctx) {
    const struct entry *x = a, *y = b;
    const struct tally *t = ctx;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    const uint8_t *p = t->arena.p + x->at, *q = t->arena.p + y->at;
    int c = 0;
    for (size_t i = 0; i < t->n_by && c == 0; i++) {
        struct query_value v, w;
        p = get_value(p, &v);
        q = get_value(q, &w);
        c = value_order(&v, &w);
    }
    return c;
}

int tally_each(struct tally *t, query_count_fn *each, void *ctx, struct err *err) {
    struct query_value values[QUERY_BY_MAX];
    int rc = 0;
    if (t->n > 1) {
        qsort_r(t->entry, t->n, sizeof(*t->entry), by_count, t);
    }
    free(t->slots); /* the entries have moved */
    t->slots = NULL;
    t->n_slots = 0;
    for (size_t i = 0; i < t->n && rc == 0; i++) {
        const uint8_t *p = t->arena.p + t->entry[i].at;
        for (size_t k = 0; k < t->n_by; k++) {
            p = get_value(p, &values[k]);
        }
        rc = each(ctx, values, t->entry[i].count, err);
    }
    return rc;
}
