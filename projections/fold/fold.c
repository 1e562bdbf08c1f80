/* What a fold is given: the event's fields, looked up once, and rows that stay open while it runs. When the fold returns 0
 * all open rows are encoded, and only then put: an event leaves all of its changes or none. */
#include "projections/fold/fold.h"

#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "ledger/kinds/kind.h"
#include "ledger/kinds/subject.h"
#include "projections/fold/run.h"

#define ENCODED_MAX (FOLD_ROWS_MAX * ROW_BYTES_MAX)

struct field {
    struct bytes name, raw;
};

struct fold_input {
    const struct upcast *steps;
    size_t n_steps;
    const struct log_event *event;
    struct buf scratch[2];
    struct bytes body;
    bool parsed;
    size_t n_fields;
    struct field fields[FOLD_FIELDS_MAX];
    char kind[LOG_HASH * 8]; /* the kind looked up last, and its newest schema */
    size_t kind_n;
    uint32_t schema; /* 0: the catalog does not know it */
};

struct open_row {
    struct row row;
    size_t table;
    uint8_t key[KEY_MAX];
    size_t key_n;
    bool dropped, left;        /* left: it stays as it is stored */
    size_t encoded, encoded_n; /* in fold->encoded */
};

struct fold {
    const struct projection *projection;
    struct rows *rows;
    struct fold_input *input;
    struct open_row *open[FOLD_ROWS_MAX]; /* allocated on first use and reused */
    size_t n_open;
    struct buf key, encoded;
};

/* ---- the event, prepared ---- */

int fold_input_new(const struct upcast *steps, size_t n_steps, struct fold_input **ret, struct err *err) {
    struct fold_input *input = calloc(1, sizeof(*input));
    if (input == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    input->steps = steps;
    input->n_steps = n_steps;
    buf_init(&input->scratch[0], LOG_BATCH_BYTES_MAX);
    buf_init(&input->scratch[1], LOG_BATCH_BYTES_MAX);
    *ret = input;
    return 0;
}

void fold_input_free(struct fold_input *input) {
    if (input != NULL) {
        buf_done(&input->scratch[0]);
        buf_done(&input->scratch[1]);
        free(input);
    }
}

static uint32_t schema_of(struct fold_input *input, struct bytes kind) {
    if (!bytes_eq(kind, (struct bytes){(const uint8_t *)input->kind, input->kind_n})) {
        const struct kind *known = kind_find(kind);
        input->schema = known != NULL ? known->schema : 0;
        input->kind_n = kind.n < sizeof(input->kind) ? kind.n : 0;
        memcpy(input->kind, kind.p, input->kind_n);
    }
    return input->schema;
}

int fold_input_set(struct fold_input *input, const struct log_event *event, struct err *err) {
    uint32_t schema = schema_of(input, event->kind);
    input->event = event;
    input->body = event->body;
    input->parsed = false;
    input->n_fields = 0;
    if (schema == 0 || schema == event->schema) return 0;
    return upcast_body(input->steps, input->n_steps, event, schema, input->scratch, &input->body, err);
}

static void parse(struct fold_input *input) {
    struct mp_reader r;
    struct mp_item item;
    input->parsed = true;
    mp_reader_init(&r, input->body);
    if (!mp_take(&r, MP_MAP, &item)) return;
    while (input->n_fields < FOLD_FIELDS_MAX) {
        struct field *f = &input->fields[input->n_fields];
        if (mp_next(&r, &item, NULL) != 0 || item.type != MP_STR || mp_skip(&r, 1, &f->raw, NULL) != 0) {
            return;
        }
        f->name = item.data;
        input->n_fields++;
    }
}

static bool find_raw(struct fold_input *input, const char *name, struct bytes *ret) {
    size_t n = strlen(name);
    if (!input->parsed) {
        parse(input);
    }
    for (size_t i = 0; i < input->n_fields; i++) {
        const struct field *f = &input->fields[i];
        if (f->name.n == n && memcmp(f->name.p, name, n) == 0) {
            *ret = f->raw;
            return true;
        }
    }
    return input->n_fields == FOLD_FIELDS_MAX && mp_map_get(input->body, name, ret) == 0;
}

static bool find_item(struct fold_input *input, const char *name, struct mp_item *ret) {
    struct bytes raw;
    struct mp_reader r;
    if (!find_raw(input, name, &raw)) return false;
    mp_reader_init(&r, raw);
    return mp_next(&r, ret, NULL) == 0;
}

static bool find_int(struct fold_input *input, const char *name, int64_t *ret) {
    struct mp_item item;
    if (!find_item(input, name, &item) || (item.type != MP_UINT && item.type != MP_INT)) {
        return false;
    }
    *ret = item.type == MP_UINT ? (int64_t)item.uint : item.sint;
    return true;
}

static uint64_t asserted_at(struct fold_input *input) {
    int64_t at;
    return find_int(input, "at", &at) && at >= 0 ? (uint64_t)at : input->event->time;
}

uint64_t fold_input_when(struct fold_input *input) {
    uint64_t at = asserted_at(input);
    return at < input->event->time ? at : input->event->time;
}

const struct log_event *fold_event(const struct fold *fold) {
    return fold->input->event;
}

static struct bytes after_mark(struct bytes text, char mark) {
    const uint8_t *at = text.n > 0 ? memchr(text.p, mark, text.n) : NULL;
    return at == NULL ? (struct bytes){0} : (struct bytes){at + 1, text.n - (size_t)(at + 1 - text.p)};
}

struct bytes fold_step(const struct fold *fold) {
    return after_mark(fold->input->event->kind, '.');
}

struct bytes fold_subject(const struct fold *fold) {
    return after_mark(fold->input->event->subject, '/');
}

bool fold_text(const struct fold *fold, const char *name, struct bytes *ret) {
    struct mp_item item;
    if (!find_item(fold->input, name, &item) || item.type != MP_STR) return false;
    *ret = item.data;
    return true;
}

bool fold_int(const struct fold *fold, const char *name, int64_t *ret) {
    return find_int(fold->input, name, ret);
}

bool fold_real(const struct fold *fold, const char *name, double *ret) {
    struct mp_item item;
    if (!find_item(fold->input, name, &item) || (item.type != MP_UINT && item.type != MP_INT && item.type != MP_FLOAT)) {
        return false;
    }
    *ret = item.type == MP_FLOAT ? item.real : item.type == MP_UINT ? (double)item.uint : (double)item.sint;
    return true;
}

bool fold_bool(const struct fold *fold, const char *name, bool *ret) {
    struct mp_item item;
    if (!find_item(fold->input, name, &item) || item.type != MP_BOOL) return false;
    *ret = item.boolean;
    return true;
}

bool fold_raw(const struct fold *fold, const char *name, struct bytes *ret) {
    struct bytes raw;
    if (!find_raw(fold->input, name, &raw) || (raw.n == 1 && raw.p[0] == 0xc0)) return false;
    *ret = raw;
    return true;
}

bool fold_null(const struct fold *fold, const char *name) {
    struct bytes raw;
    return find_raw(fold->input, name, &raw) && raw.n == 1 && raw.p[0] == 0xc0;
}

struct bytes fold_agreed(const struct fold *fold, struct bytes part, const char *name) {
    const struct bytes subject = fold->input->event->subject, rest = fold_subject(fold);
    const struct bytes family = {subject.p, rest.n > 0 ? subject.n - rest.n - 1 : 0};
    struct bytes text;
    bool there = fold_text(fold, name, &text) && text.n > 0;
    return there && (part.n == 0 || kind_names_same(family, part, text)) ? text : part;
}

struct bytes fold_name(const struct fold *fold, const char *name) {
    return fold_agreed(fold, fold_subject(fold), name);
}

uint64_t fold_at(const struct fold *fold) {
    return asserted_at(fold->input);
}

uint64_t fold_when(const struct fold *fold) {
    return fold_input_when(fold->input);
}

/* ---- rows ---- */

int fold_new(const struct projection *projection, struct rows *rows, struct fold **ret, struct err *err) {
    struct fold *fold = calloc(1, sizeof(*fold));
    if (fold == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    fold->projection = projection;
    fold->rows = rows;
    buf_init(&fold->key, KEY_MAX);
    buf_init(&fold->encoded, ENCODED_MAX);
    *ret = fold;
    return 0;
}

void fold_free(struct fold *fold) {
    if (fold == NULL) return;
    for (size_t i = 0; i < FOLD_ROWS_MAX && fold->open[i] != NULL; i++) {
        row_done(&fold->open[i]->row);
        free(fold->open[i]);
    }
    buf_done(&fold->key);
    buf_done(&fold->encoded);
    free(fold);
}

static struct row *opened(const struct fold *fold, size_t table, struct bytes key) {
    for (size_t i = 0; i < fold->n_open; i++) {
        struct open_row *o = fold->open[i];
        if (o->table == table && bytes_eq(key, (struct bytes){o->key, o->key_n})) {
            o->left = false;
            return &o->row;
        }
    }
    return NULL;
}

static int open_row(struct fold *fold, size_t table, struct bytes key, struct row **ret, struct err *err) {
    struct bytes bytes;
    if (fold->n_open == FOLD_ROWS_MAX) {
        return err_set(err, ERR_LIMIT, "one event changes more than %d rows", FOLD_ROWS_MAX);
    }
    int rc = rows_get(fold->rows, table, key, &bytes, err);
    struct open_row *o = fold->open[fold->n_open];
    if (rc == 0 && o == NULL) {
        o = fold->open[fold->n_open] = calloc(1, sizeof(*o));
        rc = o == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
        if (rc == 0) {
            row_init(&o->row, &fold->projection->tables[table]);
        }
    }
    if (rc != 0) return rc;
    o->row.table = &fold->projection->tables[table];
    o->table = table;
    o->dropped = o->left = false;
    o->key_n = key.n;
    bytes_copy(o->key, key);
    row_clear(&o->row);
    rc = bytes.n > 0 ? row_decode(&o->row, bytes, NULL, 0, err) : 0;
    if (rc == 0) {
        o->row.key = (struct bytes){o->key, o->key_n};
        fold->n_open++;
        *ret = &o->row;
    }
    return rc;
}

static int find_row(struct fold *fold, size_t table, const struct bytes *parts, size_t n, struct row **ret,
                    struct err *err) {
    buf_clear(&fold->key);
    row_key(&fold->key, parts, n);
    struct bytes key = bytes_of_buf(&fold->key);
    *ret = opened(fold, table, key);
    return *ret != NULL ? 0 : open_row(fold, table, key, ret, err);
}

int fold_row(struct fold *fold, size_t table, const struct bytes *parts, size_t n, struct row **ret, struct err *err) {
    int rc = find_row(fold, table, parts, n, ret, err);
    if (rc != 0) return rc;
    struct open_row *o = (struct open_row *)*ret; /* its first member */
    o->dropped = false;
    for (size_t i = 0, part = 0; i < (*ret)->table->n_columns && part < n; i++) {
        if ((*ret)->table->columns[i].flags & COLUMN_KEY) {
            row_set_text(*ret, i, parts[part++]);
        }
    }
    return 0;
}

int fold_find(struct fold *fold, size_t table, const struct bytes *parts, size_t n, struct row **ret, struct err *err) {
    int rc = find_row(fold, table, parts, n, ret, err);
    if (rc == 0 && (*ret)->absent && !row_has(*ret, 0)) {
        *ret = NULL;
    }
    return rc;
}

int fold_has(struct fold *fold, size_t table, const struct bytes *parts, size_t n, bool *ret, struct err *err) {
    struct bytes bytes;
    buf_clear(&fold->key);
    row_key(&fold->key, parts, n);
    int rc = rows_get(fold->rows, table, bytes_of_buf(&fold->key), &bytes, err);
    if (rc == 0) {
        *ret = bytes.n > 0;
    }
    return rc;
}

void fold_drop(struct row *row) {
    struct open_row *o = (struct open_row *)row;
    row_clear(row);
    row->key = (struct bytes){o->key, o->key_n};
    o->dropped = true;
    o->left = false;
}

void fold_leave(struct row *row) {
    ((struct open_row *)row)->left = true;
}

void fold_copy(struct fold *fold, struct row *row, size_t column, const char *field) {
    struct bytes raw;
    int64_t number;
    double real;
    bool boolean;
    switch (row->table->columns[column].type) {
    case CELL_TEXT:
        if (fold_text(fold, field, &raw)) {
            row_set_text(row, column, raw);
        }
        break;
    case CELL_INT:
        if (fold_int(fold, field, &number)) {
            row_set_int(row, column, number);
        }
        break;
    case CELL_REAL:
        if (fold_real(fold, field, &real)) {
            row_set_real(row, column, real);
        }
        break;
    case CELL_BOOL:
        if (fold_bool(fold, field, &boolean)) {
            row_set_bool(row, column, boolean);
        }
        break;
    default:
        if (fold_raw(fold, field, &raw) && ((raw.p[0] & 0xe0) == 0x80 || (raw.p[0] >= 0xdc && raw.p[0] <= 0xdf))) {
            row_set_list(row, column, raw); /* an array or a map */
        }
        break;
    }
}

void fold_replace(struct fold *fold, struct row *row, size_t column, const char *field) {
    row_set_null(row, column);
    fold_copy(fold, row, column, field);
}

/* A row that was created and left unchanged, or only looked up, has no key columns and does not exist. */
static int encode(struct fold *fold, struct open_row *o, struct err *err) {
    bool gone = o->dropped || !row_has(&o->row, 0);
    o->encoded = fold->encoded.n;
    int rc = gone ? 0 : row_encode(&o->row, &fold->encoded, err);
    o->encoded_n = fold->encoded.n - o->encoded;
    return rc;
}

int fold_apply(struct fold *fold, struct fold_input *input, struct err *err) {
    fold->input = input;
    fold->n_open = 0;
    buf_clear(&fold->encoded);
    int rc = fold->projection->fold(fold, err);
    for (size_t i = 0; i < fold->n_open && rc == 0; i++) {
        rc = fold->open[i]->left ? 0 : encode(fold, fold->open[i], err);
    }
    for (size_t i = 0; i < fold->n_open && rc == 0; i++) {
        const struct open_row *o = fold->open[i];
        struct bytes bytes = {fold->encoded.p + o->encoded, o->encoded_n};
        rc = o->left ? 0 : rows_put(fold->rows, o->table, (struct bytes){o->key, o->key_n}, bytes, err);
    }
    return rc;
}
