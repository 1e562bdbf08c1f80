/* Rows of one projection in memory: changed rows not yet stored, and recently read ones, over a base that holds the rest.
 * Folds work on this; the engine stores the dirty rows (store.h) or keeps them as an overlay (state.h). */
#ifndef PROJECTIONS_ROWS_ROWS_H
#define PROJECTIONS_ROWS_ROWS_H

#include "projections/rows/projection.h"

struct rows_base {
    /* Appends the row's bytes; ERR_NOTFOUND: there is none. NULL: no base. */
    int (*get)(void *ctx, size_t table, struct bytes key, struct buf *out, struct err *err);
    void *ctx;
};

struct rows_entry {
    size_t table;
    struct bytes key;
    struct bytes bytes; /* empty: there is no such row */
    bool dirty;         /* changed since rows_clean, even if changed back */
};

/* Called after each change. */
struct rows_watch {
    void (*changed)(void *ctx, size_t table, struct bytes key, struct bytes before, struct bytes after);
    void *ctx;
};

struct rows;
int rows_new(const struct rows_base *base, struct rows **ret, struct err *err);
void rows_free(struct rows *rows);                                  /* NULL is fine */
void rows_watch(struct rows *rows, const struct rows_watch *watch); /* NULL: nobody, as at first */

/* Borrowed until the row is put or all rows are cleaned. *ret empty: there is none. */
int rows_get(struct rows *rows, size_t table, struct bytes key, struct bytes *ret, struct err *err);
/* Copies the bytes; empty bytes delete the row. Dirty when they differ from what was there. */
int rows_put(struct rows *rows, size_t table, struct bytes key, struct bytes bytes, struct err *err);

/* The row if it is dirty, else NULL; valid as long as rows_get's. Any number of threads while nothing is put or got. */
const struct rows_entry *rows_changed(const struct rows *rows, size_t table, struct bytes key);

size_t rows_bytes(const struct rows *rows); /* memory in use, about */
size_t rows_dirty(const struct rows *rows); /* number of dirty ones */
/* The dirty rows of a table by key (SIZE_MAX: of all tables, by table and key), as an array that the caller frees; the
 * entries are valid until the next put or clean. */
int rows_sorted(struct rows *rows, size_t table, const struct rows_entry ***ret, size_t *ret_n, struct err *err);
/* All rows were stored: drops every row, none is dirty. */
void rows_clean(struct rows *rows);

#endif
