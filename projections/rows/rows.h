/* Rows of one projection in memory: what was changed and not yet stored, and what was read lately, over a base that holds
 * the rest. Folds work on this; the engine stores what is dirty (store.h) or keeps it as an overlay (state.h). */
#ifndef PROJECTIONS_ROWS_ROWS_H
#define PROJECTIONS_ROWS_ROWS_H

#include "projections/rows/projection.h"

struct rows_base {
    /* Appends the row's bytes; ERR_NOTFOUND: there is none. NULL: nothing is below. */
    int (*get)(void *ctx, size_t table, struct bytes key, struct buf *out, struct err *err);
    void *ctx;
};

struct rows_entry {
    size_t table;
    struct bytes key;
    struct bytes bytes; /* empty: there is no such row */
    bool dirty;         /* changed since rows_clean: also when it was changed back */
};

/* Is told of each change, after it was made. */
struct rows_watch {
    void (*changed)(void *ctx, size_t table, struct bytes key, struct bytes before, struct bytes after);
    void *ctx;
};

struct rows;
int rows_new(const struct rows_base *base, struct rows **ret, struct err *err);
void rows_free(struct rows *rows);                                  /* NULL is fine */
void rows_watch(struct rows *rows, const struct rows_watch *watch); /* NULL: nobody, as at first */

/* Borrowed until the row is put or all is cleaned. *ret empty: there is none. */
int rows_get(struct rows *rows, size_t table, struct bytes key, struct bytes *ret, struct err *err);
/* Copies; empty bytes: drops. Dirty when it differs from what was there. */
int rows_put(struct rows *rows, size_t table, struct bytes key, struct bytes bytes, struct err *err);

/* The row if it is a dirty one, else NULL; as long as rows_get's. Any number of threads while nothing is put or got. */
const struct rows_entry *rows_changed(const struct rows *rows, size_t table, struct bytes key);

size_t rows_bytes(const struct rows *rows); /* memory in use, about */
size_t rows_dirty(const struct rows *rows); /* number of dirty ones */
/* The dirty ones of a table by key (SIZE_MAX: of all tables, by table and key), as an array that the caller frees; the
 * entries live until the next put or clean. */
int rows_sorted(struct rows *rows, size_t table, const struct rows_entry ***ret, size_t *ret_n, struct err *err);
/* All was stored: nothing is dirty, nothing is kept. */
void rows_clean(struct rows *rows);

#endif
