/* Stored rows of one generation as the base of rows in memory, and whether a generation may be used at all. */
#ifndef PROJECTIONS_STORE_STORED_H
#define PROJECTIONS_STORE_STORED_H

#include "projections/fold/replay.h"
#include "projections/rows/hash_tree.h"
#include "projections/store/store.h"

/* Gives rows to a struct rows, whose base it is. */
struct stored {
    const struct projection *projection;
    struct db_txn *txn; /* NULL: there are none */
    uint32_t slot;
    uint64_t bound;
    struct hash_tree *tree;   /* attested rows, instead of those of the slot; owned. NULL: none */
    const struct rows *above; /* rows being stored, which take precedence. May be NULL */
    bool spoiled;             /* something read was not a row */
    struct row *row;          /* scratch */
};
/* A rows_base's get over a struct stored. */
int stored_get(void *stored, size_t table, struct bytes key, struct buf *out, struct err *err);
void stored_done(struct stored *stored);
/* The raw bytes; borrowed until the next call. ERR_NOTFOUND: there is none (err untouched). */
int stored_row(struct stored *stored, size_t table, struct bytes key, struct bytes *ret, struct err *err);

/* Rows of a table whose keys begin with `prefix`, by key. */
struct stored_scan {
    struct store_scan rows;
    struct hash_tree_cursor leaves; /* in a tree */
    struct buf prefix;              /* in a tree: with the table before it */
};
int stored_scan_open(struct stored_scan *scan, struct stored *stored, size_t table, struct bytes prefix, struct err *err);
/* 0, 1 at the end. Borrowed until the next call. */
int stored_scan_next(struct stored_scan *scan, struct bytes *ret_key, struct bytes *ret_bytes, struct err *err);
void stored_scan_done(struct stored_scan *scan); /* a zeroed one is fine */

enum stored_use {
    STORED_NOT,   /* absent, of another log, or with another segment size */
    STORED_STALE, /* made by another version of the code */
    STORED_GOOD
};
int stored_judge(const struct store_generation *generation, const struct projection *projection, uint64_t segment,
                 struct replay *replay, enum stored_use *ret, struct err *err);

#endif
