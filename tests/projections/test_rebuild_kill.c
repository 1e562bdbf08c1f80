/* Processes that are killed while they store rows, and several that store at the same time: no event is folded twice or
 * skipped. */
#include "tests/projections/engine_box.h"

#include <signal.h>

TUNED(__wrap_state_tuning)

#define KILLS 15

static struct scratch s;
static struct buf a, b;
static const struct state_tuning tuning = {
    .segment = 512, .lag_max = 16, .chunk_bytes = 1 << 20, .chunk_rows = 40, .aside_min = 1, .overlay_bytes = 1 << 20};

static int start(void **state) {
    unsigned seed = 42;
    (void)state;
    scratch_new(&s, 0);
    append_random(s.ledger, 6000, 1000, &seed);
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

static void differs(void *ctx, const struct projection *projection, const char *words) {
    (void)ctx;
    fail_msg("%s: %s", projection->name, words);
}

/* Whatever is stored now is correct as far as it goes, and still is after the rest was folded. */
static void check_all(void) {
    struct state_options options = engine_options(both, &tuning);
    struct state_view *view;
    uint64_t rows, size = scratch_size(&s);
    must(rebuild_check(s.ledger, &options, UINT32_MAX, differs, NULL, &rows, NULL, &why));
    view = engine_view(s.ledger, both, &tuning, LOG_NO_SEQ, false);
    check_total(view, "totals", size);
    state_close(view);
    must(rebuild_check(s.ledger, &options, UINT32_MAX, differs, NULL, &rows, NULL, &why));
    assert_true(rows > 100);
}

/* In a child: endlessly, or `times` times. */
static pid_t work(bool rebuild, int times) {
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid != 0) return pid;
    struct state_options options = engine_options(both, &tuning);
    struct ledger *ledger;
    int rc = log_open(s.dir, NULL, &ledger, &why);
    for (int i = 0; rc == 0 && i < times; i++) {
        rc = rebuild ? rebuild_run(ledger, &options, 3, &why) : rebuild_catch_up(ledger, &options, &why);
        if (rc == 0 && !rebuild && times > 100) rc = rebuild_drop(ledger, &why);
    }
    if (rc != 0) {
        fprintf(stderr, "child: %s\n", why.msg);
    }
    _exit(rc == 0 ? 0 : 1);
}

/* There is a half-finished rebuild. */
static bool is_half(void) {
    struct store_record record;
    struct db *db;
    struct db_txn *txn;
    if (derived_open(s.ledger, false, &db, &why) != 0) return false;
    must(db_begin(db, false, &txn, &why));
    must(store_get(txn, "total", &record, &why));
    db_abort(txn);
    return record.shadow.there || (record.current.there && record.current.position < scratch_size(&s));
}

static void kill_at_random(bool rebuild, unsigned seed) {
    int half = 0;
    print_message("seed %u\n", seed);
    for (int i = 0; i < KILLS; i++) {
        int status;
        scratch_close(&s);
        pid_t pid = work(rebuild, 1 << 30);
        usleep(2000 + (useconds_t)rand_r(&seed) % 40000);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        scratch_open(&s);
        half += is_half();
        check_all();
    }
    print_message("%d of %d in the middle\n", half, KILLS);
}

static void a_kill_while_catching_up_leaves_what_can_be_gone_on_with(void **state) {
    (void)state;
    kill_at_random(false, 11);
}

static void a_kill_during_a_rebuild_leaves_the_old_rows_and_what_can_be_gone_on_with(void **state) {
    struct state_options options = engine_options(both, &tuning);
    struct db *db;
    struct db_txn *txn;
    uint64_t before, after;
    (void)state;
    must(rebuild_catch_up(s.ledger, &options, &why));
    dump_stored(s.ledger, both, &a);
    must(derived_open(s.ledger, false, &db, &why));
    must(db_begin(db, false, &txn, &why));
    must(db_count(txn, DERIVED_ROW, &before, &why));
    db_abort(txn);
    kill_at_random(true, 12);
    must(rebuild_run(s.ledger, &options, 3, &why));
    dump_stored(s.ledger, both, &b);
    assert_true(same_bufs(&a, &b));
    must(derived_open(s.ledger, false, &db, &why));
    must(db_begin(db, false, &txn, &why));
    must(db_count(txn, DERIVED_ROW, &after, &why));
    db_abort(txn);
    assert_int_equal(before, after); /* and no garbage */
}

static void several_processes_at_a_time_store_the_same_as_one(void **state) {
    (void)state;
    for (int round = 0; round < 5; round++) {
        pid_t pid[3];
        must(rebuild_drop(s.ledger, &why));
        scratch_close(&s);
        for (int i = 0; i < 3; i++) {
            pid[i] = work(round % 2 == 1 && i > 0, 3);
        }
        for (int i = 0; i < 3; i++) {
            int status;
            assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
            assert_int_equal(status, 0);
        }
        scratch_open(&s);
        check_all();
    }
}

static void events_that_come_meanwhile_are_taken_too(void **state) {
    unsigned seed = 77;
    int status = -1;
    struct ledger *mine;
    (void)state;
    scratch_close(&s);
    pid_t pid = work(false, 60);
    must(log_open(s.dir, NULL, &mine, &why));
    s.ledger = mine;
    for (int i = 0; i < 60; i++) {
        append_random(s.ledger, 20, 7, &seed);
        struct state_view *view = engine_view(s.ledger, both, &tuning, LOG_NO_SEQ, i % 2 == 0);
        check_total(view, "totals", state_at(view));
        state_close(view);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    check_all();
}

int main(void) {
    scratch_in_memory();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kill_while_catching_up_leaves_what_can_be_gone_on_with, start, finish),
        cmocka_unit_test_setup_teardown(a_kill_during_a_rebuild_leaves_the_old_rows_and_what_can_be_gone_on_with, start,
                                        finish),
        cmocka_unit_test_setup_teardown(several_processes_at_a_time_store_the_same_as_one, start, finish),
        cmocka_unit_test_setup_teardown(events_that_come_meanwhile_are_taken_too, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
