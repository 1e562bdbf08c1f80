/* What changed shortly before a state came about, by the simplest reference: all rows are read after each event of a history,
 * and at each moment between at which something may end by itself. Whatever differs between two of these instants is a
 * change; what the judge of a row reads is what it is seen to read, right before and right after. */
#ifndef TESTS_PROJECTIONS_CAUSES_REFERENCE_H
#define TESTS_PROJECTIONS_CAUSES_REFERENCE_H

#include "projections/view/view.h"
#include "projections/walk/causes.h"
#include "projections/walk/matters.h"
#include "tests/projections/random_story.h"

#define INSTANTS_MAX 2048
#define ROWS_MAX     1024
#define CHANGES_MAX  4096
#define PRESENCE     63

/* ---- all rows at all instants ---- */

struct seen {
    bool there;
    uint64_t stored, values[ROW_COLUMNS_MAX];
    bool empty[ROW_COLUMNS_MAX];
};
struct instant {
    uint64_t at, now, seq; /* seq LOG_NO_SEQ: time alone */
    struct seen *rows;     /* by the number of the row */
    size_t n;
};
struct history {
    struct row_id {
        size_t table;
        uint8_t key[2 * KEY_MAX];
        size_t n;
    } rows[ROWS_MAX];
    size_t n_rows;
    struct instant instants[INSTANTS_MAX];
    size_t n;
};

static inline uint64_t hash_of(uint64_t h, struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        h = (h ^ text.p[i]) * UINT64_C(0x100000001b3);
    }
    return h ^ (h >> 31);
}

static inline uint64_t value_of(const struct row *row, size_t column) {
    struct buf bytes = {.max = 2 * ROW_BYTES_MAX};
    row_put_cell(&row->cells[column], &bytes);
    uint64_t hash = hash_of(7, bytes_of_buf(&bytes));
    buf_done(&bytes);
    return hash;
}

static inline bool is_empty(const struct cell *cell) {
    return cell->type == CELL_NULL || (cell->type == CELL_TEXT && cell->text.n == 0) ||
           (cell->type == CELL_BOOL && !cell->boolean);
}

static inline size_t number_of(struct history *h, size_t table, struct bytes key) {
    for (size_t i = 0; i < h->n_rows; i++) {
        if (h->rows[i].table == table && bytes_eq(key, (struct bytes){h->rows[i].key, h->rows[i].n})) return i;
    }
    assert_true(h->n_rows < ROWS_MAX && key.n <= sizeof(h->rows[0].key));
    struct row_id *id = &h->rows[h->n_rows];
    *id = (struct row_id){.table = table, .n = key.n};
    if (key.n > 0) {
        memcpy(id->key, key.p, key.n);
    }
    return h->n_rows++;
}

static inline struct seen *seen_of(struct instant *instant, size_t row) {
    if (row >= instant->n) {
        instant->rows = realloc(instant->rows, (row + 32) * sizeof(*instant->rows));
        assert_non_null(instant->rows);
        memset(&instant->rows[instant->n], 0, (row + 32 - instant->n) * sizeof(*instant->rows));
        instant->n = row + 32;
    }
    return &instant->rows[row];
}

static inline bool is_where_read(const struct state_table *table) {
    return strcmp(table->name, "evals") == 0 || strcmp(table->name, "eval_results") == 0;
}

static inline bool counts(const struct state_table *table) {
    static const char *const aside[] = {"verdicts", "clauses", "imports", "gaps", "epochs"};
    for (size_t i = 0; i < sizeof(aside) / sizeof(aside[0]); i++) {
        if (strcmp(table->name, aside[i]) == 0) return false;
    }
    return matters_table(table) || is_where_read(table);
}

static inline void look(struct box *box, struct history *h, struct instant *instant, uint64_t at, uint64_t now,
                        uint64_t seq) {
    *instant = (struct instant){.at = at, .now = now, .seq = seq};
    box_view(box, at, now);
    for (size_t t = 0; t < state_tables(box->view); t++) {
        for (int judged = 0; judged < 2 && counts(state_table(box->view, t)); judged++) {
            struct state_rows *rows;
            const struct row *row;
            assert_int_equal(state_rows_open(box->view, t, NULL, 0, &rows, &box->err), 0);
            while ((judged ? state_rows_next : state_rows_next_stored)(rows, &row, &box->err) == 0) {
                struct seen *seen = seen_of(instant, number_of(h, t, row->key));
                for (size_t i = 0; i < row->table->n_columns && judged; i++) {
                    seen->values[i] = value_of(row, i);
                    seen->empty[i] = is_empty(&row->cells[i]);
                }
                for (size_t i = 0; i < row->table->n_columns && !judged; i++) {
                    bool is = (row->table->columns[i].flags & COLUMN_JUDGED) == 0;
                    seen->stored = is ? (seen->stored ^ value_of(row, i)) * UINT64_C(0x100000001b3) : seen->stored;
                }
                seen->there = true;
            }
            state_rows_close(rows);
        }
    }
}

static inline void look_next(struct box *box, struct history *h, uint64_t at, uint64_t now, uint64_t seq) {
    assert_true(h->n < INSTANTS_MAX);
    look(box, h, &h->instants[h->n++], at, now, seq);
}

static inline int by_time(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* At the moments in (from, to] at which something may end by itself. */
static inline void look_between(struct story *s, struct history *h, uint64_t at, uint64_t from, uint64_t to) {
    static uint64_t moments[STORY_MOMENTS];
    size_t n = 0;
    for (size_t i = 0; i < s->n_moments; i++) {
        if (s->moments[i] > from && s->moments[i] <= to) {
            moments[n++] = s->moments[i];
        }
    }
    qsort(moments, n, sizeof(*moments), by_time);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || moments[i] != moments[i - 1]) {
            look_next(s->box, h, at, moments[i], LOG_NO_SEQ);
        }
    }
}

/* ---- what a judge reads ---- */

struct reads {
    struct watch watch; /* first */
    struct history *h;
    unsigned depth;
    bool judged[ROWS_MAX], read[ROWS_MAX];
    struct range {
        size_t table;
        uint8_t key[2 * KEY_MAX];
        size_t n;
    } ranges[256];
    size_t n_ranges;
    bool tables[64];
};

static inline void on_look(struct watch *watch, enum watch_what what, size_t table, struct bytes key) {
    struct reads *r = (struct reads *)(void *)watch;
    if (r->depth == 0 || what == WATCH_STATUS || table == SIZE_MAX) return;
    assert_true(table < 64 && r->n_ranges < 256);
    if (what == WATCH_TABLE) {
        r->tables[table] = true;
    } else if (what == WATCH_RANGE) {
        struct range *range = &r->ranges[r->n_ranges++];
        *range = (struct range){.table = table, .n = key.n};
        if (key.n > 0) {
            memcpy(range->key, key.p, key.n);
        }
    } else {
        r->read[number_of(r->h, table, key)] = true;
    }
}

static inline void on_time(struct watch *watch, int64_t moment) {
    (void)watch;
    (void)moment;
}

static inline void on_work(struct watch *watch, size_t rows) {
    (void)watch;
    (void)rows;
}

static inline size_t on_begin(struct watch *watch, size_t table, struct bytes key) {
    struct reads *r = (struct reads *)(void *)watch;
    r->depth++;
    r->judged[number_of(r->h, table, key)] = true;
    return 0;
}

static inline void on_end(struct watch *watch, size_t before, const struct row *row) {
    (void)before;
    (void)row;
    ((struct reads *)(void *)watch)->depth--;
}

static inline void read_as(struct box *box, struct reads *r, size_t table, struct bytes key, uint64_t at, uint64_t now) {
    struct row row;
    box_view(box, at, now);
    row_init(&row, state_table(box->view, table));
    box->view->watched = &r->watch;
    int rc = view_get_key(box->view, table, key, &row, &box->err);
    box->view->watched = NULL;
    assert_true(rc == 0 || rc == ERR_NOTFOUND);
    row_done(&row);
}

static inline bool is_read(const struct reads *r, size_t row, bool came_or_went) {
    const struct row_id *id = &r->h->rows[row];
    bool read = r->read[row] || r->tables[id->table];
    for (size_t i = 0; i < r->n_ranges && came_or_went; i++) {
        const struct range *range = &r->ranges[i];
        read = read || (range->table == id->table && range->n <= id->n && memcmp(range->key, id->key, range->n) == 0);
    }
    return read;
}

/* ---- the reference ---- */

struct change {
    size_t row, step, column; /* a column, or PRESENCE */
    size_t instant;           /* after it */
    bool direct, gone;
    bool of_state; /* so is another change of the row in this step */
};
struct window {
    uint64_t from, from_now, end, time;
};
struct expected {
    struct change all[CHANGES_MAX];
    size_t n;
};

static inline uint64_t events_before(const struct history *h, uint64_t time) {
    uint64_t n = 0;
    for (size_t i = 0; i < h->n; i++) {
        if (h->instants[i].seq != LOG_NO_SEQ && h->instants[i].now < time) {
            n = h->instants[i].seq + 1;
        }
    }
    return n;
}

static inline uint64_t time_of_event(const struct history *h, uint64_t seq) {
    for (size_t i = 0; i < h->n; i++) {
        if (h->instants[i].seq == seq) return h->instants[i].now;
    }
    return 0;
}

static inline struct window window_of(const struct history *h, const struct row *row, const struct causes_options *o,
                                      uint64_t *ret_seq) {
    size_t since = projection_column(row->table, "since"), seq = projection_column(row->table, "since_seq");
    struct window w;
    *ret_seq = row_has(row, seq) ? (uint64_t)row_int(row, seq) : LOG_NO_SEQ;
    w.time = *ret_seq != LOG_NO_SEQ ? time_of_event(h, *ret_seq) : (uint64_t)row_int(row, since);
    w.end = *ret_seq != LOG_NO_SEQ ? *ret_seq + 1 : events_before(h, w.time);
    uint64_t before = w.end - (*ret_seq != LOG_NO_SEQ), few = before > o->events ? before - o->events : 0;
    w.from_now = w.time > o->window ? w.time - o->window : 0;
    w.from = events_before(h, w.from_now);
    if (few > w.from) {
        w.from = few;
        w.from_now = time_of_event(h, few - 1);
    }
    return w;
}

static inline const struct seen *at_instant(const struct instant *instant, size_t row) {
    static const struct seen none;
    return row < instant->n ? &instant->rows[row] : &none;
}

static inline void add(struct expected *e, const struct change *change) {
    assert_true(e->n < CHANGES_MAX);
    for (size_t i = 0; i < e->n; i++) {
        struct change *earlier = &e->all[i];
        bool same = earlier->row == change->row && earlier->step != change->step;
        earlier->gone = earlier->gone || (same && (earlier->column == change->column || change->column == PRESENCE));
    }
    e->all[e->n++] = *change;
}

static inline void compare(struct box *box, const struct reads *r, size_t row, const struct instant *was,
                           const struct instant *is, size_t step, size_t instant, struct expected *e) {
    const struct state_table *table = state_table(box->view, r->h->rows[row].table);
    const struct seen *before = at_instant(was, row), *after = at_instant(is, row);
    bool turned = before->there != after->there, differs = turned;
    bool touched = is->seq != LOG_NO_SEQ && (turned || before->stored != after->stored);
    if ((!r->judged[row] && !touched) || (!before->there && !after->there)) return;
    bool direct = r->judged[row] || is_read(r, row, false);
    direct = direct || (turned && is_read(r, row, true));
    if (!direct && is_where_read(table)) return;
    for (size_t i = 0; i < table->n_columns; i++) {
        differs = differs || (matters_column(table, i) && before->values[i] != after->values[i]);
    }
    if (turned) {
        add(e, &(struct change){row, step, PRESENCE, instant, direct, false, false});
    }
    for (size_t i = 0; i < table->n_columns && after->there && differs; i++) {
        bool tells = before->there ? before->values[i] != after->values[i]
                                   : (table->columns[i].flags & COLUMN_MAIN) != 0 && !after->empty[i];
        if (matters_column(table, i) && tells) {
            add(e, &(struct change){row, step, i, instant, direct, false, false});
        }
    }
}

static const struct history *sorted_by;

static inline int by_rank(const void *a, const void *b) {
    const struct change *x = a, *y = b;
    const struct row_id *p = &sorted_by->rows[x->row], *q = &sorted_by->rows[y->row];
    if (x->direct != y->direct) return x->direct ? -1 : 1;
    if (x->step != y->step) return x->step > y->step ? -1 : 1;
    if (x->of_state != y->of_state) return x->of_state ? -1 : 1;
    if (p->table != q->table) return p->table > q->table ? 1 : -1;
    int keys = bytes_cmp((struct bytes){p->key, p->n}, (struct bytes){q->key, q->n});
    return keys != 0 ? keys : (x->column > y->column) - (x->column < y->column);
}

static inline void expect(struct box *box, struct history *h, const struct reads *r, const struct window *w, size_t own,
                          struct expected *e) {
    struct instant begin, *was = &begin;
    size_t kept = 0;
    look(box, h, &begin, w->from, w->from_now, LOG_NO_SEQ);
    e->n = 0;
    for (size_t i = 0, step = 0; i < h->n; i++) {
        struct instant *is = &h->instants[i];
        bool later = is->at > w->from || (is->at == w->from && is->now > w->from_now);
        bool in = is->at < w->end || (is->at == w->end && is->now <= w->time);
        if (!later || !in) continue;
        step++;
        for (size_t row = 0; row < h->n_rows; row++) {
            if (row != own && counts(state_table(box->view, h->rows[row].table))) {
                compare(box, r, row, was, is, step, i, e);
            }
        }
        was = is;
    }
    for (size_t i = 0; i < e->n; i++) {
        if (!e->all[i].gone) {
            e->all[kept++] = e->all[i];
        }
    }
    e->n = kept;
    for (size_t i = 0; i < e->n; i++) {
        struct change *one = &e->all[i];
        for (size_t k = 0; k < e->n; k++) {
            const struct change *other = &e->all[k];
            bool main = other->column == PRESENCE ||
                        other->column == projection_state(state_table(box->view, h->rows[other->row].table));
            one->of_state = one->of_state || (main && other->row == one->row && other->step == one->step);
        }
    }
    sorted_by = h;
    qsort(e->all, e->n, sizeof(*e->all), by_rank);
    free(begin.rows);
}

#endif
