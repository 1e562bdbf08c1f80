/* Views: rows as of any moment, whatever is stored and whatever was appended since. */
#include "projections/view/view.h"
#include "tests/projections/engine_box.h"

TUNED(__wrap_state_tuning)

static struct scratch s;
static struct buf a, b;

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    buf_init(&a, SIZE_MAX);
    buf_init(&b, SIZE_MAX);
    return 0;
}

static int finish(void **state) {
    (void)state;
    buf_done(&a);
    buf_done(&b);
    scratch_done(&s);
    return 0;
}

static void a_small_lag_is_folded_in_memory_and_nothing_is_written(void **state) {
    struct state_view *view;
    struct state_status status;
    (void)state;
    scratch_fill(&s, 1, 1000, false);
    view = engine_view(s.ledger, both, NULL, LOG_NO_SEQ, false);
    assert_int_equal(state_at(view), 1000);
    check_total(view, "totals", 1000);
    state_status(view, 0, &status);
    assert_false(status.stored);
    assert_int_equal(status.position, 1000);
    assert_int_equal(status.lag, 1000);
    state_close(view);
    assert_false(file_exists(scratch_at(&s, "box/derived")));
}

static void a_large_lag_is_stored_before_it_is_read(void **state) {
    struct state_view *view;
    struct state_status status;
    (void)state;
    scratch_fill(&s, 1, 10000, false);
    view = engine_view(s.ledger, both, NULL, LOG_NO_SEQ, false);
    state_status(view, 0, &status);
    assert_true(status.stored);
    assert_int_equal(status.stored_position, 10000);
    assert_int_equal(status.lag, 0);
    check_total(view, "totals", 10000);
    state_close(view);
}

static void a_view_as_of_every_position_is_what_a_fresh_replay_gives(void **state) {
    unsigned seed = 1;
    (void)state;
    append_random(s.ledger, 700, 50, &seed);
    uint64_t size = scratch_size(&s);
    struct state_options options = engine_options(both, &small_tuning);
    must(rebuild_catch_up(s.ledger, &options, &why));
    struct state_tuning fresh = small_tuning; /* what is stored has other segments, and cannot be used */
    fresh.segment = 1000003;
    for (uint64_t at = 0; at <= size; at++) {
        struct state_view *view = engine_view(s.ledger, both, &small_tuning, at, true);
        struct state_view *other = engine_view(s.ledger, both, &fresh, at, true);
        dump_view(view, &a);
        dump_view(other, &b);
        if (!same_bufs(&a, &b)) {
            fail_msg("as of %llu:\n%.*s\n---\n%.*s", (unsigned long long)at, (int)a.n, (char *)a.p, (int)b.n, (char *)b.p);
        }
        for (size_t p = 0; p < 2; p++) {
            uint8_t one[LOG_HASH], two[LOG_HASH];
            uint64_t rows;
            must(state_digest(view, p, one, &rows, &why));
            must(state_digest(other, p, two, NULL, &why));
            assert_memory_equal(one, two, sizeof(one));
        }
        state_close(view);
        state_close(other);
    }
}

static void all_views_of_a_log_that_grows_are_right(void **state) {
    unsigned seed = 2;
    (void)state;
    for (int i = 0; i < 150; i++) { /* across the ends of groups, of segments, of stored lags */
        append_random(s.ledger, 1 + (uint64_t)i % 9, 4, &seed);
        struct state_view *view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, i % 3 == 0);
        check_total(view, "totals", scratch_size(&s));
        state_close(view);
    }
}

static void reading_may_be_forbidden_to_write(void **state) {
    struct state_view *view;
    (void)state;
    scratch_fill(&s, 1, 10000, false);
    view = engine_view(s.ledger, both, NULL, LOG_NO_SEQ, true);
    check_total(view, "totals", 10000);
    state_close(view);
    assert_false(file_exists(scratch_at(&s, "box/derived")));
}

static void a_moment_that_is_not_yet_has_no_state(void **state) {
    struct state_options options = engine_options(both, NULL);
    struct state_view *view;
    (void)state;
    options.at = 2;
    must_fail(state_open(s.ledger, &options, &view, &why), ERR_INVALID, "the log has 1 event, there is no state as of 2");
}

static void time_goes_by_the_newest_event_unless_it_is_said(void **state) {
    struct state_options options = engine_options(both, &small_tuning);
    struct log_reader *reader;
    struct log_event event;
    struct state_view *view;
    (void)state;
    scratch_fill(&s, 1, 700, false);
    must(rebuild_catch_up(s.ledger, &options, &why));
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    for (uint64_t at = 1; at <= 700; at += at % 50 == 0 ? 27 : 23) {
        uint64_t counted;
        log_reader_seek(reader, at - 1);
        must(log_reader_next(reader, &event, &why));
        view = engine_view(s.ledger, both, &small_tuning, at, false);
        assert_true(state_now(view) == event.time);
        state_close(view);
        must(state_at_time(s.ledger, event.time - 1, &counted, &why));
        assert_true(counted < at);
        must(state_at_time(s.ledger, event.time, &counted, &why));
        assert_true(counted >= at);
    }
    uint64_t counted = 9;
    must(state_at_time(s.ledger, 0, &counted, &why));
    assert_int_equal(counted, 0);
    must(state_at_time(s.ledger, UINT64_MAX, &counted, &why));
    assert_int_equal(counted, 700);
    log_reader_close(reader);
    options.now = 12345;
    must(state_open(s.ledger, &options, &view, &why));
    assert_int_equal(state_now(view), 12345);
    state_close(view);
}

/* ---- rows ---- */

static size_t count_rows(struct state_view *view, size_t table, const struct bytes *parts, size_t n) {
    struct state_rows *rows;
    const struct row *row;
    struct bytes before = {0};
    uint8_t room[KEY_MAX];
    size_t count = 0;
    int rc;
    must(state_rows_open(view, table, parts, n, &rows, &why));
    while ((rc = state_rows_next(rows, &row, &why)) == 0) {
        assert_true(bytes_cmp(before, row->key) < 0 || count == 0);
        memcpy(room, row->key.p, row->key.n);
        before = (struct bytes){room, row->key.n};
        for (size_t i = 0; i < n; i++) {
            assert_true(bytes_eq(row_text(row, i), parts[i]));
        }
        count++;
    }
    assert_int_equal(rc, 1);
    state_rows_close(rows);
    return count;
}

static void rows_are_found_by_the_first_parts_of_their_keys(void **state) {
    unsigned seed = 3;
    (void)state;
    append_random(s.ledger, 400, 50, &seed);
    for (int stored = 0; stored < 3; stored++) { /* in memory, stored, half of each */
        struct state_view *view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, stored == 0);
        size_t t = state_table_find(view, "pair"), sum = 0;
        assert_true(t == state_table_find(view, "pairs"));
        for (int i = 0; i < 23; i++) {
            char name[16];
            snprintf(name, sizeof(name), "r-%d", i);
            struct bytes parts[2] = {bytes_of(name), bytes_of("2")};
            size_t of_it = count_rows(view, t, parts, 1), one = count_rows(view, t, parts, 2);
            assert_true(of_it <= 5 && one <= 1);
            sum += of_it;
        }
        assert_int_equal(sum, count_rows(view, t, NULL, 0));
        assert_true(sum > 20);
        const struct bytes unknown = bytes_of("r-"); /* a part, not a prefix of one */
        assert_int_equal(count_rows(view, t, &unknown, 1), 0);
        state_close(view);
        if (stored == 1) {
            append_random(s.ledger, 12, 4, &seed);
        }
    }
}

static void what_is_not_there_is_not_found(void **state) {
    struct state_view *view = engine_view(s.ledger, both, NULL, LOG_NO_SEQ, false);
    const struct bytes key = bytes_of("nobody");
    struct row row;
    (void)state;
    row_init(&row, state_table(view, 1));
    why.msg[0] = '\0';
    assert_int_equal(state_get(view, 1, &key, 1, &row, &why), ERR_NOTFOUND);
    assert_string_equal(why.msg, "");
    row_done(&row);
    assert_true(state_table_find(view, "nothings") == SIZE_MAX);
    assert_true(state_find(view, "nothing") == SIZE_MAX);
    assert_int_equal(state_find(view, "step"), 1);
    state_close(view);
}

static int circle_judge(struct state_view *view, struct row *row, struct err *err) {
    const struct bytes key = bytes_of("all");
    struct row other;
    row_init(&other, row->table);
    int rc = state_get(view, 0, &key, 1, &other, err);
    row_done(&other);
    return rc;
}
static const struct state_table circle_tables[] = {
    {"circles", "circle", "A row asks for itself.", total_columns, TOTAL_COLUMNS, circle_judge}};
static const struct projection circle = {"circle", 1, circle_tables, 1, total_kinds, total_fold};

static void judges_that_go_in_circles_are_stopped(void **state) {
    static const struct projection *const list[] = {&circle, NULL};
    const struct bytes key = bytes_of("all");
    struct row row;
    (void)state;
    struct state_view *view = engine_view(s.ledger, list, NULL, LOG_NO_SEQ, false);
    row_init(&row, state_table(view, 0));
    must_fail(state_get(view, 0, &key, 1, &row, &why), ERR_LIMIT, "the judge of 'circles' asks others that ask it");
    must(state_get_stored(view, 0, &key, 1, &row, &why));
    must_fail(state_get(view, 0, &key, 1, &row, &why), ERR_LIMIT, "circles"); /* and can be queried again */
    row_done(&row);
    state_close(view);
}

static void a_row_outlives_its_view(void **state) {
    struct state_view *view;
    struct row row;
    const struct bytes key = bytes_of("r-2");
    (void)state;
    scratch_fill(&s, 1, 300, false);
    for (int stored = 0; stored < 2; stored++) {
        view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, stored == 0);
        row_init(&row, state_table(view, 1));
        must(state_get(view, 1, &key, 1, &row, &why));
        state_close(view);
        assert_true(row_is(&row, STEP_SUBJECT, "r-2") && bytes_is(row.key, "r-2"));
        assert_int_equal(row_int(&row, STEP_N), 3);
        assert_int_equal(row_int(&row, STEP_HALF), 1);
        row_done(&row);
    }
}

/* ---- a log that cannot be read ---- */

static void spoil_group(uint64_t index) {
    struct db_txn *txn;
    struct bytes record;
    struct buf copy;
    buf_init(&copy, SIZE_MAX);
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_get_u64(txn, T_BUNDLE, index, &record, &why));
    buf_put_bytes(&copy, record);
    copy.p[copy.n / 2] ^= 1;
    must(db_put_u64(txn, T_BUNDLE, index, bytes_of_buf(&copy), DB_PUT, &why));
    must(db_commit(txn, &why));
    buf_done(&copy);
}

static void states_end_where_the_log_cannot_be_read_and_say_so(void **state) {
    struct state_options options = engine_options(both, &small_tuning);
    struct state_view *view;
    struct state_status status;
    (void)state;
    scratch_fill(&s, 1, 600, false);
    must(rebuild_catch_up(s.ledger, &options, &why));
    scratch_fill(&s, 600, 1500, false);
    spoil_group(4);
    for (int no_write = 0; no_write < 2; no_write++) {
        view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, no_write == 1);
        for (size_t i = 0; i < 2; i++) {
            state_status(view, i, &status);
            assert_int_equal(status.position, 1024);
            assert_int_equal(status.failed_seq, 1024);
            assert_non_null(strstr(status.failed, "events 1024..1279"));
        }
        check_total(view, "totals", 1024);
        state_close(view);
    }
    int rc = rebuild_run(s.ledger, &options, 3, &why);
    assert_true(rc == ERR_CORRUPT || rc == ERR_TAMPERED);
    assert_non_null(strstr(why.msg, "events 1024..1279"));
    view = engine_view(s.ledger, both, &small_tuning, 900, false); /* what was stored is unchanged */
    check_total(view, "totals", 900);
    state_status(view, 0, &status);
    assert_int_equal(status.failed_seq, LOG_NO_SEQ);
    assert_int_equal(status.stored_position, 1024);
    state_close(view);
}

static void draw(void *ctx, uint64_t done, uint64_t of) {
    (void)ctx, (void)done, (void)of;
}

/* A view opens others later, when the object that received the progress is gone. */
static void progress_is_of_opening_only(void **state) {
    struct state_options options = engine_options(both, NULL);
    struct state_view *view;
    (void)state;
    options.progress = draw;
    options.progress_ctx = &options;
    must(state_open(s.ledger, &options, &view, &why));
    assert_null(view->options.progress);
    assert_null(view->options.progress_ctx);
    state_close(view);
}

static volatile int stopped = 1;
static void an_interrupted_read_says_so(void **state) {
    struct state_options options = engine_options(both, NULL);
    struct state_view *view;
    (void)state;
    scratch_fill(&s, 1, 10000, false);
    options.stop = &stopped;
    must_fail(state_open(s.ledger, &options, &view, &why), ERR_BUSY, "interrupted");
    options.no_write = true;
    must_fail(state_open(s.ledger, &options, &view, &why), ERR_BUSY, "interrupted");
}

int main(void) {
    scratch_in_memory();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_small_lag_is_folded_in_memory_and_nothing_is_written, start, finish),
        cmocka_unit_test_setup_teardown(a_large_lag_is_stored_before_it_is_read, start, finish),
        cmocka_unit_test_setup_teardown(a_view_as_of_every_position_is_what_a_fresh_replay_gives, start, finish),
        cmocka_unit_test_setup_teardown(all_views_of_a_log_that_grows_are_right, start, finish),
        cmocka_unit_test_setup_teardown(reading_may_be_forbidden_to_write, start, finish),
        cmocka_unit_test_setup_teardown(a_moment_that_is_not_yet_has_no_state, start, finish),
        cmocka_unit_test_setup_teardown(time_goes_by_the_newest_event_unless_it_is_said, start, finish),
        cmocka_unit_test_setup_teardown(rows_are_found_by_the_first_parts_of_their_keys, start, finish),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_not_found, start, finish),
        cmocka_unit_test_setup_teardown(judges_that_go_in_circles_are_stopped, start, finish),
        cmocka_unit_test_setup_teardown(a_row_outlives_its_view, start, finish),
        cmocka_unit_test_setup_teardown(states_end_where_the_log_cannot_be_read_and_say_so, start, finish),
        cmocka_unit_test_setup_teardown(an_interrupted_read_says_so, start, finish),
        cmocka_unit_test_setup_teardown(progress_is_of_opening_only, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
