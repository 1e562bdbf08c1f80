/* Rows of a view: changed ones first, then stored ones; judged on the way out. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#include "projections/fold/fold.h"
#include "projections/view/state.h"
#include "projections/view/view.h"

/* ---- the overlay ---- */

/* The changed rows of a table in order, sorted on first use. */
static int changed_rows(struct state_view *view, struct view_table *table, struct err *err) {
    struct view_projection *p = &view->projection[table->projection];
    if (table->sorted || p->overlay == NULL || rows_dirty(p->overlay) == 0) return 0;
    int rc = rows_sorted(p->overlay, table->number, &table->changed, &table->n_changed, err);
    table->sorted = rc == 0;
    table->room = table->sorted ? table->n_changed : 0;
    return rc;
}

/* The first whose key is not before `key`. */
static size_t first_from(const struct view_table *table, struct bytes key) {
    size_t lo = 0, hi = table->n_changed;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (bytes_cmp(table->changed[mid]->key, key) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

int view_add_changed(struct state_view *view, size_t number, struct bytes key, struct err *err) {
    struct view_table *table = &view->table[number];
    struct rows *overlay = view->projection[table->projection].overlay;
    const struct rows_entry *entry = table->sorted ? rows_changed(overlay, table->number, key) : NULL;
    size_t at = first_from(table, key);
    if (entry == NULL || (at < table->n_changed && table->changed[at] == entry)) return 0;
    int rc = array_room(&table->changed, table->n_changed + 1, &table->room, sizeof(*table->changed), err);
    if (rc != 0) return rc;
    memmove(&table->changed[at + 1], &table->changed[at], (table->n_changed - at) * sizeof(entry));
    table->changed[at] = entry;
    table->n_changed++;
    return 0;
}

/* What the database says of itself when it is damaged. */
static int judge_damage(struct state_view *view, const struct view_table *table, int rc) {
    if (rc == ERR_CORRUPT && view->scratch_txn == NULL) {
        view_distrust(view, table->projection);
    }
    return rc;
}

/* ---- one row ---- */

static size_t stored_number(const struct view_table *table) {
    return table->map != NULL ? table->map->table : table->number;
}

/* Borrowed from the overlay or the snapshot. */
static int find_raw(struct state_view *view, struct view_table *table, struct bytes key, struct bytes *ret,
                    struct err *err) {
    struct view_projection *p = &view->projection[table->projection];
    const struct rows_entry *entry = p->overlay != NULL ? rows_changed(p->overlay, table->number, key) : NULL;
    if (entry != NULL) {
        *ret = entry->bytes;
        return ret->n > 0 ? 0 : ERR_NOTFOUND;
    }
    if (p->base.txn == NULL || stored_number(table) == SIZE_MAX) return ERR_NOTFOUND;
    return judge_damage(view, table, stored_row(&p->base, stored_number(table), key, ret, err));
}

/* Decodes a copy that the row owns. */
static int own(struct state_view *view, struct view_table *table, struct bytes key, struct bytes bytes, struct row *row,
               struct err *err) {
    const struct store_map *map = table->map;
    row->table = table->table;
    buf_clear(&row->own);
    buf_put_bytes(&row->own, bytes);
    buf_put_bytes(&row->own, key);
    int rc = buf_check(&row->own, "a row", err);
    size_t n = row->own.n;
    const struct bytes copy = {row->own.p, bytes.n};
    if (rc == 0) rc = row_decode(row, copy, map != NULL ? map->column : NULL, map != NULL ? map->n : 0, err);
    if (judge_damage(view, table, rc) == ERR_CORRUPT) {
        err_prefix(err, "what is stored of '%s' is damaged and is rebuilt when it is opened again",
                   view->projection[table->projection].projection->name);
    }
    if (rc == 0) {
        row->own.n = n; /* row_decode resets it */
        row->key = (struct bytes){row->own.p + bytes.n, key.n};
    }
    return rc;
}

void view_forget_since(struct row *row) {
    size_t since;
    if (projection_judged(row->table, &since) != SIZE_MAX) {
        row_set_null(row, since + FOLD_SINCE);
        row_set_null(row, since + FOLD_SINCE_SEQ);
    }
}

static int judge(struct state_view *view, const struct view_table *table, struct row *row, struct err *err) {
    if (table->table->judge == NULL) return 0;
    if (view->depth == VIEW_JUDGES_MAX) {
        return err_set(err, ERR_LIMIT, "the judge of '%s' asks others that ask it", table->table->name);
    }
    struct watch *watch = view->watched;
    size_t before = watch != NULL ? watch->begin(watch, (size_t)(table - view->table), row->key) : SIZE_MAX;
    view->depth++;
    int rc = table->table->judge(view, row, err);
    view->depth--;
    if (watch != NULL) {
        watch->end(watch, before, rc == 0 ? row : NULL);
    }
    if (rc == 0 && view->depth == 0) {
        view_forget_since(row);
    }
    return rc;
}

static int get_stored(struct state_view *view, size_t number, struct bytes key, bool judged, struct row *row,
                      struct err *err) {
    struct view_table *table = &view->table[number];
    struct bytes bytes;
    watch_look(view->watched, judged && table->table->judge != NULL ? WATCH_JUDGED : WATCH_ROW, number, key);
    int rc = find_raw(view, table, key, &bytes, err);
    if (rc == 0) rc = own(view, table, key, bytes, row, err);
    return rc;
}

int view_get_key(struct state_view *view, size_t number, struct bytes key, struct row *row, struct err *err) {
    int rc = get_stored(view, number, key, true, row, err);
    if (rc == 0) rc = judge(view, &view->table[number], row, err);
    return rc;
}

static int get(struct state_view *view, size_t number, const struct bytes *parts, size_t n, bool judged, struct row *row,
               struct err *err) {
    struct buf key = {.max = 2 * KEY_MAX};
    row_key(&key, parts, n);
    int rc = buf_check(&key, "a key", err);
    if (rc == 0)
        rc = judged ? view_get_key(view, number, bytes_of_buf(&key), row, err)
                    : get_stored(view, number, bytes_of_buf(&key), false, row, err);
    buf_done(&key);
    return rc;
}

int state_get_stored(struct state_view *view, size_t number, const struct bytes *parts, size_t n, struct row *row,
                     struct err *err) {
    return get(view, number, parts, n, false, row, err);
}

int state_get(struct state_view *view, size_t number, const struct bytes *parts, size_t n, struct row *row,
              struct err *err) {
    return get(view, number, parts, n, true, row, err);
}

int view_get_again(struct state_view *view, size_t number, struct bytes name, const struct row **ret, struct err *err) {
    const struct state_table *table = view->table[number].table;
    struct buf key = {.max = 2 * KEY_MAX};
    row_key(&key, &name, 1);
    int rc = buf_check(&key, "a key", err);
    bool same = rc == 0 && view->again.table == table && bytes_eq(bytes_of_buf(&key), view->again.key);
    if (same) {
        watch_look(view->watched, WATCH_ROW, number, bytes_of_buf(&key));
    }
    buf_done(&key);
    if (rc == 0 && !same) {
        view_forget_again(view);
        row_init(&view->again, table);
        rc = state_get_stored(view, number, &name, 1, &view->again, err);
    }
    if (rc != 0) {
        view_forget_again(view);
    }
    *ret = rc == 0 ? &view->again : NULL;
    return rc == ERR_NOTFOUND ? 0 : rc;
}

void view_forget_again(struct state_view *view) {
    if (view->again.table != NULL) {
        row_done(&view->again);
    }
    view->again = (struct row){0};
}

/* ---- several ---- */

struct state_rows {
    struct state_view *view;
    struct view_table *table;
    struct buf prefix;
    bool only; /* only the row with this key */
    struct stored_scan scan;
    bool scanning, has_stored; /* more may follow; the next one is loaded */
    struct bytes key, bytes;   /* the next stored one */
    size_t at;                 /* next in table->changed */
    struct row row;
};

static size_t key_columns(const struct state_table *table) {
    size_t n = 0;
    for (size_t i = 0; i < table->n_columns; i++) {
        n += (table->columns[i].flags & COLUMN_KEY) != 0;
    }
    return n;
}

int state_rows_open(struct state_view *view, size_t number, const struct bytes *parts, size_t n, struct state_rows **ret,
                    struct err *err) {
    struct view_table *table = &view->table[number];
    struct view_projection *p = &view->projection[table->projection];
    struct state_rows *rows = calloc(1, sizeof(*rows));
    if (rows == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    rows->view = view;
    rows->table = table;
    row_init(&rows->row, table->table);
    buf_init(&rows->prefix, 2 * KEY_MAX);
    row_key(&rows->prefix, parts, n);
    rows->only = n > 0 && n >= key_columns(table->table);
    if (n > 0 && !rows->only) {
        buf_put_u8(&rows->prefix, 0x01);
    }
    int rc = buf_check(&rows->prefix, "a key", err);
    watch_look(view->watched, WATCH_RANGE, number, bytes_of_buf(&rows->prefix));
    if (rc == 0) rc = changed_rows(view, table, err);
    if (rc == 0 && !rows->only && p->base.txn != NULL && stored_number(table) != SIZE_MAX) {
        rc = judge_damage(view, table,
                          stored_scan_open(&rows->scan, &p->base, stored_number(table), bytes_of_buf(&rows->prefix), err));
        rows->scanning = rc == 0;
    }
    if (rc != 0) {
        state_rows_close(rows);
        return rc;
    }
    rows->at = first_from(table, bytes_of_buf(&rows->prefix));
    *ret = rows;
    return 0;
}

void state_rows_close(struct state_rows *rows) {
    if (rows != NULL) {
        stored_scan_done(&rows->scan);
        row_done(&rows->row);
        buf_done(&rows->prefix);
        free(rows);
    }
}

static int next_only(struct state_rows *rows, struct bytes *ret_key, struct bytes *ret_bytes, struct err *err) {
    if (rows->at == SIZE_MAX) return 1;
    rows->at = SIZE_MAX;
    *ret_key = bytes_of_buf(&rows->prefix);
    int rc = find_raw(rows->view, rows->table, *ret_key, ret_bytes, err);
    return rc == ERR_NOTFOUND ? 1 : rc;
}

static const struct rows_entry *next_changed(const struct state_rows *rows) {
    const struct view_table *table = rows->table;
    const struct rows_entry *entry = rows->at < table->n_changed ? table->changed[rows->at] : NULL;
    bool fits = entry != NULL && entry->key.n >= rows->prefix.n &&
                (rows->prefix.n == 0 || memcmp(entry->key.p, rows->prefix.p, rows->prefix.n) == 0);
    return fits ? entry : NULL;
}

int view_rows_raw(struct state_rows *rows, struct bytes *ret_key, struct bytes *ret_bytes, struct err *err) {
    if (rows->only) return next_only(rows, ret_key, ret_bytes, err);
    for (;;) {
        if (rows->scanning && !rows->has_stored) {
            int rc = stored_scan_next(&rows->scan, &rows->key, &rows->bytes, err);
            if (rc < 0) return judge_damage(rows->view, rows->table, rc);
            rows->scanning = rows->has_stored = rc == 0;
        }
        const struct rows_entry *changed = next_changed(rows);
        int order = changed == NULL ? 1 : !rows->has_stored ? -1 : bytes_cmp(changed->key, rows->key);
        if (order > 0) {
            *ret_key = rows->key;
            *ret_bytes = rows->bytes;
            int end = rows->has_stored ? 0 : 1;
            rows->has_stored = false;
            return end;
        }
        rows->at++;
        rows->has_stored = rows->has_stored && order != 0;
        if (changed->bytes.n > 0) {
            *ret_key = changed->key;
            *ret_bytes = changed->bytes;
            return 0;
        }
    }
}

static int next(struct state_rows *rows, bool judged, const struct row **ret, struct err *err) {
    struct bytes key, bytes;
    int rc = view_rows_raw(rows, &key, &bytes, err);
    if (rc == 0) {
        watch_look(rows->view->watched, judged ? WATCH_JUDGED : WATCH_ROW, (size_t)(rows->table - rows->view->table), key);
        rc = own(rows->view, rows->table, key, bytes, &rows->row, err);
    }
    if (rc == 0) {
        *ret = &rows->row;
    }
    return rc;
}

int state_rows_next_stored(struct state_rows *rows, const struct row **ret, struct err *err) {
    return next(rows, false, ret, err);
}

int state_rows_next(struct state_rows *rows, const struct row **ret, struct err *err) {
    int rc = next(rows, rows->table->table->judge != NULL, ret, err);
    if (rc == 0) rc = judge(rows->view, rows->table, &rows->row, err);
    return rc;
}

struct row *view_rows_row(struct state_rows *rows, struct state_view **ret_view) {
    *ret_view = rows->view;
    return &rows->row;
}
