/* The derived environment: created on demand, recreated when it is unreadable, even while somebody reads it. */
#include "tests/ledger/scratch.h"

#include <pthread.h>

#include "ledger/derived/derived.h"

static struct scratch s;

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static void put(struct db *db, uint64_t key, const char *value) {
    struct db_txn *txn;
    must(db_begin(db, true, &txn, &why));
    must(db_put_u64(txn, DERIVED_COLUMN, key, bytes_of(value), DB_PUT, &why));
    must(db_commit(txn, &why));
}

static bool has(struct db *db, uint64_t key, const char *value) {
    struct db_txn *txn;
    struct bytes record;
    must(db_begin(db, false, &txn, &why));
    int rc = db_get_u64(txn, DERIVED_COLUMN, key, &record, &why);
    bool same = rc == 0 && bytes_is(record, value);
    assert_true(rc == 0 || rc == ERR_NOTFOUND);
    db_abort(txn);
    return same;
}

static void it_is_made_only_for_who_wants_to_write(void **state) {
    struct db *db, *again;
    (void)state;
    must_fail(derived_open(s.ledger, false, &db, &why), ERR_NOTFOUND, "derived");
    assert_false(file_exists(scratch_at(&s, "box/derived")));
    must(derived_open(s.ledger, true, &db, &why));
    must(derived_open(s.ledger, false, &again, &why));
    assert_ptr_equal(db, again);
    put(db, 1, "one");
    scratch_reopen(&s);
    must(derived_open(s.ledger, false, &db, &why));
    assert_true(has(db, 1, "one"));
}

static void an_unreadable_one_is_made_anew_by_who_writes(void **state) {
    struct db *db;
    (void)state;
    must(derived_open(s.ledger, true, &db, &why));
    put(db, 1, "one");
    scratch_close(&s);
    scratch_write(scratch_at(&s, "box/derived/data.mdb"), bytes_of("this is no database"));
    scratch_open(&s);
    must_fail(derived_open(s.ledger, false, &db, &why), ERR_CORRUPT, "");
    must(derived_open(s.ledger, true, &db, &why));
    assert_false(has(db, 1, "one"));
}

static void readers_of_a_replaced_one_go_on(void **state) {
    struct db *old, *db;
    struct db_txn *txn;
    struct bytes record;
    (void)state;
    must(derived_open(s.ledger, true, &old, &why));
    put(old, 1, "one");
    must(db_begin(old, false, &txn, &why));
    must(db_get_u64(txn, DERIVED_COLUMN, 1, &record, &why));
    for (unsigned i = 0; i < DERIVED_PARKED_MAX; i++) {
        must(derived_renew(s.ledger, &why));
        must(derived_open(s.ledger, false, &db, &why));
        assert_ptr_not_equal(db, old);
        assert_false(has(db, 1, "one"));
        put(db, 1, "new");
    }
    assert_true(bytes_is(record, "one"));
    db_abort(txn);
    must_fail(derived_renew(s.ledger, &why), ERR_CORRUPT, "was damaged 5 times");
    assert_true(has(db, 1, "new"));
}

static void a_cleared_table_is_empty_and_others_are_not(void **state) {
    struct db *db;
    struct db_txn *txn;
    uint64_t n;
    (void)state;
    must(derived_open(s.ledger, true, &db, &why));
    for (uint64_t i = 0; i < 300; i++) {
        put(db, i * 7, "x");
    }
    must(db_begin(db, true, &txn, &why));
    must(db_put(txn, DERIVED_STATE, bytes_of("other"), bytes_of("kept"), DB_PUT, &why));
    must(db_clear(txn, DERIVED_COLUMN, &why));
    must(db_count(txn, DERIVED_COLUMN, &n, &why));
    assert_int_equal(n, 0);
    must(db_count(txn, DERIVED_STATE, &n, &why));
    assert_int_equal(n, 1);
    must(db_commit(txn, &why));
}

static void records_whose_keys_begin_alike_are_removed_together(void **state) {
    static const char *const names[] = {"a", "b/", "b/1", "b/2", "b0", "c"};
    struct db *db;
    struct db_txn *txn;
    struct bytes value;
    (void)state;
    must(derived_open(s.ledger, true, &db, &why));
    must(db_begin(db, true, &txn, &why));
    for (size_t i = 0; i < 6; i++) {
        must(db_put(txn, DERIVED_STATE, bytes_of(names[i]), bytes_of("x"), DB_PUT, &why));
    }
    must(db_clear_prefix(txn, DERIVED_STATE, bytes_of("b/"), &why));
    must(db_clear_prefix(txn, DERIVED_STATE, bytes_of("d"), &why));
    for (size_t i = 0; i < 6; i++) {
        bool kept = strncmp(names[i], "b/", 2) != 0;
        assert_int_equal(db_get(txn, DERIVED_STATE, bytes_of(names[i]), &value, &why), kept ? 0 : ERR_NOTFOUND);
    }
    db_abort(txn);
}

static void *open_it(void *ctx) {
    struct db *db = NULL;
    (void)ctx;
    return derived_open(s.ledger, true, &db, NULL) == 0 ? db : NULL;
}

static void threads_that_come_at_once_get_the_same(void **state) {
    pthread_t thread[8];
    void *db, *first = NULL;
    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, open_it, NULL), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(thread[i], &db);
        assert_non_null(db);
        first = first == NULL ? db : first;
        assert_ptr_equal(db, first);
    }
}

/* ---- a reader of all records ---- */

static void a_reader_goes_to_any_event(void **state) {
    static const uint64_t seqs[] = {1000, 3, 999, 0, 255, 256, 700, 701, 1000};
    struct log_reader *reader;
    struct log_event event;
    (void)state;
    scratch_fill(&s, 1, 1001, false);
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
        log_reader_seek(reader, seqs[i]);
        must(log_reader_next(reader, &event, &why));
        assert_int_equal(event.seq, seqs[i]);
    }
    log_reader_seek(reader, 1001);
    assert_int_equal(log_reader_next(reader, &event, &why), 1);
    log_reader_seek(reader, UINT64_MAX);
    assert_int_equal(log_reader_next(reader, &event, &why), 1);
    log_reader_close(reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_made_only_for_who_wants_to_write, start, finish),
        cmocka_unit_test_setup_teardown(an_unreadable_one_is_made_anew_by_who_writes, start, finish),
        cmocka_unit_test_setup_teardown(readers_of_a_replaced_one_go_on, start, finish),
        cmocka_unit_test_setup_teardown(a_cleared_table_is_empty_and_others_are_not, start, finish),
        cmocka_unit_test_setup_teardown(records_whose_keys_begin_alike_are_removed_together, start, finish),
        cmocka_unit_test_setup_teardown(threads_that_come_at_once_get_the_same, start, finish),
        cmocka_unit_test_setup_teardown(a_reader_goes_to_any_event, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
