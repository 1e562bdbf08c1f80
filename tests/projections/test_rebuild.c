/* What is stored is a function of the log alone, whether it was folded one event at a time, all at once, or rebuilt; what
 * other code stored is unchanged until it is rebuilt. */
#include "projections/attest/digests.h"
#include "tests/projections/rebuild_box.h"

TUNED(__wrap_state_tuning)

/* ---- the same bytes ---- */

static void a_rebuild_gives_what_came_bit_by_bit(void **state) {
    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        unsigned seed = 100 + round, pace = seed;
        print_message("seed %u\n", seed);
        for (uint64_t n = 0; n < 400;) {
            uint64_t some = 1 + (uint64_t)rand_r(&pace) % (round % 3 == 0 ? 3 : 90);
            append_random(s.ledger, some, 1 + (uint64_t)rand_r(&pace) % 20, &seed);
            n += some;
            catch_up(both);
        }
        uint64_t rows;
        assert_string_equal(check(both, &rows), "");
        assert_true(rows > 20);
        dump_stored(s.ledger, both, &a);
        must(rebuild_drop(s.ledger, &why));
        catch_up(both);
        dump_stored(s.ledger, both, &b);
        must_be_same("all at once");
        rebuild(both, 3);
        dump_stored(s.ledger, both, &b);
        must_be_same("rebuilt");
        struct state_options options = engine_options(both, &small_tuning);
        struct state_tuning tiny = small_tuning;
        tiny.chunk_rows = 1;
        tiny.aside_min = round % 2 == 0 ? 1 : 1000000;
        tune(&tiny);
        must(rebuild_run(s.ledger, &options, 3, &why));
        dump_stored(s.ledger, both, &b);
        must_be_same("rebuilt in small chunks");
        scratch_done(&s);
        scratch_new(&s, 0);
    }
}

static void events_in_one_batch_or_one_by_one_give_the_same(void **state) {
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        unsigned seed = 7 + round, again = seed;
        print_message("seed %u\n", seed);
        append_random(s.ledger, 300, 1, &seed);
        catch_up(both);
        dump_stored(s.ledger, both, &a);
        scratch_done(&s);
        scratch_new(&s, 0);
        append_random(s.ledger, 300, 300, &again);
        catch_up(both);
        dump_stored(s.ledger, both, &b);
        must_be_same("batches");
        scratch_done(&s);
        scratch_new(&s, 0);
    }
}

static void segments_of_the_usual_size_are_crossed(void **state) {
    struct state_view *view;
    uint64_t rows;
    (void)state;
    scratch_fill(&s, 1, 3 * STATE_SEGMENT + 100, false);
    struct state_options options = engine_options(both, NULL);
    must(rebuild_catch_up(s.ledger, &options, &why));
    dump_stored(s.ledger, both, &a);
    must(rebuild_run(s.ledger, &options, 3, &why));
    dump_stored(s.ledger, both, &b);
    must_be_same("rebuilt");
    buf_clear(&a);
    must(rebuild_check(s.ledger, &options, UINT32_MAX, differs, &a, &rows, NULL, &why));
    assert_int_equal(a.n, 0);
    for (uint64_t at = STATE_SEGMENT - 1; at < 3 * STATE_SEGMENT; at += STATE_SEGMENT / 2 + 1) {
        view = engine_view(s.ledger, both, NULL, at, true);
        check_total(view, "totals", at);
        state_close(view);
    }
}

static void projections_that_stand_at_different_places_come_together(void **state) {
    static const struct projection *const one[] = {&total, NULL};
    unsigned seed = 5;
    struct state_view *view;
    (void)state;
    append_random(s.ledger, 150, 150, &seed);
    catch_up(one);
    append_random(s.ledger, 150, 150, &seed);
    catch_up(both);
    dump_stored(s.ledger, both, &a);
    rebuild(both, 3);
    dump_stored(s.ledger, both, &b);
    must_be_same("different places");
    append_random(s.ledger, 10, 10, &seed);
    catch_up(one);
    view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, true);
    check_total(view, "totals", scratch_size(&s));
    dump_view(view, &a);
    state_close(view);
    must(rebuild_drop(s.ledger, &why));
    view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, true);
    dump_view(view, &b);
    state_close(view);
    must_be_same("views");
}

/* ---- other code ---- */

static void a_stale_projection_is_read_as_it_is_and_rebuilt_beside_its_readers(void **state) {
    static const struct projection *const newer[] = {&total, &step2, NULL};
    struct state_view *old, *view;
    struct state_status status;
    struct row row;
    const struct bytes key = bytes_of("r-2");
    (void)state;
    scratch_fill(&s, 1, 300, false);
    catch_up(both);
    scratch_fill(&s, 300, 400, false);
    old = engine_view(s.ledger, newer, &small_tuning, LOG_NO_SEQ, false);
    size_t p = state_find(old, "step"), t = state_table_find(old, "steps");
    state_status(old, p, &status);
    assert_true(status.stored && status.stale);
    assert_int_equal(status.version, 1);
    assert_int_equal(status.position, 300);
    assert_int_equal(status.lag, 100);
    row_init(&row, state_table(old, t));
    must(state_get(old, t, &key, 1, &row, &why));
    assert_int_equal(row_int(&row, STEP2_N), 3);
    assert_true(row_is(&row, STEP2_TEXT, "short"));
    check_total(old, "totals", 400);
    dump_view(old, &a);
    rebuild(newer, 2);
    dump_view(old, &b);
    must_be_same("a reader of the old rows");
    view = engine_view(s.ledger, newer, &small_tuning, LOG_NO_SEQ, false);
    state_status(view, p, &status);
    assert_false(status.stale);
    assert_int_equal(status.version, 2);
    assert_int_equal(status.position, 400);
    must(state_get(view, t, &key, 1, &row, &why));
    assert_int_equal(row_int(&row, STEP2_N), 40);
    assert_true(row_is(&row, STEP2_TEXT, "new"));
    row_done(&row);
    state_close(view);
    state_close(old);
    uint64_t rows;
    assert_string_equal(check(newer, &rows), "");
}

static void a_stale_projection_as_of_the_past_stands_at_a_boundary(void **state) {
    static const struct projection *const newer[] = {&step2, NULL};
    struct state_view *view;
    struct state_status status;
    (void)state;
    scratch_fill(&s, 1, 300, false);
    catch_up(both);
    view = engine_view(s.ledger, newer, &small_tuning, 200, false);
    state_status(view, 0, &status);
    assert_true(status.stale);
    assert_int_equal(status.position, 192);
    state_close(view);
}

/* ---- folds that fail ---- */

static void a_projection_that_cannot_take_an_event_stops_alone_and_goes_on_when_mended(void **state) {
    struct state_view *view;
    struct state_status status;
    uint64_t rows;
    (void)state;
    scratch_fill(&s, 1, 300, false);
    fail_from = 150;
    for (int written = 0; written < 3; written++) {
        view = engine_view(s.ledger, three, written == 0 ? NULL : &small_tuning, LOG_NO_SEQ, false);
        size_t p = state_find(view, "fragile");
        state_status(view, p, &status);
        assert_int_equal(status.failed_seq, 150);
        assert_string_equal(status.failed, "this event is too much");
        assert_int_equal(status.position, 150);
        check_total(view, "fragiles", 150);
        check_total(view, "totals", 300);
        state_close(view);
    }
    assert_string_equal(check(three, &rows), "");
    struct state_options options = engine_options(three, &small_tuning);
    must_fail(rebuild_run(s.ledger, &options, 7, &why), ERR_INVALID,
              "'fragile' stops at event 150: this event is too much");
    dump_stored(s.ledger, three, &a);
    rebuild(three, 3);
    dump_stored(s.ledger, three, &b);
    must_be_same("the others were rebuilt");
    view = engine_view(s.ledger, three, &small_tuning, 100, false);
    state_status(view, 2, &status);
    assert_int_equal(status.failed_seq, LOG_NO_SEQ);
    check_total(view, "fragiles", 100);
    state_close(view);
    fail_from = UINT64_MAX;
    view = engine_view(s.ledger, three, &small_tuning, LOG_NO_SEQ, false);
    state_status(view, 2, &status);
    assert_int_equal(status.failed_seq, LOG_NO_SEQ);
    assert_int_equal(status.stored_position, 300);
    check_total(view, "fragiles", 300);
    state_close(view);
    assert_string_equal(check(three, &rows), "");
}

static void a_backup_gives_the_same_states(void **state) {
    struct ledger *copy;
    struct state_view *view;
    unsigned seed = 8;
    uint8_t digest[2][LOG_HASH], other[LOG_HASH];
    (void)state;
    for (int i = 0; i < 10; i++) {
        append_random(s.ledger, 40, 9, &seed);
        catch_up(both);
    }
    dump_stored(s.ledger, both, &a);
    view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, false);
    for (size_t i = 0; i < 2; i++) {
        must(state_digest(view, i, digest[i], NULL, &why));
    }
    state_close(view);
    must(log_backup(s.ledger, scratch_at(&s, "backup"), &why));
    must(log_open(scratch_at(&s, "backup"), NULL, &copy, &why));
    struct state_options options = engine_options(both, &small_tuning);
    must(rebuild_run(copy, &options, 3, &why));
    dump_stored(copy, both, &b);
    must_be_same("from a backup");
    view = engine_view(copy, both, &small_tuning, LOG_NO_SEQ, false);
    for (size_t i = 0; i < 2; i++) {
        must(state_digest(view, i, other, NULL, &why));
        assert_memory_equal(digest[i], other, sizeof(other));
    }
    state_close(view);
    log_close(copy);
}

/* ---- garbage ---- */

static uint64_t count(enum derived_table table) {
    struct db *db;
    struct db_txn *txn;
    uint64_t n;
    must(derived_open(s.ledger, false, &db, &why));
    must(db_begin(db, false, &txn, &why));
    must(db_count(txn, table, &n, &why));
    db_abort(txn);
    return n;
}

static void rows_that_no_record_names_are_swept(void **state) {
    (void)state;
    scratch_fill(&s, 1, 500, false);
    catch_up(both);
    uint64_t rows = count(DERIVED_ROW), records = count(DERIVED_STATE);
    for (int i = 0; i < 3; i++) {
        rebuild(both, 3);
        assert_int_equal(count(DERIVED_ROW), rows);
        assert_int_equal(count(DERIVED_STATE), records);
    }
    must(rebuild_drop(s.ledger, &why));
    assert_int_equal(count(DERIVED_ROW), 0);
    assert_int_equal(count(DERIVED_STATE), 1); /* the number of the next slot */
}

/* ---- interrupting ---- */

static volatile int stop_now;
static void stop_after(void *ctx, uint64_t done, uint64_t of) {
    (void)ctx;
    assert_true(done <= of);
    stop_now = done > 0;
}

static void an_interrupted_rebuild_goes_on_where_it_stood(void **state) {
    struct state_options options = engine_options(both, NULL);
    struct state_tuning tuning = {.segment = 4096,
                                  .lag_max = 16,
                                  .chunk_bytes = 1 << 20,
                                  .chunk_rows = 8192,
                                  .aside_min = 1,
                                  .overlay_bytes = 1 << 20};
    struct store_record before, after;
    struct db *db;
    struct db_txn *txn;
    (void)state;
    scratch_fill(&s, 1, 20000, false);
    tune(&tuning);
    must(rebuild_catch_up(s.ledger, &options, &why));
    dump_stored(s.ledger, both, &a);
    options.stop = &stop_now;
    options.progress = stop_after;
    must(derived_open(s.ledger, false, &db, &why));
    for (int rc = ERR_BUSY, times = 0; rc == ERR_BUSY && times < 1000; times++) {
        must(db_begin(db, false, &txn, &why));
        must(store_get(txn, "total", &before, &why));
        db_abort(txn);
        stop_now = times == 0; /* at once, then after the first chunk that is long enough to be reported */
        rc = rebuild_run(s.ledger, &options, 3, &why);
        must(db_begin(db, false, &txn, &why));
        must(store_get(txn, "total", &after, &why));
        db_abort(txn);
        if (rc == ERR_BUSY && before.shadow.there) {
            assert_true(after.shadow.there);
            assert_int_equal(after.shadow.slot, before.shadow.slot);
            assert_true(after.shadow.position >= before.shadow.position);
        } else if (rc != ERR_BUSY) {
            assert_int_equal(rc, 0);
        }
    }
    dump_stored(s.ledger, both, &b);
    must_be_same("interrupted");
}

/* ---- attesting ---- */

static void states_are_attested_as_of_one_size(void **state) {
    struct state_options options = engine_options(three, &small_tuning);
    struct log_reader *reader;
    struct log_event event;
    size_t n = 0;
    (void)state;
    scratch_fill(&s, 1, 100, false);
    fail_from = 50;
    must(rebuild_attest(s.ledger, &options, UINT32_MAX, "user:test", &n, &why));
    assert_int_equal(n, 2); /* the third has stopped */
    struct state_view *view = engine_view(s.ledger, three, &small_tuning, 100, true);
    must(log_reader_open(s.ledger, 100, LOG_NO_SEQ, &reader, &why));
    for (size_t i = 0; i < n; i++) {
        uint8_t digest[LOG_HASH];
        char words[LOG_HASH * 2 + 8] = "sha256:";
        struct bytes raw;
        struct mp_item item;
        must(log_reader_next(reader, &event, &why));
        assert_true(bytes_is(event.kind, "ledger.projection_attested"));
        must(state_digest(view, i, digest, NULL, &why));
        text_hex(words + 7, digest, sizeof(digest));
        assert_int_equal(mp_map_get(event.body, "digest", &raw), 0);
        assert_int_equal(mp_scalar(raw, &item), 0);
        assert_true(bytes_is(item.data, words));
    }
    log_reader_close(reader);
    state_close(view);
}

int main(void) {
    scratch_in_memory();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_rebuild_gives_what_came_bit_by_bit, start, finish),
        cmocka_unit_test_setup_teardown(events_in_one_batch_or_one_by_one_give_the_same, start, finish),
        cmocka_unit_test_setup_teardown(segments_of_the_usual_size_are_crossed, start, finish),
        cmocka_unit_test_setup_teardown(projections_that_stand_at_different_places_come_together, start, finish),
        cmocka_unit_test_setup_teardown(a_stale_projection_is_read_as_it_is_and_rebuilt_beside_its_readers, start, finish),
        cmocka_unit_test_setup_teardown(a_stale_projection_as_of_the_past_stands_at_a_boundary, start, finish),
        cmocka_unit_test_setup_teardown(a_projection_that_cannot_take_an_event_stops_alone_and_goes_on_when_mended, start,
                                        finish),
        cmocka_unit_test_setup_teardown(a_backup_gives_the_same_states, start, finish),
        cmocka_unit_test_setup_teardown(rows_that_no_record_names_are_swept, start, finish),
        cmocka_unit_test_setup_teardown(an_interrupted_rebuild_goes_on_where_it_stood, start, finish),
        cmocka_unit_test_setup_teardown(states_are_attested_as_of_one_size, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
