/* Rows of both views are in the order of their keys, so one step of a merge knows what appeared, what disappeared and
 * what is in both. The merge runs twice: first to find the rows that differ, so that the walk follows only these, then to
 * report them. Columns of one row are reported together where the same step set them. */
#include "cli/states/diff_states.h"

#include <stdlib.h>
#include <string.h>

#include "cli/log/seqs.h"
#include "cli/print/cell.h"
#include "cli/view/entity.h"
#include "projections/walk/matters.h"

struct side {
    struct state_view *view;
    struct state_rows *rows;
    const struct row *row;
    bool over;
};

/* Keys of rows that differ, of all tables: a hash table of offsets into their bytes. */
struct keys {
    struct buf bytes; /* be32 table, be32 length, key */
    uint64_t *slots;  /* offset + 1; 0: free */
    size_t n, room;
};

struct merge {
    const struct diff_plan *plan;
    struct side from, to;
    size_t table;
    size_t state, reason; /* columns; SIZE_MAX: none */
    uint64_t matters;     /* columns of the table, a bit each */
    struct keys keys;
    struct walk *walk; /* NULL: not yet, or the causes are unknown */
};

#define KEYS_BYTES ((size_t)1 << 30)

bool diff_comes(const struct state_table *table) {
    size_t state = entity_state(table);
    bool made = state != SIZE_MAX && strcmp(table->columns[state].name, "verdict") == 0;
    return !made && projection_column(table, "updated_seq") != SIZE_MAX;
}

/* ---- rows that differ ---- */

static uint64_t hash_of(size_t table, struct bytes key) {
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ table;
    for (size_t i = 0; i < key.n; i++) {
        h = (h ^ key.p[i]) * UINT64_C(0x100000001b3);
    }
    return h ^ h >> 29;
}

static uint64_t *slot_of(const struct keys *keys, size_t table, struct bytes key) {
    for (size_t i = hash_of(table, key) & (keys->room - 1);; i = (i + 1) & (keys->room - 1)) {
        const uint8_t *at = keys->slots[i] != 0 ? keys->bytes.p + (keys->slots[i] - 1) : NULL;
        if (!at || (be32_get(at) == table && bytes_eq(key, (struct bytes){at + 8, be32_get(at + 4)}))) {
            return &keys->slots[i];
        }
    }
}

static int keys_grow(struct keys *keys, struct err *err) {
    struct keys more = {.bytes = keys->bytes, .n = keys->n, .room = keys->room > 0 ? 2 * keys->room : 256};
    if (2 * (keys->n + 1) <= keys->room) return 0;
    more.slots = calloc(more.room, sizeof(*more.slots));
    if (!more.slots) return err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < keys->room; i++) {
        const uint8_t *at = keys->slots[i] != 0 ? keys->bytes.p + (keys->slots[i] - 1) : NULL;
        if (at) {
            *slot_of(&more, be32_get(at), (struct bytes){at + 8, be32_get(at + 4)}) = keys->slots[i];
        }
    }
    free(keys->slots);
    *keys = more;
    return 0;
}

static int keys_add(struct keys *keys, size_t table, struct bytes key, struct err *err) {
    int rc = keys_grow(keys, err);
    if (rc != 0) return rc;
    *slot_of(keys, table, key) = keys->bytes.n + 1;
    keys->n++;
    buf_put_be32(&keys->bytes, (uint32_t)table);
    buf_put_be32(&keys->bytes, (uint32_t)key.n);
    buf_put_bytes(&keys->bytes, key);
    return buf_check(&keys->bytes, "the keys of what differs", err);
}

static size_t number_of(const struct merge *m, const struct state_table *table) {
    size_t t = 0;
    while (t < state_tables(m->plan->to) && state_table(m->plan->to, t) != table) {
        t++;
    }
    return t;
}

static bool wants_row(void *ctx, const struct state_table *table, struct bytes key) {
    const struct merge *m = ctx;
    return m->keys.room > 0 && *slot_of(&m->keys, number_of(m, table), key) != 0;
}

static uint64_t matters(const struct state_table *table) {
    uint64_t columns = 0;
    for (size_t i = 0; i < table->n_columns; i++) {
        columns |= (uint64_t)matters_column(table, i) << i;
    }
    return columns;
}

static uint64_t columns_of(void *ctx, const struct state_table *table) {
    const struct merge *m = ctx;
    bool asked = m->plan->tables[number_of(m, table)];
    return asked ? WALK_PRESENCE | matters(table) : 0;
}

/* ---- one row ---- */

static bool is_empty(const struct row *row, size_t column) {
    const struct cell *cell = &row->cells[column];
    return cell->type == CELL_NULL || (cell->type == CELL_TEXT && cell->text.n == 0) ||
           (cell->type == CELL_BOOL && !cell->boolean);
}

/* The columns to report, the state and its reason first. */
static size_t columns_to_report(const struct merge *m, const struct row *row, const struct row *old, bool changed,
                                size_t ret[ROW_COLUMNS_MAX]) {
    size_t n = 0;
    for (size_t k = 0; k < row->table->n_columns + 2; k++) {
        size_t i = k == 0 ? m->state : k == 1 ? m->reason : k - 2;
        if (i == SIZE_MAX || (m->matters >> i & 1) == 0 || (k > 1 && (i == m->state || i == m->reason))) {
            continue;
        }
        bool main = (row->table->columns[i].flags & COLUMN_MAIN) != 0 && !is_empty(row, i);
        if (changed ? !cell_same(row, old, i) : main) {
            ret[n++] = i;
        }
    }
    return n;
}

static bool same_cause(const struct walk_cause *a, const struct walk_cause *b) {
    return a->known == b->known && (!a->known || (a->seq == b->seq && (a->seq != LOG_NO_SEQ || a->at == b->at)));
}

/* Reports the columns that the same step set, then does the same for the others. */
static int tell_groups(struct merge *m, struct diff_change *change, size_t *columns, size_t n, struct err *err) {
    struct walk_cause causes[ROW_COLUMNS_MAX] = {{0}};
    size_t group[ROW_COLUMNS_MAX];
    bool done[ROW_COLUMNS_MAX] = {false}, appeared = change->what == DIFF_APPEARED;
    int rc = 0;
    for (size_t i = 0; i < n; i++) {
        if (!m->walk || !walk_column(m->walk, change->row, columns[i], &causes[i])) {
            causes[i] = (struct walk_cause){0};
        }
    }
    for (size_t i = 0; rc == 0 && (i < n || appeared); i++) {
        struct walk_cause cause = appeared ? change->cause : causes[i];
        change->n = 0;
        for (size_t k = 0; k < n; k++) {
            if (!done[k] && same_cause(&causes[k], &cause)) {
                group[change->n++] = columns[k];
                done[k] = true;
            }
        }
        if (change->n > 0 || appeared) {
            change->cause = cause;
            change->columns = group;
            rc = m->plan->each(m->plan->ctx, change, err);
        }
        i -= appeared ? 1 : 0;
        appeared = false;
        change->what = DIFF_CHANGED;
    }
    return rc;
}

static int report_change(struct merge *m, enum diff_what what, const struct row *row, const struct row *old,
                         struct err *err) {
    size_t columns[ROW_COLUMNS_MAX], n = columns_to_report(m, row, old, what == DIFF_CHANGED, columns);
    struct diff_change change = {.what = what, .table = m->table, .row = row, .old = old, .columns = columns, .n = n};
    struct row came;
    if (!m->walk || what == DIFF_CHANGED || !walk_presence(m->walk, row->table, row->key, &change.cause)) {
        change.cause = (struct walk_cause){0};
    }
    row_init(&came, row->table);
    change.came = what == DIFF_APPEARED && m->walk && walk_came(m->walk, row->table, row->key, &came) ? &came : NULL;
    int rc = what == DIFF_WENT ? m->plan->each(m->plan->ctx, &change, err) : tell_groups(m, &change, columns, n, err);
    row_done(&came);
    return rc;
}

/* The first merge notes which rows differ, the second reports them. */
static int note_or_report(struct merge *m, bool reporting, enum diff_what what, const struct row *row,
                          const struct row *old, struct err *err) {
    size_t columns[ROW_COLUMNS_MAX];
    if (what == DIFF_CHANGED && columns_to_report(m, row, old, true, columns) == 0) return 0;
    return reporting ? report_change(m, what, row, old, err) : keys_add(&m->keys, m->table, row->key, err);
}

/* ---- merging ---- */

static int step(struct side *side, struct err *err) {
    int rc = state_rows_next(side->rows, &side->row, err);
    side->over = rc == 1;
    return rc == 1 ? 0 : rc;
}

static int merge_table(struct merge *m, size_t table, bool reporting, struct err *err) {
    m->table = table;
    m->matters = matters(state_table(m->plan->to, table));
    m->state = entity_state(state_table(m->plan->to, table));
    m->reason = projection_column(state_table(m->plan->to, table), "reason");
    m->from = (struct side){.view = m->plan->from};
    m->to = (struct side){.view = m->plan->to};
    int rc = state_rows_open(m->from.view, table, NULL, 0, &m->from.rows, err);
    if (rc == 0) rc = state_rows_open(m->to.view, table, NULL, 0, &m->to.rows, err);
    if (rc == 0) rc = step(&m->from, err);
    if (rc == 0) rc = step(&m->to, err);
    while (rc == 0 && !(m->from.over && m->to.over)) {
        int order = m->from.over ? 1 : m->to.over ? -1 : bytes_cmp(m->from.row->key, m->to.row->key);
        if (*m->plan->stop != 0) {
            rc = err_set(err, ERR_BUSY, "interrupted");
        } else if (order < 0) {
            rc = note_or_report(m, reporting, DIFF_WENT, m->from.row, NULL, err);
        } else {
            rc = note_or_report(m, reporting, order > 0 ? DIFF_APPEARED : DIFF_CHANGED, m->to.row,
                                order > 0 ? NULL : m->from.row, err);
        }
        if (rc == 0 && order <= 0) rc = step(&m->from, err);
        if (rc == 0 && order >= 0) rc = step(&m->to, err);
    }
    state_rows_close(m->from.rows);
    state_rows_close(m->to.rows);
    return rc;
}

static int merge_all(struct merge *m, bool reporting, struct err *err) {
    int rc = 0;
    for (size_t t = 0; rc == 0 && t < state_tables(m->plan->to); t++) {
        rc = m->plan->tables[t] ? merge_table(m, t, reporting, err) : 0;
    }
    return rc;
}

/* The cause of a change is unknown where an event cannot be read. */
static int walk(struct merge *m, struct err *err) {
    struct walk_plan plan = {.ledger = m->plan->ledger,
                             .from = state_at(m->plan->from),
                             .from_now = state_now(m->plan->from),
                             .columns = columns_of,
                             .wants = wants_row,
                             .ctx = m,
                             .keep_came = true};
    struct err why = {0};
    state_options_init(&plan.options);
    plan.options.stop = m->plan->stop;
    int rc = walk_open(&plan, &m->walk, &why);
    if (rc == 0) rc = walk_to(m->walk, state_at(m->plan->to), state_now(m->plan->to), &why);
    if (err_is_damage(rc)) {
        damage_note(m->plan->damage, &why);
        walk_close(m->walk);
        m->walk = NULL;
        return 0;
    }
    return rc != 0 ? err_set(err, rc, "%s", why.msg) : 0;
}

/* Passes on the events that the lines will name. */
static int give_seqs(struct merge *m, struct err *err) {
    size_t n = m->plan->seqs && m->walk ? walk_seqs(m->walk, NULL) : 0;
    uint64_t *seqs = n > 0 ? calloc(n, sizeof(*seqs)) : NULL;
    if (n == 0) return 0;
    if (!seqs) return err_set(err, ERR_NOMEM, "out of memory");
    walk_seqs(m->walk, seqs);
    int rc = m->plan->seqs(m->plan->ctx, seqs, seqs_sort(seqs, n), err);
    free(seqs);
    return rc;
}

int diff_run(const struct diff_plan *plan, struct err *err) {
    struct merge m = {.plan = plan};
    buf_init(&m.keys.bytes, KEYS_BYTES);
    int rc = merge_all(&m, false, err);
    if (rc == 0 && m.keys.n != 0) rc = walk(&m, err);
    if (rc == 0) rc = give_seqs(&m, err);
    if (rc == 0 && m.keys.n != 0) rc = merge_all(&m, true, err);
    walk_close(m.walk);
    free(m.keys.slots);
    buf_done(&m.keys.bytes);
    return rc;
}
