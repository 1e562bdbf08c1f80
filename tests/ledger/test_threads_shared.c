/* One commit for several threads in which something fails: a fault in one request affects no other, a disk error in the
 * commit is reported to all of them, and the handle continues or says that it cannot. */
#include "tests/ledger/held_disk.h"

#define GROUP 8 /* threads in the commit that fails */
#define LATER 5 /* threads that arrive while it is under way */

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
    atomic_store(&disk.sync_stays, false);
    atomic_store(&disk.sync_error, 0);
    appenders_free(a, DISK_THREADS);
    scratch_done(&s);
    return 0;
}

/* ---- one request is faulty ---- */

static int commit_batch_of(struct appender *x, struct log_draft *drafts, size_t n, size_t *ret_at) {
    struct log_batch *batch;
    struct log_receipt r[8];
    int rc = log_batch_new(x->ledger, &batch, &x->err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = log_batch_add(batch, &drafts[i], &x->err);
    }
    if (rc == 0) rc = log_batch_commit(batch, r, NULL, ret_at, &x->err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        appender_told(x, &r[i]);
    }
    log_batch_free(batch);
    return rc;
}

static struct log_draft draft_about(const char *subject) {
    return scratch_draft("run.step", subject, bytes_of(NULL));
}

/* After event 0 there is one about run/r-0. */
static int append_if_none(struct appender *x) {
    struct log_draft draft = draft_about("run/r-0");
    size_t at = 99;
    draft.none_after = 0;
    int rc = commit_batch_of(x, &draft, 1, &at);
    return rc == ERR_CONFLICT && at == 0 ? 0 : -1;
}

static int append_with_a_cause_to_come(struct appender *x) {
    struct log_draft draft = draft_about("run/other");
    size_t at = 99;
    draft.cause_type = LOG_CAUSE_SEQ;
    draft.cause = 1000000;
    int rc = commit_batch_of(x, &draft, 1, &at);
    return rc == ERR_INVALID && at == 0 && strstr(x->err.msg, "'cause' is 1000000, but the event becomes") != NULL ? 0 : -1;
}

/* The third of four cannot be stored. */
static int append_a_bad_batch(struct appender *x) {
    struct log_draft drafts[4];
    size_t at = 99;
    for (size_t i = 0; i < 4; i++) {
        drafts[i] = draft_about("run/other");
    }
    drafts[2].subject = bytes_of("run/r-0");
    drafts[2].none_after = 0;
    int rc = commit_batch_of(x, drafts, 4, &at);
    return rc == ERR_CONFLICT && at == 2 && strstr(x->err.msg, "event 2 of the batch") != NULL ? 0 : -1;
}

static int append_a_good_batch(struct appender *x) {
    struct log_draft drafts[4];
    for (size_t i = 0; i < 4; i++) {
        drafts[i] = draft_about("run/other");
    }
    drafts[3].cause_type = LOG_CAUSE_BATCH;
    drafts[3].cause = 1;
    return commit_batch_of(x, drafts, 4, NULL);
}

static int append_again(struct appender *x) {
    struct log_receipt r;
    int rc = scratch_try(x->ledger, 1, "there-already", &r, &x->err);
    return rc == 0 && r.duplicate && r.seq == 2 ? 0 : -1;
}

static void who_is_refused_is_refused_alone(void **state) {
    static appender_fn *const kinds[] = {append_one,         append_if_none, append_with_a_cause_to_come, append_one,
                                         append_a_bad_batch, append_again,   append_a_good_batch};
    (void)state;
    scratch_append(&s, 0, NULL); /* about run/r-0 */
    scratch_append(&s, 1, "there-already");
    disk_hold();
    long before = atomic_load(&disk.syncs);
    appender_start(&a[0], s.ledger, 0, append_one);
    disk_wait_held();
    for (unsigned i = 1; i <= 21; i++) {
        appenders_queue(a, s.ledger, i, i + 1, i - 1, kinds[(i - 1) % 7]);
    }
    disk_release();
    appenders_join(a, 0, 22);
    assert_int_equal(atomic_load(&disk.syncs) - before, 2); /* the good ones are still together */
    assert_int_equal(scratch_size(&s), 3 + 1 + 3 * 6);
    check_told(s.ledger, a, 22, 3);
}

/* All requests of a commit are faulty: nothing is written. */
static void a_commit_of_refusals_alone_stores_nothing(void **state) {
    (void)state;
    scratch_append(&s, 0, NULL);
    disk_hold();
    long before = atomic_load(&disk.syncs);
    appender_start(&a[0], s.ledger, 0, append_one);
    disk_wait_held();
    appenders_queue(a, s.ledger, 1, 9, 0, append_if_none);
    disk_release();
    appenders_join(a, 0, 9);
    assert_int_equal(atomic_load(&disk.syncs) - before, 1);
    check_told(s.ledger, a, 9, 2);
    scratch_append(&s, 1, NULL);
}

/* ---- the disk fails ---- */

static int append_with_key(struct appender *x) {
    struct log_receipt r;
    char key[32];
    snprintf(key, sizeof(key), "thread-%u", x->n);
    int rc = scratch_try(x->ledger, x->n, key, &r, &x->err);
    if (rc == 0) {
        appender_told(x, &r);
    }
    return rc;
}

/* Thread 0 is stored; threads 1 to GROUP are in the held commit, and LATER others wait for the one after it. */
static void begin_the_group(void) {
    disk_hold();
    appender_start(&a[0], s.ledger, 0, append_with_key);
    disk_wait_held();
    appenders_queue(a, s.ledger, 1, 1 + GROUP, 0, append_with_key);
    disk_let_one();
    appenders_join(a, 0, 1);
    disk_wait_held();
    appenders_queue(a, s.ledger, 1 + GROUP, 1 + GROUP + LATER, 0, append_with_key);
}

/* The group tries again: each event is stored once in the end. */
static void try_again(bool stored) {
    for (unsigned i = 1; i <= GROUP; i++) {
        char key[32];
        snprintf(key, sizeof(key), "thread-%u", i);
        assert_true(scratch_append(&s, i, key).duplicate == stored);
    }
    scratch_verify_good(s.ledger);
}

static void a_sync_that_fails_is_told_to_all_of_its_commit_and_to_nobody_else(void **state) {
    (void)state;
    begin_the_group();
    atomic_store(&disk.sync_error, EIO);
    disk_release();
    appenders_join_failed(a, 1, 1 + GROUP, ERR_IO, "committing: Input/output error");
    appenders_join(a, 1 + GROUP, 1 + GROUP + LATER); /* the handle continues */
    check_told(s.ledger, a, 1 + GROUP + LATER, 1);
    try_again(false);
    scratch_reopen(&s);
    assert_int_equal(scratch_size(&s), 2 + GROUP + LATER);
    try_again(true);
}

static void who_waits_while_syncs_find_no_room_is_told_that_nothing_is_stored(void **state) {
    (void)state;
    begin_the_group();
    atomic_store(&disk.sync_stays, true);
    atomic_store(&disk.sync_error, ENOSPC);
    disk_release();
    appenders_join_failed(a, 1, 1 + GROUP + LATER, ERR_FULL, "committing: No space left on device");
    atomic_store(&disk.sync_stays, false);
    atomic_store(&disk.sync_error, 0);
    check_told(s.ledger, a, 1 + GROUP + LATER, 1);
    try_again(false); /* the same handle, once there is room */
    scratch_reopen(&s);
    try_again(true);
}

static void a_failing_meta_page_ends_the_handle(int undo_error) {
    struct log_head head;
    struct log_receipt r;
    begin_the_group();
    atomic_store(&disk.meta_error, EIO);
    atomic_store(&disk.undo_error, undo_error);
    disk_release();
    appenders_join_failed(a, 1, 1 + GROUP, ERR_IO, "whether it is stored shows when it is opened again");
    appenders_join_failed(a, 1 + GROUP, 1 + GROUP + LATER, ERR_IO, "open the ledger again");
    /* and so it stays, for every request */
    must_fail(scratch_try(s.ledger, 1, NULL, &r, &why), ERR_IO, "open the ledger again");
    must_fail(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why), ERR_IO, "open the ledger again");
    must_fail(log_head(s.ledger, &head, &why), ERR_IO, "open the ledger again");
    scratch_reopen(&s);
    scratch_verify_good(s.ledger);
    assert_int_equal(scratch_size(&s), undo_error != 0 ? 2 + GROUP : 2);
    try_again(undo_error != 0);
    assert_int_equal(scratch_size(&s), 2 + GROUP);
}

static void a_meta_page_that_fails_ends_the_handle_which_says_so(void **state) {
    (void)state;
    a_failing_meta_page_ends_the_handle(0);
}

static void a_meta_page_that_cannot_be_taken_back_is_found_at_the_next_opening(void **state) {
    (void)state;
    a_failing_meta_page_ends_the_handle(EIO);
}

int main(void) {
    scratch_in_memory();
#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)
    const struct CMUnitTest tests[] = {
        each(who_is_refused_is_refused_alone),
        each(a_commit_of_refusals_alone_stores_nothing),
        each(a_sync_that_fails_is_told_to_all_of_its_commit_and_to_nobody_else),
        each(who_waits_while_syncs_find_no_room_is_told_that_nothing_is_stored),
        each(a_meta_page_that_fails_ends_the_handle_which_says_so),
        each(a_meta_page_that_cannot_be_taken_back_is_found_at_the_next_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
