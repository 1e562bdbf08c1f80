/* A row read from storage is decoded once on the way: otherwise a fold that met damaged bytes would seem to have failed
 * because of the event. */
#include "projections/store/stored.h"

#include <stdlib.h>
#include <string.h>

static int check_row(struct stored *stored, size_t table, struct bytes bytes, struct err *err) {
    if (stored->row == NULL) {
        stored->row = calloc(1, sizeof(*stored->row));
        if (stored->row == NULL) return err_set(err, ERR_NOMEM, "out of memory");
        row_init(stored->row, &stored->projection->tables[table]);
    }
    stored->row->table = &stored->projection->tables[table];
    return row_decode(stored->row, bytes, NULL, 0, err);
}

/* Of a tree: the table, then the row's key. */
static int tree_key(uint8_t room[HASH_TREE_KEY_MAX], size_t table, struct bytes key, struct bytes *ret, struct err *err) {
    if (key.n >= HASH_TREE_KEY_MAX) {
        return err_set(err, ERR_LIMIT, "a row's key of %zu bytes is longer than %d", key.n, KEY_MAX);
    }
    room[0] = (uint8_t)table;
    if (key.n > 0) {
        memcpy(room + 1, key.p, key.n);
    }
    *ret = (struct bytes){room, key.n + 1};
    return 0;
}

int stored_row(struct stored *stored, size_t table, struct bytes key, struct bytes *ret, struct err *err) {
    uint8_t room[HASH_TREE_KEY_MAX];
    struct bytes full;
    if (stored->tree == NULL) {
        return store_row(stored->txn, stored->slot, table, key, stored->bound, ret, err);
    }
    int rc = tree_key(room, table, key, &full, err);
    if (rc == 0) rc = hash_tree_get(stored->tree, full, ret, err);
    return rc;
}

int stored_get(void *ctx, size_t table, struct bytes key, struct buf *out, struct err *err) {
    struct stored *stored = ctx;
    struct bytes bytes;
    const struct rows_entry *entry = stored->above != NULL ? rows_changed(stored->above, table, key) : NULL;
    if (entry != NULL && entry->bytes.n > 0) {
        return buf_put_bytes(out, entry->bytes) != 0 ? buf_check(out, "a row", err) : 0;
    }
    if (entry != NULL || stored->txn == NULL) return ERR_NOTFOUND;
    int rc = stored_row(stored, table, key, &bytes, err);
    if (rc == ERR_NOTFOUND) return rc;
    if (rc == 0) rc = check_row(stored, table, bytes, err);
    stored->spoiled = stored->spoiled || rc == ERR_CORRUPT;
    if (rc == 0 && buf_put_bytes(out, bytes) != 0) rc = buf_check(out, "a row", err);
    return rc;
}

int stored_scan_open(struct stored_scan *scan, struct stored *stored, size_t table, struct bytes prefix, struct err *err) {
    uint8_t room[HASH_TREE_KEY_MAX];
    struct bytes full;
    *scan = (struct stored_scan){0};
    if (stored->tree == NULL) {
        return store_scan_open(&scan->rows, stored->txn, stored->slot, table, prefix, stored->bound, err);
    }
    buf_init(&scan->prefix, HASH_TREE_KEY_MAX);
    int rc = tree_key(room, table, prefix, &full, err);
    if (rc == 0 && !(buf_put_bytes(&scan->prefix, full) == 0)) rc = buf_check(&scan->prefix, "a key", err);
    if (rc == 0) rc = hash_tree_seek(&scan->leaves, stored->tree, bytes_of_buf(&scan->prefix), err);
    return rc;
}

int stored_scan_next(struct stored_scan *scan, struct bytes *ret_key, struct bytes *ret_bytes, struct err *err) {
    struct bytes key;
    if (scan->prefix.n == 0) return store_scan_next(&scan->rows, ret_key, ret_bytes, err);
    int rc = hash_tree_next(&scan->leaves, &key, ret_bytes, err);
    if (rc == 0 && (key.n < scan->prefix.n || memcmp(key.p, scan->prefix.p, scan->prefix.n) != 0)) {
        return 1;
    }
    if (rc == 0) {
        *ret_key = (struct bytes){key.p + 1, key.n - 1};
    }
    return rc;
}

void stored_scan_done(struct stored_scan *scan) {
    store_scan_done(&scan->rows);
    hash_tree_cursor_done(&scan->leaves);
    buf_done(&scan->prefix);
    *scan = (struct stored_scan){0};
}

void stored_done(struct stored *stored) {
    hash_tree_close(stored->tree);
    stored->tree = NULL;
    if (stored->row != NULL) {
        row_done(stored->row);
        free(stored->row);
        stored->row = NULL;
    }
}

int stored_judge(const struct store_generation *generation, const struct projection *projection, uint64_t segment,
                 struct replay *replay, enum stored_use *ret, struct err *err) {
    bool same = true;
    *ret = STORED_NOT;
    if (!generation->there || generation->segment != segment) return 0;
    int rc = replay_same(replay, generation->position, generation->leaf, &same, err);
    if (err_is_damage(rc)) { /* the log is damaged there, which does not affect what was folded */
        same = true;
        rc = 0;
    }
    if (rc == 0 && same) {
        *ret = store_generation_fits(generation, projection) ? STORED_GOOD : STORED_STALE;
    }
    return rc;
}
