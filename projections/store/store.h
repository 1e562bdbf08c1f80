/* Rows and positions of projections in a derived environment: what a read starts from.
 *
 *   table row     be32 slot, u8 table, the row's key, 0x00, be64 ~version: the row's bytes; empty: there is none any more
 *   table state   "projection/NAME": check, [1, generation | nil, generation | nil]: what reads use, and what a rebuild is
 *                 making
 *                 "slot/NNNNNNNN": check, [NAME, version, [[table, [column, ...]], ...]]: how the rows of a slot are read
 *                 "projections": be32, the slot that the next generation gets; none is used twice
 *
 *   generation    [version of the projection, slot, segment, position, bin32 leaf of event position - 1,
 *                 failed seq | nil, why, [stored columns of a table, ...]]
 *   check         the first 8 bytes of SHA-256(key, 0x00, value)
 *
 * Version. Events are counted in segments of equal size; a row's version is the end of the segment in which it last
 * changed. A change within a segment replaces the record of that version, one in a later segment leaves it in place: so the
 * state at the end of each segment is kept, and the newest version <= B, which is the first key at or after (slot, table,
 * key, 0, ~B), is the row as of B. A record exists only when it differs from that of the previous version, so the records
 * depend only on the events and the position. Keys of rows contain no byte 0.
 *
 * A slot holds the rows of one generation. A rebuild fills another slot and then lets the record name it; rows in slots
 * that no record names are garbage, which store_sweep removes. Leaf and position tell whether this is the log that was
 * folded: a log that was truncated, restored or replaced has another leaf there.
 *
 * Damaged records are not trusted: one that does not parse counts as absent. A row has no checksum of its own: bytes that
 * are not a row are detected on reading, a row changed into another valid row only by rebuild_check. */
#ifndef PROJECTIONS_STORE_STORE_H
#define PROJECTIONS_STORE_STORE_H

#include "ledger/derived/derived.h"
#include "projections/rows/row.h"
#include "projections/rows/rows.h"

#define STORE_TABLES_MAX 16
#define STORE_ANY        UINT64_MAX /* as a bound: the newest version */
#define STORE_FAILED_MAX 256

struct store_generation {
    bool there;
    uint32_t version; /* of the projection's code */
    uint32_t slot;
    uint64_t segment, position;
    uint8_t leaf[LOG_HASH];        /* of event position - 1; zero when there is none */
    uint64_t failed_seq;           /* LOG_NO_SEQ: it did not fail */
    char failed[STORE_FAILED_MAX]; /* why; empty when it did not */
    size_t n_tables;
    uint8_t columns[STORE_TABLES_MAX]; /* stored columns of each table */
};

struct store_record {
    struct store_generation current, shadow;
};

/* A generation of today's code with nothing folded. */
void store_generation_init(struct store_generation *ret, const struct projection *projection, uint64_t segment);
/* It was made by this code. */
bool store_generation_fits(const struct store_generation *generation, const struct projection *projection);

/* Absent or damaged: neither generation exists. */
int store_get(struct db_txn *txn, const char *projection, struct store_record *ret, struct err *err);
int store_put(struct db_txn *txn, const char *projection, const struct store_record *record, struct err *err);
/* Creates a slot for a generation of today's code and records its columns. */
int store_slot_new(struct db_txn *txn, const struct projection *projection, uint32_t *ret, struct err *err);

/* How a slot's rows of one of today's tables are stored. */
struct store_map {
    size_t table; /* its number when they were stored; SIZE_MAX: it did not exist */
    size_t n;
    size_t column[ROW_COLUMNS_MAX]; /* for each stored value today's column; SIZE_MAX: gone */
};
/* For all tables of the projection, in their order. ERR_CORRUPT: unknown. */
int store_maps(struct db_txn *txn, uint32_t slot, const struct projection *projection, struct store_map *ret,
               struct err *err);

/* ---- rows ---- */

/* The newest version not above `bound`; borrowed from the transaction. ERR_NOTFOUND: none, or it was dropped. */
int store_row(struct db_txn *txn, uint32_t slot, size_t table, struct bytes key, uint64_t bound, struct bytes *ret,
              struct err *err);
/* Changed rows, sorted by table and key, as of `version`. */
int store_rows_put(struct db_txn *txn, uint32_t slot, uint64_t version, uint64_t segment,
                   const struct rows_entry *const *entries, size_t n, struct err *err);

/* Rows of a table whose keys begin with `prefix`, as of `bound`, by key. */
struct store_scan {
    struct db_cursor *cursor;
    uint64_t bound;
    struct buf seek; /* slot, table, prefix; then where to continue */
    size_t prefix;   /* bytes of it that must agree; 5 + the prefix */
    bool started;
};
int store_scan_open(struct store_scan *scan, struct db_txn *txn, uint32_t slot, size_t table, struct bytes prefix,
                    uint64_t bound, struct err *err);
/* 0, 1 at the end. Borrowed until the next call. */
int store_scan_next(struct store_scan *scan, struct bytes *ret_key, struct bytes *ret_bytes, struct err *err);
void store_scan_done(struct store_scan *scan); /* a zeroed one is fine */

/* All records of a slot one after another, raw: key after the slot (table, row's key, 0, ~version). */
struct store_dump {
    struct db_cursor *cursor;
    uint8_t slot[4];
    bool started;
};
int store_dump_open(struct store_dump *dump, struct db_txn *txn, uint32_t slot, struct err *err);
int store_dump_next(struct store_dump *dump, struct bytes *ret_key, struct bytes *ret_bytes, struct err *err);
void store_dump_done(struct store_dump *dump);

/* Removes rows in slots that no record names, in transactions of bounded size. `stop` (may be NULL): not 0 ends it
 * early. */
int store_sweep(struct db *db, const volatile int *stop, struct err *err);

#endif
