/* A hash table of rows by (table, key). Entries and their bytes are in an arena that rows_clean empties; a row that grows
 * moves to a new place with room to spare, so a row that changes often is not copied each time. */
#include "projections/rows/rows.h"

#include <stdlib.h>
#include <string.h>

#include "projections/rows/row.h"

#define SLOTS_FIRST 1024
#define BLOCK_BYTES ((size_t)64 << 10)

struct entry {
    struct rows_entry shown; /* first: rows_sorted gives pointers to it */
    uint64_t hash;
    size_t room;
    uint8_t *bytes;
};

struct block {
    struct block *before;
    size_t used, size;
    uint8_t data[];
};

struct rows {
    struct rows_base base;
    struct entry **slots; /* open addressing */
    size_t n_slots, n, dirty;
    struct block *block;
    size_t bytes;
    struct buf read;
    struct rows_watch watch;
};

int rows_new(const struct rows_base *base, struct rows **ret, struct err *err) {
    struct rows *rows = calloc(1, sizeof(*rows));
    if (rows == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    if (base != NULL) {
        rows->base = *base;
    }
    buf_init(&rows->read, ROW_BYTES_MAX);
    *ret = rows;
    return 0;
}

void rows_clean(struct rows *rows) {
    while (rows->block != NULL) {
        struct block *before = rows->block->before;
        free(rows->block);
        rows->block = before;
    }
    free(rows->slots);
    rows->slots = NULL;
    rows->n_slots = rows->n = rows->dirty = rows->bytes = 0;
}

void rows_free(struct rows *rows) {
    if (rows != NULL) {
        rows_clean(rows);
        buf_done(&rows->read);
        free(rows);
    }
}

/* Aligned for a struct entry. NULL: no memory. */
static void *take(struct rows *rows, size_t n) {
    n = (n + 15) & ~(size_t)15;
    struct block *b = rows->block;
    if (b == NULL || b->size - b->used < n) {
        size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
        b = malloc(sizeof(*b) + size);
        if (b == NULL) return NULL;
        *b = (struct block){.before = rows->block, .size = size};
        rows->block = b;
        rows->bytes += sizeof(*b) + size;
    }
    void *p = b->data + b->used;
    b->used += n;
    return p;
}

/* FNV-1a, 64 bit, then mixed. */
static uint64_t hash_of(size_t table, struct bytes key) {
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ table;
    for (size_t i = 0; i < key.n; i++) {
        h = (h ^ key.p[i]) * UINT64_C(0x100000001b3);
    }
    return h ^ (h >> 29);
}

/* The row's slot, or the free slot where it belongs. */
static struct entry **place(const struct rows *rows, uint64_t hash, size_t table, struct bytes key) {
    size_t mask = rows->n_slots - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct entry *e = rows->slots[i];
        if (e == NULL || (e->hash == hash && e->shown.table == table && bytes_eq(e->shown.key, key))) {
            return &rows->slots[i];
        }
    }
}

static int grow(struct rows *rows, struct err *err) {
    if (rows->slots != NULL && rows->n + 1 <= rows->n_slots / 2) return 0;
    size_t before = rows->n_slots;
    struct entry **old = rows->slots, **slots = calloc(before > 0 ? 2 * before : SLOTS_FIRST, sizeof(*slots));
    if (slots == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    rows->slots = slots;
    rows->n_slots = before > 0 ? 2 * before : SLOTS_FIRST;
    rows->bytes += (rows->n_slots - before) * sizeof(*slots);
    for (size_t i = 0; i < before; i++) {
        if (old[i] != NULL) {
            *place(rows, old[i]->hash, old[i]->shown.table, old[i]->shown.key) = old[i];
        }
    }
    free(old);
    return 0;
}

static int set_bytes(struct rows *rows, struct entry *e, struct bytes bytes, struct err *err) {
    if (bytes.n > e->room) {
        size_t room = bytes.n + bytes.n / 2 + 32;
        uint8_t *p = take(rows, room);
        if (p == NULL) return err_set(err, ERR_NOMEM, "out of memory");
        e->bytes = p;
        e->room = room;
    }
    if (bytes.n > 0) {
        memcpy(e->bytes, bytes.p, bytes.n);
    }
    e->shown.bytes = (struct bytes){e->bytes, bytes.n};
    return 0;
}

static int find(struct rows *rows, size_t table, struct bytes key, struct entry **ret, struct err *err) {
    int rc = grow(rows, err);
    if (rc != 0) return rc;
    uint64_t hash = hash_of(table, key);
    struct entry **at = place(rows, hash, table, key);
    if (*at != NULL) {
        *ret = *at;
        return 0;
    }
    buf_clear(&rows->read);
    rc = rows->base.get == NULL ? ERR_NOTFOUND : rows->base.get(rows->base.ctx, table, key, &rows->read, err);
    if (rc != 0 && rc != ERR_NOTFOUND) return rc;
    struct entry *e = take(rows, sizeof(*e) + key.n);
    if (e == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    uint8_t *copy = (uint8_t *)(e + 1);
    if (key.n > 0) {
        memcpy(copy, key.p, key.n);
    }
    *e = (struct entry){.shown = {.table = table, .key = {copy, key.n}}, .hash = hash};
    rc = set_bytes(rows, e, rc == 0 ? bytes_of_buf(&rows->read) : (struct bytes){0}, err);
    if (rc == 0) {
        *at = e;
        rows->n++;
        *ret = e;
    }
    return rc;
}

int rows_get(struct rows *rows, size_t table, struct bytes key, struct bytes *ret, struct err *err) {
    struct entry *e;
    int rc = find(rows, table, key, &e, err);
    if (rc == 0) {
        *ret = e->shown.bytes;
    }
    return rc;
}

int rows_put(struct rows *rows, size_t table, struct bytes key, struct bytes bytes, struct err *err) {
    struct entry *e;
    int rc = find(rows, table, key, &e, err);
    if (rc != 0 || bytes_eq(e->shown.bytes, bytes)) return rc;
    if (rows->watch.changed != NULL) {
        buf_clear(&rows->read);
        buf_put_bytes(&rows->read, e->shown.bytes);
        rc = buf_check(&rows->read, "a row", err);
    }
    if (rc == 0) rc = set_bytes(rows, e, bytes, err);
    if (rc == 0 && !e->shown.dirty) {
        e->shown.dirty = true;
        rows->dirty++;
    }
    if (rc == 0 && rows->watch.changed != NULL) {
        rows->watch.changed(rows->watch.ctx, table, e->shown.key, bytes_of_buf(&rows->read), e->shown.bytes);
    }
    return rc;
}

void rows_watch(struct rows *rows, const struct rows_watch *watch) {
    rows->watch = watch != NULL ? *watch : (struct rows_watch){0};
}

const struct rows_entry *rows_changed(const struct rows *rows, size_t table, struct bytes key) {
    const struct entry *e = rows->slots != NULL ? *place(rows, hash_of(table, key), table, key) : NULL;
    return e != NULL && e->shown.dirty ? &e->shown : NULL;
}

size_t rows_bytes(const struct rows *rows) {
    return rows->bytes;
}

size_t rows_dirty(const struct rows *rows) {
    return rows->dirty;
}

static int by_key(const void *a, const void *b) {
    const struct rows_entry *x = *(const struct rows_entry *const *)a, *y = *(const struct rows_entry *const *)b;
    return x->table != y->table ? (x->table > y->table) - (x->table < y->table) : bytes_cmp(x->key, y->key);
}

int rows_sorted(struct rows *rows, size_t table, const struct rows_entry ***ret, size_t *ret_n, struct err *err) {
    const struct rows_entry **list = calloc(rows->dirty + 1, sizeof(*list));
    size_t n = 0;
    if (list == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < rows->n_slots && n < rows->dirty; i++) {
        const struct entry *e = rows->slots[i];
        if (e != NULL && e->shown.dirty && (table == SIZE_MAX || e->shown.table == table)) {
            list[n++] = &e->shown;
        }
    }
    qsort(list, n, sizeof(*list), by_key);
    *ret = list;
    *ret_n = n;
    return 0;
}
