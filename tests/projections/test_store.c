/* Rows and records in the derived environment: versions, bounds, slots. */
#include "tests/projections/engine_box.h"

TUNED(__wrap_state_tuning)

static struct scratch s;
static struct db *db;

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    must(derived_open(s.ledger, true, &db, &why));
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static struct db_txn *begin(bool write) {
    struct db_txn *txn;
    must(db_begin(db, write, &txn, &why));
    return txn;
}

/* Segments of 10 events; `bytes` NULL: dropped. */
static void put(struct db_txn *txn, uint32_t slot, size_t table, const char *key, uint64_t version, const char *bytes) {
    const struct rows_entry entry = {.table = table, .key = bytes_of(key), .bytes = bytes_of(bytes), .dirty = true};
    const struct rows_entry *const list[] = {&entry};
    must(store_rows_put(txn, slot, version, 10, list, 1, &why));
}

static void is(struct db_txn *txn, uint32_t slot, size_t table, const char *key, uint64_t bound, const char *expected) {
    struct bytes bytes;
    int rc = store_row(txn, slot, table, bytes_of(key), bound, &bytes, &why);
    if (expected == NULL) {
        assert_int_equal(rc, ERR_NOTFOUND);
    } else if (rc != 0 || !bytes_is(bytes, expected)) {
        fail_msg("'%s' as of %llu: %s, not '%s'", key, (unsigned long long)bound, err_name(rc), expected);
    }
}

/* "key=bytes " for each row. */
static void scan_is(struct db_txn *txn, uint32_t slot, size_t table, const char *prefix, uint64_t bound,
                    const char *expected) {
    struct store_scan scan;
    struct bytes key, bytes;
    struct buf out;
    int rc;
    buf_init(&out, 4096);
    must(store_scan_open(&scan, txn, slot, table, bytes_of(prefix), bound, &why));
    while ((rc = store_scan_next(&scan, &key, &bytes, &why)) == 0) {
        buf_printf(&out, "%.*s=%.*s ", (int)key.n, (const char *)key.p, (int)bytes.n, (const char *)bytes.p);
    }
    assert_int_equal(rc, 1);
    buf_put_u8(&out, 0);
    assert_string_equal((char *)out.p, expected);
    store_scan_done(&scan);
    buf_done(&out);
}

static uint64_t rows_of(struct db_txn *txn) {
    uint64_t n;
    must(db_count(txn, DERIVED_ROW, &n, &why));
    return n;
}

static void the_newest_version_up_to_a_bound_is_the_row(void **state) {
    struct db_txn *txn = begin(true);
    (void)state;
    put(txn, 1, 0, "a", 10, "one");
    put(txn, 1, 0, "a", 30, "three");
    put(txn, 1, 0, "a", 40, NULL);
    put(txn, 1, 0, "a", 60, "six");
    is(txn, 1, 0, "a", 0, NULL);
    is(txn, 1, 0, "a", 9, NULL);
    is(txn, 1, 0, "a", 10, "one");
    is(txn, 1, 0, "a", 29, "one");
    is(txn, 1, 0, "a", 30, "three");
    is(txn, 1, 0, "a", 40, NULL);
    is(txn, 1, 0, "a", 59, NULL);
    is(txn, 1, 0, "a", 60, "six");
    is(txn, 1, 0, "a", STORE_ANY, "six");
    is(txn, 1, 1, "a", STORE_ANY, NULL);
    is(txn, 2, 0, "a", STORE_ANY, NULL);
    is(txn, 0, 0, "a", STORE_ANY, NULL);
    db_abort(txn);
}

static void keys_that_begin_alike_do_not_mix(void **state) {
    struct db_txn *txn = begin(true);
    (void)state;
    put(txn, 1, 0, "", 20, "empty");
    put(txn, 1, 0, "a", 20, "a");
    put(txn, 1, 0, "a\001b", 20, "a,b");
    put(txn, 1, 0, "a\001b", 30, "a,b again");
    put(txn, 1, 0, "ab", 10, "ab");
    put(txn, 1, 0, "\xff\xff\xff", 30, "high");
    is(txn, 1, 0, "a", 19, NULL);
    is(txn, 1, 0, "a", 20, "a");
    is(txn, 1, 0, "", 20, "empty");
    is(txn, 1, 0, "ab", 10, "ab");
    scan_is(txn, 1, 0, "", 10, "ab=ab ");
    scan_is(txn, 1, 0, "", 25, "=empty a=a a\001b=a,b ab=ab ");
    scan_is(txn, 1, 0, "", STORE_ANY, "=empty a=a a\001b=a,b again ab=ab \xff\xff\xff=high ");
    scan_is(txn, 1, 0, "a", STORE_ANY, "a=a a\001b=a,b again ab=ab ");
    scan_is(txn, 1, 0, "a\001", STORE_ANY, "a\001b=a,b again ");
    scan_is(txn, 1, 0, "b", STORE_ANY, "");
    scan_is(txn, 1, 1, "", STORE_ANY, "");
    scan_is(txn, 0, 255, "", STORE_ANY, "");
    db_abort(txn);
}

static void dropped_rows_are_walked_past(void **state) {
    struct db_txn *txn = begin(true);
    (void)state;
    for (char c = 'a'; c <= 'e'; c++) {
        char key[2] = {c, '\0'};
        for (uint64_t version = 10; version <= 50; version += 10) {
            put(txn, 7, 2, key, version, (version / 10 + (uint64_t)c) % 2 == 0 ? NULL : version > 30 ? "late" : "early");
        }
    }
    scan_is(txn, 7, 2, "", 10, "b=early d=early ");
    scan_is(txn, 7, 2, "", 20, "a=early c=early e=early ");
    scan_is(txn, 7, 2, "", 40, "a=late c=late e=late ");
    scan_is(txn, 7, 2, "", STORE_ANY, "b=late d=late ");
    db_abort(txn);
}

static void a_version_is_kept_only_where_it_differs(void **state) {
    struct db_txn *txn = begin(true);
    (void)state;
    put(txn, 1, 0, "a", 10, "x");
    put(txn, 1, 0, "a", 10, NULL); /* added and removed in one segment */
    assert_int_equal(rows_of(txn), 0);
    put(txn, 1, 0, "a", 20, NULL); /* never existed */
    assert_int_equal(rows_of(txn), 0);
    put(txn, 1, 0, "a", 20, "x");
    put(txn, 1, 0, "a", 30, "y");
    assert_int_equal(rows_of(txn), 2);
    put(txn, 1, 0, "a", 30, "x"); /* changed back */
    assert_int_equal(rows_of(txn), 1);
    put(txn, 1, 0, "a", 30, NULL);
    assert_int_equal(rows_of(txn), 2);
    put(txn, 1, 0, "a", 40, NULL); /* already removed */
    assert_int_equal(rows_of(txn), 2);
    is(txn, 1, 0, "a", 20, "x");
    is(txn, 1, 0, "a", 40, NULL);
    db_abort(txn);
}

static void what_is_put_is_what_a_table_of_versions_says(void **state) {
    enum { KEYS = 12, VERSIONS = 9 };
    static char model[KEYS][VERSIONS + 1][8];
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct db_txn *txn = begin(true);
        unsigned random = seed;
        memset(model, 0, sizeof(model));
        for (uint64_t v = 1; v <= VERSIONS; v++) {
            for (int k = 0; k < KEYS; k++) {
                memcpy(model[k][v], model[k][v - 1], sizeof(model[k][v]));
            }
            for (int times = rand_r(&random) % 30; times > 0; times--) {
                int k = rand_r(&random) % KEYS;
                char key[16];
                snprintf(key, sizeof(key), "%.*s", 1 + k, "kkkkkkkkkkkkkk");
                snprintf(model[k][v], sizeof(model[k][v]), "%.*s", rand_r(&random) % 3, "vv");
                put(txn, 3, 1, key, 10 * v, model[k][v]);
            }
        }
        for (uint64_t v = 0; v <= VERSIONS; v++) {
            char expected[256] = "";
            for (int k = 0; k < KEYS; k++) {
                char key[16];
                size_t n = strlen(expected);
                snprintf(key, sizeof(key), "%.*s", 1 + k, "kkkkkkkkkkkkkk");
                is(txn, 3, 1, key, 10 * v + 5, model[k][v][0] == '\0' ? NULL : model[k][v]);
                if (model[k][v][0] != '\0') {
                    snprintf(expected + n, sizeof(expected) - n, "%s=%s ", key, model[k][v]);
                }
            }
            scan_is(txn, 3, 1, "", 10 * v + 5, expected);
        }
        db_abort(txn);
    }
}

/* ---- records ---- */

static void a_record_comes_back_as_it_was(void **state) {
    struct store_record record = {0}, back;
    struct db_txn *txn = begin(true);
    (void)state;
    must(store_get(txn, "step", &back, &why));
    assert_false(back.current.there || back.shadow.there);
    store_generation_init(&record.current, &step, 64);
    record.current.slot = 77;
    record.current.position = 1234567;
    memset(record.current.leaf, 0xab, sizeof(record.current.leaf));
    record.current.failed_seq = 99;
    snprintf(record.current.failed, sizeof(record.current.failed), "%0255d", 7);
    must(store_put(txn, "step", &record, &why));
    must(store_get(txn, "step", &back, &why));
    assert_memory_equal(&back, &record, sizeof(back));
    assert_true(store_generation_fits(&back.current, &step));
    assert_false(store_generation_fits(&back.current, &step2));
    record.shadow = record.current;
    record.shadow.slot = UINT32_MAX;
    record.shadow.failed_seq = LOG_NO_SEQ;
    record.shadow.failed[0] = '\0';
    must(store_put(txn, "step", &record, &why));
    must(store_get(txn, "step", &back, &why));
    assert_int_equal(back.shadow.slot, UINT32_MAX);
    assert_true(back.shadow.failed_seq == LOG_NO_SEQ);
    must(store_get(txn, "other", &back, &why));
    assert_false(back.current.there);
    record = (struct store_record){0};
    must(store_put(txn, "step", &record, &why));
    must(store_get(txn, "step", &back, &why));
    assert_false(back.current.there || back.shadow.there);
    db_abort(txn);
}

static void a_slot_is_never_given_twice(void **state) {
    struct db_txn *txn = begin(true);
    uint32_t slot, last;
    (void)state;
    must(store_slot_new(txn, &step, &last, &why));
    for (int i = 0; i < 20; i++) {
        if (i == 10) { /* the counter is lost */
            must(db_put(txn, DERIVED_STATE, bytes_of("projections"), bytes_of("?"), DB_PUT, &why));
        }
        if (i == 15) { /* and there are rows without a counter */
            put(txn, last + 100, 0, "a", 10, "row");
            must(db_del(txn, DERIVED_STATE, bytes_of("projections"), &why));
        }
        must(store_slot_new(txn, &step, &slot, &why));
        assert_true(slot > last);
        last = slot;
    }
    assert_true(last > 100);
    db_abort(txn);
}

static void columns_are_found_again_by_their_names(void **state) {
    struct db_txn *txn = begin(true);
    struct store_map maps[STORE_TABLES_MAX];
    uint32_t slot;
    (void)state;
    must(store_slot_new(txn, &step, &slot, &why));
    must(store_maps(txn, slot, &step2, maps, &why));
    assert_int_equal(maps[0].table, 0);
    assert_int_equal(maps[0].n, 4); /* `half` is not stored */
    assert_int_equal(maps[0].column[STEP_SUBJECT], STEP2_SUBJECT);
    assert_int_equal(maps[0].column[STEP_N], STEP2_N);
    assert_true(maps[0].column[STEP_LAST] == SIZE_MAX);
    assert_int_equal(maps[0].column[STEP_TEXT], STEP2_TEXT);
    must(store_slot_new(txn, &step2, &slot, &why));
    must(store_maps(txn, slot, &step, maps, &why));
    assert_true(maps[1].table == SIZE_MAX); /* there was no such table */
    must_fail(store_maps(txn, slot, &total, maps, &why), ERR_CORRUPT,
              "the form in which the rows of 'total' are stored is unknown");
    must_fail(store_maps(txn, slot + 1, &step, maps, &why), ERR_CORRUPT,
              "the form in which the rows of 'step' are stored is unknown");
    db_abort(txn);
}

static void a_sweep_leaves_what_is_named_alone(void **state) {
    struct store_record record = {0};
    struct db_txn *txn = begin(true);
    uint32_t slot[5];
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        must(store_slot_new(txn, &step, &slot[i], &why));
        for (int k = 0; k < 100; k++) {
            char key[16];
            snprintf(key, sizeof(key), "%d", k);
            put(txn, slot[i], (size_t)k % 2, key, 10, "row");
        }
    }
    store_generation_init(&record.current, &step, 10);
    record.shadow = record.current;
    record.current.slot = slot[1];
    record.shadow.slot = slot[3];
    must(store_put(txn, "step", &record, &why));
    must(db_commit(txn, &why));
    must(store_sweep(db, NULL, &why));
    txn = begin(false);
    assert_int_equal(rows_of(txn), 200);
    is(txn, slot[1], 1, "7", STORE_ANY, "row");
    is(txn, slot[3], 0, "8", STORE_ANY, "row");
    is(txn, slot[4], 0, "8", STORE_ANY, NULL);
    db_abort(txn);
}

/* ---- a damaged tree ---- */

static bool keeps_all; /* removing a key removes nothing */
int __real_db_del(struct db_txn *txn, size_t table, struct bytes key, struct err *err);
int __wrap_db_del(struct db_txn *txn, size_t table, struct bytes key, struct err *err);
int __wrap_db_del(struct db_txn *txn, size_t table, struct bytes key, struct err *err) {
    return keeps_all ? 0 : __real_db_del(txn, table, key, err);
}

static void a_sweep_ends_when_keys_come_back(void **state) {
    struct db_txn *txn = begin(true);
    (void)state;
    put(txn, 7, 0, "a", 10, "one");
    must(db_commit(txn, &why));
    keeps_all = true;
    int rc = store_sweep(db, NULL, &why);
    keeps_all = false;
    assert_int_equal(rc, ERR_CORRUPT);
    must(store_sweep(db, NULL, &why));
    txn = begin(false);
    assert_int_equal(rows_of(txn), 0);
    db_abort(txn);
}

int main(void) {
    scratch_in_memory();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_version_up_to_a_bound_is_the_row, start, finish),
        cmocka_unit_test_setup_teardown(keys_that_begin_alike_do_not_mix, start, finish),
        cmocka_unit_test_setup_teardown(dropped_rows_are_walked_past, start, finish),
        cmocka_unit_test_setup_teardown(a_version_is_kept_only_where_it_differs, start, finish),
        cmocka_unit_test_setup_teardown(what_is_put_is_what_a_table_of_versions_says, start, finish),
        cmocka_unit_test_setup_teardown(a_record_comes_back_as_it_was, start, finish),
        cmocka_unit_test_setup_teardown(a_slot_is_never_given_twice, start, finish),
        cmocka_unit_test_setup_teardown(columns_are_found_again_by_their_names, start, finish),
        cmocka_unit_test_setup_teardown(a_sweep_leaves_what_is_named_alone, start, finish),
        cmocka_unit_test_setup_teardown(a_sweep_ends_when_keys_come_back, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
