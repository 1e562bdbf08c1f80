/* A caller that waits for another process is told which, and can limit the wait; a damaged lock table is not used, and is
 * recreated as soon as no other process has the database open. */
#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "ledger/derived/derived.h"
#include "ledger/store/db_lock.h"
#include "tests/ledger/scratch.h"

#define SHORT_NS (CLOCK_NS_PER_S / 5)
#define LONG_NS  (4 * CLOCK_NS_PER_S) /* longer than it takes until the other process is named */

static struct scratch s;
static char told[300];

/* Opening the files in a separate environment fails. */
static bool no_look;

int __real_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);
int __wrap_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);

int __wrap_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode) {
    return no_look && (flags & MDB_NOLOCK) != 0 ? EMFILE : __real_mdb_env_open(env, path, flags, mode);
}

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    scratch_append(&s, 1, NULL);
    scratch_close(&s);
    told[0] = '\0';
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static void tell(void *ctx, const char *text) {
    (void)ctx;
    snprintf(told, sizeof(told), "%s", text);
}

static int open_patiently(uint64_t wait_ns) {
    const struct log_open_options options = {.wait_ns = wait_ns, .waiting = tell};
    return log_open(s.dir, &options, &s.ledger, &why);
}

/* A process that does this and then keeps what it holds until it is killed. */
static pid_t start_holder(void (*hold)(void)) {
    int fd[2];
    char ready;
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        hold();
        if (write(fd[1], "r", 1) == 1) {
            pause();
        }
        _exit(0);
    }
    close(fd[1]);
    assert_int_equal(read(fd[0], &ready, 1), 1);
    close(fd[0]);
    return pid;
}

static void end_holder(pid_t pid) {
    int status;
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static const char *process(pid_t pid) {
    static char text[64];
    snprintf(text, sizeof(text), "process %d (test_db_wait", (int)pid);
    return text;
}

static void be_opening(void) {
    struct db_waiter waiter = {.path = "x"};
    int fd;
    must(db_open_lock(scratch_at(&s, "box/evidence"), false, &waiter, &fd, &why));
}

static void be_writing(void) {
    struct db_txn *txn;
    scratch_open(&s);
    must(db_begin(s.ledger->evidence, true, &txn, &why));
}

static void be_open(void) {
    scratch_open(&s);
}

static void be_foreign(void) {
    MDB_env *env;
    MDB_txn *txn;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_mapsize(env, SCRATCH_MAP), 0);
    assert_int_equal(mdb_env_set_maxreaders(env, 512), 0);
    assert_int_equal(mdb_env_open(env, scratch_at(&s, "box/evidence"), MDB_NOTLS, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
}

static void check_append(void) {
    struct log_head before, after;
    must(log_head(s.ledger, &before, &why));
    scratch_append(&s, 7, NULL);
    must(log_head(s.ledger, &after, &why));
    assert_int_equal(after.size, before.size + 1);
}

static void whoever_opens_is_named_to_the_one_that_waits_for_him(void **state) {
    (void)state;
    pid_t pid = start_holder(be_opening);
    must_fail(open_patiently(LONG_NS), ERR_BUSY, process(pid));
    assert_non_null(strstr(why.msg, "which is opening the database; nothing was done"));
    assert_non_null(strstr(told, process(pid)));
    assert_ptr_equal(strstr(told, "waiting for "), told);
    end_holder(pid);
    must(open_patiently(SHORT_NS));
    check_append();
}

static void a_stopped_writer_is_named_and_nothing_is_written(void **state) {
    struct log_receipt receipt;
    (void)state;
    pid_t pid = start_holder(be_writing);
    must(open_patiently(SHORT_NS));
    kill(pid, SIGSTOP);
    assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
    must_fail(scratch_try(s.ledger, 2, NULL, &receipt, &why), ERR_BUSY, process(pid));
    assert_non_null(strstr(why.msg, "it is stopped), which is writing; nothing was done"));
    assert_string_equal(told, "");
    end_holder(pid);
    check_append();
    scratch_verify_good(s.ledger);
}

static void a_program_that_writes_without_our_lock_is_named(void **state) {
    struct log_receipt receipt;
    (void)state;
    pid_t pid = start_holder(be_foreign);
    must(open_patiently(SHORT_NS));
    must_fail(scratch_try(s.ledger, 2, NULL, &receipt, &why), ERR_BUSY, process(pid));
    assert_non_null(strstr(why.msg, "without taking this program's lock"));
    end_holder(pid);
    check_append();
}

/* ---- lock tables ---- */

#define TABLE_WRITER 64
#define TABLE_NEWEST (8 + sizeof(pthread_mutex_t))

/* As left by an opener that was killed between zeroing the mutexes and creating them; `held`: and a writer was killed
 * since. */
static void leave_plain_mutex(bool held) {
    pthread_mutex_t *mutex;
    int fd = open(scratch_at(&s, "box/evidence/lock.mdb"), O_RDWR);
    assert_true(fd >= 0);
    uint8_t *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(at != MAP_FAILED);
    mutex = (pthread_mutex_t *)(void *)(at + TABLE_WRITER);
    memset(mutex, 0, sizeof(*mutex));
    if (held) {
        mutex->__data.__lock = 1;
    }
    munmap(at, 4096); /* the descriptor stays open: closing it would drop LMDB's locks */
}

static void leave_no_number(void) {
    static const uint8_t zeros[sizeof(size_t)];
    int fd = open(scratch_at(&s, "box/evidence/lock.mdb"), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, zeros, sizeof(zeros), TABLE_NEWEST), sizeof(zeros));
}

static void a_writer_makes_the_table_anew_when_it_is_alone(void **state) {
    struct log_head before, after;
    (void)state;
    must(open_patiently(SHORT_NS));
    must(log_head(s.ledger, &before, &why));
    leave_plain_mutex(true);
    scratch_append(&s, 2, NULL);
    for (uint64_t i = 0; i < 2; i++) { /* the newest commit is in one meta page, then in the other */
        leave_no_number();
        scratch_append(&s, 3 + i, NULL);
    }
    scratch_reopen(&s);
    must(log_head(s.ledger, &after, &why));
    assert_int_equal(after.size, before.size + 3);
    scratch_verify_good(s.ledger);
}

static void a_table_without_the_newest_commit_is_not_written_by(void **state) {
    struct log_receipt receipt;
    struct log_head before, after;
    (void)state;
    pid_t pid = start_holder(be_open);
    must(open_patiently(SHORT_NS));
    must(log_head(s.ledger, &before, &why));
    leave_no_number();
    must_fail(scratch_try(s.ledger, 2, NULL, &receipt, &why), ERR_BUSY, process(pid));
    assert_non_null(strstr(why.msg, "damaged table of locks"));
    scratch_close(&s);
    must_fail(open_patiently(SHORT_NS), ERR_BUSY, process(pid));
    end_holder(pid);
    must(open_patiently(SHORT_NS));
    must(log_head(s.ledger, &after, &why));
    assert_int_equal(before.size, after.size);
    check_append();
    scratch_verify_good(s.ledger);
}

static void a_mutex_that_nobody_would_release_is_noticed(void **state) {
    struct log_receipt receipt;
    (void)state;
    pid_t pid = start_holder(be_open);
    must(open_patiently(SHORT_NS));
    leave_plain_mutex(true);
    must_fail(scratch_try(s.ledger, 2, NULL, &receipt, &why), ERR_BUSY, process(pid));
    scratch_close(&s);
    end_holder(pid);
    must(open_patiently(SHORT_NS));
    check_append();
}

static void a_damaged_mutex_is_not_used(void **state) {
    (void)state;
    pid_t pid = start_holder(be_open);
    leave_plain_mutex(false);
    must_fail(open_patiently(SHORT_NS), ERR_BUSY, process(pid));
    end_holder(pid);
    must(open_patiently(SHORT_NS));
    check_append();
}

/* ---- opening to look ---- */

static void a_look_shows_what_the_next_opening_finds(void **state) {
    struct db_txn *txn;
    struct head head;
    struct log_head now;
    (void)state;
    must(open_patiently(0));
    must(log_head(s.ledger, &now, &why));
    must(db_look(s.ledger->evidence, &txn, &why));
    must(core_head_get(txn, &head, &why));
    assert_int_equal(head.size, now.size);
    db_abort(txn);
    check_append();
}

static void the_old_key_stays_when_the_rotation_cannot_be_looked_at(void **state) {
    struct log_receipt receipt;
    (void)state;
    must(open_patiently(0));
    no_look = true;
    must_fail(log_key_rotate(s.ledger, "user:test", "a test", &receipt, &why), ERR_IO, "the old one is not wiped");
    assert_true(file_exists(scratch_at(&s, "box/keys/epoch-0.key")));
    assert_true(file_exists(scratch_at(&s, "box/keys/epoch-1.key")));
    check_append(); /* under the new one */
    assert_true(file_exists(scratch_at(&s, "box/keys/epoch-0.key")));
    no_look = false;
    check_append();
    assert_false(file_exists(scratch_at(&s, "box/keys/epoch-0.key")));
    scratch_verify_good(s.ledger);
}

static void hold_open_lock_of_derived(void) {
    struct db_waiter waiter = {.path = "derived"};
    int fd;
    must(db_open_lock(scratch_at(&s, "box/derived"), true, &waiter, &fd, &why));
}

static void whoever_is_stopped_in_opening_derived_data_keeps_nobody_from_recording(void **state) {
    struct db *db;
    (void)state;
    pid_t pid = start_holder(hold_open_lock_of_derived);
    kill(pid, SIGSTOP);
    must(open_patiently(SHORT_NS));
    scratch_append(&s, 3, NULL);
    must_fail(derived_open(s.ledger, true, &db, &why), ERR_BUSY, process(pid));
    scratch_close(&s);
    end_holder(pid);
    scratch_open(&s);
    must(derived_open(s.ledger, true, &db, &why));
    scratch_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whoever_opens_is_named_to_the_one_that_waits_for_him, start, finish),
        cmocka_unit_test_setup_teardown(whoever_is_stopped_in_opening_derived_data_keeps_nobody_from_recording, start,
                                        finish),
        cmocka_unit_test_setup_teardown(a_stopped_writer_is_named_and_nothing_is_written, start, finish),
        cmocka_unit_test_setup_teardown(a_program_that_writes_without_our_lock_is_named, start, finish),
        cmocka_unit_test_setup_teardown(a_writer_makes_the_table_anew_when_it_is_alone, start, finish),
        cmocka_unit_test_setup_teardown(a_table_without_the_newest_commit_is_not_written_by, start, finish),
        cmocka_unit_test_setup_teardown(a_mutex_that_nobody_would_release_is_noticed, start, finish),
        cmocka_unit_test_setup_teardown(a_damaged_mutex_is_not_used, start, finish),
        cmocka_unit_test_setup_teardown(a_look_shows_what_the_next_opening_finds, start, finish),
        cmocka_unit_test_setup_teardown(the_old_key_stays_when_the_rotation_cannot_be_looked_at, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
