/* No room left while threads wait for each other's commits: each gets its own error, none hangs, what was acknowledged is
 * stored, keys can still be rotated, and with more room all of them continue. */
#include "tests/ledger/held_disk.h"
#include "tests/ledger/small_disk.h"

#include "base/crypt.h"

#define THREADS 8
#define QUOTA   ((uint64_t)2 << 20)

static struct scratch s;
static struct appender a[DISK_THREADS];

static int start(void **state) {
    (void)state;
    scratch_new(&s, QUOTA);
    return 0;
}

static int finish(void **state) {
    (void)state;
    disk_release();
    appenders_free(a, DISK_THREADS);
    scratch_done(&s);
    return 0;
}

/* An event of this many numbers, 9 bytes each, that do not compress. */
static int append_noise(struct appender *x, unsigned numbers) {
    static _Thread_local uint64_t noise;
    struct buf body;
    struct log_receipt r;
    buf_init(&body, 1 << 16);
    noise += x->n + 1;
    mp_put_map(&body, 1);
    mp_put_str(&body, bytes_of("evidence"));
    mp_put_array(&body, numbers);
    for (unsigned k = 0; k < numbers; k++) {
        noise = noise * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        mp_put_uint(&body, noise >> 1);
    }
    struct log_draft draft = scratch_draft("promotion.promoted", "promotion/1", bytes_of_buf(&body));
    int rc = log_append(x->ledger, &draft, &r, NULL, &x->err);
    buf_done(&body);
    if (rc == 0) {
        appender_told(x, &r);
    }
    return rc;
}

/* Until nothing fits any more, however small. */
static int append_until_full(struct appender *x) {
    static const unsigned numbers[] = {300, 30, 1};
    int rc = 0;
    for (size_t i = 0; i < 3; i++) {
        for (rc = 0; rc == 0;) {
            rc = append_noise(x, numbers[i]);
        }
        if (rc != ERR_FULL) break;
    }
    return rc;
}

static int append_five(struct appender *x) {
    int rc = 0;
    for (unsigned i = 0; i < 5 && rc == 0; i++) {
        rc = append_noise(x, 30);
    }
    return rc;
}

static int rotate(struct appender *x) {
    struct log_receipt r;
    int rc = log_key_rotate(x->ledger, "user:test", "a test", &r, &x->err);
    if (rc == 0) {
        appender_told(x, &r);
    }
    return rc;
}

static int rotate_five_times(struct appender *x) {
    int rc = 0;
    for (unsigned i = 0; i < 5 && rc == 0; i++) {
        rc = rotate(x);
    }
    return rc;
}

static void raise_quota(void) {
    char config[64];
    snprintf(config, sizeof(config), "map_bytes = %llu\n", (unsigned long long)QUOTA * 2);
    scratch_write(scratch_at(&s, "box/config"), bytes_of(config));
    scratch_reopen(&s);
}

/* ---- the quota ---- */

static void who_waits_for_a_full_quota_is_told_so_and_keys_are_replaced(void **state) {
    const char *quota = "the database has reached its quota of 2097152 bytes (map_bytes in the ledger's config)";
    (void)state;
    appender_start(&a[0], s.ledger, 0, append_until_full);
    appenders_join_failed(a, 0, 1, ERR_FULL, quota);
    disk_hold();
    appender_start(&a[1], s.ledger, 1, rotate);
    disk_wait_held();
    appenders_queue(a, s.ledger, 2, 18, 0, append_five);
    appenders_queue(a, s.ledger, 18, 19, 16, rotate);
    appenders_queue(a, s.ledger, 19, 30, 17, append_five);
    appenders_queue(a, s.ledger, 30, 31, 28, rotate);
    disk_release();
    appenders_join(a, 1, 2);
    appenders_join_failed(a, 2, 18, ERR_FULL, quota);
    appenders_join(a, 18, 19);
    appenders_join_failed(a, 19, 30, ERR_FULL, quota);
    appenders_join(a, 30, 31);
    check_told(s.ledger, a, 31, 1);
    raise_quota();
    for (unsigned i = 31; i < 31 + THREADS; i++) {
        appender_start(&a[i], s.ledger, i, append_five);
    }
    appenders_join(a, 31, 31 + THREADS);
    check_told(s.ledger, a, 31 + THREADS, 1);
}

static void threads_that_fill_the_quota_together_lose_nothing(void **state) {
    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        appender_start(&a[i], s.ledger, i, append_until_full);
    }
    appender_start(&a[THREADS], s.ledger, THREADS, rotate_five_times);
    appenders_join_failed(a, 0, THREADS, ERR_FULL, "the database has reached its quota");
    appenders_join(a, THREADS, THREADS + 1);
    check_told(s.ledger, a, THREADS + 1, 1);
    scratch_reopen(&s);
    check_told(s.ledger, a, THREADS + 1, 1);
    raise_quota();
    for (unsigned i = THREADS + 1; i < 2 * THREADS; i++) {
        appender_start(&a[i], s.ledger, i, append_five);
    }
    appenders_join(a, THREADS + 1, 2 * THREADS);
    check_told(s.ledger, a, 2 * THREADS, 1);
}

/* 600 events, more than the quota has room for. */
static int append_too_much(struct appender *x) {
    struct log_batch *batch;
    uint8_t noise[2500];
    int rc = log_batch_new(x->ledger, &batch, &x->err);
    for (unsigned i = 0; i < 600 && rc == 0; i++) {
        struct buf body;
        buf_init(&body, 1 << 16);
        crypt_random(noise, sizeof(noise));
        mp_put_map(&body, 1);
        mp_put_str(&body, bytes_of("evidence"));
        mp_put_array(&body, sizeof(noise) / 8);
        for (size_t k = 0; k < sizeof(noise) / 8; k++) {
            mp_put_uint(&body, be64_get(noise + 8 * k) >> 1);
        }
        struct log_draft draft = scratch_draft("promotion.promoted", "promotion/1", bytes_of_buf(&body));
        rc = log_batch_add(batch, &draft, &x->err);
        buf_done(&body);
    }
    if (rc == 0) rc = log_batch_commit(batch, NULL, NULL, NULL, &x->err);
    log_batch_free(batch);
    return rc;
}

static void a_batch_that_does_not_fit_is_refused_alone(void **state) {
    (void)state;
    disk_hold();
    appender_start(&a[0], s.ledger, 0, append_one);
    disk_wait_held();
    appenders_queue(a, s.ledger, 1, 6, 0, append_one);
    appenders_queue(a, s.ledger, 6, 7, 5, append_too_much);
    appenders_queue(a, s.ledger, 7, 12, 6, append_one);
    disk_release();
    appenders_join(a, 0, 6);
    appenders_join_failed(a, 6, 7, ERR_FULL, "the database has reached its quota");
    appenders_join(a, 7, 12);
    for (unsigned i = 0; i < 12; i++) { /* the others in the order in which they arrived */
        assert_true(i == 6 || a[i].receipts[0].seq == i + (i < 6 ? 1 : 0));
    }
    check_told(s.ledger, a, 12, 1);
}

/* One event whose payload has its own record, with this many incompressible bytes. */
static int add_large(struct log_batch *batch, size_t bytes, struct err *err) {
    struct buf body, noise;
    buf_init(&body, EVENT_BODY_MAX);
    buf_init(&noise, EVENT_BODY_MAX);
    crypt_random(buf_room(&noise, bytes), bytes);
    mp_put_map(&body, 1);
    mp_put_str(&body, bytes_of("evidence"));
    mp_put_array(&body, (uint32_t)(bytes / 9));
    for (size_t k = 0; k < bytes / 9; k++) {
        mp_put_uint(&body, UINT64_C(1) << 62 | be64_get(noise.p + 8 * k) >> 2);
    }
    struct log_draft draft = scratch_draft("promotion.promoted", "promotion/1", bytes_of_buf(&body));
    int rc = log_batch_add(batch, &draft, err);
    buf_done(&body);
    buf_done(&noise);
    return rc;
}

static uint64_t room;

/* Events of a 20th of the room each. */
static int append_twentieths(struct appender *x, unsigned n) {
    struct log_batch *batch;
    int rc = log_batch_new(x->ledger, &batch, &x->err);
    for (unsigned i = 0; i < n && rc == 0; i++) {
        rc = add_large(batch, (size_t)room / 20, &x->err);
    }
    if (rc == 0) rc = log_batch_commit(batch, NULL, NULL, NULL, &x->err);
    log_batch_free(batch);
    return rc;
}

static int append_what_needs_the_reserve(struct appender *x) {
    return append_twentieths(x, 17);
}

static int append_a_quarter(struct appender *x) {
    return append_twentieths(x, 5);
}

static void who_meets_a_full_quota_is_not_to_blame_for_it(void **state) {
    struct log_stats stats;
    (void)state;
    must(log_stats(s.ledger, &stats, &why));
    room = stats.map_bytes - stats.map_used;
    disk_hold();
    appender_start(&a[0], s.ledger, 0, append_one);
    disk_wait_held();
    appenders_queue(a, s.ledger, 1, 2, 0, append_what_needs_the_reserve);
    appenders_queue(a, s.ledger, 2, 3, 1, append_a_quarter);
    disk_release();
    appenders_join(a, 0, 1);
    appenders_join_failed(a, 1, 2, ERR_FULL, "the database has reached its quota");
    appenders_join(a, 2, 3);
}

/* ---- the disk ---- */

static atomic_uint refused;

/* Tries until there is room. Large events: the database's free pages may still hold small ones. */
static int append_patiently(struct appender *x) {
    int rc = 0;
    for (unsigned i = 0; i < 20 && rc == 0; i++) {
        while ((rc = append_noise(x, 900)) == ERR_FULL) {
            atomic_fetch_add(&refused, 1);
            usleep(1000);
        }
    }
    return rc;
}

/* Inside the small file system. */
static void fill_the_disk(void) {
    const struct log_create_options o = {.origin = SCRATCH_ORIGIN, .actor = "user:test", .map_bytes = SCRATCH_MAP};
    must(log_create(s.dir, &o, &why));
    small_disk_ballast(scratch_at(&s, "ballast"), 2 << 20);
    scratch_open(&s);
    for (unsigned i = 0; i < THREADS; i++) {
        appender_start(&a[i], s.ledger, i, append_until_full);
    }
    appenders_join_failed(a, 0, THREADS, ERR_FULL, "o space left");
    check_told(s.ledger, a, THREADS, 1);
    scratch_reopen(&s);
    check_told(s.ledger, a, THREADS, 1);
    atomic_store(&refused, 0);
    for (unsigned i = THREADS; i < 2 * THREADS; i++) {
        appender_start(&a[i], s.ledger, i, append_patiently);
    }
    while (atomic_load(&refused) < 5 * THREADS) { /* they try again and again */
        usleep(1000);
    }
    assert_int_equal(unlink(scratch_at(&s, "ballast")), 0);
    appenders_join(a, THREADS, 2 * THREADS);
    check_told(s.ledger, a, 2 * THREADS, 1);
    scratch_close(&s);
}

static void threads_that_fill_the_disk_together_lose_nothing(void **state) {
    (void)state;
    small_disk_run(&s, "7m", fill_the_disk);
}

int main(void) {
    scratch_in_memory();
#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)
    const struct CMUnitTest tests[] = {
        each(who_waits_for_a_full_quota_is_told_so_and_keys_are_replaced),
        each(a_batch_that_does_not_fit_is_refused_alone),
        each(who_meets_a_full_quota_is_not_to_blame_for_it),
        each(threads_that_fill_the_quota_together_lose_nothing),
        cmocka_unit_test(threads_that_fill_the_disk_together_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
