/* A slow disk: requests that arrive during a sync wait, all waiting ones share the next commit, in the order in which they
 * arrived, and memory does not grow with the number of events appended. */
#include "tests/ledger/held_disk.h"

static struct scratch s;
static struct appender a[DISK_THREADS];

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    disk_release();
    atomic_store(&disk.slow_us, 0);
    appenders_free(a, DISK_THREADS);
    scratch_done(&s);
    return 0;
}

/* ---- groups ---- */

static void who_waits_for_the_disk_rides_in_the_next_commit(void **state) {
    (void)state;
    disk_hold();
    long before = atomic_load(&disk.syncs);
    appender_start(&a[0], s.ledger, 0, append_one);
    disk_wait_held();
    appenders_queue(a, s.ledger, 1, 64, 0, append_one);
    assert_int_equal(atomic_load(&disk.syncs) - before, 1); /* no thread syncs alone */
    disk_release();
    appenders_join(a, 0, 64);
    assert_int_equal(atomic_load(&disk.syncs) - before, 2);
    check_told(s.ledger, a, 64, 1);
}

static void who_comes_first_is_stored_first(void **state) {
    (void)state;
    disk_hold();
    appender_start(&a[0], s.ledger, 0, append_one);
    disk_wait_held();
    appenders_queue(a, s.ledger, 1, 11, 0, append_one);
    disk_let_one();
    appender_join(&a[0]);
    disk_wait_held(); /* threads 1 to 10 are in it */
    appenders_queue(a, s.ledger, 11, 21, 0, append_one);
    disk_let_one();
    appenders_join(a, 1, 11);
    disk_wait_held();
    appenders_queue(a, s.ledger, 21, 31, 0, append_one);
    disk_release();
    appenders_join(a, 11, 31);
    for (unsigned i = 0; i < 31; i++) {
        assert_int_equal(a[i].receipts[0].seq, i + 1);
    }
    check_told(s.ledger, a, 31, 1);
}

static int append_256_events(struct appender *x) {
    struct log_batch *batch;
    struct log_receipt r[256];
    int rc = log_batch_new(x->ledger, &batch, &x->err);
    if (rc == 0) rc = scratch_add(batch, 0, 256, false, &x->err);
    if (rc == 0) rc = log_batch_commit(batch, r, NULL, NULL, &x->err);
    for (size_t i = 0; i < 256 && rc == 0; i++) {
        appender_told(x, &r[i]);
    }
    log_batch_free(batch);
    return rc;
}

/* More are waiting than may share a commit: it takes another one, and still none overtakes. */
static void a_long_queue_is_served_in_order(void **state) {
    (void)state;
    disk_hold();
    long before = atomic_load(&disk.syncs);
    appender_start(&a[0], s.ledger, 0, append_one);
    disk_wait_held();
    appenders_queue(a, s.ledger, 1, 300, 0, append_one);
    disk_release();
    appenders_join(a, 0, 300);
    assert_int_equal(atomic_load(&disk.syncs) - before, 3);
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(a[i].receipts[0].seq, i + 1);
    }
    check_told(s.ledger, a, 300, 1);
}

static void a_large_batch_is_not_passed_over_for_small_ones(void **state) {
    (void)state;
    disk_hold();
    long before = atomic_load(&disk.syncs);
    appender_start(&a[0], s.ledger, 0, append_one);
    disk_wait_held();
    for (unsigned i = 1; i < 40; i++) { /* alternating, and more events than a group holds */
        appenders_queue(a, s.ledger, i, i + 1, i - 1, i % 2 == 0 ? append_256_events : append_one);
    }
    disk_release();
    appenders_join(a, 0, 40);
    assert_int_equal(atomic_load(&disk.syncs) - before, 2);
    for (unsigned i = 1; i < 40; i++) {
        assert_int_equal(a[i].receipts[0].seq, a[i - 1].receipts[a[i - 1].told - 1].seq + 1);
    }
    check_told(s.ledger, a, 40, 1);
}

/* ---- many appends ---- */

#define ROUNDS 40

static int append_rounds(struct appender *x) {
    int rc = 0;
    for (unsigned round = 0; round < ROUNDS && rc == 0; round++) {
        rc = append_one(x);
    }
    return rc;
}

static void nothing_is_lost_on_a_disk_that_is_always_slow(void **state) {
    (void)state;
    atomic_store(&disk.slow_us, 3000);
    long before = atomic_load(&disk.syncs);
    for (unsigned i = 0; i < 32; i++) {
        appender_start(&a[i], s.ledger, i, append_rounds);
    }
    appenders_join(a, 0, 32);
    long commits = atomic_load(&disk.syncs) - before;
    atomic_store(&disk.slow_us, 0);
    print_message("%ld commits for %u events\n", commits, 32 * ROUNDS);
    assert_true(commits <= 32 * ROUNDS / 4);
    check_told(s.ledger, a, 32, 1);
}

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define MEASURES false /* otherwise their own memory would be measured */
#define MANY     20
#else
#define MEASURES true
#define MANY     300 /* of each thread and part: together fewer than a segment of keys */
#endif

static size_t anonymous_kib(void) {
    char line[256];
    unsigned long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kib = strtoul(line + 8, NULL, 10);
        }
    }
    fclose(f);
    assert_true(kib > 0);
    return kib;
}

static pthread_barrier_t barrier;

/* No receipts are kept, because their memory would grow. */
static int append_many(struct appender *x) {
    struct log_receipt r;
    int rc = 0;
    for (unsigned part = 0; part < 3; part++) {
        for (unsigned i = 0; i < MANY && rc == 0; i++) {
            rc = scratch_try(x->ledger, i, NULL, &r, &x->err);
        }
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier); /* the test measures in between */
    }
    return rc;
}

static void memory_stays_while_many_threads_append(void **state) {
    size_t kib[3];
    (void)state;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, 65), 0);
    for (unsigned i = 0; i < 64; i++) {
        appender_start(&a[i], s.ledger, i, append_many);
    }
    for (unsigned part = 0; part < 3; part++) {
        pthread_barrier_wait(&barrier);
        kib[part] = anonymous_kib();
        pthread_barrier_wait(&barrier);
    }
    appenders_join(a, 0, 64);
    assert_int_equal(scratch_size(&s), 1 + 3 * 64 * MANY);
    print_message("%zu, %zu, %zu KiB after each %u events\n", kib[0], kib[1], kib[2], 64 * MANY);
    if (MEASURES) { /* 200 bytes an event would be more */
        assert_true(kib[2] < kib[0] + 8192);
    }
    pthread_barrier_destroy(&barrier);
    scratch_verify_good(s.ledger);
}

int main(void) {
    scratch_in_memory(); /* the disk is as slow as the tests demand */
#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)
    const struct CMUnitTest tests[] = {
        each(who_waits_for_the_disk_rides_in_the_next_commit),
        each(who_comes_first_is_stored_first),
        each(a_long_queue_is_served_in_order),
        each(a_large_batch_is_not_passed_over_for_small_ones),
        each(nothing_is_lost_on_a_disk_that_is_always_slow),
        each(memory_stays_while_many_threads_append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
