/* Rows of states: a fixed number of cells, one for each column of its table.
 *
 * A row is stored as one canonical msgpack array, a value for each column that is not judged (projection.h), in the table's
 * order; unknown values are nil. The same row gives the same bytes, so two replays can be compared byte by byte.
 *
 * Keys. A row's key is made of one to three texts. Each part is kept as it is when it has at most KEY_PART_MAX bytes and
 * none of them below 0x20; otherwise its first KEY_PART_HEAD bytes (those below 0x20 replaced by '?'), 0x02 and the first
 * 20 bytes of its SHA-256 in hex. Parts are joined with 0x01. So keys are short, unambiguous, and in the order of their
 * texts; the texts themselves are in columns. */
#ifndef PROJECTIONS_ROWS_ROW_H
#define PROJECTIONS_ROWS_ROW_H

#include "base/bytes.h"
#include "projections/rows/projection.h"

#define ROW_COLUMNS_MAX 64
#define ROW_TEXT_MAX    4096                /* longer texts are cut */
#define ROW_LIST_MAX    ((size_t)256 << 10) /* longer lists become null */
#define ROW_BYTES_MAX   ((size_t)2 << 20)   /* of an encoded row; folds stay below it */
#define ROW_SEQS_MAX    64                  /* seqs in one cell: when full, the oldest but the first is dropped */
#define KEY_PARTS_MAX   3
#define KEY_PART_MAX    120
#define KEY_PART_HEAD   64
#define KEY_PART_DIGEST 20
#define KEY_MAX         (KEY_PARTS_MAX * (KEY_PART_MAX + 1))

struct cell {
    enum cell_type type;
    union {
        int64_t int_;
        double real;
        bool boolean;
        struct bytes text; /* CELL_TEXT: UTF-8; CELL_LIST: msgpack; CELL_SEQS: canonical array of uints. Borrowed */
    };
};

/* A decoded row. Cells borrow from its `own` buffer or from the bytes it was decoded from. */
struct row {
    const struct state_table *table;
    struct bytes key; /* borrowed */
    struct cell cells[ROW_COLUMNS_MAX];
    bool absent;    /* there is no such row (yet): all cells are null */
    struct buf own; /* texts and lists that were set */
};

void row_init(struct row *row, const struct state_table *table);
void row_done(struct row *row);
/* Sets all cells to null and `absent`; keeps the memory. */
void row_clear(struct row *row);
/* Cells borrow from `bytes`. ERR_CORRUPT: not a row of this table. `map` gives for each stored position its column
 * (SIZE_MAX: no longer in the table) and n_map their number; NULL: the table's own columns. */
int row_decode(struct row *row, struct bytes bytes, const size_t *map, size_t n_map, struct err *err);
/* Appends the canonical bytes. ERR_LIMIT past ROW_BYTES_MAX. */
int row_encode(const struct row *row, struct buf *out, struct err *err);
/* Appends one cell as the msgpack item that stands for it in a stored row. */
void row_put_cell(const struct cell *cell, struct buf *out);

/* Setters copy their value; a text is cut to ROW_TEXT_MAX, a list beyond ROW_LIST_MAX becomes null. A failure to copy is
 * sticky and is returned by row_encode. */
void row_set_null(struct row *row, size_t column);
void row_set_int(struct row *row, size_t column, int64_t v);
void row_set_real(struct row *row, size_t column, double v);
void row_set_bool(struct row *row, size_t column, bool v);
void row_set_text(struct row *row, size_t column, struct bytes v);
void row_set_str(struct row *row, size_t column, const char *v); /* NULL: null */
void row_set_list(struct row *row, size_t column, struct bytes v);
/* Adds n to an integer cell (null is 0); stays at INT64_MAX. */
void row_add(struct row *row, size_t column, int64_t n);
/* Adds a seq to a CELL_SEQS cell. */
void row_cite(struct row *row, size_t column, uint64_t seq);
/* Keeps only these seqs in the cell. */
void row_cite_only(struct row *row, size_t column, const uint64_t *seqs, size_t n);

/* Reading: a cell of another type gives the neutral value (empty text, 0, false, NAN). */
struct bytes row_text(const struct row *row, size_t column);
struct bytes row_list(const struct row *row, size_t column);
int64_t row_int(const struct row *row, size_t column);
double row_real(const struct row *row, size_t column);
bool row_bool(const struct row *row, size_t column);
bool row_is(const struct row *row, size_t column, const char *text);
bool row_has(const struct row *row, size_t column); /* not null */
/* At most `max`, in order; returns how many there are. */
size_t row_seqs(const struct row *row, size_t column, uint64_t *ret, size_t max);

/* Appends the key of these parts. */
void row_key(struct buf *out, const struct bytes *parts, size_t n);

#endif
