/* Idempotency over hundreds of thousands of keys: a duplicate is found wherever its first event is (tail, key runs,
 * segments), and nothing that happens to derived data lets a duplicate through or invents one. */
#include "tests/ledger/scratch.h"

#include "ledger/dedup/segments.h"
#include "ledger/dedup/segments_format.h"

#define SEGMENTS 3
#define EVENTS   (SEGMENTS * CORE_SEGMENT + 5000)

static struct scratch s;
static const char *const derived_tables[HINTS_TABLES] = {HINTS_NAMES};

static uint64_t n_keys; /* in this ledger: key-<i> is event i + 1 */

static int start(uint64_t n) {
    scratch_new(&s, (uint64_t)256 << 20);
    scratch_fill(&s, 0, n, true);
    n_keys = n;
    return 0;
}

static int start_large(void **state) {
    (void)state;
    return start(EVENTS);
}

static int start_small(void **state) {
    (void)state;
    return start(CORE_SEGMENT + 1000);
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

/* Keys [from, to) by `step` are all present, each under its own seq; one further key is new. */
static void all_are_duplicates(uint64_t from, uint64_t to, uint64_t step) {
    static struct log_receipt receipts[EVENTS];
    static unsigned fresh;
    struct log_batch *batch;
    char key[32];
    size_t n = 0;
    must(log_batch_new(s.ledger, &batch, &why));
    for (uint64_t i = from; i < to; i += step) {
        must(scratch_add(batch, i, i + 1, true, &why));
        n++;
    }
    must(log_batch_commit(batch, receipts, NULL, NULL, &why));
    for (size_t k = 0; k < n; k++) {
        assert_true(receipts[k].duplicate);
        assert_int_equal(receipts[k].seq, from + k * step + 1);
    }
    log_batch_free(batch);
    snprintf(key, sizeof(key), "fresh-%u", fresh++);
    assert_false(scratch_append(&s, 1, key).duplicate);
    assert_true(scratch_append(&s, 1, key).duplicate);
}

static struct head head_now(void) {
    struct core_view view;
    must(core_view_begin(s.ledger, &view, &why));
    struct head head = view.head;
    core_view_end(&view);
    return head;
}

static void derived_fault(const char *text) {
    struct log_report *report = scratch_report(s.ledger, NULL, true);
    assert_int_equal(report->aspect[LOG_DERIVED].state, LOG_ASPECT_FAULT);
    assert_true(report->n_findings >= 1);
    if (strstr(report->findings[0].reason, text) == NULL) {
        fail_msg("%s", report->findings[0].reason);
    }
    free(report);
}

/* ---- where keys are ---- */

static void a_duplicate_is_found_wherever_its_first_event_lies(void **state) {
    struct db_txn *txn;
    uint64_t runs;
    (void)state;
    for (int i = 0; head_now().keyed_from < SEGMENTS * CORE_SEGMENT && i < 600; i++) { /* segments are built after it */
        usleep(i == 0 ? 0 : 100000);
        scratch_append(&s, 0, "one-more"); /* drops what the segments cover */
        scratch_append(&s, 0, NULL);
    }
    assert_int_equal(head_now().keyed_from, SEGMENTS * CORE_SEGMENT);
    must(db_begin(s.ledger->evidence, false, &txn, &why));
    must(db_count(txn, T_KEYRUN, &runs, &why));
    db_abort(txn);
    assert_true(runs > 0 && runs < 25);
    all_are_duplicates(0, EVENTS, 101);
    all_are_duplicates(0, 300, 1);
    all_are_duplicates(SEGMENTS * CORE_SEGMENT - 300, EVENTS, 1);
    scratch_reopen(&s);
    all_are_duplicates(7, EVENTS, 1009);
    all_are_duplicates(EVENTS - 300, EVENTS, 1);
    scratch_verify_good(s.ledger);
}

static void deleting_the_derived_directory_loses_nothing(void **state) {
    (void)state;
    scratch_close(&s);
    must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
    scratch_open(&s);
    all_are_duplicates(3, EVENTS, 997);
    scratch_close(&s);
    must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
    scratch_open(&s);
    scratch_fill(&s, 900000, 900010, false); /* without keys nothing is rebuilt */
    assert_false(file_exists(scratch_at(&s, "box/derived")));
    scratch_verify_good(s.ledger);
    all_are_duplicates(5, EVENTS, 4999);
    assert_true(file_exists(scratch_at(&s, "box/derived/data.mdb")));
    scratch_verify_good(s.ledger);
}

/* ---- damage ---- */

static struct db *open_derived(void) {
    struct db *db;
    struct db_options o = {
        .tables = derived_tables, .n_tables = HINTS_TABLES, .map_bytes = s.ledger == NULL ? SCRATCH_MAP * 4 : 0};
    must(db_open(scratch_at(&s, "box/derived"), &o, &db, &why));
    return db;
}

/* Writes or (value empty) removes a record of derived data directly. */
static void put_derived(size_t table, struct bytes key, struct bytes value) {
    struct db_txn *txn;
    scratch_close(&s);
    struct db *db = open_derived();
    must(db_begin(db, true, &txn, &why));
    must(value.n == 0 ? db_del(txn, table, key, &why) : db_put(txn, table, key, value, DB_PUT, &why));
    must(db_commit(txn, &why));
    db_close(db);
    scratch_open(&s);
}

/* The segment's record at `first`, copied. */
static void get_segment(uint64_t first, struct buf *out) {
    struct db_txn *txn;
    struct bytes record;
    scratch_close(&s);
    struct db *db = open_derived();
    must(db_begin(db, false, &txn, &why));
    must(db_get_u64(txn, HINTS_KEYSEG, first, &record, &why));
    buf_init(out, SIZE_MAX);
    buf_put_bytes(out, record);
    db_abort(txn);
    db_close(db);
    scratch_open(&s);
}

static struct bytes be(uint64_t v) {
    static uint8_t key[8];
    be64_put(key, v);
    return (struct bytes){key, 8};
}

static void a_damaged_derived_environment_is_rebuilt(void **state) {
    struct buf segment;
    (void)state;
    for (int how = 0; how < 6; how++) {
        if (how < 3) {
            const char *path = scratch_at(&s, "box/derived/data.mdb");
            scratch_close(&s);
            if (how == 0) {
                assert_int_equal(truncate(path, 5 * 4096), 0);
            } else if (how == 1) {
                scratch_write(path, bytes_of("this is no database"));
            } else {
                static uint8_t zeros[20 * 4096];
                scratch_write(path, (struct bytes){zeros, sizeof(zeros)});
            }
            scratch_open(&s);
        } else if (how == 3) {
            put_derived(HINTS_STATE, bytes_of("keys"), bytes_of("nonsense"));
        } else if (how == 4) {
            put_derived(HINTS_KEYSEG, be(0), bytes_of(NULL)); /* a segment is gone, the state says it exists */
        } else {
            get_segment(0, &segment);
            put_derived(HINTS_KEYSEG, be(0), (struct bytes){segment.p, segment.n - 5});
            buf_done(&segment);
        }
        all_are_duplicates(1, n_keys, 991);
    }
    scratch_verify_good(s.ledger);
}

static void the_check_finds_a_removed_and_an_added_key(void **state) {
    struct buf segment, forged;
    (void)state;
    get_segment(0, &segment);
    buf_init(&forged, SIZE_MAX);
    buf_put(&forged, segment.p, 8);
    buf_put(&forged, segment.p + 8 + SEGMENTS_ENTRY, segment.n - 8 - SEGMENTS_ENTRY); /* without its first pair */
    put_derived(HINTS_KEYSEG, be(0), bytes_of_buf(&forged));
    derived_fault("the key segment that begins there: a key of its events is missing");
    buf_clear(&forged);
    buf_put(&forged, segment.p, 8 + SEGMENTS_ENTRY);
    buf_put(&forged, segment.p + 8, segment.n - 8); /* its first pair twice */
    put_derived(HINTS_KEYSEG, be(0), bytes_of_buf(&forged));
    derived_fault("the key segment that begins there: it has keys that no event has");
    put_derived(HINTS_KEYSEG, be(0), bytes_of_buf(&segment));
    scratch_verify_good(s.ledger);
    buf_done(&segment);
    buf_done(&forged);
}

static void segments_of_another_ledger_are_dropped(void **state) {
    struct scratch other;
    (void)state;
    scratch_new(&other, 0);
    scratch_fill(&other, EVENTS, EVENTS + CORE_SEGMENT + 10, true); /* other keys */
    scratch_append(&other, 1, "last");
    scratch_close(&other);
    scratch_close(&s);
    must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
    must(file_make_dirs(scratch_at(&s, "box/derived"), &why));
    scratch_copy(scratch_at(&other, "box/derived/data.mdb"), scratch_at(&s, "box/derived/data.mdb"));
    scratch_open(&s);
    all_are_duplicates(2, n_keys, 1013);
    assert_false(scratch_append(&s, 1, "last").duplicate);
    scratch_verify_good(s.ledger);
    scratch_done(&other);
}

/* ---- commits that touch keys without adding events ---- */

static void a_commit_of_a_cursor_alone_keeps_the_keys_where_they_are_found(void **state) {
    struct scratch mine, kept = s;
    struct log_batch *batch;
    (void)state;
    scratch_new(&mine, 0);
    scratch_fill(&mine, 0, CORE_SEGMENT, true); /* the segment is built, the runs are still in evidence */
    scratch_reopen(&mine);
    must(log_batch_new(mine.ledger, &batch, &why));
    must(log_batch_set_cursor(batch, "c", bytes_of("1"), &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    log_batch_free(batch);
    scratch_verify_good(mine.ledger);
    scratch_reopen(&mine);
    s = mine;
    all_are_duplicates(0, CORE_SEGMENT, 499);
    scratch_verify_good(s.ledger);
    mine = s;
    s = kept;
    scratch_done(&mine);
}

int main(void) {
    const struct CMUnitTest large[] = {
        cmocka_unit_test(a_duplicate_is_found_wherever_its_first_event_lies),
        cmocka_unit_test(deleting_the_derived_directory_loses_nothing),
    };
    const struct CMUnitTest small[] = {
        cmocka_unit_test(a_damaged_derived_environment_is_rebuilt),
        cmocka_unit_test(the_check_finds_a_removed_and_an_added_key),
        cmocka_unit_test(segments_of_another_ledger_are_dropped),
        cmocka_unit_test(a_commit_of_a_cursor_alone_keeps_the_keys_where_they_are_found),
    };
    int failed = cmocka_run_group_tests(large, start_large, finish);
    return failed + cmocka_run_group_tests(small, start_small, finish);
}
