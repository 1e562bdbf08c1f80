/* Idempotency keys when derived data is unavailable: they are looked up in a stand-in, exactly, in bounded memory, until
 * derived data is available again. */
#include "tests/ledger/scratch.h"

#include "ledger/dedup/keys.h"
#include "ledger/dedup/keys_older.h"
#include "ledger/derived/derived.h"

#define EVENTS (2 * CORE_SEGMENT + 1000)

static struct scratch s;
static bool cannot_remove;

int __real_file_remove_tree(const char *path, struct err *err);
int __wrap_file_remove_tree(const char *path, struct err *err);
int __wrap_file_remove_tree(const char *path, struct err *err) {
    return cannot_remove && strstr(path, "/derived") != NULL ? err_set(err, ERR_IO, "it cannot be removed")
                                                             : __real_file_remove_tree(path, err);
}

static int start(void **state) {
    (void)state;
    scratch_new(&s, (uint64_t)256 << 20);
    return 0;
}

static int finish(void **state) {
    (void)state;
    cannot_remove = false;
    scratch_done(&s);
    return 0;
}

static uint64_t keyed_from(void) {
    struct core_view view;
    must(core_view_begin(s.ledger, &view, &why));
    uint64_t from = view.head.keyed_from;
    core_view_end(&view);
    return from;
}

/* Key "key-<i>" belongs to event i + 1. */
static void fill_keyed(uint64_t n) {
    scratch_fill(&s, 0, n, true);
}

/* Until all key runs that can be removed are gone. */
static void drop_runs(uint64_t n) {
    char key[32];
    for (unsigned i = 0; keyed_from() + CORE_SEGMENT <= n && i < 3000; i++) {
        snprintf(key, sizeof(key), "again-%u", i);
        scratch_append(&s, 1, key);
        usleep(10000);
    }
    assert_int_equal(keyed_from(), n / CORE_SEGMENT * CORE_SEGMENT);
}

static void all_are_duplicates(uint64_t n, uint64_t step) {
    static unsigned fresh;
    char key[32];
    struct log_batch *batch;
    struct log_receipt *receipts = calloc((size_t)(n / step) + 1, sizeof(*receipts));
    assert_non_null(receipts);
    must(log_batch_new(s.ledger, &batch, &why));
    for (uint64_t i = 0; i < n; i += step) {
        must(scratch_add(batch, i, i + 1, true, &why));
    }
    must(log_batch_commit(batch, receipts, NULL, NULL, &why));
    for (uint64_t i = 0; i < n; i += step) {
        assert_true(receipts[i / step].duplicate);
        assert_int_equal(receipts[i / step].seq, i + 1);
    }
    log_batch_free(batch);
    free(receipts);
    snprintf(key, sizeof(key), "fresh-%u", fresh++);
    assert_false(scratch_append(&s, 1, key).duplicate);
    assert_true(scratch_append(&s, 1, key).duplicate);
}

/* From here on, no derived environment can be opened or created. */
static void bar_derived(void) {
    scratch_close(&s);
    must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
    scratch_write(scratch_at(&s, "box/derived"), bytes_of("in the way"));
    scratch_open(&s);
}

static void keys_whose_runs_are_gone_are_found_without_derived_data(void **state) {
    (void)state;
    fill_keyed(EVENTS);
    drop_runs(EVENTS);
    bar_derived();
    all_are_duplicates(EVENTS, 97);
    assert_non_null(s.ledger->write.stand_in);
    assert_int_equal(s.ledger->write.stand_in_covers, 2 * CORE_SEGMENT);
    assert_int_equal(unlink(scratch_at(&s, "box/derived")), 0);
    for (int i = 0; i < 600 && s.ledger->write.stand_in != NULL; i++) { /* at most a minute */
        scratch_append(&s, 1, "key-1");
        usleep(100000);
    }
    assert_null(s.ledger->write.stand_in);
    all_are_duplicates(EVENTS, 89);
    scratch_verify_good(s.ledger);
}

static void memory_stays_bounded_while_no_segment_can_be_built(void **state) {
    const uint64_t n = 6 * CORE_SEGMENT;
    (void)state;
    scratch_write(scratch_at(&s, "box/derived"), bytes_of("in the way"));
    fill_keyed(n);
    scratch_append(&s, 1, "one-more");
    assert_int_equal(keyed_from(), 0); /* all runs are in the evidence */
    assert_true(s.ledger->write.stand_in_covers >= CORE_SEGMENT);
    assert_false(keys_crowded(s.ledger->write.keys));
    all_are_duplicates(n, 1009);
    scratch_reopen(&s);
    all_are_duplicates(n, 997);
    assert_int_equal(unlink(scratch_at(&s, "box/derived")), 0);
    scratch_reopen(&s);
    drop_runs(n);
    all_are_duplicates(n, 991);
    scratch_verify_good(s.ledger);
}

static void derived_data_that_could_not_be_made_anew_is_done_without(void **state) {
    (void)state;
    fill_keyed(EVENTS);
    drop_runs(EVENTS);
    assert_non_null(s.ledger->segments);
    cannot_remove = true;
    must_fail(derived_renew(s.ledger, &why), ERR_IO, "cannot be removed");
    assert_null(s.ledger->segments);
    all_are_duplicates(EVENTS, 101);
    cannot_remove = false;
    must(derived_renew(s.ledger, &why));
    all_are_duplicates(EVENTS, 103);
    scratch_verify_good(s.ledger);
}

int main(void) {
    scratch_in_memory();
#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)
    const struct CMUnitTest tests[] = {
        each(keys_whose_runs_are_gone_are_found_without_derived_data),
        each(memory_stays_bounded_while_no_segment_can_be_built),
        each(derived_data_that_could_not_be_made_anew_is_done_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
