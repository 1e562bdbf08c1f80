/* What was erased is in no file any more, whatever other processes do meanwhile; a process killed at any step leaves one
 * valid generation with every acknowledged event; a failing disk leaves the ledger as it was. */
#include "tests/ledger/scratch.h"
#include "tests/ledger/small_disk.h"
#include "tests/ledger/syscalls.h"
#include "tests/ledger/traces.h"

#include <sys/mman.h>
#include <time.h>

#include "ledger/derived/derived.h"

#define MARK    "zebra-7341-quagga"
#define MARKERS 4
#define WAIT_NS (UINT64_C(20) * 1000000000)

static struct scratch s;

struct shared {
    _Atomic bool stop, ready;
    _Atomic uint64_t acknowledged[MARKERS]; /* events, by each process */
};
static struct shared *shared;

static int start(void **state) {
    (void)state;
    memset(&syscalls, 0, sizeof(syscalls));
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    scratch_in_memory();
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    munmap(shared, sizeof(*shared));
    scratch_done(&s);
    return 0;
}

static bool is_there(const char *name) {
    return file_exists(scratch_at(&s, name));
}

/* ---- what is written and erased ---- */

static uint64_t append_text(const char *text, bool private_) {
    struct buf body = {0}, fields = {0}, open = {0};
    struct log_receipt receipt;
    struct log_draft draft = scratch_draft("x.test.note", "note/1", scratch_map(&body, "{\"text\":\"%s\"}", text));
    buf_init(&open, 64);
    mp_put_array(&open, 1);
    mp_put_str(&open, bytes_of("text"));
    draft.open = bytes_of_buf(&open);
    if (private_) {
        draft.private_ = scratch_map(&fields, "{\"a\":\"%s\"}", text);
    }
    must(log_append(s.ledger, &draft, &receipt, NULL, &why));
    buf_done(&body);
    buf_done(&fields);
    buf_done(&open);
    return receipt.seq;
}

static void put_artifact(const char *text, size_t n, char id[LOG_ARTIFACT_ID]) {
    struct buf data;
    uint64_t size;
    buf_init(&data, SIZE_MAX);
    while (data.n < n) {
        buf_put_str(&data, text);
    }
    scratch_write(scratch_at(&s, "artifact"), bytes_of_buf(&data));
    must(log_artifact_put(s.ledger, scratch_at(&s, "artifact"), id, &size, &why));
    assert_int_equal(unlink(scratch_at(&s, "artifact")), 0);
    buf_done(&data);
}

static int erase(struct ledger *ledger, enum log_erase_what what, uint64_t seq, const char *artifact, struct err *err) {
    struct log_erase_options o = {.what = what, .reason = "request", .actor = "user:test", .artifact = artifact};
    o.seqs = &seq;
    o.n_seqs = artifact == NULL ? 1 : 0;
    return log_erase(ledger, &o, NULL, err);
}

static pid_t child(void (*work)(int who), int who) {
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        s.ledger = NULL;
        work(who);
        _exit(0);
    }
    return pid;
}

static void ended_well(pid_t pid) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void pause_ms(long ms) {
    const struct timespec t = {0, ms * 1000000};
    nanosleep(&t, NULL);
}

/* Appends until it is told to stop; counts acknowledged events. */
static void append_on(int who) {
    struct err err = {0};
    char key[48];
    if (log_open(s.dir, NULL, &s.ledger, &err) != 0) {
        _exit(2);
    }
    for (uint64_t i = 0; !shared->stop; i++) {
        snprintf(key, sizeof(key), "key-%d-%llu", who, (unsigned long long)i);
        if (scratch_try(s.ledger, i, key, NULL, &err) != 0) {
            fprintf(stderr, "%s\n", err.msg);
            _exit(3);
        }
        shared->acknowledged[who]++;
        shared->ready = true;
    }
    log_close(s.ledger);
}

/* Every acknowledged event is stored once. */
static void all_are_there(int writers) {
    for (int who = 0; who < writers; who++) {
        for (uint64_t i = 0; i < shared->acknowledged[who]; i++) {
            struct log_receipt receipt;
            char key[48];
            snprintf(key, sizeof(key), "key-%d-%llu", who, (unsigned long long)i);
            must(scratch_try(s.ledger, i, key, &receipt, &why));
            assert_true(receipt.duplicate);
        }
    }
}

static void what_is_erased_is_in_no_file_while_others_append(void **state) {
    char small[LOG_ARTIFACT_ID], large[LOG_ARTIFACT_ID];
    struct db *derived;
    struct db_txn *txn;
    pid_t writer[2];
    (void)state;
    uint64_t body = append_text(MARK, false), fields = append_text(MARK, true);
    put_artifact(MARK "small", 2000, small);
    put_artifact(MARK "large", 200000, large);
    must(derived_open(s.ledger, true, &derived, &why));
    must(db_begin(derived, true, &txn, &why));
    must(db_put(txn, DERIVED_COLUMN, bytes_of("12345678"), bytes_of(MARK), DB_PUT, &why));
    must(db_commit(txn, &why));
    assert_true(traces_below(s.dir, MARK) > 3000);
    scratch_close(&s);
    for (int who = 0; who < 2; who++) {
        writer[who] = child(append_on, who);
    }
    while (!shared->ready) {
        pause_ms(1);
    }
    scratch_open(&s);
    must(erase(s.ledger, LOG_ERASE_BODY, body, NULL, &why));
    must(erase(s.ledger, LOG_ERASE_PRIVATE, fields, NULL, &why));
    must(erase(s.ledger, LOG_ERASE_BODY, fields, NULL, &why));
    must(erase(s.ledger, LOG_ERASE_ARTIFACT, 0, small, &why));
    must(erase(s.ledger, LOG_ERASE_ARTIFACT, 0, large, &why));
    must(log_erase_finish(s.ledger, WAIT_NS, NULL, &why));
    assert_int_equal(traces_below(s.dir, MARK), 0);
    assert_false(is_there("box/evidence"));
    assert_true(is_there("box/evidence.1"));
    pause_ms(30);
    shared->stop = true;
    ended_well(writer[0]);
    ended_well(writer[1]);
    all_are_there(2);
    scratch_verify_good(s.ledger);
    must_fail(log_artifact_get(s.ledger, small, 1, &why), ERR_NOTFOUND, "the artifact was erased");
    scratch_close(&s);
    assert_int_equal(traces_below(s.dir, MARK), 0);
    scratch_open(&s);
    scratch_verify_good(s.ledger);
}

static void a_second_erasure_makes_a_third_generation_and_nothing_to_do_makes_none(void **state) {
    (void)state;
    uint64_t one = append_text(MARK, false), two = append_text(MARK, false);
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_true(is_there("box/evidence"));
    must(erase(s.ledger, LOG_ERASE_BODY, one, NULL, &why));
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_true(is_there("box/evidence.1"));
    must(erase(s.ledger, LOG_ERASE_BODY, two, NULL, &why));
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_true(is_there("box/evidence.2"));
    assert_false(is_there("box/evidence.1"));
    assert_int_equal(traces_below(s.dir, MARK), 0);
    scratch_fill(&s, 0, 700, true);
    scratch_reopen(&s);
    scratch_verify_good(s.ledger);
}

static void an_erased_artifact_does_not_come_back(void **state) {
    char id[LOG_ARTIFACT_ID];
    uint64_t size;
    (void)state;
    put_artifact(MARK, 200000, id);
    must(erase(s.ledger, LOG_ERASE_ARTIFACT, 0, id, &why));
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    struct buf data;
    buf_init(&data, SIZE_MAX);
    while (data.n < 200000) {
        buf_put_str(&data, MARK);
    }
    scratch_write(scratch_at(&s, "again"), bytes_of_buf(&data));
    buf_done(&data);
    must_fail(log_artifact_put(s.ledger, scratch_at(&s, "again"), id, &size, &why), ERR_CONFLICT, "cannot be stored again");
    assert_int_equal(traces_below(s.dir, MARK), 0);
    must_fail(erase(s.ledger, LOG_ERASE_ARTIFACT, 0, id, &why), ERR_NOTFOUND, "was erased before");
    scratch_verify_good(s.ledger);
}

/* ---- readers ---- */

static void read_and_wait(int who) {
    struct log_reader *reader;
    struct log_event event;
    (void)who;
    if (log_open(s.dir, NULL, &s.ledger, NULL) != 0 || log_reader_open(s.ledger, 0, 100, &reader, NULL) != 0 ||
        log_reader_next(reader, &event, NULL) != 0) {
        _exit(2);
    }
    shared->ready = true;
    while (!shared->stop) {
        pause_ms(2);
    }
    uint64_t n = 1; /* it continues in the new generation */
    while (log_reader_next(reader, &event, NULL) == 0) {
        n++;
    }
    _exit(n == 100 ? 0 : 3);
}

/* For old files: none (-1), they exist (0), or this process has them open. */
static void verification_says(pid_t holder) {
    struct log_report *report = scratch_report(s.ledger, NULL, false);
    const char *text = report->aspect[LOG_ERASURES].text;
    char named[64];
    snprintf(named, sizeof(named), "process %d has them open", (int)holder);
    bool left = strstr(text, "old files still hold what was erased") != NULL;
    if (left != (holder >= 0) || (strstr(text, named) != NULL) != (holder > 0) ||
        (strstr(text, "ledger erase --finish") != NULL) != left) {
        fail_msg("%s", text);
    }
    free(report);
}

static void a_process_that_has_the_old_files_open_is_named_and_waited_for(void **state) {
    uint64_t pid = 0;
    (void)state;
    uint64_t seq = append_text(MARK, false);
    scratch_fill(&s, 0, 300, false);
    scratch_close(&s);
    pid_t reader = child(read_and_wait, 0);
    while (!shared->ready) {
        pause_ms(1);
    }
    scratch_open(&s);
    must(erase(s.ledger, LOG_ERASE_BODY, seq, NULL, &why));
    must_fail(log_erase_finish(s.ledger, 50000000, &pid, &why), ERR_BUSY, "still open in process");
    assert_int_equal(pid, reader);
    assert_true(is_there("box/evidence"));
    verification_says(reader);
    scratch_fill(&s, 300, 310, false); /* nobody else is blocked */
    scratch_reopen(&s);
    scratch_verify_good(s.ledger);
    shared->stop = true;
    ended_well(reader);
    verification_says(0);
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_false(is_there("box/evidence"));
    assert_int_equal(traces_below(s.dir, MARK), 0);
    verification_says(-1);
}

/* A kill came between the rename and the overwriting with zeros: the old files of the first generation, and of a later one.
 */
static void old_files_that_were_not_removed_to_the_end_go_with_the_next_opening(void **state) {
    static const char *const names[] = {"evidence.old", "evidence.0.old", "evidence.1.old", "derived.old"};
    (void)state;
    uint64_t seq = append_text("x", false);
    must(erase(s.ledger, LOG_ERASE_BODY, seq, NULL, &why));
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    for (size_t i = 0; i < 4; i++) {
        char path[FILE_PATH_MAX];
        must(file_join(path, s.dir, names[i], &why));
        assert_int_equal(mkdir(path, 0700), 0);
        must(file_join(path, path, "data.mdb", &why));
        scratch_write(path, bytes_of(MARK));
    }
    verification_says(0);
    scratch_reopen(&s);
    assert_false(is_there("box/evidence.old"));
    assert_false(is_there("box/evidence.1.old"));
    assert_false(is_there("box/derived.old"));
    assert_true(is_there("box/evidence.0.old")); /* not one of our names */
    verification_says(-1);
}

static void a_reader_of_this_process_moves_on(void **state) {
    struct log_reader *reader;
    struct log_event event;
    uint64_t n = 0;
    (void)state;
    uint64_t seq = append_text(MARK, false);
    scratch_fill(&s, 0, 600, false);
    must(log_reader_open(s.ledger, 0, 600, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    must(erase(s.ledger, LOG_ERASE_BODY, seq, NULL, &why));
    must_fail(log_erase_finish(s.ledger, 0, NULL, &why), ERR_BUSY, "still open");
    while (log_reader_next(reader, &event, &why) == 0) {
        n++;
    }
    assert_int_equal(n, 599);
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    log_reader_close(reader);
    scratch_verify_good(s.ledger);
}

static void erase_meanwhile(void *ctx, uint64_t done, uint64_t total) {
    const struct timespec longer = {1, 200000000}; /* until a verification takes a new snapshot */
    const uint64_t *seq = ctx;
    (void)total;
    if (done < 17000 && !shared->ready) {
        shared->ready = true;
        must(erase(s.ledger, LOG_ERASE_BODY, *seq, NULL, &why));
        log_erase_finish(s.ledger, 0, NULL, &why); /* the verification itself has the old files open */
        nanosleep(&longer, NULL);
    }
}

static void a_verification_goes_on_while_something_is_erased(void **state) {
    uint64_t seq = 17050;
    struct log_report *report = calloc(1, sizeof(*report));
    struct log_verify_options o = {.progress = erase_meanwhile, .progress_ctx = &seq, .threads = 1};
    (void)state;
    scratch_fill(&s, 0, 17100, false);
    must(log_verify(s.ledger, &o, report, &why));
    assert_true(shared->ready);
    if (report->verdict != LOG_NOT_ANCHORED) {
        fail_msg("event %lld, %s: %s", (long long)report->findings[0].seq, report->findings[0].place,
                 report->findings[0].reason);
    }
    free(report);
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_false(is_there("box/evidence"));
    scratch_verify_good(s.ledger);
}

static void derived_data_begins_anew_and_keys_are_still_known(void **state) {
    struct log_receipt receipt;
    struct db *derived;
    (void)state;
    scratch_fill(&s, 0, 70000, true); /* the first keys are in a derived segment */
    must(erase(s.ledger, LOG_ERASE_BODY, 5, NULL, &why));
    must(log_erase_finish(s.ledger, WAIT_NS, NULL, &why));
    assert_false(is_there("box/derived"));
    must(scratch_try(s.ledger, 1, "key-1", &receipt, &why));
    assert_true(receipt.duplicate);
    must(derived_open(s.ledger, true, &derived, &why));
    assert_true(is_there("box/derived.1"));
    scratch_fill(&s, 70000, 140000, true);
    must(scratch_try(s.ledger, 1, "key-69999", &receipt, &why));
    assert_true(receipt.duplicate);
    scratch_verify_good(s.ledger);
}

static void a_backup_and_a_restored_ledger_are_of_the_first_generation(void **state) {
    (void)state;
    uint64_t seq = append_text(MARK, false);
    must(erase(s.ledger, LOG_ERASE_BODY, seq, NULL, &why));
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    must(log_backup(s.ledger, scratch_at(&s, "copy"), &why));
    assert_true(is_there("copy/evidence/data.mdb"));
    must(log_key_backup(s.ledger, scratch_at(&s, "log.key"), bytes_of("pass"), &why));
    struct log_restore_options o = {
        .actor = "user:test", .reason = "a test", .log_key = scratch_at(&s, "log.key"), .log_passphrase = bytes_of("pass")};
    scratch_close(&s);
    must(file_remove_tree(s.dir, &why));
    must(log_restore(scratch_at(&s, "copy"), s.dir, &o, &why));
    scratch_open(&s);
    assert_true(is_there("box/evidence/data.mdb"));
    scratch_verify_good(s.ledger);
}

/* ---- at every step ---- */

/* In a child whose n-th call fails or kills it. True: there was such a call. */
static bool erase_until(long n, bool dies, int error) {
    int status;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct err err = {0};
        struct ledger *ledger = NULL;
        if (log_open(s.dir, NULL, &ledger, &err) != 0) {
            fprintf(stderr, "%s\n", err.msg);
            _exit(9);
        }
        syscalls.fail_at = n;
        syscalls.dies = dies;
        syscalls.error = error;
        syscalls.forever = !dies;
        syscalls.on = true;
        int rc = log_erase_finish(ledger, 0, NULL, &err);
        syscalls.on = false;
        log_close(ledger);
        _exit(syscalls.hit ? (rc == 0 ? 1 : rc == ERR_FULL ? 4 : 5) : rc == 0 ? 0 : 8);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (dies ? !WIFSIGNALED(status) && status != 0 : !WIFEXITED(status) || WEXITSTATUS(status) > 5) {
        fail_msg("at call %ld it ended with status 0x%x", n, (unsigned)status);
    }
    return status != 0;
}

/* The next process to open it finds one valid generation, appends, and finishes what was begun. */
static void the_next_one_goes_on(uint64_t size) {
    scratch_open(&s);
    assert_int_equal(scratch_size(&s), size);
    scratch_fill(&s, 0, 1, false);
    scratch_verify_good(s.ledger);
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_int_equal(traces_below(s.dir, MARK), 0);
    scratch_verify_good(s.ledger);
    scratch_close(&s);
}

static void at_every_call(bool dies, int error) {
    long n = 1;
    for (bool hit = true; hit; n++) {
        uint64_t seq = append_text(MARK, false);
        char id[LOG_ARTIFACT_ID], text[64];
        snprintf(text, sizeof(text), MARK "%d-%ld", error, n);
        put_artifact(text, 70000, id);
        must(erase(s.ledger, LOG_ERASE_BODY, seq, NULL, &why));
        must(erase(s.ledger, LOG_ERASE_ARTIFACT, 0, id, &why));
        uint64_t size = scratch_size(&s);
        scratch_close(&s);
        hit = erase_until(n, dies, error);
        the_next_one_goes_on(size);
        scratch_open(&s);
    }
    assert_true(n > 15);
}

static void killed_at_any_step_one_generation_is_valid(void **state) {
    (void)state;
    scratch_fill(&s, 0, 300, true);
    at_every_call(true, 0);
}

static void a_disk_that_fails_at_any_step_leaves_one_generation_valid(void **state) {
    (void)state;
    scratch_fill(&s, 0, 300, true);
    at_every_call(false, ENOSPC);
    at_every_call(false, EIO);
}

/* ---- a full disk ---- */

static void erase_without_room(void) {
    struct log_create_options o = {.origin = SCRATCH_ORIGIN, .actor = "user:test", .map_bytes = SCRATCH_MAP};
    must(log_create(s.dir, &o, &why));
    scratch_open(&s);
    uint64_t seq = append_text(MARK, false);
    scratch_fill(&s, 0, 20000, true);
    must(erase(s.ledger, LOG_ERASE_BODY, seq, NULL, &why));
    struct log_head before, after;
    must(log_head(s.ledger, &before, &why));
    int fd = open(scratch_at(&s, "ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(fd, MARK, 1) == 1 && lseek(fd, 4095, SEEK_CUR) > 0) { /* a page each */
    }
    close(fd);
    must_fail(log_erase_finish(s.ledger, 0, NULL, &why), ERR_FULL, "");
    assert_true(is_there("box/evidence"));
    assert_false(is_there("box/evidence.1"));
    assert_false(is_there("box/evidence.1.new"));
    must(log_head(s.ledger, &after, &why));
    assert_memory_equal(before.root, after.root, LOG_HASH);
    scratch_verify_good(s.ledger);
    assert_int_equal(unlink(scratch_at(&s, "ballast")), 0);
    scratch_fill(&s, 0, 1, false);
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_int_equal(traces_below(s.dir, MARK), 0);
    scratch_verify_good(s.ledger);
    scratch_close(&s);
}

static void a_full_disk_leaves_the_ledger_as_it_was(void **state) {
    (void)state;
    small_disk_run(&s, "16m", erase_without_room);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        TEST(what_is_erased_is_in_no_file_while_others_append),
        TEST(a_second_erasure_makes_a_third_generation_and_nothing_to_do_makes_none),
        TEST(an_erased_artifact_does_not_come_back),
        TEST(a_process_that_has_the_old_files_open_is_named_and_waited_for),
        TEST(old_files_that_were_not_removed_to_the_end_go_with_the_next_opening),
        TEST(a_reader_of_this_process_moves_on),
        TEST(a_verification_goes_on_while_something_is_erased),
        TEST(derived_data_begins_anew_and_keys_are_still_known),
        TEST(a_backup_and_a_restored_ledger_are_of_the_first_generation),
        cmocka_unit_test(a_full_disk_leaves_the_ledger_as_it_was),
        TEST(killed_at_any_step_one_generation_is_valid),
        TEST(a_disk_that_fails_at_any_step_leaves_one_generation_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
