/* The newest group stays in memory from one commit to the next. Whatever happens between two commits, the result is the
 * same as from one event after another. */
#include "tests/ledger/scratch.h"

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

/* Another process with its own handle: it appends event i, with its key, for each i that it is sent. */
struct other {
    pid_t pid;
    int orders, answers;
};

static void serve(int orders, int answers) {
    struct ledger *own;
    struct log_receipt receipt;
    struct err err;
    uint64_t i;
    char key[32];
    int rc = log_open(s.dir, NULL, &own, &err);
    while (rc == 0 && read(orders, &i, sizeof(i)) == sizeof(i)) {
        snprintf(key, sizeof(key), "key-%llu", (unsigned long long)i);
        rc = scratch_try(own, i, key, &receipt, &err);
        rc = rc == 0 && write(answers, &receipt.seq, sizeof(receipt.seq)) == sizeof(receipt.seq) ? 0 : -1;
    }
    _exit(rc == 0 ? 0 : 1);
}

/* Forked while this process has no handle: a database must not be open across a fork. */
static struct other other_start(void) {
    int to[2], from[2];
    assert_int_equal(pipe(to) | pipe(from), 0);
    scratch_close(&s);
    struct other other = {fork(), to[1], from[0]};
    assert_true(other.pid >= 0);
    if (other.pid == 0) {
        close(to[1]);
        close(from[0]);
        serve(to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    scratch_open(&s);
    return other;
}

static uint64_t other_append(const struct other *other, uint64_t i) {
    uint64_t seq;
    assert_int_equal(write(other->orders, &i, sizeof(i)), sizeof(i));
    assert_int_equal(read(other->answers, &seq, sizeof(seq)), sizeof(seq));
    return seq;
}

static void other_stop(const struct other *other) {
    int status;
    close(other->orders);
    assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
    assert_int_equal(status, 0);
    close(other->answers);
}

static void single_events_fill_groups_with_their_keys(void **state) {
    char key[32];
    (void)state;
    for (uint64_t i = 0; i < 600; i++) {
        snprintf(key, sizeof(key), "k%llu", (unsigned long long)i);
        scratch_append(&s, i, i % 3 == 0 ? key : NULL);
    }
    assert_int_equal(scratch_size(&s), 601);
    scratch_verify_good(s.ledger);
    for (uint64_t i = 0; i < 600; i += 3) {
        snprintf(key, sizeof(key), "k%llu", (unsigned long long)i);
        struct log_receipt receipt = scratch_append(&s, 9000 + i, key);
        assert_true(receipt.duplicate);
        assert_int_equal(receipt.seq, i + 1);
    }
    assert_int_equal(scratch_size(&s), 601);
}

/* At each boundary of a group, other processes write before, at and after it. */
static void other_processes_write_between_two_commits(void **state) {
    char key[32];
    (void)state;
    scratch_fill(&s, 0, 240, true);
    struct other other = other_start();
    for (uint64_t i = 240; i < 290; i++) {
        snprintf(key, sizeof(key), "key-%llu", (unsigned long long)i);
        if (i % 3 == 1) {
            assert_int_equal(other_append(&other, i), i + 1);
        } else {
            scratch_append(&s, i, key);
        }
    }
    other_stop(&other);
    assert_int_equal(scratch_size(&s), 291);
    scratch_verify_good(s.ledger);
    for (uint64_t i = 0; i < 290; i++) {
        snprintf(key, sizeof(key), "key-%llu", (unsigned long long)i);
        assert_true(scratch_append(&s, i, key).duplicate);
    }
}

/* A commit that fails midway leaves nothing that the next one would build on. */
static void a_commit_that_fails_leaves_no_trace_in_the_group(void **state) {
    struct log_batch *batch;
    (void)state;
    scratch_fill(&s, 0, 250, true);
    for (uint64_t n = 1; n < 600; n += 117) {
        uint64_t before = scratch_size(&s);
        must(log_batch_new(s.ledger, &batch, &why));
        must(scratch_add(batch, 10000, 10000 + n, true, &why));
        struct log_draft draft = scratch_draft("run.step", "run/r-1", (struct bytes){(const uint8_t *)"\x80", 1});
        draft.cause_type = LOG_CAUSE_SEQ;
        draft.cause = 1000000;
        must(log_batch_add(batch, &draft, &why));
        must_fail(log_batch_commit(batch, NULL, NULL, NULL, &why), ERR_INVALID, "must be an earlier one");
        log_batch_free(batch);
        assert_int_equal(scratch_size(&s), before);
        scratch_append(&s, 20000 + n, NULL);
    }
    scratch_verify_good(s.ledger);
    assert_false(scratch_append(&s, 10000, "key-10000").duplicate);
}

/* An earlier group of the same commit may not be in the database yet when it is needed. */
static void a_duplicate_of_an_earlier_group_of_its_batch_is_found(void **state) {
    struct log_receipt receipts[2100];
    struct log_batch *batch;
    (void)state;
    scratch_fill(&s, 0, 100, true);
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, 1000, 2000, true, &why));
    must(scratch_add(batch, 1000, 1100, true, &why)); /* again, after three groups were filled */
    must(scratch_add(batch, 2000, 3000, true, &why));
    must(log_batch_commit(batch, receipts, NULL, NULL, &why));
    log_batch_free(batch);
    for (size_t i = 0; i < 2100; i++) {
        bool again = i >= 1000 && i < 1100;
        assert_int_equal(receipts[i].duplicate, again);
        assert_int_equal(receipts[i].seq, 101 + (again ? i - 1000 : i < 1000 ? i : i - 100));
        if (again) {
            assert_memory_equal(receipts[i].leaf, receipts[i - 1000].leaf, LOG_HASH);
        }
    }
    assert_int_equal(scratch_size(&s), 2101);
    scratch_verify_good(s.ledger);
}

static void a_condition_looks_into_earlier_groups_of_its_batch(void **state) {
    struct log_batch *batch;
    (void)state;
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, 1, 99, false, &why)); /* subjects run/r-1 .. run/r-98 */
    for (int i = 0; i < 9; i++) {
        must(scratch_add(batch, 1, 99, false, &why));
    }
    struct log_draft draft = scratch_draft("run.step", "run/r-50", (struct bytes){(const uint8_t *)"\x80", 1});
    draft.none_after = 0;
    must(log_batch_add(batch, &draft, &why));
    must_fail(log_batch_commit(batch, NULL, NULL, NULL, &why), ERR_CONFLICT, "has event 50 (run.step) after 0");
    log_batch_clear(batch);
    must(scratch_add(batch, 1, 99, false, &why));
    draft.subject = bytes_of("run/r-99");
    for (int i = 0; i < 9; i++) {
        must(scratch_add(batch, 1, 99, false, &why));
    }
    must(log_batch_add(batch, &draft, &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    log_batch_free(batch);
    scratch_verify_good(s.ledger);
}

static void a_rotation_between_singles_goes_into_the_group(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 520; i++) {
        scratch_append(&s, i, NULL);
        if (i % 100 == 54) {
            must(log_key_rotate(s.ledger, "user:test", "test", NULL, &why));
        }
    }
    scratch_verify_good(s.ledger);
}

#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(single_events_fill_groups_with_their_keys),
        each(other_processes_write_between_two_commits),
        each(a_commit_that_fails_leaves_no_trace_in_the_group),
        each(a_duplicate_of_an_earlier_group_of_its_batch_is_found),
        each(a_condition_looks_into_earlier_groups_of_its_batch),
        each(a_rotation_between_singles_goes_into_the_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
