/* A step compares what its rows were before it with what they are after it, not with what they were between two judgements
 * of the same step. Of a row only the cells of its keys and of columns that count are kept. */
#include "projections/walk/causes_track.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/mp.h"
#include "projections/walk/matters.h"

#define BYTES_MAX ((size_t)64 << 20) /* of the rows of one walk */

void track_init(struct track *track, const struct state_view *view) {
    *track = (struct track){.view = view};
    row_init(&track->sides[0], NULL);
    row_init(&track->sides[1], NULL);
    buf_init(&track->scratch, 2 * ROW_BYTES_MAX);
}

static void drop(struct bytes *bytes) {
    free((void *)(uintptr_t)bytes->p);
    *bytes = (struct bytes){0};
}

static int copy_of(struct bytes bytes, struct bytes *ret, struct err *err) {
    uint8_t *copy = malloc(bytes.n + 1);
    if (copy == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    if (bytes.n > 0) {
        memcpy(copy, bytes.p, bytes.n);
    }
    *ret = (struct bytes){copy, bytes.n};
    return 0;
}

void track_again(struct track *track) {
    for (size_t i = 0; i < track->n_changes; i++) {
        drop(&track->changes[i].before);
        drop(&track->changes[i].after);
    }
    for (size_t i = 0; i < track->n; i++) {
        struct track_row *row = &track->rows[i];
        drop(&row->last);
        drop(&row->now);
        row->due = row->now_touched = false;
        row->newest = 0;
    }
    track->n_changes = track->n_due = track->steps = track->bytes = 0;
    track->begun = track->full = false;
}

void track_done(struct track *track) {
    track_again(track);
    for (size_t i = 0; i < track->n; i++) {
        drop(&track->rows[i].key);
    }
    free(track->rows);
    free(track->changes);
    free(track->due);
    row_done(&track->sides[0]);
    row_done(&track->sides[1]);
    buf_done(&track->scratch);
}

/* ---- which rows ---- */

/* Evaluations and their results accumulate: they count where they are read. */
static bool is_where_read(const struct state_table *table) {
    return strcmp(table->name, "evals") == 0 || strcmp(table->name, "eval_results") == 0;
}

/* Verdicts and their clauses say what other rows say; keys, imports and gaps are about the record itself. */
bool track_counts(const struct state_table *table) {
    static const char *const aside[] = {"verdicts", "clauses", "epochs", "imports", "gaps"};
    for (size_t i = 0; i < sizeof(aside) / sizeof(aside[0]); i++) {
        if (strcmp(table->name, aside[i]) == 0) return false;
    }
    return matters_table(table) || is_where_read(table);
}

int track_want(struct track *track, size_t table, struct bytes key, bool judged, uint64_t touched, struct err *err) {
    struct bytes copy = {0};
    if (!track_counts(state_table(track->view, table))) return 0;
    int rc = array_room(&track->rows, track->n + 1, &track->room, sizeof(*track->rows), err);
    if (rc == 0) rc = copy_of(key, &copy, err);
    if (rc == 0) {
        track->rows[track->n++] = (struct track_row){.table = table, .key = copy, .judged = judged, .touched = touched};
    }
    return rc;
}

static int by_key(const void *a, const void *b) {
    const struct track_row *x = a, *y = b;
    int tables = (x->table > y->table) - (x->table < y->table);
    return tables != 0 ? tables : bytes_cmp(x->key, y->key);
}

void track_sort(struct track *track) {
    size_t kept = 0;
    if (track->n > 0) {
        qsort(track->rows, track->n, sizeof(*track->rows), by_key);
    }
    for (size_t i = 0; i < track->n; i++) {
        struct track_row *row = &track->rows[i], *last = kept > 0 ? &track->rows[kept - 1] : NULL;
        if (last == NULL || by_key(last, row) != 0) {
            track->rows[kept++] = *row;
            continue;
        }
        last->judged = last->judged || row->judged;
        last->touched = row->touched > last->touched ? row->touched : last->touched;
        drop(&row->key);
    }
    track->n = kept;
}

static struct track_row *find(const struct track *track, size_t table, struct bytes key) {
    const struct track_row wanted = {.table = table, .key = key};
    return track->n == 0 ? NULL : bsearch(&wanted, track->rows, track->n, sizeof(wanted), by_key);
}

/* ---- cells ---- */

static bool is_kept(const struct state_table *table, size_t column) {
    return (table->columns[column].flags & COLUMN_KEY) != 0 || matters_column(table, column);
}

static int encode(struct track *track, const struct row *row, struct bytes *ret) {
    const struct cell none = {.type = CELL_NULL};
    buf_clear(&track->scratch);
    mp_put_array(&track->scratch, (uint32_t)row->table->n_columns);
    for (size_t i = 0; i < row->table->n_columns; i++) {
        row_put_cell(is_kept(row->table, i) ? &row->cells[i] : &none, &track->scratch);
    }
    int rc = buf_check(&track->scratch, "a row", NULL);
    return rc == 0 ? copy_of(bytes_of_buf(&track->scratch), ret, NULL) : rc;
}

static int decode(struct row *row, struct bytes bytes, struct err *err) {
    size_t map[ROW_COLUMNS_MAX];
    for (size_t i = 0; i < row->table->n_columns; i++) {
        map[i] = i;
    }
    return row_decode(row, bytes, map, row->table->n_columns, err);
}

int track_side(const struct track *track, const struct track_change *change, bool after, struct row *ret, struct err *err) {
    const struct track_row *row = &track->rows[change->row];
    const struct bytes bytes = after ? change->after : change->before;
    row_init(ret, state_table(track->view, row->table));
    buf_put_bytes(&ret->own, bytes);
    buf_put_bytes(&ret->own, row->key);
    int rc = buf_check(&ret->own, "a row", err);
    size_t n = ret->own.n;
    if (rc == 0 && bytes.n > 0) rc = decode(ret, (struct bytes){ret->own.p, bytes.n}, err);
    ret->own.n = n; /* row_decode resets it */
    ret->absent = bytes.n == 0;
    ret->key = (struct bytes){ret->own.p + bytes.n, rc == 0 ? row->key.n : 0};
    return rc;
}

/* ---- a step ---- */

static int mark_due(struct track *track, struct track_row *row) {
    int rc = row->due ? 0 : array_room(&track->due, track->n_due + 1, &track->due_room, sizeof(*track->due), NULL);
    if (rc == 0 && !row->due) {
        track->due[track->n_due++] = (size_t)(row - track->rows);
        row->due = true;
        drop(&row->now);
    }
    return rc;
}

int track_judged(void *ctx, size_t table, struct bytes key, const struct row *row) {
    struct track *track = ctx;
    struct track_row *own = find(track, table, key);
    int rc = own != NULL ? mark_due(track, own) : 0;
    if (own == NULL || rc != 0) return rc;
    drop(&own->now);
    return row != NULL ? encode(track, row, &own->now) : 0;
}

/* Its judge is asked in this step, since its stored row is other. */
int track_stored(void *ctx, size_t table, struct bytes key, uint64_t seq, struct err *err) {
    struct track_row *own = find(ctx, table, key);
    (void)seq;
    (void)err;
    if (own != NULL) {
        own->now_touched = true;
    }
    return 0;
}

static bool is_empty(const struct cell *cell) {
    return cell->type == CELL_NULL || (cell->type == CELL_TEXT && cell->text.n == 0) ||
           (cell->type == CELL_BOOL && !cell->boolean);
}

static bool is_same(struct track *track, size_t column) {
    buf_clear(&track->scratch);
    row_put_cell(&track->sides[0].cells[column], &track->scratch);
    size_t n = track->scratch.n;
    row_put_cell(&track->sides[1].cells[column], &track->scratch);
    return track->scratch.n == 2 * n && memcmp(track->scratch.p, track->scratch.p + n, n) == 0;
}

/* The columns that differ; of a row that came, those that say something. */
static uint64_t compare(struct track *track, const struct track_row *row, struct err *err, int *rc) {
    const struct state_table *table = state_table(track->view, row->table);
    uint64_t columns = (row->last.n == 0) != (row->now.n == 0) ? WALK_PRESENCE : 0;
    for (size_t i = 0; i < 2; i++) {
        const struct bytes bytes = i == 0 ? row->last : row->now;
        track->sides[i].table = table;
        row_clear(&track->sides[i]);
        if (bytes.n > 0 && *rc == 0) {
            *rc = decode(&track->sides[i], bytes, err);
        }
    }
    for (size_t i = 0; *rc == 0 && i < table->n_columns && row->now.n > 0; i++) {
        bool tells = (table->columns[i].flags & COLUMN_MAIN) != 0 && !is_empty(&track->sides[1].cells[i]);
        bool counts = matters_column(table, i) && (row->last.n > 0 ? !is_same(track, i) : tells);
        columns |= (uint64_t)counts << i;
    }
    return columns;
}

/* Columns that change now have not kept their earlier changes' values. */
static void supersede(struct track *track, struct track_row *row, uint64_t columns) {
    uint64_t gone = (columns & WALK_PRESENCE) != 0 ? UINT64_MAX : columns;
    size_t *link = &row->newest;
    while (*link != 0) {
        struct track_change *change = &track->changes[*link - 1];
        change->columns &= ~gone;
        if (change->columns == 0) {
            drop(&change->before);
            drop(&change->after);
            *link = change->older;
        } else {
            link = &change->older;
        }
    }
}

static int add_change(struct track *track, size_t at, uint64_t columns, const struct walk_cause *cause, struct err *err) {
    struct track_row *row = &track->rows[at];
    struct track_change change = {
        .row = at, .columns = columns, .cause = *cause, .step = track->steps, .older = row->newest};
    change.direct = row->judged || row->read || (row->read_in_line && (columns & WALK_PRESENCE) != 0);
    if (!change.direct && is_where_read(state_table(track->view, row->table))) return 0;
    int rc = array_room(&track->changes, track->n_changes + 1, &track->changes_room, sizeof(change), err);
    if (rc == 0) rc = copy_of(row->last, &change.before, err);
    if (rc == 0) rc = copy_of(row->now, &change.after, err);
    if (rc != 0) {
        drop(&change.before);
        return rc;
    }
    supersede(track, row, columns);
    change.older = row->newest;
    track->changes[track->n_changes++] = change;
    row->newest = track->n_changes;
    track->bytes += sizeof(change) + change.before.n + change.after.n;
    track->full = track->full || track->bytes > BYTES_MAX;
    return 0;
}

int track_step(void *ctx, const struct walk_cause *cause, struct err *err) {
    struct track *track = ctx;
    int rc = 0;
    track->steps++;
    for (size_t i = 0; i < track->n_due; i++) {
        struct track_row *row = &track->rows[track->due[i]];
        if (rc == 0 && track->begun && (row->judged || row->now_touched) && !bytes_eq(row->last, row->now)) {
            uint64_t columns = compare(track, row, err, &rc);
            if (rc == 0 && columns != 0) rc = add_change(track, track->due[i], columns, cause, err);
        }
        drop(&row->last);
        row->last = row->now;
        row->now = (struct bytes){0};
        row->due = row->now_touched = false;
    }
    track->n_due = 0;
    return rc != 0 ? rc : track->full ? err_set(err, ERR_BUSY, "it would take too long") : 0;
}
