/* The copy of the head beside the database: nothing is signed over a database that was rolled back, truncated or replaced,
 * and an unusable copy blocks nobody. */
#include "tests/ledger/scratch.h"

#include "ledger/core/headfile.h"

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

static const char *data(void) {
    return scratch_at(&s, "box/evidence/data.mdb");
}

/* The current database, kept aside; the handle is opened again. */
static void keep(const char *name) {
    scratch_close(&s);
    scratch_copy(data(), scratch_at(&s, name));
    scratch_open(&s);
}

static void put_back(const char *name) {
    scratch_close(&s);
    scratch_copy(scratch_at(&s, name), data());
    scratch_open(&s);
}

static void refused(const char *text) {
    struct log_batch *batch;
    must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_ROLLBACK, text);
    must_fail(log_key_rotate(s.ledger, "user:test", "x", NULL, &why), ERR_ROLLBACK, text);
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, 0, 5, true, &why));
    must_fail(log_batch_commit(batch, NULL, NULL, NULL, &why), ERR_ROLLBACK, text);
    log_batch_free(batch);
}

static void the_copy_follows_every_commit(void **state) {
    struct headfile copy;
    struct log_head head;
    struct stat st;
    (void)state;
    for (uint64_t i = 0; i < 5; i++) {
        scratch_fill(&s, i * 100, i * 100 + 100, false);
        must(headfile_read(s.dir, &copy, &why));
        must(log_head(s.ledger, &head, &why));
        assert_int_equal(copy.size, head.size);
        assert_memory_equal(copy.root, head.root, LOG_HASH);
        assert_string_equal(copy.origin, SCRATCH_ORIGIN);
    }
    assert_int_equal(stat(scratch_at(&s, "box/head"), &st), 0);
    assert_int_equal(st.st_size, 1024);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_database_that_was_set_back_takes_no_append(void **state) {
    (void)state;
    scratch_fill(&s, 0, 300, true);
    keep("older");
    scratch_append(&s, 300, NULL);
    uint64_t size = scratch_size(&s);
    put_back("older");
    assert_int_equal(scratch_size(&s), size - 1); /* it can be read */
    refused("the database has 301 events, but 302 were sealed before: it was set back or cut");
    struct log_report *report = scratch_report(s.ledger, NULL, false);
    assert_int_equal(report->verdict, LOG_CONTRADICTS);
    assert_int_equal(report->n_findings, 0);
    free(report);
}

static void another_history_takes_no_append(void **state) {
    (void)state;
    scratch_fill(&s, 0, 10, true);
    keep("fork");
    scratch_append(&s, 10, NULL);
    scratch_close(&s);
    scratch_copy(scratch_at(&s, "box/head"), scratch_at(&s, "head-a"));
    must(file_wipe(scratch_at(&s, "box/head"), &why)); /* otherwise it could not continue from there */
    scratch_copy(scratch_at(&s, "fork"), data());
    scratch_open(&s);
    scratch_append(&s, 20, NULL);
    scratch_append(&s, 21, NULL);
    scratch_close(&s);
    scratch_copy(scratch_at(&s, "head-a"), scratch_at(&s, "box/head"));
    scratch_open(&s);
    refused("the database's first 12 events are not those that were sealed before: another history");
    struct log_report *report = scratch_report(s.ledger, NULL, false);
    assert_int_equal(report->verdict, LOG_CONTRADICTS);
    free(report);
}

static void the_copy_of_another_log_takes_no_append(void **state) {
    struct headfile copy = {.origin = "example.org/other", .size = 1};
    (void)state;
    must(headfile_write(s.dir, &copy, &why));
    scratch_reopen(&s);
    refused("the copy of the head is of 'example.org/other'");
}

static void a_copy_that_lags_is_fine(void **state) {
    (void)state;
    scratch_fill(&s, 0, 700, false);
    scratch_copy(scratch_at(&s, "box/head"), scratch_at(&s, "lags"));
    scratch_fill(&s, 700, 1500, false);
    scratch_copy(scratch_at(&s, "lags"), scratch_at(&s, "box/head"));
    scratch_reopen(&s);
    scratch_append(&s, 1, NULL);
    scratch_verify_good(s.ledger);
}

/* Absent, or with any byte changed, it says nothing; and the next append rewrites it. */
static void a_torn_copy_says_nothing(void **state) {
    struct headfile copy = {.size = 77};
    struct buf whole;
    const char *path = "box/head";
    (void)state;
    scratch_append(&s, 1, NULL);
    buf_init(&whole, 4096);
    scratch_read(scratch_at(&s, path), &whole);
    for (size_t i = 0; i < whole.n; i++) {
        whole.p[i] ^= 0x01;
        scratch_write(scratch_at(&s, path), bytes_of_buf(&whole));
        assert_int_equal(headfile_read(s.dir, &copy, &why), 1);
        whole.p[i] ^= 0x01;
    }
    for (size_t n = 0; n < whole.n; n += n < 200 ? 1 : 97) {
        scratch_write(scratch_at(&s, path), (struct bytes){whole.p, n});
        assert_int_equal(headfile_read(s.dir, &copy, &why), 1);
    }
    buf_put_u8(&whole, ' ');
    scratch_write(scratch_at(&s, path), bytes_of_buf(&whole));
    assert_int_equal(headfile_read(s.dir, &copy, &why), 1);
    assert_int_equal(copy.size, 77);
    scratch_reopen(&s);
    scratch_append(&s, 2, NULL);
    must(file_wipe(scratch_at(&s, path), &why));
    assert_int_equal(headfile_read(s.dir, &copy, &why), 1);
    scratch_reopen(&s);
    scratch_append(&s, 3, NULL);
    must(headfile_read(s.dir, &copy, &why));
    assert_int_equal(copy.size, 4);
    scratch_verify_good(s.ledger);
    buf_done(&whole);
}

/* A handle that continues appending writes the current file, not the previous one. */
static void a_copy_that_was_removed_or_replaced_is_written_anew(void **state) {
    struct headfile copy;
    (void)state;
    scratch_append(&s, 1, NULL);
    assert_int_equal(unlink(scratch_at(&s, "box/head")), 0);
    scratch_append(&s, 2, NULL);
    must(headfile_read(s.dir, &copy, &why));
    assert_int_equal(copy.size, 3);
    scratch_copy(scratch_at(&s, "box/head"), scratch_at(&s, "other"));
    assert_int_equal(rename(scratch_at(&s, "other"), scratch_at(&s, "box/head")), 0);
    scratch_append(&s, 3, NULL);
    must(headfile_read(s.dir, &copy, &why));
    assert_int_equal(copy.size, 4);
}

#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(the_copy_follows_every_commit),
        each(a_database_that_was_set_back_takes_no_append),
        each(another_history_takes_no_append),
        each(the_copy_of_another_log_takes_no_append),
        each(a_copy_that_lags_is_fine),
        each(a_torn_copy_says_nothing),
        each(a_copy_that_was_removed_or_replaced_is_written_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
