/* Rows: cells, their canonical bytes, keys. Texts that are set are copied into one buffer of the row; when it moves, the
 * cells that point into it are adjusted. */
#include "projections/rows/row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mp.h"
#include "base/text.h"

void row_init(struct row *row, const struct state_table *table) {
    memset(row, 0, sizeof(*row));
    row->table = table;
    row->absent = true;
    buf_init(&row->own, 4 * ROW_BYTES_MAX);
}

void row_done(struct row *row) {
    buf_done(&row->own);
}

void row_clear(struct row *row) {
    memset(row->cells, 0, row->table->n_columns * sizeof(row->cells[0]));
    row->absent = true;
    row->key = (struct bytes){0};
    buf_clear(&row->own);
}

/* ---- bytes ---- */

static bool is_stored(const struct state_table *table, size_t column) {
    return (table->columns[column].flags & COLUMN_JUDGED) == 0;
}

static size_t n_stored(const struct state_table *table) {
    size_t n = 0;
    for (size_t i = 0; i < table->n_columns; i++) {
        n += is_stored(table, i);
    }
    return n;
}

/* An integer of 1, 2, 4 or 8 bytes after its marker, in its shortest form. */
static bool uint_quick(struct mp_reader *r, struct cell *ret) {
    const uint8_t *p = r->p;
    size_t n = (size_t)1 << (p[0] - 0xcc);
    uint64_t v = 0;
    if ((size_t)(r->end - p) <= n) return false;
    for (size_t i = 1; i <= n; i++) {
        v = v << 8 | p[i];
    }
    if ((n == 1 ? v < 0x80 : v >> (4 * n) == 0) || v > MP_INT_MAX) return false;
    *ret = (struct cell){.type = CELL_INT, .int_ = (int64_t)v};
    r->p = p + 1 + n;
    return true;
}

/* The forms of nearly all cells, decoded directly. False: mp_next has to decode it. */
static bool cell_quick(struct mp_reader *r, enum cell_type type, struct cell *ret) {
    const uint8_t *p = r->p;
    struct bytes text;
    if (p == r->end) return false;
    if (p[0] == 0xc0) {
        *ret = (struct cell){.type = CELL_NULL};
        r->p = p + 1;
        return true;
    }
    if (type == CELL_INT && p[0] < 0x80) {
        *ret = (struct cell){.type = CELL_INT, .int_ = p[0]};
        r->p = p + 1;
        return true;
    }
    if (type == CELL_INT && p[0] >= 0xcc && p[0] <= 0xcf) return uint_quick(r, ret);
    if (type == CELL_TEXT && mp_peek_text(r, &text) && text_is_ascii(text)) {
        *ret = (struct cell){.type = CELL_TEXT, .text = text};
        r->p = text.p + text.n;
        return true;
    }
    if (type == CELL_BOOL && (p[0] == 0xc2 || p[0] == 0xc3)) {
        *ret = (struct cell){.type = CELL_BOOL, .boolean = p[0] == 0xc3};
        r->p = p + 1;
        return true;
    }
    return false;
}

/* A value of another type than the column's is an error. */
static int cell_of(struct mp_reader *r, enum cell_type type, struct cell *ret, struct err *err) {
    struct mp_reader at = *r;
    struct mp_item item = {.type = MP_NIL}; /* only the members of its type are set */
    struct bytes raw;
    if (cell_quick(r, type, ret)) return 0;
    int rc = mp_skip(r, 1, &raw, err);
    if (rc == 0) rc = mp_next(&at, &item, err);
    *ret = (struct cell){.type = CELL_NULL};
    if (rc != 0 || item.type == MP_NIL) return rc;
    bool fits = true;
    ret->type = type;
    switch (type) {
    case CELL_INT:
        fits = item.type == MP_UINT || item.type == MP_INT;
        ret->int_ = item.type == MP_UINT ? (int64_t)item.uint : item.sint;
        break;
    case CELL_REAL:
        fits = item.type == MP_FLOAT;
        ret->real = item.real;
        break;
    case CELL_BOOL:
        fits = item.type == MP_BOOL;
        ret->boolean = item.boolean;
        break;
    case CELL_TEXT:
        fits = item.type == MP_STR;
        ret->text = item.data;
        break;
    case CELL_SEQS:
        fits = item.type == MP_ARRAY;
        ret->text = raw;
        break;
    default:
        fits = item.type == MP_ARRAY || item.type == MP_MAP;
        ret->text = raw;
        break;
    }
    return fits ? 0 : err_set(err, ERR_CORRUPT, "a cell is not of its column's type");
}

int row_decode(struct row *row, struct bytes bytes, const size_t *map, size_t n_map, struct err *err) {
    const struct state_table *table = row->table;
    struct mp_reader r;
    struct mp_item head;
    size_t column = 0, wanted = map != NULL ? n_map : n_stored(table);
    row_clear(row);
    mp_reader_init(&r, bytes);
    int rc = mp_next(&r, &head, err);
    if (rc != 0 || head.type != MP_ARRAY || head.count != wanted) {
        return err_set(err, ERR_CORRUPT, "a row of '%s' does not have %zu cells", table->name, wanted);
    }
    for (size_t i = 0; i < wanted && rc == 0; i++) {
        while (map == NULL && !is_stored(table, column)) {
            column++;
        }
        size_t to = map != NULL ? map[i] : column++;
        rc = to < table->n_columns ? cell_of(&r, table->columns[to].type, &row->cells[to], err) : mp_skip(&r, 1, NULL, err);
    }
    if (rc == 0 && r.p != r.end) {
        rc = err_set(err, ERR_CORRUPT, "a row of '%s' has %zu bytes too many", table->name, (size_t)(r.end - r.p));
    }
    row->absent = rc != 0;
    return rc;
}

/* Null and small numbers take one byte: most cells of most rows. */
static bool put_quick(const struct cell *cell, struct buf *out) {
    bool small = cell->type == CELL_INT && cell->int_ >= 0 && cell->int_ < 0x80;
    if ((cell->type != CELL_NULL && !small) || out->fail != 0 || out->n == out->cap) return false;
    out->p[out->n++] = small ? (uint8_t)cell->int_ : 0xc0;
    return true;
}

void row_put_cell(const struct cell *cell, struct buf *out) {
    switch (cell->type) {
    case CELL_NULL:
        mp_put_nil(out);
        break;
    case CELL_INT:
        mp_put_int(out, cell->int_);
        break;
    case CELL_REAL:
        mp_put_float(out, cell->real);
        break;
    case CELL_BOOL:
        mp_put_bool(out, cell->boolean);
        break;
    case CELL_TEXT:
        mp_put_str(out, cell->text);
        break;
    case CELL_SEQS:
    case CELL_LIST:
        buf_put_bytes(out, cell->text);
        break;
    }
}

int row_encode(const struct row *row, struct buf *out, struct err *err) {
    const struct state_table *table = row->table;
    size_t start = out->n;
    int rc = buf_check(&row->own, table->noun, err);
    mp_put_array(out, (uint32_t)n_stored(table));
    for (size_t i = 0; i < table->n_columns; i++) {
        if (is_stored(table, i) && !put_quick(&row->cells[i], out)) {
            row_put_cell(&row->cells[i], out);
        }
    }
    if (rc == 0) rc = buf_check(out, table->noun, err);
    if (rc == 0 && out->n - start > ROW_BYTES_MAX) {
        rc = err_set(err, ERR_LIMIT, "a row of '%s' would have %zu bytes; at most %zu are kept", table->name,
                     out->n - start, ROW_BYTES_MAX);
    }
    return rc;
}

/* ---- setting ---- */

/* Makes room for n bytes in the row's own buffer and adjusts the cells that point into it. */
static uint8_t *own_room(struct row *row, size_t n) {
    const uint8_t *before = row->own.p;
    size_t used = row->own.n;
    uint8_t *p = buf_room(&row->own, n);
    if (p == NULL || before == NULL || row->own.p == before) return p;
    uintptr_t old = (uintptr_t)before;
    for (size_t i = 0; i < row->table->n_columns; i++) {
        struct cell *c = &row->cells[i];
        uintptr_t at = c->type >= CELL_TEXT ? (uintptr_t)c->text.p : 0;
        if (at >= old && at < old + used) {
            c->text.p = row->own.p + (at - old);
        }
    }
    if ((uintptr_t)row->key.p >= old && (uintptr_t)row->key.p < old + used) {
        row->key.p = row->own.p + ((uintptr_t)row->key.p - old);
    }
    return p;
}

static void set_bytes(struct row *row, size_t column, enum cell_type type, struct bytes v) {
    struct cell *c = &row->cells[column];
    if (c->type == type && bytes_eq(c->text, v)) return;
    uintptr_t own = (uintptr_t)row->own.p, from = (uintptr_t)v.p; /* the value may be another cell's own text */
    bool inside = row->own.p != NULL && from >= own && from < own + row->own.n;
    uint8_t *p = own_room(row, v.n > 0 ? v.n : 1);
    if (p == NULL) return;
    v.p = inside ? row->own.p + (from - own) : v.p;
    if (v.n > 0) {
        memmove(p, v.p, v.n);
    }
    row->own.n += v.n;
    *c = (struct cell){.type = type, .text = {p, v.n}};
}

void row_set_null(struct row *row, size_t column) {
    row->cells[column] = (struct cell){.type = CELL_NULL};
}

void row_set_int(struct row *row, size_t column, int64_t v) {
    row->cells[column] = (struct cell){.type = CELL_INT, .int_ = v};
}

void row_set_real(struct row *row, size_t column, double v) {
    v = v == 0 ? 0 : v; /* negative zero is not canonical */
    row->cells[column] = mp_float_ok(v) ? (struct cell){.type = CELL_REAL, .real = v} : (struct cell){.type = CELL_NULL};
}

void row_set_bool(struct row *row, size_t column, bool v) {
    row->cells[column] = (struct cell){.type = CELL_BOOL, .boolean = v};
}

/* At most `max` bytes of a text, whole characters. */
static struct bytes cut(struct bytes text, size_t max) {
    if (text.n > max) {
        text.n = max;
        while (text.n > 0 && (text.p[text.n] & 0xc0) == 0x80) {
            text.n--;
        }
    }
    return text;
}

void row_set_text(struct row *row, size_t column, struct bytes v) {
    v = cut(v, ROW_TEXT_MAX);
    set_bytes(row, column, CELL_TEXT, v);
}

void row_set_str(struct row *row, size_t column, const char *v) {
    if (v == NULL) {
        row_set_null(row, column);
    } else {
        row_set_text(row, column, bytes_of(v));
    }
}

void row_set_list(struct row *row, size_t column, struct bytes v) {
    if (v.n > ROW_LIST_MAX) {
        row_set_null(row, column);
    } else {
        set_bytes(row, column, CELL_LIST, v);
    }
}

void row_add(struct row *row, size_t column, int64_t n) {
    int64_t sum;
    if (__builtin_add_overflow(row_int(row, column), n, &sum)) {
        sum = n > 0 ? INT64_MAX : INT64_MIN;
    }
    row_set_int(row, column, sum);
}

/* ---- seqs ---- */

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void set_seqs(struct row *row, size_t column, const uint64_t *seqs, size_t n) {
    struct buf mp = {.max = (ROW_SEQS_MAX + 1) * 9};
    mp_put_array(&mp, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        mp_put_uint(&mp, seqs[i]);
    }
    if (mp.fail != 0) {
        row->own.fail = row->own.fail != 0 ? row->own.fail : mp.fail;
    } else {
        set_bytes(row, column, CELL_SEQS, bytes_of_buf(&mp));
    }
    buf_done(&mp);
}

void row_cite(struct row *row, size_t column, uint64_t seq) {
    uint64_t seqs[ROW_SEQS_MAX + 1];
    size_t n = row_seqs(row, column, seqs, ROW_SEQS_MAX);
    if (seq > MP_INT_MAX || bsearch(&seq, seqs, n, sizeof(seqs[0]), by_number) != NULL) return;
    seqs[n++] = seq;
    qsort(seqs, n, sizeof(seqs[0]), by_number);
    if (n > ROW_SEQS_MAX) {
        n--;
        memmove(seqs + 1, seqs + 2, (n - 1) * sizeof(seqs[0]));
    }
    set_seqs(row, column, seqs, n);
}

void row_cite_only(struct row *row, size_t column, const uint64_t *seqs, size_t n) {
    row_set_null(row, column);
    for (size_t i = 0; i < n; i++) {
        row_cite(row, column, seqs[i]);
    }
}

size_t row_seqs(const struct row *row, size_t column, uint64_t *ret, size_t max) {
    const struct cell *c = &row->cells[column];
    struct mp_reader r;
    struct mp_item item;
    size_t n = 0;
    if (c->type != CELL_SEQS) return 0;
    mp_reader_init(&r, c->text);
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY) return 0;
    while (mp_next(&r, &item, NULL) == 0 && item.type == MP_UINT) {
        if (n < max) {
            ret[n] = item.uint;
        }
        n++;
    }
    return n;
}

/* ---- reading ---- */

struct bytes row_text(const struct row *row, size_t column) {
    const struct cell *c = &row->cells[column];
    return c->type == CELL_TEXT ? c->text : (struct bytes){0};
}

struct bytes row_list(const struct row *row, size_t column) {
    const struct cell *c = &row->cells[column];
    return c->type == CELL_LIST ? c->text : (struct bytes){0};
}

int64_t row_int(const struct row *row, size_t column) {
    return row->cells[column].type == CELL_INT ? row->cells[column].int_ : 0;
}

double row_real(const struct row *row, size_t column) {
    return row->cells[column].type == CELL_REAL ? row->cells[column].real : (double)NAN;
}

bool row_bool(const struct row *row, size_t column) {
    return row->cells[column].type == CELL_BOOL && row->cells[column].boolean;
}

bool row_is(const struct row *row, size_t column, const char *text) {
    return row->cells[column].type == CELL_TEXT && bytes_is(row->cells[column].text, text);
}

bool row_has(const struct row *row, size_t column) {
    return row->cells[column].type != CELL_NULL;
}

/* ---- keys ---- */

static bool plain(struct bytes part) {
    bool is = part.n <= KEY_PART_MAX;
    for (size_t i = 0; i < part.n && is; i++) {
        is = part.p[i] >= 0x20;
    }
    return is;
}

static void put_part(struct buf *out, struct bytes part) {
    uint8_t digest[HASH_LEN];
    char hex[2 * KEY_PART_DIGEST + 1];
    if (plain(part)) {
        buf_put_bytes(out, part);
        return;
    }
    for (size_t i = 0; i < part.n && i < KEY_PART_HEAD; i++) {
        buf_put_u8(out, part.p[i] < 0x20 ? '?' : part.p[i]);
    }
    hash_parts(digest, &part, 1);
    text_hex(hex, digest, KEY_PART_DIGEST);
    buf_put_u8(out, 0x02);
    buf_put_str(out, hex);
}

void row_key(struct buf *out, const struct bytes *parts, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            buf_put_u8(out, 0x01);
        }
        put_part(out, parts[i]);
    }
}
