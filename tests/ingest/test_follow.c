/* Following a file: as it grows, is rotated, truncated, and across restarts. A thread follows, the test writes. */
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "ledger/core/cursor.h"
#include "tests/ingest/ledger_box.h"

#define WAIT_STEPS 500 /* of 10 ms */

struct follower {
    struct box box;
    pthread_t thread;
    bool running;
    int code;
    char moved[128];
};

/* Set as the command sets it: by a signal, in the thread that reads it. */
static volatile sig_atomic_t stopped;

static void on_signal(int number) {
    (void)number;
    stopped = 1;
}

static int setup(void **state) {
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    struct follower *f = calloc(1, sizeof(*f));
    box_init(&f->box);
    snprintf(f->moved, sizeof(f->moved), "%s.1", f->box.file);
    *state = f;
    return 0;
}

/* A failed test leaves its thread running, which must not outlive its data. */
static int teardown(void **state) {
    struct follower *f = *state;
    if (f->running) {
        pthread_kill(f->thread, SIGUSR1);
        pthread_join(f->thread, NULL);
    }
    box_done(&f->box);
    free(f);
    return 0;
}

static void *follow(void *arg) {
    struct follower *f = arg;
    const char *paths[] = {f->box.file};
    f->code =
        box_run(&f->box, "jsonl", (struct ingest_options){.paths = paths, .n_paths = 1, .follow = true, .stop = &stopped});
    return NULL;
}

static void start(struct follower *f) {
    stopped = 0;
    f->code = 99;
    assert_int_equal(pthread_create(&f->thread, NULL, follow, f), 0);
    f->running = true;
}

static void stop(struct follower *f) {
    assert_int_equal(pthread_kill(f->thread, SIGUSR1), 0);
    assert_int_equal(pthread_join(f->thread, NULL), 0);
    f->running = false;
    if (f->code != 0) {
        fail_msg("follow: %s", f->box.err.msg);
    }
    assert_true(f->box.result.stopped);
}

static void pause_10ms(void) {
    const struct timespec t = {0, 10000000};
    nanosleep(&t, NULL);
}

static void wait_for(struct follower *f, const char *kind, size_t n) {
    size_t got = 0;
    for (int i = 0; i < WAIT_STEPS; i++) {
        got = box_count(&f->box, kind);
        if (got >= n) break;
        pause_10ms();
    }
    assert_int_equal(got, n);
}

static void put(struct follower *f, const char *text) {
    box_write(f->box.file, text, O_APPEND);
}

#define BEAT "{\"kind\":\"x.a.beat\",\"subject\":\"s\"}\n"

static void lines_arrive_as_they_are_written_and_a_half_one_waits(void **state) {
    struct follower *f = *state;
    put(f, BEAT);
    start(f);
    wait_for(f, "x.a.beat", 1);
    put(f, BEAT "{\"kind\":\"x.a.beat\",\"subj");
    wait_for(f, "x.a.beat", 2);
    put(f, "ect\":\"other\"}\n");
    wait_for(f, "x.a.beat", 3);
    stop(f);
    assert_string_equal(f->box.rejections, "");
    assert_int_equal(f->box.result.total.accepted, 3);
    assert_int_equal(f->box.result.receipts, 1);
    assert_int_equal(box_count(&f->box, "ledger.imported"), 1);
    char text[4096]; /* a followed file has no end at which to stop */
    assert_non_null(strstr(box_event(&f->box, 4, text, sizeof(text)), "\"stopped\":false"));
}

static void a_restart_goes_on_where_it_was_and_numbers_equal_lines_on(void **state) {
    struct follower *f = *state;
    put(f, BEAT BEAT "{\"half");
    start(f);
    wait_for(f, "x.a.beat", 2);
    stop(f);
    put(f, "\":1}\n" BEAT);
    start(f);
    wait_for(f, "x.a.beat", 3);
    stop(f);
    assert_int_equal(f->box.result.total.duplicate, 0);
    assert_int_equal(f->box.result.total.accepted, 1);
    assert_string_equal(f->box.rejections,
                        "3: unknown name 'half'; expected: kind, subject, time, actor, run, cause, cause_key, key, grade, "
                        "schema, body, private, open, force_private\n");
    assert_int_equal(box_jsonl(&f->box, f->box.file), 0); /* manually: everything is there */
    assert_int_equal(f->box.result.total.duplicate, 3);
    assert_int_equal(f->box.result.total.accepted, 0);
    assert_int_equal(box_count(&f->box, "ledger.gap"), 0);
}

static void a_rotation_loses_nothing_and_equal_lines_of_the_new_file_count(void **state) {
    struct follower *f = *state;
    put(f, BEAT);
    start(f);
    wait_for(f, "x.a.beat", 1);
    assert_int_equal(rename(f->box.file, f->moved), 0);
    box_write(f->moved, "{\"kind\":\"x.a.late\",\"subject\":\"s\"}\n", O_APPEND);
    put(f, BEAT);
    wait_for(f, "x.a.late", 1);
    wait_for(f, "x.a.beat", 2);
    stop(f);
    assert_int_equal(box_count(&f->box, "ledger.gap"), 0);
    assert_int_equal(box_count(&f->box, "ledger.imported"), 2);
    start(f);
    put(f, BEAT);
    wait_for(f, "x.a.beat", 3);
    stop(f);
    assert_int_equal(f->box.result.total.duplicate, 0);
}

static void what_a_slow_writer_adds_to_the_old_file_after_the_rotation_is_read(void **state) {
    struct follower *f = *state;
    char text[2048], bytes[32];
    put(f, BEAT);
    start(f);
    wait_for(f, "x.a.beat", 1);
    assert_int_equal(rename(f->box.file, f->moved), 0);
    put(f, "{\"kind\":\"x.a.new\",\"subject\":\"s\"}\n");
    wait_for(f, "x.a.new", 1);
    box_write(f->moved, BEAT "{\"kind\":\"x.a.half\",", O_APPEND);
    wait_for(f, "x.a.beat", 2);
    put(f, "{\"kind\":\"x.a.new\",\"subject\":\"t\"}\n");
    wait_for(f, "x.a.new", 2);
    box_write(f->moved, "\"subject\":\"s\"}\n{\"kind\":\"x.a.last\",\"subject\":\"s\"}", O_APPEND);
    wait_for(f, "x.a.half", 1);
    stop(f);
    assert_int_equal(box_count(&f->box, "x.a.last"), 1);
    assert_int_equal(box_count(&f->box, "ledger.gap"), 0);
    assert_string_equal(f->box.rejections, "");
    /* Each stretch has its own receipt, with the digest of its own bytes. */
    assert_int_equal(f->box.result.total.accepted, 6);
    snprintf(bytes, sizeof(bytes), "\"bytes\":%zu,", strlen(BEAT));
    assert_memory_equal(box_event(&f->box, 2, text, sizeof(text)), "ledger.imported ", 16);
    assert_non_null(strstr(box_event(&f->box, 2, text, sizeof(text)), bytes));
    start(f);
    put(f, "{\"kind\":\"x.a.new\",\"subject\":\"u\"}\n");
    wait_for(f, "x.a.new", 3);
    stop(f);
    assert_int_equal(f->box.result.total.duplicate, 0);
    assert_int_equal(f->box.result.total.accepted, 1);
}

static void a_rotation_while_nobody_looked_is_finished_from_the_moved_file(void **state) {
    struct follower *f = *state;
    put(f, BEAT);
    start(f);
    wait_for(f, "x.a.beat", 1);
    stop(f);
    put(f, BEAT "{\"kind\":\"x.a.last\",\"subject\":\"s\"}"); /* the last one without its line feed */
    assert_int_equal(rename(f->box.file, f->moved), 0);
    put(f, BEAT);
    start(f);
    wait_for(f, "x.a.beat", 3);
    stop(f);
    assert_int_equal(box_count(&f->box, "x.a.last"), 1);
    assert_int_equal(box_count(&f->box, "ledger.gap"), 0);
}

static void a_file_that_was_replaced_without_a_trace_leaves_a_gap(void **state) {
    struct follower *f = *state;
    char text[2048];
    put(f, BEAT);
    start(f);
    wait_for(f, "x.a.beat", 1);
    stop(f);
    box_write(f->moved, "kept to hold the name's inode apart", O_TRUNC);
    assert_int_equal(unlink(f->box.file), 0);
    put(f, "{\"kind\":\"x.a.new\",\"subject\":\"s\"}\n");
    start(f);
    wait_for(f, "x.a.new", 1);
    stop(f);
    assert_int_equal(box_count(&f->box, "ledger.gap"), 1);
    assert_memory_equal(
        box_event(&f->box, 3, text, sizeof(text)),
        "ledger.gap gap/jsonl service:jsonl jsonl measured {\"detail\":\"the file was replaced while nobody", 93);
}

static void a_cut_file_leaves_a_gap_and_is_read_from_its_beginning(void **state) {
    struct follower *f = *state;
    put(f, BEAT BEAT);
    start(f);
    wait_for(f, "x.a.beat", 2);
    assert_int_equal(truncate(f->box.file, 0), 0);
    wait_for(f, "ledger.gap", 1);
    put(f, BEAT);
    wait_for(f, "x.a.beat", 3);
    stop(f);
    assert_int_equal(truncate(f->box.file, 0), 0);
    put(f, "{\"kind\":\"x.a.c\",\"subject\":\"s\"}\n");
    start(f);
    wait_for(f, "x.a.c", 1);
    stop(f);
    assert_int_equal(box_count(&f->box, "ledger.gap"), 2);
    assert_int_equal(f->box.result.total.gaps, 1);
}

static void a_half_line_that_is_taken_back_costs_nothing(void **state) {
    struct follower *f = *state;
    put(f, BEAT "{\"half");
    start(f);
    wait_for(f, "x.a.beat", 1);
    assert_int_equal(truncate(f->box.file, (off_t)strlen(BEAT)), 0);
    for (int i = 0; i < 60; i++) {
        pause_10ms();
    }
    put(f, BEAT);
    wait_for(f, "x.a.beat", 2);
    stop(f);
    assert_int_equal(box_count(&f->box, "ledger.gap"), 0);
    assert_int_equal(box_count(&f->box, "x.a.beat"), 2);
}

static void a_file_that_is_not_there_yet_is_waited_for(void **state) {
    struct follower *f = *state;
    start(f);
    for (int i = 0; i < 20; i++) {
        pause_10ms();
    }
    put(f, BEAT);
    wait_for(f, "x.a.beat", 1);
    stop(f);
    assert_int_equal(f->code, 0);
}

static void a_file_in_a_directory_that_is_not_there_cannot_be_followed(void **state) {
    struct follower *f = *state;
    snprintf(f->box.file, sizeof(f->box.file), "%s/nowhere/log", f->box.dir);
    follow(f);
    assert_int_equal(f->code, ERR_NOTFOUND);
    if (strstr(f->box.err.msg, "/nowhere/log: No such file or directory") == NULL) {
        fail_msg("%s", f->box.err.msg);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* The only cursor, under another name. */
static void rename_cursor(struct box *b) {
    struct db_txn *txn;
    struct db_cursor *cursor;
    struct bytes name, value;
    struct buf kept[2];
    buf_init(&kept[0], 1 << 16);
    buf_init(&kept[1], 1 << 16);
    assert_int_equal(db_begin(b->ledger->evidence, true, &txn, &b->err), 0);
    assert_int_equal(db_cursor_open(txn, T_CURSOR, &cursor, &b->err), 0);
    assert_int_equal(db_cursor_seek(cursor, (struct bytes){NULL, 0}, &name, &value, &b->err), 0);
    buf_put_bytes(&kept[0], name);
    cursor_encode(&kept[1], bytes_of("another"), bytes_of("0"));
    db_cursor_close(cursor);
    assert_int_equal(db_del(txn, T_CURSOR, bytes_of_buf(&kept[0]), &b->err), 0);
    assert_int_equal(db_put(txn, T_CURSOR, bytes_of("another"), bytes_of_buf(&kept[1]), DB_PUT, &b->err), 0);
    assert_int_equal(db_commit(txn, &b->err), 0);
    buf_done(&kept[0]);
    buf_done(&kept[1]);
}

static void a_cursor_that_an_import_moved_is_missed_when_it_is_gone(void **state) {
    struct follower *f = *state;
    static struct log_report report;
    char text[8192];
    box_write(f->box.file, "{\"kind\":\"x.acme.n\",\"subject\":\"a/b\",\"body\":{}}\n", O_TRUNC);
    start(f);
    wait_for(f, "x.acme.n", 1);
    stop(f);
    assert_non_null(strstr(box_event(&f->box, 2, text, sizeof(text)), "\"cursor\":\"sha256:"));
    assert_int_equal(box_judged(&f->box, &report), LOG_NOT_ANCHORED);
    rename_cursor(&f->box);
    assert_int_equal(box_judged(&f->box, &report), LOG_INVALID);
    assert_int_equal(report.n_findings, 1);
    assert_int_equal(report.findings[0].seq, 2);
    assert_string_equal(report.findings[0].reason, "the cursor that this import moved is missing");
}

static void what_another_ledger_claims_of_cursors_is_no_fault_here(void **state) {
    struct follower *f = *state;
    struct box *b = &f->box;
    static struct log_report report;
    char line[512];
    snprintf(
        line, sizeof(line),
        "{\"kind\":\"ledger.imported\",\"subject\":\"import/x\",\"key\":\"k\",\"body\":{\"cursor\":\"sha256:%064d\"}}\n",
        7);
    box_write(b->file, line, O_TRUNC);
    assert_int_equal(box_jsonl(b, b->file), 0);
    assert_int_equal(b->result.total.accepted, 1);
    assert_int_equal(box_judged(b, &report), LOG_NOT_ANCHORED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_another_ledger_claims_of_cursors_is_no_fault_here, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cursor_that_an_import_moved_is_missed_when_it_is_gone, setup, teardown),
        CASE(lines_arrive_as_they_are_written_and_a_half_one_waits),
        CASE(a_restart_goes_on_where_it_was_and_numbers_equal_lines_on),
        CASE(a_rotation_loses_nothing_and_equal_lines_of_the_new_file_count),
        CASE(what_a_slow_writer_adds_to_the_old_file_after_the_rotation_is_read),
        CASE(a_rotation_while_nobody_looked_is_finished_from_the_moved_file),
        CASE(a_file_that_was_replaced_without_a_trace_leaves_a_gap),
        CASE(a_cut_file_leaves_a_gap_and_is_read_from_its_beginning),
        CASE(a_half_line_that_is_taken_back_costs_nothing),
        CASE(a_file_that_is_not_there_yet_is_waited_for),
        CASE(a_file_in_a_directory_that_is_not_there_cannot_be_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
