/* Leftovers of an interrupted put are removed; files that are still being written stay. */
#include "tests/ledger/traces.h"

#include <signal.h>
#include <time.h>

#include "ledger/write/artifact.h"

#define MARK    "zebra-7341-quagga"
#define CONTENT 300000

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

static void content_of(struct buf *out, const char *text, size_t n) {
    buf_init(out, SIZE_MAX);
    while (out->n < n) {
        buf_put_str(out, text);
    }
}

static int put_text(const char *text, char id[LOG_ARTIFACT_ID]) {
    struct buf data;
    uint64_t size;
    content_of(&data, text, CONTENT);
    scratch_write(scratch_at(&s, "in"), bytes_of_buf(&data));
    buf_done(&data);
    int rc = log_artifact_put(s.ledger, scratch_at(&s, "in"), id, &size, &why);
    assert_int_equal(unlink(scratch_at(&s, "in")), 0);
    return rc;
}

static size_t count_incoming(void) {
    size_t n = 0;
    DIR *d = opendir(scratch_at(&s, "box/artifacts"));
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        n += strncmp(e->d_name, "incoming-", 9) == 0;
    }
    if (d != NULL) {
        closedir(d);
    }
    return n;
}

/* A process that puts what it reads from a pipe, of which half has arrived. */
struct putter {
    pid_t pid;
    int pipe;
};

static struct putter begin_putting(void) {
    struct putter p;
    struct buf data;
    const struct timespec pause = {0, 1000000};
    assert_int_equal(mkfifo(scratch_at(&s, "pipe"), 0600), 0);
    scratch_close(&s);
    fflush(NULL);
    p.pid = fork();
    assert_true(p.pid >= 0);
    if (p.pid == 0) {
        char id[LOG_ARTIFACT_ID];
        uint64_t size;
        _exit(log_open(s.dir, NULL, &s.ledger, NULL) != 0 ||
              log_artifact_put(s.ledger, scratch_at(&s, "pipe"), id, &size, NULL) != 0);
    }
    p.pipe = open(scratch_at(&s, "pipe"), O_WRONLY | O_CLOEXEC);
    assert_true(p.pipe >= 0);
    content_of(&data, MARK, CONTENT);
    assert_int_equal(write(p.pipe, data.p, data.n), (ssize_t)data.n);
    buf_done(&data);
    while (count_incoming() == 0 || traces_below(scratch_at(&s, "box/artifacts"), MARK) < CONTENT / 2 / sizeof(MARK)) {
        nanosleep(&pause, NULL);
    }
    scratch_open(&s);
    return p;
}

static void kill_putting(struct putter *p) {
    assert_int_equal(kill(p->pid, SIGKILL), 0);
    assert_int_equal(waitpid(p->pid, NULL, 0), p->pid);
    close(p->pipe);
    assert_int_equal(unlink(scratch_at(&s, "pipe")), 0);
    assert_int_equal(count_incoming(), 1);
}

static void what_a_killed_put_left_goes_with_the_next_put(void **state) {
    char id[LOG_ARTIFACT_ID];
    (void)state;
    struct putter p = begin_putting();
    kill_putting(&p);
    must(put_text("something else", id));
    assert_int_equal(count_incoming(), 0);
    assert_int_equal(traces_below(s.dir, MARK), 0);
    scratch_verify_good(s.ledger);
}

static void what_a_killed_put_left_goes_when_an_erasure_is_finished(void **state) {
    (void)state;
    struct putter p = begin_putting();
    kill_putting(&p);
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_int_equal(count_incoming(), 0);
    assert_int_equal(traces_below(s.dir, MARK), 0);
}

static void what_is_being_put_is_left_alone(void **state) {
    char id[LOG_ARTIFACT_ID];
    int status;
    (void)state;
    struct putter p = begin_putting();
    must(put_text("something else", id));
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_int_equal(count_incoming(), 1);
    close(p.pipe);
    assert_int_equal(waitpid(p.pid, &status, 0), p.pid);
    assert_int_equal(status, 0);
    assert_int_equal(count_incoming(), 0);
    assert_true(traces_below(s.dir, MARK) > 0);
    scratch_verify_good(s.ledger);
}

/* Killed after its file was renamed, before it was recorded. */
static void forget_record(const char *id) {
    struct db_txn *txn;
    uint8_t digest[EVENT_HASH];
    must(text_unhex(digest, sizeof(digest), bytes_of(id + 16)));
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_del(txn, T_ARTIFACT, (struct bytes){digest, sizeof(digest)}, &why));
    must(db_commit(txn, &why));
}

static void a_file_that_was_never_recorded_goes_and_others_stay(void **state) {
    char lost[LOG_ARTIFACT_ID], kept[LOG_ARTIFACT_ID];
    (void)state;
    must(put_text(MARK, lost));
    must(put_text("another", kept));
    forget_record(lost);
    const struct log_erase_options o = {
        .what = LOG_ERASE_BODY, .seqs = (const uint64_t[]){1}, .n_seqs = 1, .reason = "request", .actor = "user:test"};
    must(log_erase(s.ledger, &o, NULL, &why)); /* the event that says it was put, although it was not */
    must(log_backup(s.ledger, scratch_at(&s, "copy"), &why));
    assert_int_equal(traces_below(scratch_at(&s, "copy"), MARK), 0);
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_int_equal(traces_below(s.dir, MARK), 0);
    must(log_artifact_get(s.ledger, kept, open("/dev/null", O_WRONLY | O_CLOEXEC), &why));
    scratch_verify_good(s.ledger);
    must(put_text(MARK, lost));
    scratch_verify_good(s.ledger);
}

static void a_backup_has_no_file_of_an_artifact_whose_erasure_is_not_finished(void **state) {
    char id[LOG_ARTIFACT_ID];
    struct log_erase_options o = {.what = LOG_ERASE_ARTIFACT, .reason = "request", .actor = "user:test"};
    (void)state;
    must(put_text(MARK, id));
    o.artifact = id;
    must(log_erase(s.ledger, &o, NULL, &why));
    assert_true(traces_below(s.dir, MARK) > 0);
    must(log_backup(s.ledger, scratch_at(&s, "copy"), &why));
    assert_int_equal(traces_below(scratch_at(&s, "copy"), MARK), 0);
}

static void an_erased_content_that_is_put_again_leaves_nothing(void **state) {
    char id[LOG_ARTIFACT_ID];
    struct log_erase_options o = {.what = LOG_ERASE_ARTIFACT, .reason = "request", .actor = "user:test"};
    (void)state;
    must(put_text(MARK, id));
    o.artifact = id;
    must(log_erase(s.ledger, &o, NULL, &why));
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_int_equal(put_text(MARK, id), ERR_CONFLICT);
    assert_int_equal(count_incoming(), 0);
    assert_int_equal(traces_below(s.dir, MARK), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
    scratch_in_memory();
    const struct CMUnitTest tests[] = {
        TEST(what_a_killed_put_left_goes_with_the_next_put),
        TEST(what_a_killed_put_left_goes_when_an_erasure_is_finished),
        TEST(what_is_being_put_is_left_alone),
        TEST(a_file_that_was_never_recorded_goes_and_others_stay),
        TEST(a_backup_has_no_file_of_an_artifact_whose_erasure_is_not_finished),
        TEST(an_erased_content_that_is_put_again_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
