/* Stored data of another log, or with damage, is not used. */
#include "tests/projections/rebuild_box.h"

TUNED(__wrap_state_tuning)

/* ---- another log ---- */

static void rows_of_a_log_that_was_cut_back_are_dropped(void **state) {
    struct state_view *view;
    unsigned seed = 3;
    (void)state;
    scratch_fill(&s, 1, 300, false);
    scratch_close(&s);
    scratch_copy(scratch_at(&s, "box/evidence/data.mdb"), scratch_at(&s, "evidence"));
    scratch_copy(scratch_at(&s, "box/head"), scratch_at(&s, "head"));
    for (uint64_t more = 0; more <= 250; more += 125) { /* shorter than what is stored; as long; longer */
        scratch_open(&s);
        scratch_fill(&s, 300, 425, false);
        catch_up(both);
        scratch_close(&s);
        scratch_copy(scratch_at(&s, "evidence"), scratch_at(&s, "box/evidence/data.mdb"));
        scratch_copy(scratch_at(&s, "head"), scratch_at(&s, "box/head"));
        scratch_open(&s);
        append_random(s.ledger, more, 30, &seed);
        view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, more == 125);
        check_total(view, "totals", 300 + more);
        dump_view(view, &a);
        state_close(view);
        must(rebuild_drop(s.ledger, &why));
        view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, true);
        dump_view(view, &b);
        state_close(view);
        must_be_same("another log");
        scratch_close(&s);
        scratch_copy(scratch_at(&s, "evidence"), scratch_at(&s, "box/evidence/data.mdb"));
        scratch_copy(scratch_at(&s, "head"), scratch_at(&s, "box/head"));
    }
    scratch_open(&s);
}

/* ---- damage ---- */

static void compare_with_fresh(void) {
    struct state_view *view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, false);
    dump_view(view, &a);
    state_close(view);
    must(rebuild_drop(s.ledger, &why));
    view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, true);
    dump_view(view, &b);
    state_close(view);
    must_be_same("after damage");
    catch_up(both);
}

static void a_derived_environment_that_is_gone_or_cut_short_is_made_anew(void **state) {
    (void)state;
    scratch_fill(&s, 1, 500, false);
    catch_up(both);
    scratch_close(&s);
    must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
    scratch_open(&s);
    compare_with_fresh();
    scratch_close(&s);
    assert_int_equal(truncate(scratch_at(&s, "box/derived/data.mdb"), 8192), 0);
    scratch_open(&s);
    compare_with_fresh();
    scratch_close(&s);
    scratch_write(scratch_at(&s, "box/derived/data.mdb"), bytes_of("nonsense"));
    scratch_open(&s);
    compare_with_fresh();
}

/* Replaces the record of that key with the result of `change`. */
static void spoil_state(const char *key, size_t at, uint8_t flip) {
    struct db *db;
    struct db_txn *txn;
    struct bytes record;
    must(derived_open(s.ledger, false, &db, &why));
    must(db_begin(db, true, &txn, &why));
    must(db_get(txn, DERIVED_STATE, bytes_of(key), &record, &why));
    buf_clear(&b);
    buf_put_bytes(&b, record);
    if (at < b.n) {
        b.p[at] ^= flip;
    } else {
        b.n = at - record.n;
    }
    must(db_put(txn, DERIVED_STATE, bytes_of(key), bytes_of_buf(&b), DB_PUT, &why));
    must(db_commit(txn, &why));
}

static size_t record_bytes(const char *key) {
    struct db *db;
    struct db_txn *txn;
    struct bytes record;
    must(derived_open(s.ledger, false, &db, &why));
    must(db_begin(db, false, &txn, &why));
    must(db_get(txn, DERIVED_STATE, bytes_of(key), &record, &why));
    size_t n = record.n;
    db_abort(txn);
    return n;
}

static void no_flipped_or_missing_byte_of_a_record_is_believed(void **state) {
    struct state_view *view;
    struct state_status status;
    (void)state;
    scratch_fill(&s, 1, 60, false);
    catch_up(both);
    size_t n = record_bytes("projection/step");
    for (size_t i = 0; i < 2 * n; i++) { /* each byte changed, then each length less than all */
        spoil_state("projection/step", i, 0x20);
        view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, true);
        state_status(view, 1, &status);
        assert_false(status.stored);
        check_total(view, "totals", 60);
        state_close(view);
        catch_up(both);
        view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, true);
        state_status(view, 1, &status);
        assert_true(status.stored);
        state_close(view);
    }
}

/* All rows of the projection are set to these bytes. */
static void spoil_rows(const struct projection *projection, struct bytes bytes) {
    struct db *db;
    struct db_txn *txn;
    struct store_record record;
    struct store_dump dump;
    struct bytes key, old;
    uint8_t full[DB_KEY_MAX];
    must(derived_open(s.ledger, false, &db, &why));
    must(db_begin(db, true, &txn, &why));
    must(store_get(txn, projection->name, &record, &why));
    must(store_dump_open(&dump, txn, record.current.slot, &why));
    while (store_dump_next(&dump, &key, &old, &why) == 0) {
        be32_put(full, record.current.slot);
        memcpy(full + 4, key.p, key.n);
        must(db_put(txn, DERIVED_ROW, (struct bytes){full, key.n + 4}, bytes, DB_PUT, &why));
    }
    store_dump_done(&dump);
    must(db_commit(txn, &why));
}

static void a_row_that_is_none_is_found_and_its_projection_built_anew(void **state) {
    struct state_view *view;
    struct row row;
    const struct bytes key = bytes_of("all");
    (void)state;
    scratch_fill(&s, 1, 300, false);
    catch_up(both);
    spoil_rows(&total, bytes_of("no row"));
    view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, false);
    row_init(&row, state_table(view, 0));
    must_fail(state_get(view, 0, &key, 1, &row, &why), ERR_CORRUPT, "'total' is damaged");
    row_done(&row);
    state_close(view);
    view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, false);
    check_total(view, "totals", 300);
    state_close(view);
    for (int no_write = 0; no_write < 2; no_write++) { /* found by a fold that needs it */
        catch_up(both);
        spoil_rows(&total, bytes_of("no row"));
        scratch_fill(&s, 1, 5, false);
        view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, no_write == 1);
        check_total(view, "totals", scratch_size(&s));
        state_close(view);
        spoil_rows(&step, bytes_of("no row"));
        scratch_fill(&s, 1, 100, false);
        view = engine_view(s.ledger, both, &small_tuning, LOG_NO_SEQ, no_write == 1);
        check_total(view, "totals", scratch_size(&s));
        state_close(view);
    }
    compare_with_fresh();
}

static void a_row_that_was_exchanged_is_found_by_the_check(void **state) {
    struct buf encoded;
    uint64_t rows;
    (void)state;
    scratch_fill(&s, 1, 60, false);
    catch_up(both);
    assert_string_equal(check(both, &rows), "");
    buf_init(&encoded, 4096);
    mp_put_array(&encoded, 3);
    mp_put_str(&encoded, bytes_of("all"));
    mp_put_uint(&encoded, 1);
    mp_put_uint(&encoded, 2);
    spoil_rows(&total, bytes_of_buf(&encoded));
    assert_string_equal(
        check(both, &rows),
        "total: totals 'all' of the segment that ends at 64: stored differently from what a replay gives\n");
    rebuild(both, 1);
    assert_string_equal(check(both, &rows), "");
    buf_done(&encoded);
}

int main(void) {
    scratch_in_memory();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_of_a_log_that_was_cut_back_are_dropped, start, finish),
        cmocka_unit_test_setup_teardown(a_derived_environment_that_is_gone_or_cut_short_is_made_anew, start, finish),
        cmocka_unit_test_setup_teardown(no_flipped_or_missing_byte_of_a_record_is_believed, start, finish),
        cmocka_unit_test_setup_teardown(a_row_that_is_none_is_found_and_its_projection_built_anew, start, finish),
        cmocka_unit_test_setup_teardown(a_row_that_was_exchanged_is_found_by_the_check, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
