/* Counting: by codes where the index has them, else row by row. */
#include <stdlib.h>
#include <string.h>

#include "query/rows/cursor.h"
#include "query/rows/tally.h"

#define CELLS_MAX ((size_t)1 << 18) /* combinations of codes that are counted in a table */

struct counting {
    struct query_cursor *cursor;
    struct tally *tally;
    const size_t *by;
    size_t n_by;
    uint64_t lost;
    uint64_t *cells; /* CELLS_MAX of them, once needed */
    struct err *err;
};

/* ---- row by row ---- */

/* Records damage, keeps the first error, and continues counting. */
static int note_damage(struct counting *counting, int rc, const struct err *why, uint64_t events) {
    if (rc != ERR_CORRUPT && rc != ERR_TAMPERED) return err_set(counting->err, rc, "%s", why->msg);
    if (counting->lost == 0) {
        err_set(counting->err, rc, "%s", why->msg);
    }
    counting->lost += events;
    return 0;
}

static int count_row(struct counting *counting) {
    struct query_value values[QUERY_BY_MAX];
    struct err why = {0};
    for (size_t i = 0; i < counting->n_by; i++) {
        int rc = query_get(counting->cursor, counting->by[i], &values[i], &why);
        if (rc != 0) return note_damage(counting, rc, &why, 1);
    }
    return tally_add(counting->tally, values, 1, counting->err);
}

/* ---- by codes ---- */

/* The columns of the fields, if each of them has few values; *ret_cells: how many combinations there are. */
static int columns_of(struct counting *counting, const struct column *ret[QUERY_BY_MAX], size_t *ret_cells) {
    size_t cells = 1;
    for (size_t i = 0; i < counting->n_by; i++) {
        if (counting->by[i] == QUERY_SEQ) return ERR_NOTFOUND;
        int rc = plan_column(&counting->cursor->plan, counting->by[i], &ret[i], counting->err);
        if (rc != 0) return rc;
        if (ret[i] != NULL) {
            cells *= ret[i]->form == COLUMNS_DICT ? ret[i]->n_values + 1 : CELLS_MAX + 1;
        }
        if (cells > CELLS_MAX) return ERR_NOTFOUND;
    }
    *ret_cells = cells;
    return 0;
}

/* Cell of a word's events so far, times the column's codes, plus its code; 0 is no value. */
static void add_codes(const struct column *c, uint32_t w, uint32_t cell[64]) {
    const uint16_t *code = c->code + c->rank[w];
    uint64_t present = c->present[w];
    uint32_t n = c->n_values + 1;
    if (present == UINT64_MAX) {
        for (unsigned i = 0; i < 64; i++) {
            cell[i] = cell[i] * n + code[i] + 1;
        }
        return;
    }
    for (unsigned i = 0; i < 64; i++) {
        cell[i] *= n;
    }
    for (; present != 0; present &= present - 1) {
        cell[__builtin_ctzll(present)] += *code++ + 1U;
    }
}

static void count_cells(struct counting *counting, const struct column *const columns[QUERY_BY_MAX]) {
    const struct plan *p = &counting->cursor->plan;
    uint32_t cell[64];
    for (uint32_t w = 0; w < p->record.events / 64; w++) {
        if (p->bits[w] == 0) continue;
        memset(cell, 0, sizeof(cell));
        for (size_t i = 0; i < counting->n_by; i++) {
            if (columns[i] != NULL) {
                add_codes(columns[i], w, cell);
            }
        }
        for (uint64_t word = p->bits[w]; word != 0; word &= word - 1) {
            counting->cells[cell[__builtin_ctzll(word)]]++;
        }
    }
}

static int tally_cells(struct counting *counting, const struct column *const columns[QUERY_BY_MAX], size_t cells) {
    int rc = 0;
    for (size_t cell = 0; cell < cells && rc == 0; cell++) {
        struct query_value values[QUERY_BY_MAX];
        size_t rest = cell;
        if (counting->cells[cell] == 0) continue;
        for (size_t i = counting->n_by; i > 0; i--) {
            const struct column *c = columns[i - 1];
            size_t n = c == NULL ? 1 : c->n_values + 1, code = rest % n;
            values[i - 1] = code == 0 ? (struct query_value){.type = QUERY_NULL} : c->value[code - 1];
            rest /= n;
        }
        rc = tally_add(counting->tally, values, counting->cells[cell], counting->err);
    }
    return rc;
}

/* Counts the current segment from the index alone, if its plan allows that. ERR_NOTFOUND: it does not. */
static int count_segment(struct counting *counting) {
    const struct column *columns[QUERY_BY_MAX] = {NULL};
    const struct plan *p = &counting->cursor->plan;
    size_t cells = 1;
    if (p->state != PLAN_SOME || !p->certain) return p->state == PLAN_NONE ? 0 : ERR_NOTFOUND;
    int rc = columns_of(counting, columns, &cells);
    if (rc != 0) return rc;
    if (counting->n_by == 0) {
        return tally_add(counting->tally, NULL, plan_count(p, p->first, p->end), counting->err);
    }
    if (counting->cells == NULL && (counting->cells = malloc(CELLS_MAX * sizeof(*counting->cells))) == NULL) {
        return err_set(counting->err, ERR_NOMEM, "out of memory for counts");
    }
    memset(counting->cells, 0, cells * sizeof(*counting->cells));
    count_cells(counting, columns);
    return tally_cells(counting, columns, cells);
}

/* ---- all ---- */

/* Counts the current segment event by event. */
static int count_rows(struct counting *counting) {
    struct query_cursor *c = counting->cursor;
    int rc = 0;
    while (rc == 0) {
        struct err why = {0};
        rc = cursor_next(c, &why);
        rc = rc == 0 ? count_row(counting) : rc < 0 ? note_damage(counting, rc, &why, c->damaged) : rc;
    }
    return rc == 1 ? 0 : rc;
}

static int count_all(struct counting *counting) {
    struct query_cursor *c = counting->cursor;
    int rc = 0;
    while (rc == 0 && (rc = cursor_segment(c, counting->err)) == 0) {
        rc = count_segment(counting);
        if (rc == 0) {
            cursor_skip_segment(c);
        }
        rc = rc == ERR_NOTFOUND ? count_rows(counting) : rc;
    }
    return rc == 1 ? 0 : rc;
}

static int check_fields(const size_t *by, size_t n_by, struct err *err) {
    if (n_by > QUERY_BY_MAX) {
        return err_set(err, ERR_LIMIT, "counts by %zu fields; at most %d", n_by, QUERY_BY_MAX);
    }
    for (size_t i = 0; i < n_by; i++) {
        if (by[i] >= query_field_count()) {
            return err_set(err, ERR_INVALID, "there is no field %zu", by[i]);
        }
    }
    return 0;
}

int query_count(struct ledger *ledger, const struct query *query, const size_t *by, size_t n_by, query_count_fn *each,
                void *ctx, struct query_cost *ret_cost, uint64_t *ret_lost, struct err *err) {
    struct query all = *query;
    struct counting counting = {.by = by, .n_by = n_by, .err = err};
    all.limit = 0;
    all.descending = all.whole = false;
    int rc = check_fields(by, n_by, err);
    if (rc == 0) rc = query_open(ledger, &all, &counting.cursor, err);
    if (rc == 0 && (counting.tally = tally_new(n_by)) == NULL) {
        rc = err_set(err, ERR_NOMEM, "out of memory");
    }
    if (rc == 0 && n_by == 0) { /* the count of nothing is 0 */
        rc = tally_add(counting.tally, NULL, 0, err);
    }
    if (rc == 0) rc = count_all(&counting);
    if (rc == 0) {
        if (ret_cost != NULL) {
            query_cost(counting.cursor, ret_cost);
        }
        if (ret_lost != NULL) {
            *ret_lost = counting.lost;
        }
        rc = tally_each(counting.tally, each, ctx, err);
    }
    free(counting.cells);
    tally_free(counting.tally);
    query_close(counting.cursor);
    return rc;
}
