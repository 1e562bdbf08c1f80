/* Small projections for testing the engine, ways to open views of them, and dumps of what is stored. */
#ifndef TESTS_PROJECTIONS_ENGINE_BOX_H
#define TESTS_PROJECTIONS_ENGINE_BOX_H

#include "tests/ledger/scratch.h"

#include "projections/fold/fold.h"
#include "projections/store/rebuild.h"
#include "projections/store/store.h"
#include "projections/view/state.h"
#include "tests/projections/tuned.h"

/* Counts every event and sums its seq, so that skipped or repeated events show. */
enum { TOTAL_KEY, TOTAL_N, TOTAL_SUM, TOTAL_COLUMNS };
static const struct state_column total_columns[] = {
    {"key", CELL_TEXT, COLUMN_KEY, "all"}, {"n", CELL_INT, 0, "events"}, {"sum", CELL_INT, 0, "of their seqs"}};
static const struct state_table total_tables[] = {
    {"totals", "total", "A row is all events.", total_columns, TOTAL_COLUMNS, NULL}};
static const char *const total_kinds[] = {"*", NULL};

static inline int total_fold(struct fold *fold, struct err *err) {
    const struct bytes key = bytes_of("all");
    struct row *row;
    int rc = fold_row(fold, 0, &key, 1, &row, err);
    if (rc == 0) {
        row_add(row, TOTAL_N, 1);
        row_add(row, TOTAL_SUM, (int64_t)fold_event(fold)->seq);
    }
    return rc;
}
static const struct projection total = {"total", 1, total_tables, 1, total_kinds, total_fold};

/* A row for each subject of run.*, in two tables; rows appear and disappear, and sometimes change back. `half` is judged.
 */
enum { STEP_SUBJECT, STEP_N, STEP_LAST, STEP_TEXT, STEP_HALF, STEP_COLUMNS };
static const struct state_column step_columns[] = {{"subject", CELL_TEXT, COLUMN_KEY, "of the events"},
                                                   {"n", CELL_INT, 0, "events"},
                                                   {"last", CELL_INT, COLUMN_SEQ, "the newest"},
                                                   {"text", CELL_TEXT, 0, "some text"},
                                                   {"half", CELL_INT, COLUMN_JUDGED, "of n"}};
enum { PAIR_SUBJECT, PAIR_INDEX, PAIR_N, PAIR_COLUMNS };
static const struct state_column pair_columns[] = {{"subject", CELL_TEXT, COLUMN_KEY, "of the events"},
                                                   {"index", CELL_TEXT, COLUMN_KEY, "a remainder"},
                                                   {"n", CELL_INT, 0, "events"}};
static inline int step_judge(struct state_view *view, struct row *row, struct err *err) {
    (void)view;
    (void)err;
    row_set_int(row, STEP_HALF, row_int(row, STEP_N) / 2);
    return 0;
}
static const struct state_table step_tables[] = {
    {"steps", "step", "A row is a subject.", step_columns, STEP_COLUMNS, step_judge},
    {"pairs", "pair", "A row is a subject and a remainder.", pair_columns, PAIR_COLUMNS, NULL}};
static const char *const step_kinds[] = {"run.*", NULL};

static inline int step_fold(struct fold *fold, struct err *err) {
    int64_t index = 0;
    char remainder[16];
    struct row *row;
    fold_int(fold, "index", &index);
    snprintf(remainder, sizeof(remainder), "%d", (int)(index % 5));
    const struct bytes parts[] = {fold_subject(fold), bytes_of(remainder)};
    int rc = fold_row(fold, 0, parts, 1, &row, err);
    if (rc != 0) return rc;
    if (index % 7 == 3) {
        fold_drop(row);
    } else {
        row_add(row, STEP_N, 1);
        row_set_int(row, STEP_LAST, (int64_t)fold_event(fold)->seq);
        row_set_str(row, STEP_TEXT, index % 3 == 0 ? "a rather longer text than the others have" : "short");
    }
    rc = fold_row(fold, 1, parts, 2, &row, err);
    if (rc == 0 && index % 11 == 5) {
        fold_drop(row);
    } else if (rc == 0) {
        row_set_int(row, PAIR_N, (row_int(row, PAIR_N) + 1) % 4);
    }
    return rc;
}
static const struct projection step = {"step", 1, step_tables, 2, step_kinds, step_fold};

/* The next version of the same code, with other columns in another order. */
enum { STEP2_SUBJECT, STEP2_TEXT, STEP2_N, STEP2_COLUMNS };
static const struct state_column step2_columns[] = {{"subject", CELL_TEXT, COLUMN_KEY, "of the events"},
                                                    {"text", CELL_TEXT, 0, "some text"},
                                                    {"n", CELL_INT, 0, "events, tenfold"}};
static const struct state_table step2_tables[] = {
    {"steps", "step", "A row is a subject.", step2_columns, STEP2_COLUMNS, NULL}};
static inline int step2_fold(struct fold *fold, struct err *err) {
    const struct bytes key = fold_subject(fold);
    struct row *row;
    int rc = fold_row(fold, 0, &key, 1, &row, err);
    if (rc == 0) {
        row_add(row, STEP2_N, 10);
        row_set_str(row, STEP2_TEXT, "new");
    }
    return rc;
}
static const struct projection step2 = {"step", 2, step2_tables, 1, step_kinds, step2_fold};

/* Fails on events from `fail_from` on. */
static uint64_t fail_from = UINT64_MAX;
static inline int fragile_fold(struct fold *fold, struct err *err) {
    if (fold_event(fold)->seq >= fail_from) {
        return err_set(err, ERR_INVALID, "this event is too much");
    }
    return total_fold(fold, err);
}
static const struct state_table fragile_tables[] = {
    {"fragiles", "fragile", "A row is all events.", total_columns, TOTAL_COLUMNS, NULL}};
static const struct projection fragile = {"fragile", 1, fragile_tables, 1, total_kinds, fragile_fold};

static const struct projection *const both[] = {&total, &step, NULL};
static const struct projection *const three[] = {&total, &step, &fragile, NULL};

/* Small ones, so that few events make many segments. */
static const struct state_tuning small_tuning = {
    .segment = 64, .lag_max = 16, .chunk_bytes = 1 << 20, .chunk_rows = 100, .aside_min = 40, .overlay_bytes = 1 << 20};

static inline struct state_options engine_options(const struct projection *const *list, const struct state_tuning *tuning) {
    struct state_options options;
    state_options_init(&options);
    options.projections = list;
    tune(tuning);
    return options;
}

static inline struct state_view *engine_view(struct ledger *ledger, const struct projection *const *list,
                                             const struct state_tuning *tuning, uint64_t at, bool no_write) {
    struct state_options options = engine_options(list, tuning);
    struct state_view *view = NULL;
    options.at = at;
    options.no_write = no_write;
    must(state_open(ledger, &options, &view, &why));
    return view;
}

/* ---- what is stored ---- */

static inline void dump_row(struct buf *out, const struct row *row) {
    buf_printf(out, "%.*s:", (int)row->key.n, (const char *)row->key.p);
    for (size_t i = 0; i < row->table->n_columns; i++) {
        const struct cell *c = &row->cells[i];
        if (c->type == CELL_INT) {
            buf_printf(out, " %lld", (long long)c->int_);
        } else if (c->type == CELL_TEXT) {
            buf_printf(out, " '%.*s'", (int)c->text.n, (const char *)c->text.p);
        } else {
            buf_printf(out, " -");
        }
    }
    buf_put_u8(out, '\n');
}

/* All rows of all tables of a view, as text. */
static inline void dump_view(struct state_view *view, struct buf *out) {
    buf_clear(out);
    for (size_t t = 0; t < state_tables(view); t++) {
        struct state_rows *rows;
        const struct row *row;
        int rc;
        buf_printf(out, "[%s]\n", state_table(view, t)->name);
        must(state_rows_open(view, t, NULL, 0, &rows, &why));
        while ((rc = state_rows_next(rows, &row, &why)) == 0) {
            dump_row(out, row);
        }
        assert_int_equal(rc, 1);
        state_rows_close(rows);
    }
    assert_int_equal(out->fail, 0);
}

/* Every record of the rows of these projections, without their slots. */
static inline void dump_stored(struct ledger *ledger, const struct projection *const *list, struct buf *out) {
    struct db *db;
    struct db_txn *txn;
    buf_clear(out);
    must(derived_open(ledger, false, &db, &why));
    must(db_begin(db, false, &txn, &why));
    for (size_t i = 0; list[i] != NULL; i++) {
        struct store_record record;
        struct store_dump dump;
        struct bytes key, bytes;
        int rc;
        must(store_get(txn, list[i]->name, &record, &why));
        assert_true(record.current.there);
        buf_printf(out, "%s %llu\n", list[i]->name, (unsigned long long)record.current.position);
        must(store_dump_open(&dump, txn, record.current.slot, &why));
        while ((rc = store_dump_next(&dump, &key, &bytes, &why)) == 0) {
            buf_put_be32(out, (uint32_t)key.n);
            buf_put_bytes(out, key);
            buf_put_be32(out, (uint32_t)bytes.n);
            buf_put_bytes(out, bytes);
        }
        assert_int_equal(rc, 1);
        store_dump_done(&dump);
    }
    db_abort(txn);
    assert_int_equal(out->fail, 0);
}

static inline bool same_bufs(const struct buf *a, const struct buf *b) {
    return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

/* The row of `total` counts exactly the events [0, position). */
static inline void check_total(struct state_view *view, const char *table, uint64_t position) {
    const struct bytes key = bytes_of("all");
    struct row row;
    size_t t = state_table_find(view, table);
    row_init(&row, state_table(view, t));
    must(state_get(view, t, &key, 1, &row, &why));
    assert_int_equal(row_int(&row, TOTAL_N), position);
    assert_int_equal(row_int(&row, TOTAL_SUM), position * (position - 1) / 2);
    row_done(&row);
}

/* Appends `n` run.steps with random subjects and indexes, `at_once` per commit. */
static inline void append_random(struct ledger *ledger, uint64_t n, uint64_t at_once, unsigned *seed) {
    struct log_batch *batch;
    must(log_batch_new(ledger, &batch, &why));
    for (uint64_t i = 0; i < n; i++) {
        uint8_t room[64];
        char subject[32];
        struct buf map = {.p = room, .cap = sizeof(room), .max = sizeof(room)};
        snprintf(subject, sizeof(subject), "run/r-%d", (int)(rand_r(seed) % 23));
        mp_put_map(&map, 2);
        mp_put_str(&map, bytes_of("index"));
        mp_put_uint(&map, (uint64_t)rand_r(seed) % 1000);
        mp_put_str(&map, bytes_of("step"));
        mp_put_str(&map, bytes_of("work"));
        struct log_draft draft =
            scratch_draft(rand_r(seed) % 4 == 0 ? "run.logged" : "run.step", subject, bytes_of_buf(&map));
        if (rand_r(seed) % 8 == 0) {
            draft.kind = bytes_of("x.test.other");
        }
        must(log_batch_add(batch, &draft, &why));
        if ((i + 1) % at_once == 0 || i + 1 == n) {
            must(log_batch_commit(batch, NULL, NULL, NULL, &why));
        }
    }
    log_batch_free(batch);
}

#endif
