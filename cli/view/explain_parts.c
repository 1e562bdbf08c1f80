/* Tables use the same column names for what they refer to, so related rows are found without knowing any table. A row
 * with our only key in a column of that name is a part of ours (the route that says pack = ours). A row whose only key we
 * name or use ("uses_digest" for "digest") is one that we are a part of. A row whose first key is our whole name,
 * "pack/pdf-ops-pack", is about us. */
#include "cli/view/explain_parts.h"

#include <stdio.h>
#include <string.h>

#include "cli/view/entity.h"
#include "cli/view/explanation.h"

#define NAME_BYTES ((size_t)1 << 16)

struct hunt {
    struct asof *view;
    const struct row *row;
    struct buf name; /* of the row: "pack/pdf-ops-pack" */
    struct bytes key;
    const char *key_column; /* the name of its only key; NULL: it has several */
    struct parts *parts;
};

static const char *only_key(const struct state_table *table) {
    for (size_t i = 0; entity_key_columns(table) == 1 && i < table->n_columns; i++) {
        if (table->columns[i].flags & COLUMN_KEY) return table->columns[i].name;
    }
    return NULL;
}

/* The column number of its first key. */
static size_t first_key(const struct state_table *table) {
    for (size_t i = 0; i < table->n_columns; i++) {
        if (table->columns[i].flags & COLUMN_KEY) return i;
    }
    return SIZE_MAX;
}

static void add(struct hunt *h, const struct row *row, bool decides) {
    struct parts *parts = h->parts;
    struct buf name = {.max = NAME_BYTES};
    entity_name(row, &name);
    bool known = bytes_eq(bytes_of_buf(&name), bytes_of_buf(&h->name));
    for (size_t i = 0; i < parts->n && !known; i++) {
        known = bytes_eq(bytes_of_buf(&name), bytes_of_buf(&parts->part[i].name));
    }
    if (known || parts->n == PARTS_MAX) {
        parts->more += known ? 0 : 1;
        buf_done(&name);
        return;
    }
    struct part *part = &parts->part[parts->n++];
    part->name = name;
    buf_init(&part->state, NAME_BYTES);
    explanation_state(row, &part->state);
    size_t state = entity_state(row->table);
    part->state_n = state != SIZE_MAX ? row_text(row, state).n : 0;
    part->n_evidence = entity_evidence(row, part->evidence);
    part->decides = decides;
}

/* Adds the rows of a table with this first key. */
static int by_first(struct hunt *h, size_t table, struct bytes key, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    int rc = state_rows_open(h->view->state, table, &key, 1, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        add(h, row, true);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

/* A promotion names what it may change later; the present state of that does not rest on it. */
static bool is_on_its_way(const struct state_table *table) {
    return strcmp(table->name, "promotions") == 0;
}

/* Adds the rows of a table with our key in this column. */
static int by_column(struct hunt *h, size_t table, size_t column, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    struct row judged;
    struct bytes parts[KEY_PARTS_MAX];
    row_init(&judged, state_table(h->view->state, table));
    int rc = state_rows_open(h->view->state, table, NULL, 0, &rows, err);
    while (rc == 0 && (rc = state_rows_next_stored(rows, &row, err)) == 0) {
        if (*h->view->stop != 0) {
            rc = err_set(err, ERR_BUSY, "interrupted");
        } else if (bytes_eq(row_text(row, column), h->key)) {
            size_t n = entity_parts(row, parts);
            rc = state_get(h->view->state, table, parts, n, &judged, err);
            if (rc == 0) {
                add(h, &judged, !is_on_its_way(judged.table));
            }
            rc = rc == ERR_NOTFOUND ? 0 : rc;
        }
    }
    state_rows_close(rows);
    row_done(&judged);
    return rc == 1 ? 0 : rc;
}

static int by_key(struct hunt *h, size_t table, struct bytes key, struct err *err) {
    struct row row;
    row_init(&row, state_table(h->view->state, table));
    int rc = state_get(h->view->state, table, &key, 1, &row, err);
    if (rc == 0) {
        add(h, &row, false);
    }
    row_done(&row);
    return rc == ERR_NOTFOUND ? 0 : rc;
}

/* Adds the row that we name in this column. */
static int by_name(struct hunt *h, size_t table, const char *column, struct err *err) {
    size_t named = projection_column(h->row->table, column);
    if (named == SIZE_MAX || (h->row->table->columns[named].flags & COLUMN_KEY)) return 0;
    struct bytes key = row_text(h->row, named);
    return key.n > 0 ? by_key(h, table, key, err) : 0;
}

static int look(struct hunt *h, size_t number, struct err *err) {
    char uses[64];
    const struct state_table *other = state_table(h->view->state, number);
    const char *others = only_key(other);
    size_t first = first_key(other);
    int rc = 0;
    if (other == h->row->table || entity_state(other) == SIZE_MAX || entity_accumulates(other)) {
        return 0;
    }
    size_t ours = h->key_column ? projection_column(other, h->key_column) : SIZE_MAX;
    if (ours != SIZE_MAX && h->key.n > 0 && other->columns[ours].type == CELL_TEXT) {
        rc = ours == first ? by_first(h, number, h->key, err) : by_column(h, number, ours, err);
    }
    if (rc == 0 && first != SIZE_MAX && h->name.n > 0) {
        rc = by_first(h, number, bytes_of_buf(&h->name), err);
    }
    if (rc == 0 && others != NULL) {
        snprintf(uses, sizeof(uses), "uses_%s", others);
        rc = by_name(h, number, uses, err);
        if (rc == 0) rc = by_name(h, number, others, err);
    }
    return rc;
}

int explain_parts(struct asof *view, const struct row *row, struct parts *ret, struct err *err) {
    struct hunt h = {.view = view, .row = row, .key_column = only_key(row->table), .parts = ret};
    int rc = 0;
    memset(ret, 0, sizeof(*ret));
    buf_init(&h.name, NAME_BYTES);
    entity_name(row, &h.name);
    if (h.key_column) {
        h.key = row_text(row, projection_column(row->table, h.key_column));
    }
    for (size_t i = 0; rc == 0 && i < state_tables(view->state); i++) {
        rc = look(&h, i, err);
    }
    buf_done(&h.name);
    return rc;
}

void explain_parts_done(struct parts *parts) {
    for (size_t i = 0; i < parts->n; i++) {
        buf_done(&parts->part[i].name);
        buf_done(&parts->part[i].state);
    }
    parts->n = 0;
}
