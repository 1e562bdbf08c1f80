/* The index that is built after the appends: whatever happens between, it agrees with the events. */
#include "tests/query/same_answers.h"

#include <pthread.h>
#include <signal.h>

#define SEGMENT 4096

static int start(void **state) {
    (void)state;
    random_start();
    scratch_new(&s, (uint64_t)256 << 20);
    log_without_big = true;
    log_fill(s.ledger, 300);
    build(SEGMENT);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static void follow(void) {
    scratch_reopen(&s);
    must(query_index_follow(s.ledger, &why));
}

static void all_is_covered(void) {
    assert_int_equal(covered(), scratch_size(&s) / 256 * 256);
    assert_int_equal(check(), 0);
}

static void what_is_appended_is_indexed_when_the_ledger_is_closed(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        follow();
        log_fill(s.ledger, 1 + random_below(2 * SEGMENT));
        scratch_reopen(&s);
        /* the process that completes a segment begun elsewhere reads back no more than one */
        must(query_index_build(s.ledger, NULL, &why));
        all_is_covered();
    }
    follow();
    uint64_t to_border = SEGMENT - scratch_size(&s) % SEGMENT;
    log_fill(s.ledger, to_border);
    scratch_reopen(&s);
    follow();
    log_fill(s.ledger, SEGMENT + 1000); /* all of it was collected */
    scratch_reopen(&s);
    all_is_covered();
}

static void an_idle_writer_indexes_what_it_has(void **state) {
    (void)state;
    must(query_index_build(s.ledger, NULL, &why));
    follow();
    log_fill(s.ledger, 256 - scratch_size(&s) % 256);
    log_fill(s.ledger, 512);
    uint64_t size = scratch_size(&s);
    for (int i = 0; i < 600 && covered() < size / 256 * 256; i++) { /* at most a minute */
        usleep(100000);
    }
    assert_int_equal(covered(), size / 256 * 256);
    assert_int_equal(check(), 0);
}

/* A batch that ends in a condition which does not hold: its groups were handed over, and are not in the log. */
static void failing_batch(uint64_t n) {
    struct log_batch *batch;
    struct log_draft draft = scratch_draft("run.started", "run/r-1", (struct bytes){NULL, 0});
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, 0, n, false, &why));
    must(log_batch_add(batch, &draft, &why));
    draft.none_after = 0;
    must(log_batch_add(batch, &draft, &why));
    must_fail(log_batch_commit(batch, NULL, NULL, NULL, &why), ERR_CONFLICT, "");
    log_batch_free(batch);
}

static void commits_that_fail_leave_no_trace_in_it(void **state) {
    (void)state;
    follow();
    for (int i = 0; i < 12; i++) {
        failing_batch(300 + random_below(2000));
        log_fill(s.ledger, random_below(3) == 0 ? 10 : random_below(1500));
    }
    scratch_reopen(&s);
    assert_int_equal(check(), 0);
    must(query_index_build(s.ledger, NULL, &why));
    all_is_covered();
}

/* Appends in a separate process, which also follows. */
static pid_t appender(uint64_t events, bool forever) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct ledger *ledger;
        random_state ^= (uint64_t)getpid() << 20;
        bool good = log_open(s.dir, NULL, &ledger, &why) == 0 && query_index_follow(ledger, &why) == 0;
        do {
            log_fill(ledger, events);
        } while (good && forever);
        log_close(ledger);
        _exit(good ? 0 : 1);
    }
    return pid;
}

static void other_processes_may_append_between(void **state) {
    int status;
    (void)state;
    scratch_close(&s);
    pid_t a = appender(3000, false), b = appender(4000, false), c = appender(2500, false);
    assert_int_equal(waitpid(a, &status, 0), a);
    assert_int_equal(status, 0);
    assert_int_equal(waitpid(b, &status, 0), b);
    assert_int_equal(status, 0);
    assert_int_equal(waitpid(c, &status, 0), c);
    assert_int_equal(status, 0);
    scratch_open(&s);
    assert_int_equal(check(), 0);
    must(query_index_build(s.ledger, NULL, &why));
    all_is_covered();
}

static void a_writer_that_is_killed_leaves_a_good_index(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) {
        int status;
        scratch_close(&s);
        pid_t pid = appender(700, true);
        usleep((useconds_t)(50000 + random_below(250000)));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        scratch_open(&s);
        assert_int_equal(check(), 0);
    }
    must(query_index_build(s.ledger, NULL, &why));
    all_is_covered();
    log_sample(s.ledger);
    ask_random(20);
    buf_done(&log_texts);
}

/* ---- readers meanwhile ---- */

static volatile int done;

static void *write_on(void *ctx) {
    (void)ctx;
    struct log_batch *batch;
    struct err err = {0};
    uint64_t i = 0;
    if (log_batch_new(s.ledger, &batch, &err) != 0) return NULL;
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE) && scratch_add(batch, i, i + 900, false, &err) == 0 &&
           log_batch_commit(batch, NULL, NULL, NULL, &err) == 0) {
        i += 900;
    }
    log_batch_free(batch);
    return NULL;
}

static void readers_see_one_size_while_it_is_built(void **state) {
    static struct log_question question;
    pthread_t writer;
    (void)state;
    log_sample(s.ledger);
    follow();
    assert_int_equal(pthread_create(&writer, NULL, write_on, NULL), 0);
    for (int i = 0; i < 25; i++) {
        uint64_t size = scratch_size(&s);
        random_question(&question, size);
        question.q.from = size > 3000 ? size - 3000 : 0;
        question.q.to = LOG_NO_SEQ;
        same_rows_at(s.ledger, &question.q, size);
    }
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    pthread_join(writer, NULL);
    scratch_reopen(&s);
    assert_int_equal(check(), 0);
    buf_done(&log_texts);
}

static void nothing_follows_a_handle_that_only_reads(void **state) {
    struct log_open_options o = {.read_only = true};
    (void)state;
    scratch_close(&s);
    must(log_open(s.dir, &o, &s.ledger, &why));
    must(query_index_follow(s.ledger, &why));
    assert_null(s.ledger->watch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_indexed_when_the_ledger_is_closed),
        cmocka_unit_test(an_idle_writer_indexes_what_it_has),
        cmocka_unit_test(commits_that_fail_leave_no_trace_in_it),
        cmocka_unit_test(other_processes_may_append_between),
        cmocka_unit_test(a_writer_that_is_killed_leaves_a_good_index),
        cmocka_unit_test(readers_see_one_size_while_it_is_built),
        cmocka_unit_test(nothing_follows_a_handle_that_only_reads),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
