/* When nothing can be stored: a full disk leaves the old rows, and states can still be read. */
#include "tests/ledger/small_disk.h"
#include "tests/projections/engine_box.h"

TUNED(__wrap_state_tuning)

static struct scratch s;
static struct buf a, b;
static const struct state_tuning tiny_overlay = {
    .segment = 64, .lag_max = 16, .chunk_bytes = 1 << 20, .chunk_rows = 100, .aside_min = 1, .overlay_bytes = 10000};

static void make(void) {
    struct log_create_options o = {.origin = SCRATCH_ORIGIN, .actor = "user:test", .map_bytes = SCRATCH_MAP};
    must(log_create(s.dir, &o, &why));
    scratch_open(&s);
    buf_init(&a, SIZE_MAX);
    buf_init(&b, SIZE_MAX);
}

static void fill_disk(void) {
    static uint8_t zeros[4096];
    int fd = open(scratch_at(&s, "ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, zeros, sizeof(zeros)) == (ssize_t)sizeof(zeros)) {
    }
    close(fd);
}

static void look(void) {
    struct state_view *view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, false);
    check_total(view, "totals", scratch_size(&s));
    dump_view(view, &b);
    state_close(view);
}

static void on_a_full_disk(void) {
    struct state_options options = engine_options(both, &small_tuning);
    unsigned seed = 9;
    make();
    append_random(s.ledger, 3000, 500, &seed);
    must(rebuild_catch_up(s.ledger, &options, &why));
    look();
    dump_stored(s.ledger, both, &a);
    append_random(s.ledger, 1000, 500, &seed);
    fill_disk();
    must_fail(rebuild_run(s.ledger, &options, 3, &why), ERR_FULL, "o space left");
    dump_stored(s.ledger, both, &b);
    assert_true(same_bufs(&a, &b));
    look(); /* folded in memory: they lag more than usual */
    struct state_view *view = engine_view(s.ledger, both, &tiny_overlay, LOG_NO_SEQ, false);
    dump_view(view, &a); /* not even there: in scratch, elsewhere */
    check_total(view, "totals", scratch_size(&s));
    state_close(view);
    assert_true(same_bufs(&a, &b));
    assert_int_equal(unlink(scratch_at(&s, "ballast")), 0);
    tune(&small_tuning);
    must(rebuild_run(s.ledger, &options, 3, &why));
    look();
    assert_true(same_bufs(&a, &b));
    scratch_close(&s);
}

static void a_full_disk_leaves_the_old_rows(void **state) {
    (void)state;
    small_disk_run(&s, "6m", on_a_full_disk);
}

static void read_only(void) {
    struct log_open_options open_options = {.read_only = true};
    struct state_options options = engine_options(both, &small_tuning);
    unsigned seed = 10;
    make();
    append_random(s.ledger, 500, 500, &seed);
    for (int stored = 0; stored < 2; stored++) {
        scratch_close(&s);
        assert_int_equal(mount(NULL, s.top, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
        must(log_open(s.dir, &open_options, &s.ledger, &why));
        look();
        struct state_view *view = engine_view(s.ledger, both, &tiny_overlay, LOG_NO_SEQ, false);
        struct state_status status;
        state_status(view, 0, &status);
        assert_int_equal(status.stored, stored == 1);
        dump_view(view, &a);
        assert_true(same_bufs(&a, &b));
        state_close(view);
        scratch_close(&s);
        assert_int_equal(mount(NULL, s.top, NULL, MS_REMOUNT, NULL), 0);
        scratch_open(&s);
        tune(&small_tuning);
        must(rebuild_catch_up(s.ledger, &options, &why));
        append_random(s.ledger, 300, 300, &seed);
    }
    scratch_close(&s);
}

static void states_are_read_where_nothing_can_be_written(void **state) {
    (void)state;
    small_disk_run(&s, "16m", read_only);
}

static void a_derived_environment_of_an_older_program_gains_the_table(void **state) {
    enum { OLD_COLUMN = 2 };
    static const char *const tables[] = {"state", "keyseg", [OLD_COLUMN] = "column"};
    const struct db_options old = {.tables = tables, .n_tables = 3, .map_bytes = SCRATCH_MAP, .create = true};
    struct db *db;
    struct db_txn *txn;
    struct bytes record;
    (void)state;
    scratch_new(&s, 0);
    buf_init(&b, SIZE_MAX);
    scratch_fill(&s, 1, 300, false);
    must(file_make_dirs(scratch_at(&s, "box/derived"), &why));
    must(db_open(scratch_at(&s, "box/derived"), &old, &db, &why));
    must(db_begin(db, true, &txn, &why));
    must(db_put_u64(txn, OLD_COLUMN, 1, bytes_of("kept"), DB_PUT, &why));
    must(db_commit(txn, &why));
    db_close(db);
    look();
    must(derived_open(s.ledger, false, &db, &why));
    must(db_begin(db, false, &txn, &why));
    must(db_get_u64(txn, DERIVED_COLUMN, 1, &record, &why));
    assert_true(bytes_is(record, "kept"));
    db_abort(txn);
    buf_done(&b);
    scratch_done(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_leaves_the_old_rows),
        cmocka_unit_test(states_are_read_where_nothing_can_be_written),
        cmocka_unit_test(a_derived_environment_of_an_older_program_gains_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
